"""Key points as generative face video SEI messages, and back.

The syntax is that of the GFV SEI message of VSEI version 4 (ITU-T H.274; JVET-AJ0207), payload type 223:
for each picture with a face 478 points in three dimensions, absolute in a base picture and as differences
to it in the others, and the codec's own integers as a matrix of compact features (type 2), so that what was
exported can be imported without loss. What is not used is absent or 0: no network, no chroma key, no fusion.

    x = 2 (column + 1/2) / width - 1, y likewise; z = 2 depth / width, away from the camera
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from genvc.errors import BadInput, CorruptStream, Unsupported

from .detector import POINTS, Points
from .moments import Moment
from .structure import POSE, FaceBasis, Integers, Structure

__all__ = ["PAYLOAD_TYPE", "Message", "messages", "parsed", "placed", "written"]

PAYLOAD_TYPE = 223
_PRECISION = 11  # bits behind the point: an eighth of a pixel in a picture of 512
_FEATURES = 2  # the matrix type of compact features
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """base: whether later ones refer to it. points: (478, 3) integers, of 2^-11. numbers: the codec's own."""

    base: bool
    points: Integers
    numbers: Integers


def messages(moments: Iterable[Moment], basis: FaceBasis, width: int, height: int) -> Iterator[Message]:
    """One message for each picture with a face."""
    identity = np.zeros(basis.identity, np.int64)
    short = min(width, height)
    begun = False
    for moment in moments:
        if moment.key:
            begun, identity = False, np.zeros(basis.identity, np.int64)
        if moment.reference is not None and moment.reference.structure is not None:
            identity = moment.reference.structure.identity
        if moment.picture.structure is not None:
            points = basis.points(Structure(moment.picture.structure, identity), short)
            yield Message(not begun, _whole(points, width, height), moment.picture.structure)
            begun = True


def _whole(points: Points, width: int, height: int) -> Integers:
    size = np.array([width, height, width])
    shifted = points * 2 / size + np.array([1 / width - 1, 1 / height - 1, 0.0])
    found: Integers = np.rint(np.clip(shifted, -1000, 1000) * (1 << _PRECISION)).astype(np.int64)
    return found


def written(found: Iterable[Message]) -> Iterator[bytes]:
    """SEI messages one after the other: payload type, size, payload."""
    base = np.zeros((POINTS, 3), np.int64)
    for message in found:
        bits = _Bits()
        bits.ue(0)  # gfv_id
        bits.ue(0)  # gfv_cnt
        bits.flag(message.base)
        if message.base:
            bits.flag(False)  # gfv_nn_present_flag
            bits.flag(False)  # gfv_chroma_key_info_present_flag
        else:
            bits.flag(False)  # gfv_drive_picture_fusion_flag
        bits.flag(False)  # gfv_low_confidence_face_parameter_flag
        bits.flag(True)  # gfv_coordinate_present_flag
        bits.flag(not message.base)  # gfv_kps_pred_flag
        if message.base:
            bits.ue(_PRECISION - 1)
            bits.ue(POINTS - 1)
            bits.flag(True)  # gfv_coordinate_z_present_flag
            bits.ue(0)  # gfv_coordinate_z_max_value_minus1
            base = message.points
        for value in (message.points if message.base else message.points - base).ravel():
            bits.signed(int(value))
        bits.flag(True)  # gfv_matrix_present_flag
        if not message.base:
            bits.flag(False)  # gfv_matrix_pred_flag
        bits.ue(0)  # gfv_matrix_element_precision_factor_minus1
        bits.ue(0)  # gfv_num_matrix_types_minus1
        bits.put(_FEATURES, 6)
        bits.ue(len(message.numbers) - 1)  # gfv_matrix_width_minus1
        bits.ue(0)  # gfv_matrix_height_minus1
        for value in message.numbers:
            bits.ue(abs(int(value)))
            bits.put(0, 1)
            if value:
                bits.flag(bool(value < 0))
        payload = bits.finish()
        yield _number(PAYLOAD_TYPE) + _number(len(payload)) + payload


def parsed(data: bytes) -> Iterator[Message]:
    """The mirror of written; messages of other types are passed over.

    Raises CorruptStream, or Unsupported for messages that say what this codec does not.
    """
    at = 0
    base: Integers | None = None
    while at < len(data):
        kind, at = _read_number(data, at)
        size, at = _read_number(data, at)
        if size > min(_MOST_BYTES, len(data) - at):
            raise CorruptStream("an SEI message is longer than its file")
        if kind == PAYLOAD_TYPE:
            message = _message(_Reader(data[at : at + size]), base)
            base = message.points if message.base else base
            yield message
        at += size


