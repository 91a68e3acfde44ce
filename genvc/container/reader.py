"""The reader of .gvc streams, packet by packet."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from ..errors import BadInput, CorruptStream, Unsupported
from ..types import Packet, StreamInfo
from . import layout as bits
from . import single
from .layout import Cursor
from .sealing import SEAL_BYTES, SEALED, Key, opened, unlock

Source = str | Path | BinaryIO

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the stream; the pieces follow each other without a gap.

    kind: header, group (its beginning), packet, extension, check (a group's checksum) or end.
    offset: the byte where it begins. head_bytes: what the container takes. group: counts from 0, -1
    outside of groups. packet: only for a packet; its payload follows the head. seal: of the extension that
    ends an encrypted group, else empty.
    """

    kind: Literal["header", "group", "packet", "extension", "check", "end"]
    offset: int
    head_bytes: int
    group: int = -1
    packet: Packet | None = None
    seal: bytes = b""


def read(
    source: Source, verify: bool = False, passphrase: str | None = None
) -> tuple[StreamInfo, Iterator[Packet]]:
    """A stream's header at once, and its packets as they are asked for.

    source: a path or a binary file, which is neither sought in nor closed. verify: hold a group's
    packets back until its checksum is right (what files want); otherwise each packet comes at once
    (what a live call wants) and a wrong checksum is an error after the group's last packet. passphrase: of
    a stream that is encrypted, whose groups are always held back.

    Raises BadInput when the source cannot be read or the passphrase is wrong, CorruptStream, and Unsupported
    for streams of a later version; the iterator raises the same.
    """
    reader = Reader(source, passphrase)
    return reader.info, reader.packets(verify)


