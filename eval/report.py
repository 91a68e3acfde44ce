"""The report of a run: one HTML page that needs nothing else, and plots beside it."""

import base64
import html
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from genvc.errors import BadInput
from genvc.media.classical_still import encode_still

from .pictures import Shot, shots
from .plots import colour_of, plot_svg, save_plots
from .suite import Suite
from .summary import mean_speed, rate_of

__all__ = ["write_report"]


def write_report(document: Mapping[str, Any], suite: Suite, folder: Path, cache: Path) -> Path:
    """Writes index.html and plots/METRIC.png into the folder; returns the page's path.

    The page holds frames of the clips: think of their licences before you publish it. Raises BadInput
    when the folder cannot be written.
    """
    try:
        figures = save_plots(document, folder / "plots")
        plots = "".join(
            f"<figure>{plot_svg(figure, f'p{n}')}</figure>" for n, figure in enumerate(figures.values())
        )
        page = Template(files("eval").joinpath("report.html").read_text("utf-8")).substitute(
            title=_text(document["suite"]["title"] or document["suite"]["name"]),
            summary=_summary(document),
            bd=_bd(document),
            plots=plots or "<p>Nothing to plot.</p>",
            pictures=_pictures(shots(document, suite.clips, cache)),
            means=_means(document),
            cost=_cost(document),
            clips=_clips(document),
            failures=_failures(document),
            metrics=_metrics(document),
            made=_made(document),
        )
        target = folder / "index.html"
        target.write_text(page, "utf-8")
    except OSError as error:
        raise BadInput(f"cannot write the report '{folder}': {error.strerror or error}") from error
    return target


def _text(value: object) -> str:
    return html.escape(str(value))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """Cells are HTML already; the first column is a heading."""
    top = "".join(f"<th>{_text(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr><th>{row[0]}</th>{''.join(f'<td>{cell}</td>' for cell in row[1:])}</tr>" for row in rows
    )
    table = f'<table class="{kind}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="wide">{table}</div>'


def _codec(document: Mapping[str, Any], name: str) -> str:
    known = {entry["codec"] for entry in document["means"]}
    colour = colour_of(document, name) if name in known else "#999999"
    return f'<i class="dot" style="background:{colour}"></i>{_text(name)}'


def _summary(document: Mapping[str, Any]) -> str:
    suite, cells = document["suite"], document["cells"]
    failed = sum("error" in row for row in cells)
    counted = sorted({row["counted"] for row in cells if "error" not in row})
    text = f"<p>{len(suite['clips'])} clips, {len(cells)} cells, {failed} failed. "
    text += f"Bytes are real: {_text(' or '.join(counted))}. {_text(document['created'])}</p>"
    text += f"<pre>{_text(document['command'])}</pre>"
    if suite["left_out"]:
        items = "".join(f"<li>{_text(name)}: {_text(why)}</li>" for name, why in suite["left_out"].items())
        text += (
            f"<details><summary>{len(suite['left_out'])} clips left out</summary><ul>{items}</ul></details>"
        )
    return text


def _bd(document: Mapping[str, Any]) -> str:
    if not document["bd"]:
        return "<p>No anchor was named, or nothing to compare.</p>"
    anchors = dict.fromkeys(entry["anchor"] for entry in document["bd"])
    return "".join(_bd_against(document, anchor) for anchor in anchors)


def _bd_against(document: Mapping[str, Any], anchor: str) -> str:
    entries = [entry for entry in document["bd"] if entry["anchor"] == anchor]
    metrics = list(dict.fromkeys(entry["metric"] for entry in entries))
    codecs = list(dict.fromkeys(entry["codec"] for entry in entries))
    clips = [*dict.fromkeys(entry["clip"] for entry in entries if entry["clip"] != "mean"), "mean"]
    found = {(entry["clip"], entry["codec"], entry["metric"]): entry for entry in entries}
    top = [
        [_codec(document, codec), *(_bd_cell(found.get(("mean", codec, metric))) for metric in metrics)]
        for codec in codecs
    ]
    text = f"<p>Against {_text(anchor)}, for each clip by itself, then averaged; "
    text += "negative is fewer bits. A number needs rising curves that share a fifth of the shorter "
    text += "one's quality range.</p>"
    text += _table(["codec", *metrics], top)
    rows = [
        [
            f"{_text(clip)}",
            _codec(document, codec),
            *(_bd_cell(found.get((clip, codec, metric))) for metric in metrics),
        ]
        for clip in clips[:-1]
        for codec in codecs
    ]
    return text + f"<details><summary>by clip</summary>{_table(['clip', 'codec', *metrics], rows)}</details>"


