"""VVC: streams that were made before, found by the clip's name, or vvencapp where it is on the PATH."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from genvc.errors import BadInput, CorruptStream, Unsupported
from genvc.media.classical import decode_classical, raw_yuv, split_classical
from genvc.media.limits import check_size
from genvc.types import Codec, Frame, Packet, StreamInfo

from .settings import Target, target_of

__all__ = ["Vvc", "create", "stored_streams"]

FOLDER = "GENVC_ANCHORS"
LOW, HIGH = 20, 63
PRESET = "slow"
TIMEOUT = 24 * 3600
_STORED = re.compile(r"(.+)_qp(\d+)\.266")


def create(model: str = "", device: str = "auto", **options: Any) -> Codec:
    """The codec; options: quantizer (20 to 63) or quality (0 to 100), and clip.

    clip: the path or name of a clip whose streams are stored under GENVC_ANCHORS; without one, or
    without a stream at that quantizer, vvencapp encodes. Raises BadInput, ModelNotFound.
    """
    clip = options.pop("clip", None)
    for option in ("bitrate", "bytes"):
        if options.get(option) is not None:
            raise BadInput(f"codec 'vvc' cannot search for a size; give a quantizer, not {option}")
    target = target_of("vvc", model, options, low=LOW, high=HIGH, per_unit=1)
    return Vvc(target, "" if clip is None else os.fspath(clip))


def stored_streams(clip: str | os.PathLike[str]) -> dict[int, Path]:
    """The stored streams of a clip by their QP: GENVC_ANCHORS/vvc/SET/NAME_qpNN.266.

    NAME is the clip's file name without its ending. Where sets share names, SET must be one of the
    folders in the clip's path (or "kodak" for photos). Empty when the variable is not set.
    """
    root = os.environ.get(FOLDER)
    if not root:
        return {}
    path = Path(clip)
    found: dict[str, dict[int, Path]] = {}
    for file in sorted(Path(root).glob(f"vvc/*/{_literal(path.stem)}_qp*.266")):
        said = _STORED.fullmatch(file.name)
        if said and said[1] == path.stem:
            found.setdefault(file.parent.name, {})[int(said[2])] = file
    if len(found) > 1:
        found = {name: streams for name, streams in found.items() if name in path.parts}
    return next(iter(found.values()), {})


class Vvc:
    """VVC at one quantiser."""

    elementary = True
    """Its size in a benchmark is that of the .266 stream."""

    def __init__(self, target: Target, clip: str) -> None:
        self.target = target
        self.clip = clip

    def about(self) -> dict[str, str]:
        """The settings, for the record."""
        if stored_streams(self.clip):
            return {"encoder": "stored streams", "settings": "as their folder says"}
        return {
            "encoder": _version(),
            "settings": f"vvencapp --preset {PRESET}, random access, one key picture",
        }

    def describe(self, width: int, height: int, fps: Fraction) -> StreamInfo:
        """The header; raises Unsupported for a size beyond the limits."""
        check_size(width, height)
        return StreamInfo("vvc", "", width, height, fps)

    def encode(self, frames: Iterable[Frame], info: StreamInfo) -> Iterator[Packet]:
        """The stored stream's packets, or those that vvencapp makes of the frames, in decoding order.

        Raises BadInput when a stored stream has another number of pictures than the clip,
        Unsupported when there is neither a stored stream nor vvencapp.
        """
        quantizer = self.target.step or LOW
        stored = stored_streams(self.clip) if self.clip else {}
        if quantizer not in stored:
            yield from _encode(frames, info, quantizer)
            return
        packets = split_classical(stored[quantizer].read_bytes(), "vvc")
        count = _count(frames, info)
        if count != len(packets):
            raise BadInput(
                f"the stored stream {stored[quantizer].name} has {len(packets)} pictures, the clip {count}"
            )
        yield from packets

    def decode(self, packets: Iterable[Packet], info: StreamInfo) -> Iterator[Frame]:
        """The frames in order of time; raises CorruptStream."""
        if info.params:
            raise CorruptStream("a stream of vvc has no parameters, this one has some")
        pictures = (packet for packet in packets if packet.track == 0)
        yield from decode_classical(pictures, info.width, info.height, "vvc")


def _count(frames: Iterable[Frame], info: StreamInfo) -> int:
    count = 0
    for frame in frames:
        if frame.rgb.shape != (info.height, info.width, 3):
            high, wide = frame.rgb.shape[:2]
            raise BadInput(f"a frame of {wide}x{high} in a stream of {info.width}x{info.height}")
        count += 1
    return count


def _encode(frames: Iterable[Frame], info: StreamInfo, quantizer: int) -> Iterator[Packet]:
    program = shutil.which("vvencapp")
    if program is None:
        raise Unsupported(
            f"no stored VVC stream at QP {quantizer} of this clip under {FOLDER}, and no vvencapp on the PATH"
        )
    with tempfile.TemporaryDirectory(prefix="genvc-vvc-") as folder:
        source, stream = Path(folder) / "in.yuv", Path(folder) / "out.266"
        count = 0
        with source.open("wb") as file:
            for yuv in raw_yuv(frames, info.width, info.height):
                file.write(yuv)
                count += 1
        if not count:
            return
        command = _command(program, info, quantizer, count)
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unsupported(f"vvencapp did not run: {type(error).__name__}") from error
        if done.returncode != 0 or not stream.is_file():
            last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
            raise Unsupported(f"vvencapp failed: {last}")
        yield from split_classical(stream.read_bytes(), "vvc")


def _command(program: str, info: StreamInfo, quantizer: int, count: int) -> list[str]:
    # One key picture: an intra period, in whole groups of 32, that the clip does not reach.
    period = 32 * (count // 32 + 1)
    said: Mapping[str, str] = {
        "--input": "in.yuv",
        "--size": f"{info.width + info.width % 2}x{info.height + info.height % 2}",
        "--format": "yuv420",
        "--framerate": str(info.fps.numerator),
        "--framescale": str(info.fps.denominator),
        "--preset": PRESET,
        "--qp": str(quantizer),
        "--intraperiod": str(period),
        "--output": "out.266",
    }
    return [program, *(word for pair in said.items() for word in pair)]


def _literal(name: str) -> str:
    return re.sub(r"([\[\]*?])", r"[\1]", name)


def _version() -> str:
    program = shutil.which("vvencapp")
    if program is None:
        return "none"
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "vvencapp"
    return next(iter((done.stdout or done.stderr).strip().splitlines()), "vvencapp")
