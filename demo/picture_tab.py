"""The tab Picture: one picture through a still codec, and what its bytes say where that can be changed."""

import threading
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import gradio

from genvc.codec import codec_names, create
from genvc.compare import measure
from genvc.errors import BadInput, GenvcError
from genvc.samples import sample_path
from genvc.types import Codec, Frame, Packet, Picture, StreamInfo

from .file_tab import copied
from .uploads import PICTURES, admitted_picture

__all__ = ["coded", "picture_tab", "recoded"]

_CODECS = ("conceptual", "crossmodal", "predictive", "avif", "webp", "jpeg")
_ONE = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """What was coded last in a visitor's tab."""

    codec: str
    info: StreamInfo
    packets: list[Packet]
    source: Picture


def picture_tab() -> None:
    """The tab's components and what they do."""
    names = [name for name in _CODECS if name in codec_names()]
    gradio.Markdown(
        "A picture as a few hundred bytes. Codecs of concepts and of words paint a picture that says the "
        "same: it is **generated**, and not what the camera saw."
    )
    kept = gradio.State(None)
    with gradio.Row():
        with gradio.Column():
            picture = gradio.File(label="Picture", file_types=list(PICTURES), elem_id="picture")
            with gradio.Row():
                codec = gradio.Dropdown(names, value=names[0] if names else None, label="Codec")
                quality = gradio.Slider(0, 100, value=30, step=1, label="Quality")
            with gradio.Row():
                go = gradio.Button("Code", variant="primary", elem_id="code")
                sample = gradio.Button("Take a sample picture", elem_id="take-picture")
            words = gradio.Markdown(elem_id="code-words")
            caption = gradio.Textbox(label="What the bytes say, to be changed", lines=3, visible=False)
            again = gradio.Button("Decode with these words", visible=False)
            edges = gradio.Image(label="Edges in the bytes", visible=False, interactive=False)
        slider = gradio.ImageSlider(
            label="Original | decoded (generated where the codec paints)", type="numpy", interactive=False
        )
    sample.click(lambda: str(copied(sample_path("astronaut"))), None, picture)
    outputs = [words, slider, caption, again, edges, kept]
    go.click(coded, [picture, codec, quality], outputs, concurrency_limit=1)
    again.click(recoded, [kept, caption], [words, slider], concurrency_limit=1)


def coded(path: str | None, name: str, quality: float) -> tuple[Any, ...]:
    """Words, original and result, what can be changed, and what is kept for that."""
    hidden = gradio.update(visible=False)
    if not path:
        return "Choose a picture first.", None, hidden, hidden, hidden, None
    try:
        if name not in codec_names():
            raise BadInput(f"no codec '{name}'")
        with _ONE:
            source = admitted_picture(Path(path))
            codec = create(name, quality=int(quality))
            info = codec.describe(source.shape[1], source.shape[0], Fraction(1))
            packets = list(codec.encode([Frame(source, 0)], info))
            shown = _decoded(codec, packets, info)
            said = _said(codec, packets, info)
            outline = _outline(codec, packets, info)
    except GenvcError as error:
        return f"**That did not work**: {error}", None, hidden, hidden, hidden, None
    words = _words(codec, source, shown, packets)
    kept = _Kept(name, info, packets, source)
    text, button = hidden, hidden
    if said is not None:
        text, button = gradio.update(visible=True, value=said), gradio.update(visible=hasattr(codec, "say"))
    lines = hidden if outline is None else gradio.update(visible=True, value=outline)
    return words, (source, shown), text, button, lines, kept


def recoded(kept: _Kept | None, caption: str) -> tuple[str, Any]:
    """Words, original and result, with another caption in the bytes."""
    if kept is None:
        return "Code a picture first.", None
    try:
        with _ONE:
            codec: Any = create(kept.codec)
            packets = list(codec.say(kept.packets, kept.info, caption))
            shown = _decoded(codec, packets, kept.info)
    except GenvcError as error:
        return f"**That did not work**: {error}", None
    return _words(codec, kept.source, shown, packets), (kept.source, shown)


def _decoded(codec: Codec, packets: list[Packet], info: StreamInfo) -> Picture:
    return next(iter(codec.decode(packets, info))).rgb


def _said(codec: Any, packets: list[Packet], info: StreamInfo) -> str | None:
    """The words in a stream, of a codec that has the method `words`."""
    return str(codec.words(packets, info)) if hasattr(codec, "words") else None


def _outline(codec: Any, packets: list[Packet], info: StreamInfo) -> Picture | None:
    """The edges in a stream as a picture, of a codec that has the method `outline`."""
    found: Picture | None = codec.outline(packets, info) if hasattr(codec, "outline") else None
    return found


def _words(codec: Any, source: Picture, shown: Picture, packets: list[Packet]) -> str:
    size = sum(len(packet.payload) for packet in packets)
    pixels = source.shape[0] * source.shape[1]
    found = measure([Frame(source, 0)], [Frame(shown, 0)])
    labels = {"psnr": "PSNR {:.2f} dB", "msssim": "MS-SSIM {:.4f}", "lpips_alex": "LPIPS {:.4f}"}
    figures = [labels[name].format(one.mean) for name, one in found.items() if one.mean is not None]
    mark = " **Generated.**" if getattr(codec, "generative", False) else ""
    return f"{size} bytes, {size * 8 / pixels:.3f} bits a pixel; {', '.join(figures)}.{mark}"
