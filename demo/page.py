"""The page: four tabs, built of Gradio's components but for the call, which is its own."""

import html
import json

import gradio

from .benchmarks_tab import benchmarks_tab
from .file_tab import file_tab
from .picture_tab import picture_tab
from .settings import AGAIN, AUTO, KEY, REPAIR, SIZES, choices, mends
from .static_text import static_text

__all__ = ["HEAD", "STYLE", "THEME", "build"]

HEAD = "".join(f'<script type="module" src="/genvc/static/{name}.js"></script>' for name in ("call", "lines"))
STYLE = static_text("style.css")
# the fonts of the machine: the page asks nobody else for anything
THEME = gradio.themes.Default(
    primary_hue="blue",
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
).set(
    # as dark as WCAG 2.2 asks of text (1.4.3)
    button_primary_background_fill="#1d4f91",
    button_primary_background_fill_hover="#173f74",
    button_primary_background_fill_dark="#1d4f91",
    button_primary_background_fill_hover_dark="#2a63ad",
    body_text_color_subdued="#4b5563",
    body_text_color_subdued_dark="#b4bac2",
    block_label_text_color="#4b5563",
    block_label_text_color_dark="#d1d5db",
    block_title_text_color="#374151",
    block_title_text_color_dark="#e5e7eb",
    block_info_text_color="#4b5563",
    block_info_text_color_dark="#b4bac2",
    link_text_color="#1d4f91",
    link_text_color_dark="#93c5fd",
)
_HOURS = 3600
_MENDS = {
    AGAIN: "sending them again",
    REPAIR: "copies and repair pieces (RaptorQ)",
    KEY: "a key picture alone",
}


def build() -> gradio.Blocks:
    """The page; what visitors upload is gone after an hour."""
    page: gradio.Blocks
    with gradio.Blocks(title="genvc", analytics_enabled=False, delete_cache=(_HOURS, _HOURS)) as page:
        gradio.Markdown("# genvc\nPictures and video at ultra-low bit rates.")
        with gradio.Tab("Call"):
            gradio.HTML(_call())
        with gradio.Tab("File"):
            file_tab()
        with gradio.Tab("Picture"):
            picture_tab()
        with gradio.Tab("Benchmarks"):
            benchmarks_tab()
    return page


def _call() -> str:
    """The call's markup, with what there is to choose from."""
    codecs = [(choice.name, f"{choice.name} ({choice.about})") for choice in choices()]
    if {"keypoints", "predictive"} <= {name for name, _ in codecs}:
        codecs.append((AUTO, "auto (key points, or else predictive)"))
    ways = [(way, _MENDS[way]) for way in mends()]
    said = html.escape(json.dumps({"codecs": codecs, "sizes": SIZES, "mends": ways}), quote=True)
    return f'<div data-choices="{said}">{static_text("call.html")}</div>'
