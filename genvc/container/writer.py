"""The writer of .gvc streams, packet by packet."""

import contextlib
import os
import stat
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ..beside import beside
from ..errors import BadInput
from ..types import Packet, StreamInfo
from . import layout as bits
from . import single
from .layout import Track
from .sealing import Seal, new_key

Target = str | Path | BinaryIO

_SEAL_ROOM = 64
"""Bytes that the seal of an encrypted group and the head of the packet before it take, and more."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written: the whole stream's bytes, the payloads' share, packets, frames and groups.

    frames counts the packets of track 0.
    """

    bytes: int
    payload_bytes: int
    packets: int
    frames: int
    groups: int

    @property
    def overhead_bytes(self) -> int:
        """What the container itself takes."""
        return self.bytes - self.payload_bytes


def write(
    target: Target,
    info: StreamInfo,
    packets: Iterable[Packet],
    tracks: Sequence[Track] = (),
    generated: bool = False,
    short: bool = False,
    passphrase: str | None = None,
) -> Summary:
    """Write a whole stream, packet by packet as they come; memory does not grow with its length.

    generated: the header says that a network paints what is shown. short: where the stream turns out to be
    one packet, in the short form of `single`; the first packet then waits for the second. passphrase:
    encrypts the stream, which is then never in the short form.

    target: a path, which appears only when the stream is complete, or a binary file, which is neither
    sought in nor closed. Raises BadInput when it cannot be written or a packet is beyond the limits;
    whatever the packets' iterator raises passes through, and no half-written file stays behind.
    """
    if short and not tracks and passphrase is None:
        packets = iter(packets)
        first = list(islice(packets, 2))
        if single.fits(first):
            return _write_single(target, single.pack(info, first[0], generated), len(first[0].payload))
        packets = chain(first, packets)
    with Writer(target, info, tracks, generated, passphrase) as writer:
        for packet in packets:
            writer.put(packet)
    return writer.summary


def _write_single(target: Target, data: bytes, payload: int) -> Summary:
    output = _Output(target)
    try:
        output.write(data)
        output.finish()
    except BaseException:
        output.discard()
        raise
    return Summary(len(data), payload, 1, 1, 1)


class Writer:
    """Writes one stream packet by packet; as a context manager it completes or removes the file.

    Into a regular file (through a temporary sibling that is renamed by close()) the bytes are
    buffered; into a binary file, pipe or device each packet is flushed at once, for live use.
    Arguments and errors are write()'s.
    """

    def __init__(
        self,
        target: Target,
        info: StreamInfo,
        tracks: Sequence[Track] = (),
        generated: bool = False,
        passphrase: str | None = None,
    ) -> None:
        if len(tracks) > bits.MAX_TRACKS:
            raise BadInput(f"a stream has at most {bits.MAX_TRACKS} side tracks")
        extensions = [bits.GENERATED] * generated + [bits.pack_track(track) for track in tracks]
        self._key = None if passphrase is None else new_key(passphrase)
        if self._key is not None:
            extensions.append(self._key.extension)
            Seal(self._key, b"", 0)  # says now what is missing, not at the first group
        header = bits.pack_header(info, extensions)
        self._header = header
        sealed = self._key is not None
        self._most_records = bits.MAX_GROUP_RECORDS - sealed
        self._most_bytes = bits.MAX_GROUP_BYTES - _SEAL_ROOM * sealed
        self._seal: Seal | None = None
        self._seed = int.from_bytes(header[-4:], "little")
        self._output = _Output(target)
        self._tracks = len(tracks)
        self._open = False
        self._size = self._payload = self._packets = self._frames = self._groups = 0
        self._next = 0
        self._next_aside: dict[int, int] = {}
        self._crc = self._records = self._group_bytes = 0
        self._awaits_key = True
        try:
            self._write(header)
        except BaseException:
            self._output.discard()
            raise

    @property
    def summary(self) -> Summary:
        """What was written so far."""
        return Summary(self._size, self._payload, self._packets, self._frames, self._groups)

    def put(self, packet: Packet) -> None:
        """Append one packet. A key packet of track 0 begins a new group, which is a seek point."""
        self._check(packet)
        main = packet.track == 0
        full = (
            self._records >= self._most_records or self._group_bytes + len(packet.payload) > self._most_bytes
        )
        if full or (main and packet.key and not self._awaits_key):
            self._end_group()
        if not self._open:
            self._begin_group(packet)
        expected = self._next if main else self._next_aside.get(packet.track, 0)
        payload = packet.payload if self._seal is None else self._seal.payload(packet)
        self._write(_head(packet, packet.pts - expected) + payload)
        self._output.flush_if_live()
        self._records += 1
        self._payload += len(packet.payload)
        self._packets += 1
        if main:
            self._next = packet.pts + 1
            self._frames += 1
            self._awaits_key = False
        else:
            self._next_aside[packet.track] = packet.pts + 1

    def flush(self) -> None:
        """Hand on to the operating system what is buffered."""
        self._output.flush()

    def close(self) -> Summary:
        """End the stream and, for a path, put the file in its place."""
        self._end_group(last=True)
        tail = bytes([bits.END]) + bits.pack_number(self._groups) + bits.pack_number(self._packets)
        self._write(tail + bits.pack_check(zlib.crc32(tail, self._seed)))
        self._output.finish()
        return self.summary

    def discard(self) -> None:
        """Give up: remove the temporary file. A binary file keeps what it has got."""
        self._output.discard()

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.discard()
            return
        try:
            self.close()
        except BaseException:
            self.discard()
            raise

    def _check(self, packet: Packet) -> None:
        if len(packet.payload) > bits.MAX_PAYLOAD:
            raise BadInput(f"a packet of {len(packet.payload)} bytes is more than {bits.MAX_PAYLOAD}")
        if not 0 <= packet.track <= self._tracks:
            raise BadInput(f"a packet of track {packet.track}, but the stream has {self._tracks} side tracks")
        if not 0 <= packet.pts < bits.MAX_PTS:
            raise BadInput(f"a packet's time is {packet.pts}; it has to be 0 or more")
        if self._frames == 0 and packet.track == 0 and not packet.key:
            raise BadInput("the first packet has to be a key packet")

    def _begin_group(self, packet: Packet) -> None:
        # Side packets may come before the very first key packet; any other group that does not begin
        # with a key packet goes on where the last one was full.
        seek_point = packet.key if packet.track == 0 else self._frames == 0
        if packet.track == 0:
            self._next = packet.pts
        self._open = True
        self._crc = self._seed
        self._records = self._group_bytes = 0
        self._next_aside.clear()
        self._awaits_key = seek_point
        marker = bytes([bits.GROUP if seek_point else bits.CONTINUED]) + bits.SYNC
        self._write(marker + bits.pack_number(self._groups) + bits.pack_number(self._next))
        if self._key is not None:
            self._seal = Seal(self._key, self._header, self._groups)
        self._groups += 1

    def _end_group(self, last: bool = False) -> None:
        if self._open:
            self._open = False
            if self._seal is not None:
                self._write(bytes([bits.EXTENSION]) + bits.pack_extension(self._seal.close(last)))
            self._write(bytes([bits.CHECK]))
            self._write(bits.pack_check(self._crc))
            # whoever is killed from here on has written this group
            self._output.flush()

    def _write(self, data: bytes) -> None:
        self._output.write(data)
        self._size += len(data)
        self._group_bytes += len(data)
        self._crc = zlib.crc32(data, self._crc)


