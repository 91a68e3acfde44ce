"""The tab Picture: one picture through a still codec, and what its bytes say where that can be changed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
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
from .lines_board import board, drawing_of
from .uploads import PICTURES, admitted_picture

__all__ = ["as_coded", "coded", "picture_tab", "redrawn", "restyled", "said"]

_CODECS = ("conceptual", "crossmodal", "predictive", "avif", "webp", "jpeg")
_ONE = threading.Lock()
# crossmodal is asked for bytes: from a sentence alone to fine lines
_LEAST_BYTES, _MOST_BYTES = 60, 2000


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """What was coded last in a visitor's tab. packets: as they were changed; first: as they were coded."""

    codec: str
    info: StreamInfo
    packets: list[Packet]
    source: Picture
    quality: int
    first: list[Packet]


def picture_tab() -> None:
    """The tab's components and what they do."""
    names = [name for name in _CODECS if name in codec_names()]
    gradio.Markdown(
        "A picture as a few hundred bytes. Codecs of concepts and of words paint a picture that says the "
        "same: it is **generated**, and not what the camera saw. What their bytes say can be changed: the "
        "words, the lines, the texture."
    )
    kept = gradio.State(None)
    with gradio.Row():
        with gradio.Column():
            picture = gradio.File(label="Picture", file_types=list(PICTURES), elem_id="picture")
            sample = gradio.Button("Take a sample picture", elem_id="take-picture")
            with gradio.Row():
                codec = gradio.Dropdown(
                    names, value=names[0] if names else None, label="Codec", min_width=220
                )
                quality = gradio.Slider(0, 100, value=30, step=1, label="Quality", min_width=220)
            go = gradio.Button("Code", variant="primary", elem_id="code")
            words = gradio.Markdown(elem_id="code-words")
        with gradio.Column():
            # a label would lie on the picture
            slider = gradio.ImageSlider(
                show_label=False, type="numpy", interactive=False, elem_id="before-after"
            )
            gradio.Markdown("Left of the line the original, right of it what was decoded.")
    with gradio.Row():
        with gradio.Column(visible=False, elem_id="say") as saying:
            caption = gradio.Textbox(label="What the bytes say, to be changed", lines=3)
            say = gradio.Button("Decode with these words")
        with gradio.Column(visible=False, elem_id="redraw") as drawing:
            lines = gradio.HTML()
            redraw = gradio.Button("Decode with these lines")
            drawn = gradio.Textbox(visible=False)
        with gradio.Column(visible=False, elem_id="restyle") as styling:
            other = gradio.File(label="Another picture", file_types=list(PICTURES), elem_id="style")
            take = gradio.Button("Take another sample picture", elem_id="take-style")
            restyle = gradio.Button("Decode with its texture and colours")
    undo = gradio.Button("Back to what was coded", visible=False)
    sample.click(lambda: str(copied(sample_path("astronaut"))), None, picture)
    take.click(lambda: str(copied(sample_path("coffee"))), None, other)
    shown = [words, slider, kept]
    go.click(
        coded,
        [picture, codec, quality],
        [*shown, saying, caption, drawing, lines, styling, undo],
        concurrency_limit=1,
    )
    say.click(said, [kept, caption], shown, concurrency_limit=1)
    redraw.click(
        redrawn,
        [kept, drawn],
        [*shown, lines],
        concurrency_limit=1,
        js="(kept, drawn) => [kept, window.genvcLines()]",
    )
    restyle.click(restyled, [kept, other], shown, concurrency_limit=1)
    undo.click(as_coded, [kept], [*shown, caption, lines], concurrency_limit=1)


def coded(path: str | None, name: str, quality: float) -> tuple[Any, ...]:
    """Words, original and result, what is kept, and what of it can be changed."""
    nothing = gradio.update(visible=False)
    if not path:
        return "Choose a picture first.", None, None, nothing, "", nothing, "", nothing, nothing
    try:
        if name not in codec_names():
            raise BadInput(f"no codec '{name}'")
        with _ONE:
            source = admitted_picture(Path(path))
            codec: Any = _made(name, int(quality))
            info = codec.describe(source.shape[1], source.shape[0], Fraction(1))
            packets = list(codec.encode([Frame(source, 0)], info))
            kept = _Kept(name, info, packets, source, int(quality), packets)
            words, pair = _shown(codec, kept)
            text, outline = _text(codec, kept), _outline(codec, kept)
    except GenvcError as error:
        return f"**That did not work**: {error}", None, None, nothing, "", nothing, "", nothing, nothing
    ways = [text is not None, outline is not None, hasattr(codec, "restyle")]
    says, draws, styles = (gradio.update(visible=way) for way in ways)
    return words, pair, kept, says, text or "", draws, outline or "", styles, gradio.update(visible=any(ways))


