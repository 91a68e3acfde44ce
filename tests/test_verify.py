"""`genvc verify` says whether a machine decodes as it has to, and is not taken in."""

import json
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genvc import media, verify
from genvc.cli import run
from genvc.types import Frame
from genvc.verify import golden_streams


@pytest.fixture
def still(tmp_path: Path) -> Path:
    """A folder with the smallest of the stored streams."""
    for path in (golden_streams() / "predictive").glob("still*"):
        shutil.copyfile(path, tmp_path / path.name)
    return tmp_path


def verdicts(folder: Path, capsys: Any) -> tuple[int, list[dict[str, Any]]]:
    code = run(["verify", str(folder), "--json"])
    return code, json.loads(capsys.readouterr().out)["streams"]


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_every_codec_with_a_hash_has_stored_streams_with_limits() -> None:
    folders = {path.parent.name for path in golden_streams().rglob("*.gvc")}
    assert {"auto", "avif", "conceptual", "crossmodal", "keypoints", "predictive"} <= folders
    for path in golden_streams().rglob("*.gvc"):
        facts = json.loads(path.with_suffix(".json").read_text())
        assert "limits" in facts, path


@pytest.mark.parametrize("family", ["auto", "avif"])
def test_codecs_without_a_test_of_their_own_streams_decode_them_the_same(family: str) -> None:
    found = list(verify.verify(golden_streams() / family))
    assert [(one.state, one.words) for one in found] == [("same", "")] * len(found)
    assert all(one.integers is (True if family == "auto" else None) for one in found)
    assert all("last" in one.pixels for one in found)


def test_a_stream_decodes_as_it_was_stored(still: Path, capsys: Any) -> None:
    code, (one,) = verdicts(still, capsys)
    assert code == 0
    assert (one["name"], one["state"], one["integers"], one["frames"]) == ("still", "same", True, 1)
    assert run(["verify", str(still)]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("still ")
    assert last.startswith("1 same, 0 differs, 0 left out")


def test_other_integers_are_noticed(still: Path, capsys: Any) -> None:
    edit(still / "still.json", integers="0" * 64)
    code, (one,) = verdicts(still, capsys)
    assert (code, one["state"], one["words"]) == (1, "differs", "other integers")


def test_other_pixels_and_sizes_are_noticed(still: Path, capsys: Any) -> None:
    path, fps = still / "still-last.png", Fraction(30)
    rgb = next(iter(media.frames(path)[1])).rgb.copy()
    rgb[3, 4] ^= 0x40
    media.write(path, [Frame(rgb, 0)], fps)
    code, (one,) = verdicts(still, capsys)
    assert code == 1
    assert one["words"] == "pixels of 'last' beyond 0.7 and 8"
    assert one["pixels"]["last"][1] == 64
    media.write(path, [Frame(np.ascontiguousarray(rgb[1:]), 0)], fps)
    code, (one,) = verdicts(still, capsys)
    assert (code, one["words"]) == (1, "'last' is of another size")


def test_a_damaged_stream_and_unreadable_facts_are_noticed(still: Path, capsys: Any) -> None:
    shutil.copyfile(still / "still.json", still / "odd.json")
    shutil.copyfile(still / "still.gvc", still / "odd.gvc")
    content = bytearray((still / "still.gvc").read_bytes())
    content[-20] ^= 1
    (still / "still.gvc").write_bytes(content)
    (still / "odd.json").write_text('{"limits": {"last": [1]}}')
    code, found = verdicts(still, capsys)
    assert code == 1
    assert [one["state"] for one in found] == ["differs", "differs"]
    assert "checksum" in found[1]["words"]
    assert found[0]["words"] == "the limits in odd.json are not pairs of numbers"


def test_codecs_that_are_not_here_are_left_out_by_name(
    still: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def nowhere(name: str, *_: object) -> None:
        raise verify.CodecNotFound(f"no codec '{name}'")

    monkeypatch.setattr(verify, "create", nowhere)
    code, (one,) = verdicts(still, capsys)
    # nothing was checked, so nothing is good
    assert (code, one["state"], one["words"]) == (1, "left out", "no codec 'predictive'")


def test_a_folder_without_streams_is_one_line(tmp_path: Path, capsys: Any) -> None:
    assert run(["verify", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("genvc: no stored streams")