def _message(bits: "_Reader", before: Integers | None) -> Message:
    bits.ue()
    if bits.ue():
        raise Unsupported("a second GFV SEI message for one picture")
    base = bits.flag()
    if base and (bits.flag() or bits.flag()):
        raise Unsupported("a GFV SEI message with a network or a chroma key")
    if not base:
        bits.flag()
    bits.flag()
    if not bits.flag():
        raise Unsupported("a GFV SEI message without coordinates")
    differences = bits.flag()
    if base or not differences:
        layout = (bits.ue() + 1, bits.ue() + 1, bits.flag())
        if layout != (_PRECISION, POINTS, True):
            raise Unsupported(f"a GFV SEI message of {layout[1]} points at {layout[0]} bits")
        bits.ue()
    if base == differences or (differences and before is None):
        raise Unsupported("a GFV SEI message whose points are predicted in another way")
    points = np.array([bits.signed() for _ in range(3 * POINTS)], np.int64).reshape(POINTS, 3)
    if differences and before is not None:
        points = points + before
    return Message(base, points, _features(bits, base))


def _features(bits: "_Reader", base: bool) -> Integers:
    if not bits.flag():
        raise Unsupported("a GFV SEI message without a matrix")
    if not base and bits.flag():
        raise Unsupported("a GFV SEI message with a predicted matrix")
    if (bits.ue(), bits.ue(), bits.bits(6)) != (0, 0, _FEATURES):
        raise Unsupported("a GFV SEI message with other matrices")
    count = bits.ue() + 1
    if count > 256 or bits.ue():
        raise Unsupported("a GFV SEI message with a matrix of another size")
    numbers = []
    for _ in range(count):
        value = bits.ue()
        if bits.bits(1):
            raise Unsupported("a GFV SEI message whose features are not whole")
        numbers.append(-value if value and bits.flag() else value)
    return np.array(numbers, np.int64)


def placed(moments: Iterable[Moment], found: Iterable[Message], basis: FaceBasis) -> Iterator[Moment]:
    """The stream's faces as the messages say, picture by picture; raises BadInput where they do not fit."""
    rest = iter(found)
    for moment in moments:
        if moment.picture.structure is None:
            yield moment
            continue
        message = next(rest, None)
        if message is None or len(message.numbers) != POSE + basis.expression:
            raise BadInput("the SEI messages are not those of this stream: too few, or of another model")
        yield replace(moment, picture=replace(moment.picture, structure=message.numbers))
    if next(rest, None) is not None:
        raise BadInput("there are more SEI messages than pictures with a face")


def _number(value: int) -> bytes:
    """As SEI types and sizes are written."""
    return b"\xff" * (value // 255) + bytes([value % 255])


def _read_number(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    while at < len(data) and data[at] == 255:
        value, at = value + 255, at + 1
    if at >= len(data):
        raise CorruptStream("an SEI message is cut short")
    return value + data[at], at + 1


class _Bits:
    """Bits one after the other, the highest of a byte first."""

    def __init__(self) -> None:
        self._text: list[str] = []

    def put(self, value: int, bits: int) -> None:
        self._text.append(format(value, f"0{bits}b"))

    def flag(self, value: bool) -> None:
        self.put(int(value), 1)

    def ue(self, value: int) -> None:
        """Exp-Golomb, as ue(v) of video standards."""
        text = format(value + 1, "b")
        self._text.append("0" * (len(text) - 1) + text)

    def signed(self, value: int) -> None:
        """The absolute value as ue(v), then a flag: 1 for less than 0."""
        self.ue(abs(value))
        if value:
            self.flag(value < 0)

    def finish(self) -> bytes:
        """With the stop bit and zeros up to a whole byte."""
        text = "".join(self._text) + "1"
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


class _Reader:
    """The mirror of _Bits; raises CorruptStream at the end."""

    def __init__(self, data: bytes) -> None:
        self._bits = np.unpackbits(np.frombuffer(data, np.uint8)).tolist()
        self._at = 0

    def bits(self, count: int) -> int:
        value = 0
        for _ in range(count):
            if self._at >= len(self._bits):
                raise CorruptStream("an SEI message is cut short")
            value = 2 * value + self._bits[self._at]
            self._at += 1
        return value

    def flag(self) -> bool:
        return bool(self.bits(1))

    def ue(self) -> int:
        zeros = 0
        while not self.bits(1):
            zeros += 1
            if zeros > 24:
                raise CorruptStream("a number of an SEI message is too large")
        return (1 << zeros) - 1 + self.bits(zeros)

    def signed(self) -> int:
        value = self.ue()
        return -value if value and self.flag() else value
