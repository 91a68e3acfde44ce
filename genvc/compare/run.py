"""The comparison itself: encode, decode in a fresh process, find the others' settings, measure, draw."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from .. import container, media
from ..codec import create, marks
from ..errors import BadInput, GenvcError
from ..files import Encoded, decode_file, encode_file
from ..types import Codec, Frame, Packet
from .measure import Figure, measure

__all__ = ["Comparison", "Row", "compare"]

Say = Callable[[str], None]
_REACHED = 0.05


@dataclass(frozen=True, slots=True)
class Row:
    """One codec's result.

    bytes: of the whole .gvc file, or of the elementary stream for the classical video codecs, whose
    figures so hold no file format at all. setting: what made it this size. encode_fps leaves the search
    for the setting out, decode_fps leaves writing files out. words: "" or what must be known.
    """

    codec: str
    setting: str
    bytes: int
    kbps: float
    encode_fps: float
    decode_fps: float
    figures: Mapping[str, Figure]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """rows: the codec asked for, then the others. files: what was left in the folder."""

    clip: str
    info: media.MediaInfo
    frames: int
    rows: list[Row]
    files: list[Path]


def compare(
    clip: str,
    folder: Path,
    codec: str,
    *,
    against: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    size: int | None = None,
    model: str = "",
    device: str = "auto",
    say: Say = lambda line: None,
) -> Comparison:
    """Encodes a clip, decodes it in a fresh process, and sets it beside others of the same size.

    against: names in the registry; each gets the bit rate that the file came out with. Leaves in folder
    the .gvc, the decoded .mkv (lossless) and .mp4 (a .png for a picture), and side by side with the
    source a .mp4 and a .png of frames from the beginning, middle, end and the worst one.
    Raises GenvcError; an anchor that fails leaves its words instead of figures.
    """
    if clip == "-":
        raise BadInput("a clip to compare is read several times: it cannot come through a pipe")
    info, _ = media.frames(clip, size)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot write to '{folder}': {error.strerror or error}") from error
    stem = Path(clip).stem or "clip"
    stream = folder / f"{stem}.{codec}.gvc"

    def source() -> Iterator[Frame]:
        return media.frames(clip, size)[1]

    say(f"encoding with {codec}")
    coded = encode_file(clip, stream, codec, model=model, device=device, size=size, options=options)
    decoded_as = folder / f"{stem}.{codec}.{'png' if coded.frames == 1 else 'mkv'}"
    say(f"decoding {stream} in a fresh process")
    _decode_afresh(stream, decoded_as, device)
    timed = decode_file(stream, None, device=device)
    words = "" if timed.md5 == media.md5(_from(decoded_as)) else "a fresh process decodes other pixels"
    say(f"measuring {codec}")
    figures = measure(source(), _from(decoded_as))
    setting = " ".join(f"{name}={value}" for name, value in (options or {}).items())
    rows = [Row(codec, setting, coded.bytes, coded.kbps, coded.fps, timed.fps, figures, words)]
    files = [stream, decoded_as]
    if coded.frames > 1:
        playable = folder / f"{stem}.{codec}.mp4"
        media.write(playable, _from(decoded_as), info.fps)
        files.append(playable)
    with tempfile.TemporaryDirectory(prefix="genvc-compare-") as scratch:
        panels = {codec: decoded_as}
        for name in against:
            say(f"encoding with {name} at {coded.bytes} bytes")
            path = Path(scratch) / f"{name}.mkv"
            rows.append(_anchor(name, source, info, coded, path))
            if rows[-1].bytes:
                panels[name] = path
        say("drawing")
        files += _draw(folder / f"{stem}.compare", source, info, coded.frames, rows, panels)
    return Comparison(clip, info, coded.frames, rows, files)


def _decode_afresh(stream: Path, target: Path, device: str) -> None:
    """Decodes in another process, which knows nothing but the file."""
    command = [sys.executable, "-m", "genvc", "decode", str(stream), str(target), "--device", device]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise GenvcError(f"decoding in a fresh process failed: {last.removeprefix('genvc: ')}")


def _from(path: Path) -> Iterator[Frame]:
    return media.frames(path)[1]


def _anchor(
    name: str,
    source: Callable[[], Iterator[Frame]],
    info: media.MediaInfo,
    coded: Encoded,
    path: Path,
) -> Row:
    """Another codec at the same size, decoded to path; a row with words and no figures when it fails."""
    frames, target = coded.frames, coded.bytes
    # what codecs take for the length of a clip is its frames; times may have gaps
    rate = float(target * 8 * info.fps / frames)
    try:
        coder: Any = create(name, bitrate=rate)
        header = coder.describe(info.width, info.height, info.fps)
        setting = f"bitrate={rate:.0f}"
        # Codecs that search for their quantiser are timed without the search.
        find = getattr(coder, "quantizer_for", None)
        if find is not None:
            quantizer = find(source, header, frames)
            setting = f"quantizer={quantizer:g}"
            coder = create(name, quantizer=quantizer)
        started = time.perf_counter()
        packets = list(coder.encode(source(), header))
        encoding = time.perf_counter() - started
        size = _size(coder, header, packets)
        started = time.perf_counter()
        decoded = sum(1 for _ in coder.decode(packets, header))
        decoding = time.perf_counter() - started
        media.write(path, coder.decode(packets, header), info.fps)
        figures = measure(source(), _from(path))
    except GenvcError as error:
        return Row(name, "", 0, 0.0, 0.0, 0.0, {}, str(error))
    words = ""
    if abs(size / target - 1) > _REACHED:
        words = f"{size} bytes is the nearest to {target} that it reaches"
    kbps = size * 8 / 1000 / coded.seconds
    return Row(name, setting, size, kbps, frames / encoding, decoded / decoding, figures, words)


def _size(coder: Codec, header: Any, packets: Sequence[Packet]) -> int:
    """Bytes of the elementary stream where that is how the codec is measured, else of a whole .gvc."""
    if getattr(coder, "elementary", False):
        return sum(len(packet.payload) for packet in packets)
    with open(os.devnull, "wb") as nowhere:
        return container.write(nowhere, header, packets, **marks(coder)).bytes


def _draw(
    stem: Path,
    source: Callable[[], Iterator[Frame]],
    info: media.MediaInfo,
    frames: int,
    rows: Sequence[Row],
    panels: Mapping[str, Path],
) -> list[Path]:
    """The side-by-side clip and sheet, each panel under its name and rate."""
    sizes = {row.codec: f"{row.bytes} B, {row.kbps:.1f} kbit/s" for row in rows}
    if frames == 1:
        sizes = {row.codec: f"{row.bytes} B" for row in rows}
    titles = ["source", *(f"{name} {sizes[name]}" for name in panels)]
    sheet = stem.with_name(stem.name + ".png")
    worst = _worst_frame(rows[0])
    wanted = {0: "first", frames // 2: "middle", frames - 1: "last", worst: f"worst of {rows[0].codec}"}
    kept: list[tuple[str, list[media.Picture]]] = []

    def strips() -> Iterator[Frame]:
        for place, (frame, pictures) in enumerate(_together(source(), panels)):
            if place in wanted:
                kept.append((f"frame {place} ({wanted[place]})", pictures))
            yield Frame(media.labelled_row(pictures, titles), frame.pts)

    made = [sheet]
    if frames == 1:
        for _ in strips():
            pass
    else:
        clip = stem.with_name(stem.name + ".mp4")
        media.write(clip, strips(), info.fps)
        made.append(clip)
    media.write(sheet, [Frame(media.labelled_sheet(kept, titles), 0)], Fraction(1))
    return made


def _together(
    source: Iterable[Frame], panels: Mapping[str, Path]
) -> Iterator[tuple[Frame, list[media.Picture]]]:
    decoded = [_from(path) for path in panels.values()]
    for frame, *others in zip(source, *decoded, strict=True):
        yield frame, [frame.rgb, *(other.rgb for other in others)]


def _worst_frame(row: Row) -> int:
    """By the last metric that gave figures: LPIPS, or else MS-SSIM, or else PSNR."""
    for figure in reversed(list(row.figures.values())):
        if figure.mean is not None:
            return figure.worst_frame
    return 0
