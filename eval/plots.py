"""Rate-distortion plots of a run, as PNG files and as SVG for the page."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

__all__ = ["COLOURS", "colour_of", "plot_svg", "rd_plot", "save_plots"]

# Told apart also by those who see colours differently (Okabe and Ito); the first is for the codec judged.
COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#666666", "#8c6d31")
_MARKERS = "osD^vPX*"
_TITLES = {
    "psnr": "PSNR, RGB",
    "psnr_y": "PSNR, luma",
    "ssim": "SSIM",
    "msssim": "MS-SSIM",
    "lpips_alex": "LPIPS (AlexNet)",
    "lpips_squeeze": "LPIPS (SqueezeNet)",
    "lpips_vgg": "LPIPS (VGG16)",
    "dists": "DISTS",
    "flicker": "Flicker",
    "landmarks": "Landmark error",
    "vmaf": "VMAF",
}


def colour_of(document: Mapping[str, Any], codec: str) -> str:
    """The codec's colour in this run: the same in every plot and on the page."""
    codecs = list(dict.fromkeys(entry["codec"] for entry in document["means"]))
    return COLOURS[codecs.index(codec) % len(COLOURS)]


def rd_plot(document: Mapping[str, Any], metric: str) -> Figure | None:
    """Mean curves of all codecs; None when nothing was measured.

    A point is drawn where all the clips of the codec's curve have it, so that it is a mean over the
    same clips as its neighbours.
    """
    means = [entry for entry in document["means"] if metric in entry["metrics"]]
    if not means:
        return None
    unit = "bpp" if "bpp" in means[0] else "kbps"
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    codecs = list(dict.fromkeys(entry["codec"] for entry in document["means"]))
    for place, codec in enumerate(codecs):
        members = [entry for entry in means if entry["codec"] == codec]
        most = max((entry["clips"] for entry in members), default=0)
        points = sorted(
            (entry[unit], entry["metrics"][metric]) for entry in members if entry["clips"] == most
        )
        if not points:
            continue
        axes.plot(
            *zip(*points, strict=True),
            marker=_MARKERS[place % len(_MARKERS)],
            markersize=5,
            color=COLOURS[place % len(COLOURS)],
            linewidth=2.4 if place == 0 else 1.5,
            label=codec,
            zorder=10 - place,
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("bits per pixel" if unit == "bpp" else "kbit/s")
    axes.set_ylabel(_label(document, metric))
    axes.grid(True, which="major", color="#dddddd", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    axes.set_title(document["suite"]["title"] or document["suite"]["name"], fontsize=9, loc="left")
    return figure


def plot_svg(figure: Figure, name: str) -> str:
    """The figure as an SVG element; name makes its ids unique on a page that holds several."""
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    svg = file.getvalue()
    return re.sub(r'(id="|url\(#|href="#)', rf"\1{name}-", svg[svg.index("<svg") :])


def save_plots(document: Mapping[str, Any], folder: Path) -> dict[str, Figure]:
    """Writes METRIC.png for every metric that has figures; returns the figures by metric."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = {}
    for metric in document["metrics"]:
        figure = rd_plot(document, metric)
        if figure is not None:
            figure.savefig(folder / f"{metric}.png", dpi=130)
            figures[metric] = figure
    return figures


def _label(document: Mapping[str, Any], metric: str) -> str:
    about = document["metrics"][metric]
    unit = f" [{about['unit']}]" if about.get("unit") else ""
    return f"{_TITLES.get(metric, metric)}{unit}, {about['better']} is better"
