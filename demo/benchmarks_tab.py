"""The tab Benchmarks: curves and tables of the runs whose figures come with the source."""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import gradio

from .curves import curves

__all__ = ["RESULTS", "benchmarks_tab", "document", "runs", "shown", "wide"]

RESULTS = Path(__file__).parent.parent / "docs" / "results"
_LABELS = {
    "lpips_alex": "LPIPS (lower is better)",
    "psnr": "PSNR in dB",
    "msssim": "MS-SSIM",
    "dists": "DISTS (lower is better)",
    "flicker": "Flicker (lower is better)",
}
_MOST_BYTES = 8 << 20


def runs(folder: Path = RESULTS) -> list[str]:
    """Names of the runs with curves, sorted; none where the figures do not lie beside the package."""
    return [path.stem for path in sorted(folder.glob("*.json")) if document(path.stem, folder)]


def document(name: str, folder: Path = RESULTS) -> Mapping[str, Any] | None:
    """A run's figures; None for one that is not there or holds no curves."""
    path = folder / f"{name}.json"
    try:
        if path.parent != folder or path.stat().st_size > _MOST_BYTES:
            return None
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict):
        return None
    means = found.get("means")
    if not isinstance(means, list) or not means or not isinstance(means[0], dict):
        return None
    return found if isinstance(means[0].get("metrics"), dict) else None


def benchmarks_tab() -> None:
    """The tab's components and what they do."""
    names = runs()
    if not names:
        gradio.Markdown(
            "The figures of the benchmark do not come with this installation. They lie in `docs/results` "
            "of the source; `genvc bench` makes them."
        )
        return
    with gradio.Row():
        first = "faces" if "faces" in names else names[0]
        run = gradio.Dropdown(names, value=first, label="Run", elem_id="run", min_width=240)
        metric = gradio.Dropdown(
            [(label, name) for name, label in _LABELS.items()],
            value="lpips_alex",
            label="Metric",
            elem_id="metric",
            min_width=240,
        )
    view = gradio.HTML(shown(first, "lpips_alex"), elem_id="figures")
    for choice in (run, metric):
        choice.change(shown, [run, metric], view)


def shown(run: str, metric: str) -> str:
    """Curves and table of a run as HTML."""
    found = document(run) if run in runs() else None
    if found is None or metric not in _LABELS:
        return "<p>There are no such figures.</p>"
    means = [entry for entry in found["means"] if metric in entry["metrics"]]
    if not means:
        return f"<p>This run did not measure {escape(_LABELS[metric])}.</p>"
    unit = "bpp" if "bpp" in means[0] else "kbps"
    lines: dict[str, list[tuple[float, float]]] = {}
    most = {entry["codec"]: 0 for entry in means}
    for entry in means:
        most[entry["codec"]] = max(most[entry["codec"]], entry["clips"])
    for entry in means:
        # a mean over fewer clips is no neighbour of the others
        if entry["clips"] == most[entry["codec"]] and entry[unit] > 0:
            lines.setdefault(entry["codec"], []).append((entry[unit], entry["metrics"][metric]))
    label = "bits a pixel" if unit == "bpp" else "kbit/s"
    plot = curves({name: sorted(points) for name, points in lines.items()}, label, _LABELS[metric])
    rows = "".join(
        f"<tr><td>{escape(entry['codec'])}</td><td>{escape(str(entry['setting']))}</td>"
        f"<td>{entry[unit]:.4g}</td><td>{entry['metrics'][metric]:.4g}</td><td>{entry['clips']}</td></tr>"
        for entry in means
    )
    heads = "".join(
        f'<th scope="col">{head}</th>' for head in ("codec", "setting", label, _LABELS[metric], "clips")
    )
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    command = escape(str(found.get("command", "")))
    parts = f'<div class="curves">{plot}<p><code>{command}</code></p></div>{wide(table, "Table")}'
    return f'<div class="genvc-plot">{parts}</div>'


def wide(inside: str, name: str) -> str:
    """What a small window moves sideways, by finger or by keys."""
    return f'<div class="wide" tabindex="0" role="region" aria-label="{name}">{inside}</div>'