def _bd_cell(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return ""
    if entry["rate_percent"] is None:
        return f'<span class="quiet" title="{_text(entry["words"])}">no overlap</span>'
    share = (
        f' <span class="quiet">{entry["clips_with_rate"]}/{entry["clips"]}</span>' if "clips" in entry else ""
    )
    kind = "good" if entry["rate_percent"] < 0 else "bad"
    return f'<span class="{kind}">{entry["rate_percent"]:+.1f} %</span>{share}'


def _means(document: Mapping[str, Any]) -> str:
    means = document["means"]
    if not means:
        return "<p>No cell was measured.</p>"
    unit = "bpp" if "bpp" in means[0] else "kbps"
    metrics = [name for name in document["metrics"] if any(name in entry["metrics"] for entry in means)]
    rows = [
        [
            _codec(document, entry["codec"]),
            _text(entry["setting"]),
            str(entry["clips"]),
            f"{entry['bytes']:.0f}",
            f"{entry[unit]:.4g}",
            *(_figure(entry["metrics"].get(name), entry["worst"].get(name)) for name in metrics),
        ]
        for entry in means
    ]
    note = "<p>Small: the mean of the worst 5 % of each clip's pictures.</p>"
    return note + _table(
        ["codec", "setting", "clips", "bytes", "bpp" if unit == "bpp" else "kbit/s", *metrics], rows, "sort"
    )


def _figure(value: float | None, worst: float | None = None) -> str:
    if value is None:
        return ""
    small = "" if worst is None else f" <small>{worst:.4g}</small>"
    return f"{value:.4g}{small}"


def _speed(value: float | None) -> str:
    return '<span class="quiet">stored</span>' if value is None else f"{value:.1f}"


def _count(parameters: int) -> str:
    return f"{parameters / 1e6:.2f} M" if parameters else "0"


def _cost(document: Mapping[str, Any]) -> str:
    rows = []
    good = [row for row in document["cells"] if "error" not in row]
    for codec in dict.fromkeys(row["codec"] for row in good):
        members = [row for row in good if row["codec"] == codec]
        exact = {row["exact_across_threads"] for row in members} - {None}
        rows.append(
            [
                _codec(document, codec),
                *(_speed(mean_speed(members, name)) for name in ("encode_fps", "decode_fps")),
                str(max(row["latency_packets"] for row in members)),
                f"{max(row['encode_memory_mb'] for row in members):.0f}",
                f"{max(row['decode_memory_mb'] for row in members):.0f}",
                _count(max(row["parameters"] for row in members)),
                f"{max(row['kmac_per_pixel'] for row in members):.3g}",
                "yes" if exact == {True} else "no" if exact else "not checked",
                _text("; ".join(f"{key}: {value}" for key, value in members[0]["codec_settings"].items())),
            ]
        )
    base = max((row["base_memory_mb"] for row in good), default=0)
    said = document["settings"]
    note = (
        f"<p>On {_text(document['machine']['processor'])}; threads: {said['threads']}, clips at a time: "
        f"{said['jobs']}. Memory is the peak of a process of its own in MB, of which {base:.0f} are Python "
        "with PyTorch before the codec is loaded. Parameters: weights of PyTorch modules. Latency: packets "
        "taken before the first frame comes out. kMAC: of PyTorch's convolutions and matrix products in "
        "decoding.</p>"
    )
    head = [
        "codec",
        "encode fps",
        "decode fps",
        "latency",
        "encode MB",
        "decode MB",
        "parameters",
        "kMAC/pixel",
        "same bits on 1 thread",
        "settings",
    ]
    return note + _table(head, rows, "words")


def _clips(document: Mapping[str, Any]) -> str:
    good = [row for row in document["cells"] if "error" not in row]
    metrics = [
        name for name in document["metrics"] if any(row["metrics"].get(name) is not None for row in good)
    ]
    rows = [
        [
            _text(row["clip"]),
            _codec(document, row["codec"]),
            _text(row["setting"]),
            str(row["bytes"]),
            f"{rate_of(row):.4g}",
            *(_figure(row["metrics"].get(name), row["worst"].get(name)) for name in metrics),
            _speed(row["encode_fps"]),
            _speed(row["decode_fps"]),
        ]
        for row in good
    ]
    head = ["clip", "codec", "setting", "bytes", "rate", *metrics, "encode fps", "decode fps"]
    return _table(head, rows, "sort")


def _failures(document: Mapping[str, Any]) -> str:
    rows = [
        [_text(row["clip"]), _text(row["codec"]), _text(row["setting"]), _text(row["error"])]
        for row in document["cells"]
        if "error" in row
    ]
    text = _table(["clip", "codec", "setting", "why"], rows, "words") if rows else "<p>None.</p>"
    said = sorted(
        {f"{name}: {words}" for row in document["cells"] for name, words in row.get("words", {}).items()}
    )
    if said:
        text += "<ul>" + "".join(f"<li>{_text(line)}</li>" for line in said) + "</ul>"
    for entry in document["sets"]:
        where = " ".join(filter(None, (entry.get("codec"), entry.get("setting"))))
        value = entry.get("words") or f"{entry['value']:.4f} over {entry['pictures']} pictures"
        text += f"<p>{_text(entry['metric'])} {_text(where)}: {_text(value)}</p>"
    return text


def _metrics(document: Mapping[str, Any]) -> str:
    rows = [
        [_text(name), _text("; ".join(f"{key}: {value}" for key, value in about.items() if value))]
        for name, about in document["metrics"].items()
    ]
    return _table(["metric", "how"], rows, "words")


def _made(document: Mapping[str, Any]) -> str:
    said = {**document["machine"], **document["versions"]}
    return _table(["what", "version"], [[_text(name), _text(value)] for name, value in said.items()], "words")


def _pictures(found: Mapping[str, Sequence[Shot]]) -> str:
    """The viewer's data: for each clip its shots, the pictures lossless in the page."""
    if not found:
        return "<p>The streams are not in the cache of this machine.</p>"
    data = [
        {
            "clip": clip,
            "shots": [{"label": shot.label, "caption": shot.caption, "src": _source(shot)} for shot in group],
        }
        for clip, group in found.items()
    ]
    # "</" would end the script element early.
    text = json.dumps(data).replace("</", "<\\/")
    return f'<div id="viewer"></div><script id="shots" type="application/json">{text}</script>'


def _source(shot: Shot) -> str:
    file = encode_still(shot.rgb, "WEBP", {"lossless": True, "method": 4})
    return f"data:image/webp;base64,{base64.b64encode(file).decode()}"
