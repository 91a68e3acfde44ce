"""What is left of a .gvc file that was cut or damaged: the groups whose checksums are right.

The header has to be whole. Where a group is not, the next one is looked for by its mark. At the end of a file
that was cut (its writer was killed, the disk was full) stand packets of a group that was not finished; those
that are whole are given too, unchecked, when no group follows them.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadInput, CorruptStream, GenvcError
from ..types import Packet
from . import layout as bits
from .reader import Reader

__all__ = ["Rest", "Salvage"]

_CHUNK = 1 << 16
_MARKS = tuple(bytes([mark]) + bits.SYNC for mark in (bits.GROUP, bits.CONTINUED))
# Bytes that begin like a group and are none cost the reading of a group each: so many times the file at most.
_MOST_WORK = 8


@dataclass(frozen=True, slots=True)
class Rest:
    """A group that can be used. seek_point: decoding starts anew here; otherwise it goes on.

    checked: whether its checksum was right; at the end of a file that was cut there is none.
    """

    packets: list[Packet]
    seek_point: bool
    checked: bool


class Salvage:
    """Reads what is left of one file. stream: its header. Raises BadInput, CorruptStream, Unsupported.

    saved, checked: groups given so far, and those of them whose checksum was right. whole: whether all that
    was written is here; False until the groups are read.
    """

    def __init__(self, source: Path, passphrase: str | None = None) -> None:
        try:
            self._file = open(source, "rb")  # noqa: SIM115
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise BadInput(f"cannot read {source}: {str(reason).lower()}") from error
        self._source = source
        self.saved = self.checked = self._packets = 0
        self.whole = False
        try:
            if not self._file.seekable():
                raise BadInput(f"cannot save what is left of {source}: it is no file")
            self.stream = Reader(self._file, passphrase)
            self._end = os.fstat(self._file.fileno()).st_size
        except BaseException:
            self._file.close()
            raise

    def groups(self) -> Iterator[Rest]:
        """The groups in order, each at most once."""
        try:
            yield from self._groups()
        except OSError as error:
            raise BadInput(f"cannot read {self._source}: {str(error.strerror).lower()}") from error
        finally:
            self._file.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _groups(self) -> Iterator[Rest]:
        at, last, gaps = self._file.tell(), -1, False
        work = _MOST_WORK * self._end + (1 << 20)
        unfinished: Rest | None = None
        while True:
            found = self._next_mark(at)
            if found is None:
                break
            number, rest, end, cut = self._group(found)
            gap = found > at or number != last + 1
            # what goes on with a group that is not there is of no use
            if rest.checked and number > last and (rest.seek_point or not gap):
                gaps, last, at, unfinished = gaps or gap, number, end, None
                yield self._given(rest)
                continue
            if cut and unfinished is None and number > last and (rest.seek_point or not gap):
                unfinished = rest
            gaps = True
            work -= end - found
            if work < 0:
                raise CorruptStream("too much of the file looks like the beginning of a group and is none")
            at = found + 1
        self.whole = not gaps and self._ends(at, last + 1)
        if unfinished is not None and unfinished.packets:
            yield self._given(unfinished)

    def _given(self, rest: Rest) -> Rest:
        self._packets += len(rest.packets)
        self.saved += 1
        self.checked += rest.checked
        return rest

    def _next_mark(self, at: int) -> int | None:
        """Where the next group seems to begin, from that byte on."""
        self._file.seek(at)
        held = b""
        while chunk := self._file.read(_CHUNK):
            held += chunk
            places = [place for place in map(held.find, _MARKS) if place >= 0]
            if places:
                return at + min(places)
            at += max(0, len(held) - 2)
            held = held[-2:]
        return None

    def _group(self, at: int) -> tuple[int, Rest, int, bool]:
        """The number of the group that begins there, its packets, where reading it ended, and whether that
        was the end of the file.
        """
        self._file.seek(at)
        packets: list[Packet] = []
        seal = b""
        number, seek_point, checked = -1, self._file.read(1)[0] == bits.GROUP, False
        try:
            self._file.seek(at + len(_MARKS[0]))
            number = bits.Cursor(self._file.read(9)).number()
            self._file.seek(at)
            for piece in self.stream.group_at(at, number):
                if piece.packet is not None:
                    packets.append(piece.packet)
                seal = piece.seal or seal
            packets, _ = self.stream.open_group(number, packets, seal)
            checked = True
        except BadInput:
            raise  # without the passphrase there is nothing to be had
        except GenvcError:
            packets = [] if self.stream.encrypted else packets
        end = self._file.tell()
        return number, Rest(packets, seek_point, checked), end, not checked and end >= self._end

    def _ends(self, at: int, groups: int) -> bool:
        """Whether the end record of all that was given stands there."""
        self._file.seek(at)
        try:
            self.stream.end_at(at, groups, self._packets)
        except CorruptStream:
            return False
        return True
