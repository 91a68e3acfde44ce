"""Containers on disks that fill up and in places that cannot be written."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from container_streams import INFO, clip, consume

from genvc import container
from genvc.errors import BadInput, CorruptStream
from genvc.types import Packet


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, GeneratorExit, CorruptStream, OSError])
def test_nothing_is_left_behind_when_the_packets_fail(tmp_path: Path, failure: type[BaseException]) -> None:
    def failing() -> Iterator[Packet]:
        yield from clip(500)
        raise failure("no more")

    (tmp_path / "a.gvc").write_bytes(b"older")
    with pytest.raises(failure, match="no more"):
        container.write(tmp_path / "a.gvc", INFO, failing())
    assert os.listdir(tmp_path) == ["a.gvc"]
    assert (tmp_path / "a.gvc").read_bytes() == b"older"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_clear_error() -> None:
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(BadInput, match="no space left"):
        container.write(full, INFO, clip(100))
    with pytest.raises(BadInput, match=r"cannot write /dev/full: no space left"):
        container.write("/dev/full", INFO, clip(100))


class FullDisk(io.RawIOBase):
    """A file on a disk with room for 64 kB."""

    room = 1 << 16

    def __init__(self, path: str) -> None:
        # closed by whoever writes to this one, as a file is
        self.file = open(path, "xb", buffering=0)  # noqa: SIM115

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        # RawIOBase promises any buffer, which has no name in types before Python 3.12
        raw = bytes(data)  # type: ignore[call-overload]
        if len(raw) > self.room:
            raise OSError(28, "No space left on device")
        self.room -= len(raw)
        return self.file.write(raw)

    def close(self) -> None:
        self.file.close()
        super().close()


def test_a_disk_that_fills_up_leaves_no_half_written_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genvc.container import writer

    monkeypatch.setattr(writer, "open", lambda path, mode: io.BufferedWriter(FullDisk(path)), raising=False)
    for size in (400, 20):  # fails on the way; fails at the end, when the buffer is handed on
        monkeypatch.setattr(FullDisk, "room", 100 * size)
        with pytest.raises(BadInput, match="no space left"):
            container.write(tmp_path / "a.gvc", INFO, clip(1000, 1000, size))
        assert os.listdir(tmp_path) == []


def test_places_that_cannot_be_written_or_read_are_one_clear_error(tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "no" / "a.gvc", str(tmp_path / "a\0b")):
        with pytest.raises(BadInput, match="cannot write"):
            container.write(target, INFO, clip(3))
    for source in (tmp_path, tmp_path / "none.gvc"):
        with pytest.raises(BadInput, match="cannot read"):
            container.read(source)
    with pytest.raises(BadInput, match="not a binary file"):
        # the wrong type is what is tried
        container.read(io.StringIO("GVC"))  # type: ignore[arg-type]


def test_a_link_is_written_through_and_a_device_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "link.gvc").symlink_to(tmp_path / "real.gvc")
    container.write(tmp_path / "link.gvc", INFO, clip(3))
    assert (tmp_path / "link.gvc").is_symlink()
    assert len(consume((tmp_path / "real.gvc").read_bytes())) == 3
    container.write("/dev/null", INFO, clip(3))
    assert not Path("/dev/null").is_file()