class Reader:
    """Reads one stream, once, from its beginning to its end.

    info: the header. generated: whether it says that a network paints what is shown. encrypted: whether
    packets() needs a passphrase; the pieces of such a stream hold its packets as they are. tracks: the side
    tracks; the packets of tracks[0] say track = 1. Packets of tracks beyond these belong to later versions
    and are to be ignored.
    """

    def __init__(self, source: Source, passphrase: str | None = None) -> None:
        self._input = _Input(source)
        try:
            header = self._read_header()
            self.info, self.tracks, self.generated = header.info, header.tracks, header.generated
            self.encrypted = header.encrypted is not None
            self._key: Key | None = None
            if header.encrypted is not None and passphrase is not None:
                self._key = unlock(header.encrypted, passphrase)
        except BaseException:
            self._input.close()
            raise

    def packets(self, verify: bool = False) -> Iterator[Packet]:
        """The packets, as read() describes; the source is closed at the end if it was a path."""
        if self.encrypted:
            yield from self._opened()
            return
        held: list[Packet] = []
        for piece in self.pieces():
            if piece.packet is not None and verify:
                held.append(piece.packet)
            elif piece.packet is not None:
                yield piece.packet
            elif piece.kind == "check":
                yield from held
                held.clear()

    def open_group(self, group: int, packets: list[Packet], seal: bytes) -> tuple[list[Packet], bool]:
        """The packets of an encrypted group and whether it is the last one; the packets of another as they
        are. Raises CorruptStream, and BadInput where the passphrase was not given.
        """
        if not self.encrypted:
            return packets, False
        if self._key is None:
            raise BadInput("the stream is encrypted; it needs its passphrase")
        return opened(self._key, self._header, group, packets, seal)

    def _opened(self) -> Iterator[Packet]:
        """The packets of an encrypted stream."""
        held: list[Packet] = []
        seal, last, groups = b"", False, False
        if self._key is None:
            self.close()
            raise BadInput("the stream is encrypted; it needs its passphrase")
        for piece in self.pieces():
            if piece.kind == "group" and last:
                raise CorruptStream("a group follows the one that was encrypted as the last")
            if piece.packet is not None:
                if seal:
                    raise CorruptStream("a packet follows the end of its encrypted group")
                held.append(piece.packet)
            seal = piece.seal or seal
            if piece.kind == "check":
                found, last = self.open_group(piece.group, held, seal)
                yield from found
                held, seal = [], b""
                groups = True
            if piece.kind == "end" and groups and not last:
                raise CorruptStream("the last groups of the encrypted stream are missing")

    def pieces(self) -> Iterator[Piece]:
        """Everything in the stream in order, for those who want to see where the bytes go."""
        try:
            yield Piece("header", 0, self._input.offset)
            if self._single:
                yield from self._only()
                return
            groups = packets = 0
            while True:
                start = self._input.offset
                self._input.crc = self._seed
                head = self._input.byte("the end record")
                if head == bits.END:
                    break
                if head not in (bits.GROUP, bits.CONTINUED):
                    raise CorruptStream("neither a group nor the end of the stream where one has to be")
                for piece in self._group(start, groups, head == bits.GROUP):
                    packets += piece.packet is not None
                    yield piece
                groups += 1
            self._finish(groups, packets)
            yield Piece("end", start, self._input.offset - start)
        finally:
            self._input.close()

    def group_at(self, start: int, number: int) -> Iterator[Piece]:
        """The pieces of one group of a source that stands where it begins; raises CorruptStream."""
        self._input.offset, self._input.crc = start, self._seed
        head = self._input.byte("a group")
        if head not in (bits.GROUP, bits.CONTINUED):
            raise CorruptStream("no group begins here")
        yield from self._group(start, number, head == bits.GROUP)

    def end_at(self, start: int, groups: int, packets: int) -> None:
        """Read the end record of a source that stands there; raises CorruptStream where it is not that."""
        self._input.offset, self._input.crc = start, self._seed
        if self._input.byte("the end record") != bits.END:
            raise CorruptStream("no end record is here")
        self._finish(groups, packets)

    def close(self) -> None:
        """Close the source if it was given as a path."""
        self._input.close()

    def _read_header(self) -> bits.Header:
        magic = self._input.take_up_to(len(bits.MAGIC))
        if magic != bits.MAGIC:
            raise CorruptStream("not a .gvc stream")
        version = self._input.byte("the header")
        if version not in (bits.VERSION, single.VERSION):
            raise Unsupported(
                f"version {version} of the format; this genvc reads {bits.VERSION} and {single.VERSION}"
            )
        self._single = version == single.VERSION
        flags = self._input.byte("the header") if self._single else 0
        size = self._input.number("the header")
        if size > bits.MAX_HEADER:
            raise CorruptStream(f"the header is said to have {size} bytes, more than {bits.MAX_HEADER}")
        body = self._input.take(size, "the header")
        self._seed = self._input.crc
        if not self._single and self._input.take(4, "the header") != bits.pack_check(self._seed):
            raise CorruptStream("the header's checksum is wrong")
        self._header = magic + bytes([version]) + bits.pack_bytes(body) + bits.pack_check(self._seed)
        try:
            # in the short form one checksum at the end is for all
            return single.unpack(flags, body) if self._single else bits.unpack_header(body)
        except BadInput as error:
            raise CorruptStream(str(error)) from None

    def _only(self) -> Iterator[Piece]:
        """The one packet of the short form, as the only group."""
        source = self._input
        start = source.offset
        size = source.number("a packet's head")
        if size > bits.MAX_PAYLOAD:
            raise CorruptStream("a packet's size is beyond the limits")
        yield Piece("group", start, 0, 0)
        head = source.offset - start
        packet = Packet(source.take(size, "a packet"), 0, key=True)
        yield Piece("packet", start, head, 0, packet)
        at, crc = source.offset, source.crc
        if source.take(4, "the checksum") != bits.pack_check(crc):
            raise CorruptStream("the stream's checksum is wrong")
        if source.take_up_to(1):
            raise CorruptStream("bytes follow the end of the stream")
        yield Piece("check", at, 4, 0)

    def _group(self, start: int, number: int, seek_point: bool) -> Iterator[Piece]:
        source = self._input
        if source.take(len(bits.SYNC), "a group") != bits.SYNC or source.number("a group") != number:
            raise CorruptStream(f"group {number} does not begin as it has to")
        if number == 0 and not seek_point:
            raise CorruptStream("the first group goes on with one that is not there")
        next_pts = {0: source.number("a group")}
        yield Piece("group", start, source.offset - start, number)
        begun = not seek_point
        records = 0
        while True:
            at = source.offset
            head = source.byte("a group")
            if head == bits.CHECK:
                break
            records += 1
            if records > bits.MAX_GROUP_RECORDS or at - start > bits.MAX_GROUP_BYTES:
                raise CorruptStream("a group is larger than any that is written")
            if head == bits.EXTENSION:
                seal = self._extension()
                yield Piece("extension", at, source.offset - at, number, seal=seal)
                continue
            packet = self._packet(head, next_pts)
            if packet.track == 0:
                if not begun and not packet.key:
                    raise CorruptStream("a group does not begin with a key packet")
                begun = True
            yield Piece("packet", at, source.offset - at - len(packet.payload), number, packet)
        crc = source.crc
        if source.take(4, "a group's checksum") != bits.pack_check(crc):
            raise CorruptStream(f"the checksum of group {number} is wrong")
        yield Piece("check", at, source.offset - at, number)

    def _packet(self, head: int, next_pts: dict[int, int]) -> Packet:
        source = self._input
        track = jump = 0
        key = False
        if head < bits.LONG:
            size = head
        elif head == bits.LONG:
            size = bits.LONG + source.number("a packet's head")
        elif head & ~(bits.KEY | bits.HAS_TRACK | bits.HAS_JUMP) == bits.PACKET:
            key = bool(head & bits.KEY)
            if head & bits.HAS_TRACK:
                track = source.number("a packet's head")
            if head & bits.HAS_JUMP:
                jump = source.signed("a packet's head")
            size = source.number("a packet's head")
        else:
            raise CorruptStream(f"a record begins with the byte {head}, which nobody writes")
        pts = next_pts.get(track, 0) + jump
        if size > bits.MAX_PAYLOAD or track > bits.MAX_TRACK or not 0 <= pts < bits.MAX_PTS:
            raise CorruptStream("a packet's size, track or time is beyond the limits")
        next_pts[track] = pts + 1
        return Packet(source.take(size, "a packet"), pts, key, track)

    def _extension(self) -> bytes:
        """Reads an extension between packets; the seal of an encrypted group, others are skipped."""
        source = self._input
        name = source.name("an extension")
        bits.refuse_if_required(name, bits.unpack_flags(name, source.byte("an extension")))
        size = source.number("an extension")
        if size > bits.MAX_PAYLOAD:
            raise CorruptStream(f"the extension '{name}' is said to have {size} bytes")
        if name == SEALED and self.encrypted:
            if size != SEAL_BYTES:
                raise CorruptStream("the seal of an encrypted group has another length")
            return source.take(size, "an extension")
        source.skip(size, "an extension")
        return b""

    def _finish(self, groups: int, packets: int) -> None:
        source = self._input
        counts = source.number("the end record"), source.number("the end record")
        crc = source.crc
        if source.take(4, "the end record") != bits.pack_check(crc):
            raise CorruptStream("the checksum of the end record is wrong")
        if counts != (groups, packets):
            raise CorruptStream(
                f"the stream had {counts[0]} groups and {counts[1]} packets once, now {groups} and {packets}"
            )
        if source.take_up_to(1):
            raise CorruptStream("bytes follow the end of the stream")


