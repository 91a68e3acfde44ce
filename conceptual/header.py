"""What a stream's header says to conceptual alone: the version of its packets, and who is to paint them.

params = version, which is 1; then nothing where the generator paints, or
         changed (1 byte, in 1/100), length (1 byte) and name of the scheduler, a painter
         (genvc/painter.py), the caption in UTF-8
"""

from dataclasses import dataclass

from genvc import painter as painters
from genvc.diffusion import SCHEDULERS
from genvc.errors import BadInput, CorruptStream
from genvc.painter import Painter
from genvc.types import StreamInfo

from .syntax import MAX_PIXELS

__all__ = ["MOST_CAPTION", "Repaint", "check_header", "pack", "unpack"]

VERSION = 1
MOST_CAPTION = 1000  # bytes
_WHAT = "the header of conceptual"


@dataclass(frozen=True, slots=True)
class Repaint:
    """How a text-to-image model paints the picture anew.

    scheduler: of genvc.diffusion.SCHEDULERS. changed: the share of the noise that the texture layer's
    picture gets, in 1/100, 1 to 100. caption: the prompt. Raises BadInput.
    """

    painter: Painter
    scheduler: str = "own"
    changed: int = 50
    caption: str = ""

    def __post_init__(self) -> None:
        if self.scheduler not in SCHEDULERS:
            raise BadInput(
                f"codec 'conceptual': scheduler is one of {', '.join(SCHEDULERS)}, not {self.scheduler!r}"
            )
        if not 1 <= self.changed <= 100:
            raise BadInput(
                f"codec 'conceptual': changed is a number from 0.01 to 1, not {self.changed / 100}"
            )
        try:
            length = len(self.caption.encode())
        except UnicodeEncodeError as error:
            raise BadInput("the caption is no proper Unicode text") from error
        if length > MOST_CAPTION:
            raise BadInput(f"a caption has at most {MOST_CAPTION} bytes, not {length}")


def pack(repaint: Repaint | None) -> bytes:
    """The header's params; None: the generator paints."""
    if repaint is None:
        return bytes([VERSION])
    scheduler = repaint.scheduler.encode("ascii")
    head = bytes([VERSION, repaint.changed, len(scheduler)]) + scheduler
    return head + painters.pack(repaint.painter) + repaint.caption.encode()


def unpack(params: bytes) -> Repaint | None:
    """The mirror of pack(); raises CorruptStream."""
    if params[:1] != bytes([VERSION]):
        raise CorruptStream("the stream's parameters are not those of a conceptual stream")
    if len(params) == 1:
        return None
    if len(params) < 3 or len(params) < 3 + params[2]:
        raise CorruptStream(f"{_WHAT} is cut short")
    at = 3 + params[2]
    painter, end = painters.unpack(params, at, _WHAT)
    try:
        return Repaint(painter, params[3:at].decode("ascii"), params[1], params[end:].decode())
    except (UnicodeDecodeError, BadInput) as error:
        raise CorruptStream(f"{_WHAT} does not say how to paint") from error


def check_header(info: StreamInfo) -> Repaint | None:
    """What unpack() finds; raises CorruptStream for a header that is not one of this codec's streams."""
    found = unpack(info.params)
    if info.width * info.height > MAX_PIXELS:
        raise CorruptStream(f"a conceptual stream of {info.width}x{info.height} is not possible")
    return found