def _head(packet: Packet, jump: int) -> bytes:
    """What stands before a payload: one byte for a packet of up to 126 bytes that follows on."""
    size = len(packet.payload)
    if not (packet.key or packet.track or jump):
        return bytes([size]) if size < bits.LONG else bytes([bits.LONG]) + bits.pack_number(size - bits.LONG)
    flags = bits.PACKET
    fields = b""
    if packet.key:
        flags |= bits.KEY
    if packet.track:
        flags |= bits.HAS_TRACK
        fields += bits.pack_number(packet.track)
    if jump:
        flags |= bits.HAS_JUMP
        fields += bits.pack_signed(jump)
    return bytes([flags]) + fields + bits.pack_number(size)


class _Output:
    """Where the bytes go: a file that appears at the end, or a binary file, pipe or device as it is."""

    def __init__(self, target: Target) -> None:
        self._final: str | None = None
        self._temporary: str | None = None
        self._owned = isinstance(target, str | Path)
        self._name = str(target) if self._owned else "the output"
        if not isinstance(target, str | Path):
            self._file: BinaryIO = target
            return
        try:
            path = os.path.realpath(target)
            mode = os.stat(path).st_mode if os.path.exists(path) else stat.S_IFREG
            if stat.S_ISDIR(mode):
                raise BadInput(f"cannot write {target}: it is a folder")
            if not stat.S_ISREG(mode):
                self._file = open(path, "wb")  # noqa: SIM115
                return
            self._final = path
            self._temporary = beside(path)
            self._file = open(self._temporary, "xb")  # noqa: SIM115
        except (OSError, ValueError) as error:
            raise self._failure(error) from error

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                # a raw file may take a part only
                view = view[self._file.write(view) or 0 :]
        except (OSError, ValueError) as error:
            raise self._failure(error) from error

    def flush(self) -> None:
        try:
            self._file.flush()
        except (OSError, ValueError) as error:
            raise self._failure(error) from error

    def flush_if_live(self) -> None:
        if self._temporary is None:
            self.flush()

    def finish(self) -> None:
        self.flush()
        try:
            if self._owned:
                self._file.close()
            if self._temporary is not None and self._final is not None:
                os.replace(self._temporary, self._final)
                self._temporary = None
        except OSError as error:
            raise self._failure(error) from error

    def discard(self) -> None:
        # closing flushes, which may fail once more on a full disk; the file goes all the same
        if self._owned:
            with contextlib.suppress(OSError):
                self._file.close()
        if self._temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._temporary)
            self._temporary = None

    def _failure(self, error: Exception) -> BadInput:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return BadInput(f"cannot write {self._name}: {reason.lower()}")