class _Input:
    """Reads exactly what is asked for, so that a pipe is never waited on for more; sums it up in crc."""

    def __init__(self, source: Source) -> None:
        self._owned = isinstance(source, str | Path)
        self._name = str(source) if self._owned else "the input"
        self.offset = 0
        self.crc = 0
        try:
            self._file: BinaryIO = open(source, "rb") if isinstance(source, str | Path) else source  # noqa: SIM115
        except (OSError, ValueError) as error:
            raise self._failure(error) from error

    def take_up_to(self, count: int) -> bytes:
        """That many bytes, or fewer where the stream ends."""
        parts = []
        while count > 0:
            # in small steps: a declared length must not decide how much is allocated
            try:
                part = self._file.read(min(count, _CHUNK))
            except (OSError, ValueError) as error:
                raise self._failure(error) from error
            if part is None:
                raise BadInput(f"cannot read {self._name}: it does not wait for bytes (non-blocking)")
            if not part:
                break
            if not isinstance(part, bytes):
                raise BadInput(f"cannot read {self._name}: it is not a binary file")
            parts.append(part)
            count -= len(part)
            self.offset += len(part)
            self.crc = zlib.crc32(part, self.crc)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def take(self, count: int, what: str) -> bytes:
        data = self.take_up_to(count)
        if len(data) < count:
            raise CorruptStream(f"the stream ends inside {what}")
        return data

    def skip(self, count: int, what: str) -> None:
        while count > 0:
            count -= len(self.take(min(count, _CHUNK), what))

    def byte(self, what: str) -> int:
        return self.take(1, what)[0]

    def number(self, what: str) -> int:
        data = self.take(1, what)
        while data[-1] >= 0x80 and len(data) < 9:
            data += self.take(1, what)
        return Cursor(data).number()

    def signed(self, what: str) -> int:
        return Cursor(bits.pack_number(self.number(what))).signed()

    def name(self, what: str) -> str:
        size = self.number(what)
        if size > bits.MAX_NAME:
            raise CorruptStream(f"a name is said to have {size} bytes, more than {bits.MAX_NAME}")
        return Cursor(bits.pack_number(size) + self.take(size, what)).name()

    def close(self) -> None:
        if self._owned:
            self._file.close()

    def _failure(self, error: Exception) -> BadInput:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return BadInput(f"cannot read {self._name}: {reason.lower()}")