def said(kept: _Kept | None, text: str) -> tuple[Any, ...]:
    """Words, original and result, what is kept: with another text in the bytes."""
    return _changed(kept, lambda codec, one: codec.say(one.packets, one.info, text))[:3]


def redrawn(kept: _Kept | None, drawing: str) -> tuple[Any, ...]:
    """The same with other lines in the bytes, which are a PNG as a data URL; and the board with them."""

    def change(codec: Any, one: _Kept) -> list[Packet]:
        lines = drawing_of(drawing, one.info.width, one.info.height)
        packets: list[Packet] = codec.redraw(one.packets, one.info, lines)
        return packets

    *shown, codec, now = _changed(kept, change)
    return *shown, gradio.update() if now is None else _outline(codec, now)


def restyled(kept: _Kept | None, path: str | None) -> tuple[Any, ...]:
    """The same with the texture and the colours of another picture."""

    def change(codec: Any, one: _Kept) -> list[Packet]:
        if not path:
            raise BadInput("choose another picture first")
        source = admitted_picture(Path(path))
        other = _made(one.codec, one.quality)
        info = other.describe(source.shape[1], source.shape[0], Fraction(1))
        packets: list[Packet] = codec.restyle(
            one.packets, one.info, other.encode([Frame(source, 0)], info), info
        )
        return packets

    return _changed(kept, change)[:3]


def as_coded(kept: _Kept | None) -> tuple[Any, ...]:
    """What was coded before it was changed, with its text and its lines."""
    *shown, codec, now = _changed(kept, lambda codec, one: one.first)
    if now is None:
        return *shown, gradio.update(), gradio.update()
    return *shown, _text(codec, now) or "", _outline(codec, now) or ""


def _made(name: str, quality: int) -> Any:
    """The codec at a quality of 0 to 100."""
    if name == "crossmodal":
        return create(name, bytes=round(_LEAST_BYTES * (_MOST_BYTES / _LEAST_BYTES) ** (quality / 100)))
    return create(name, quality=quality)


def _changed(kept: _Kept | None, change: Callable[[Any, _Kept], list[Packet]]) -> tuple[Any, ...]:
    """Words, original and result, what is kept; the codec and what is kept again, None where it failed."""
    if kept is None:
        return "Code a picture first.", None, None, None, None
    try:
        with _ONE:
            codec = _made(kept.codec, kept.quality)
            now = replace(kept, packets=change(codec, kept))
            return *_shown(codec, now), now, codec, now
    except GenvcError as error:
        return f"**That did not work**: {error}", gradio.update(), kept, None, None


def _shown(codec: Codec, kept: _Kept) -> tuple[str, tuple[Picture, Picture]]:
    """Figures, original and result."""
    shown = next(iter(codec.decode(kept.packets, kept.info))).rgb
    return _words(codec, kept.source, shown, kept.packets), (kept.source, shown)


def _text(codec: Any, kept: _Kept) -> str | None:
    """The words in a stream that can be given others: of a codec that has the methods `words` and `say`."""
    return str(codec.words(kept.packets, kept.info)) if hasattr(codec, "say") else None


def _outline(codec: Any, kept: _Kept) -> str | None:
    """A board with the lines of a stream, of a codec that has the methods `outline` and `redraw`."""
    if not hasattr(codec, "redraw"):
        return None
    found: Picture | None = codec.outline(kept.packets, kept.info)
    return None if found is None else board(found, kept.source)


def _words(codec: Any, source: Picture, shown: Picture, packets: list[Packet]) -> str:
    size = sum(len(packet.payload) for packet in packets)
    pixels = source.shape[0] * source.shape[1]
    found = measure([Frame(source, 0)], [Frame(shown, 0)])
    labels = {"psnr": "PSNR {:.2f} dB", "msssim": "MS-SSIM {:.4f}", "lpips_alex": "LPIPS {:.4f}"}
    figures = [labels[name].format(one.mean) for name, one in found.items() if one.mean is not None]
    mark = " **Generated.**" if getattr(codec, "generative", False) else ""
    return f"{size} bytes, {size * 8 / pixels:.3f} bits a pixel; {', '.join(figures)}.{mark}"
