"""A run as text: the means by codec and setting, and the mean BD-rates."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["text_table"]


def text_table(document: Mapping[str, Any]) -> str:
    """A table for a terminal; a figure that not every clip has is left blank."""
    means = document["means"]
    names = [name for name in document["metrics"] if any(name in entry["metrics"] for entry in means)]
    unit = "bpp" if means and "bpp" in means[0] else "kbps"
    head = ["codec", "setting", "clips", {"bpp": "bpp", "kbps": "kbit/s"}[unit], *names, "enc fps", "dec fps"]
    rows = [
        [
            entry["codec"],
            entry["setting"],
            str(entry["clips"]),
            f"{entry[unit]:.4f}" if unit == "bpp" else f"{entry[unit]:.2f}",
            *(_figure(entry["metrics"].get(name)) for name in names),
            *("-" if entry[name] is None else f"{entry[name]:.1f}" for name in ("encode_fps", "decode_fps")),
        ]
        for entry in means
    ]
    text = _aligned([head, *rows])
    bd = [entry for entry in document["bd"] if entry["clip"] == "mean"]
    for anchor in dict.fromkeys(entry["anchor"] for entry in bd):
        text += f"\n\nBD-rate against {anchor}, mean over clips (with a number / all):\n"
        text += _aligned(_bd_rows([entry for entry in bd if entry["anchor"] == anchor]))
    missing = {words for row in document["cells"] for words in row.get("words", {}).values()}
    said = ("weights", "not available", "picture too small")
    for words in sorted(word for word in missing if word.startswith(said)):
        text += f"\n{words}"
    for entry in document.get("sets", []):
        where = " ".join(filter(None, (entry.get("codec"), entry.get("setting"))))
        value = entry.get("words") or f"{entry['value']:.4f} over {entry['pictures']} pictures"
        text += f"\n{entry['metric']} {where}: {value}"
    return text


def _bd_rows(entries: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    codecs = list(dict.fromkeys(entry["codec"] for entry in entries))
    metrics = list(dict.fromkeys(entry["metric"] for entry in entries))
    found = {(entry["codec"], entry["metric"]): entry for entry in entries}
    rows = [["codec", *metrics]]
    for codec in codecs:
        cells = []
        for metric in metrics:
            entry = found.get((codec, metric))
            if entry is None:
                cells.append("")
            elif entry["rate_percent"] is None:
                cells.append(entry["words"])
            else:
                share = f"{entry['clips_with_rate']}/{entry['clips']}"
                cells.append(f"{entry['rate_percent']:+.1f} % ({share})")
        rows.append([codec, *cells])
    return rows


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if abs(value) >= 10 else f"{value:.4f}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
