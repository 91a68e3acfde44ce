"""The tab File: a clip through a codec and beside others, and .gvc files decoded."""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from html import escape
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

import gradio

from genvc import media
from genvc.codec import codec_names
from genvc.compare import Comparison, compare
from genvc.errors import BadInput, GenvcError
from genvc.files import decode_file
from genvc.samples import sample_path

from .benchmarks_tab import wide
from .uploads import CLIPS, MOST_BYTES, MOST_SECONDS, admitted_clip, admitted_stream

__all__ = ["compared", "copied", "decoded", "file_tab"]

_CODECS = ("keypoints", "predictive", "auto")
_BESIDE = ("x264", "av1")
_SAMPLE_SIDE = 192
_HEADS = ["codec", "bytes", "kbit/s", "PSNR dB", "MS-SSIM", "LPIPS"]
# One at a time: each takes all the processors it gets.
_ONE = threading.Lock()
# What is said of each comparison, beside the codecs that it is set beside: reading, encoding, decoding,
# measuring, drawing.
_STEPS = 5
_TELL_SECONDS = 1.0


def file_tab() -> None:
    """The tab's components and what they do."""
    names = codec_names()
    codecs = [name for name in _CODECS if name in names]
    beside = [name for name in _BESIDE if name in names]
    gradio.Markdown(
        f"A clip is coded, decoded in a fresh process, and set beside other codecs at the same size. At most "
        f"{MOST_SECONDS:.0f} seconds and {MOST_BYTES >> 20} MB; it is scaled to 512 pixels. Key points and "
        "generators paint what they were not sent: what you see is **generated**."
    )
    with gradio.Row():
        with gradio.Column():
            clip = gradio.File(label="Clip", file_types=list(CLIPS), elem_id="clip")
            sample = gradio.Button("Take the sample clip", elem_id="take-sample")
            with gradio.Row():
                codec = gradio.Dropdown(
                    codecs, value=codecs[0] if codecs else None, label="Codec", min_width=220
                )
                rate = gradio.Slider(2, 200, value=8, step=1, label="kbit/s", min_width=220)
            against = gradio.CheckboxGroup(beside, value=beside, label="Beside it")
            go = gradio.Button("Compare", variant="primary", elem_id="compare")
            words = gradio.Markdown(elem_id="compare-words")
        with gradio.Column():
            shown = gradio.Video(show_label=False, autoplay=True, loop=True, elem_id="side-by-side")
            table = gradio.HTML(elem_id="figures-of-files")
            stream = gradio.File(label="The .gvc file", height=120, elem_id="stream")
    outputs = [words, shown, table, stream]
    go.click(compared, [clip, codec, rate, against], outputs, concurrency_limit=1)
    sample.click(_sample, None, clip)
    gradio.Markdown("### Decode a .gvc file")
    with gradio.Row():
        with gradio.Column():
            upload = gradio.File(label=".gvc file", file_types=[".gvc"], elem_id="gvc")
            back = gradio.Button("Decode", elem_id="decode")
            told = gradio.Markdown(elem_id="decode-words")
        with gradio.Column():
            video = gradio.Video(show_label=False, elem_id="decoded")
    back.click(decoded, upload, [told, video], concurrency_limit=1)


def _sample() -> str:
    """The sample talking head, as large as metrics and codecs like it."""
    target = Path(tempfile.mkdtemp(prefix="genvc-shown-", dir=_cache())) / "carphone.mkv"
    info, frames = media.frames(sample_path("carphone"), _SAMPLE_SIDE)
    media.write(target, frames, info.fps)
    return str(target)


def compared(
    clip: str | None, codec: str, rate: float, against: list[str]
) -> Iterator[tuple[str, Any, Any, Any]]:
    """Words, the clip side by side, figures as HTML and the .gvc file; every second words while it works."""
    if not clip:
        yield "Choose a clip first.", None, "", None
        return
    yield "Working …", None, "", None
    folder = Path(tempfile.mkdtemp(prefix="genvc-demo-"))
    said: SimpleQueue[Any] = SimpleQueue()

    def work() -> None:
        try:
            with _ONE:
                said.put("reading the clip")
                admitted_clip(Path(clip), folder / "clip.mkv")
                said.put(_run(folder, codec, rate, against, said))
        except GenvcError as error:
            said.put(error)
        except Exception as error:  # or the page would wait for ever
            said.put(GenvcError(f"unforeseen {type(error).__name__}"))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        begun, step, now = monotonic(), 0, "waiting for the clip of somebody else"
        while True:
            try:
                got = said.get(timeout=_TELL_SECONDS)
            except Empty:
                got = None
            if got is None or isinstance(got, str):
                if got is not None:
                    step, now = step + 1, got.replace(str(folder) + "/", "")
                at = f"step {step} of {_STEPS + len(against)}, {monotonic() - begun:.0f} s"
                yield f"Working, {at}: {now} …", *3 * (gradio.skip(),)
                continue
            if isinstance(got, GenvcError):
                yield f"**That did not work**: {got}", None, "", None
                return
            table = _table([_row(row) for row in got.rows])
            first = got.rows[0]
            words = f"{got.frames} pictures, {first.bytes} bytes, {first.kbps:.2f} kbit/s."
            notes = [f"{row.codec}: {row.words}" for row in got.rows if row.words]
            movie = next(path for path in got.files if path.name.endswith(".compare.mp4"))
            yield " ".join([words, *notes]), str(copied(movie)), table, str(copied(got.files[0]))
            return
    finally:
        # what is shown was copied out; work that nobody waits for any more ends by itself
        thread.join()
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path, codec: str, rate: float, against: list[str], said: "SimpleQueue[Any]") -> Comparison:
    if codec not in codec_names() or not set(against) <= set(codec_names()) or not 1 <= rate <= 2000:
        raise BadInput("no such codec or rate")
    options = {"bitrate": rate * 1000}
    return compare(
        str(folder / "clip.mkv"), folder / "out", codec, against=against, options=options, say=said.put
    )


def decoded(stream: str | None) -> tuple[str, str | None]:
    """Words, and the clip of a .gvc file."""
    if not stream:
        return "Choose a file first.", None
    folder = Path(tempfile.mkdtemp(prefix="genvc-demo-"))
    try:
        with _ONE:
            admitted_stream(Path(stream))
            made = decode_file(stream, folder / "decoded.mp4")
            return f"{made.frames} pictures.", str(copied(folder / "decoded.mp4"))
    except GenvcError as error:
        return f"**That did not work**: {error}", None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copied(path: Path) -> Path:
    """A copy where Gradio may hand it out, and removes it in time."""
    target = Path(tempfile.mkdtemp(prefix="genvc-shown-", dir=_cache())) / path.name
    shutil.copyfile(path, target)
    return target


def _cache() -> str:
    folder = gradio.utils.get_upload_folder()
    Path(folder).mkdir(parents=True, exist_ok=True)
    return str(folder)


def _table(rows: list[list[str]]) -> str:
    heads = "".join(f'<th scope="col">{head}</th>' for head in _HEADS)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
    return f'<div class="genvc-plot">{wide(table, "Figures")}</div>'


def _row(row: Any) -> list[str]:
    figures = [row.figures.get(name) for name in ("psnr", "msssim", "lpips_alex")]
    texts = [
        "–" if one is None or one.mean is None else f"{one.mean:.{digits}f}"
        for one, digits in zip(figures, (2, 4, 4), strict=True)
    ]
    return [row.codec, f"{row.bytes}", f"{row.kbps:.2f}", *texts]
