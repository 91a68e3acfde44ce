"""The command `text`, and the training of its model."""

import json
from pathlib import Path

import pytest
import torch
from text_models import CAPTIONS, collection

from crossmodal.text import decode, encode
from crossmodal.text.statistics import huffman
from crossmodal.text.training.captions import captions
from crossmodal.text.training.export import export
from genvc.cli import run
from genvc.errors import BadInput


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "models"
    root.mkdir()
    collection(root)
    monkeypatch.setenv("GENVC_MODELS", str(root))


@pytest.mark.usefixtures("tiny")
def test_a_file_is_coded_and_decoded(tmp_path: Path) -> None:
    source, code, back = (tmp_path / name for name in ("in.txt", "code", "out.txt"))
    source.write_text("A red ball , on the grass .\n")
    assert run(["text", "encode", str(source), str(code)]) == 0
    assert code.read_bytes() == encode("A red ball , on the grass .")
    assert run(["text", "decode", str(code), str(back)]) == 0
    assert back.read_text() == source.read_text()


@pytest.mark.usefixtures("tiny")
def test_statistics_count_each_line_in_whole_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in.txt"
    source.write_text("\n".join([*CAPTIONS, "", "日本"]) + "\n")
    assert run(["text", "stats", str(source), "--train", str(source), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    texts = [*CAPTIONS, "", "日本"]
    assert found["texts"] == 8
    assert found["characters"] == sum(map(len, texts))
    assert found["bytes"] == sum(len(encode(text)) for text in texts)
    assert found["bits_per_character"] == round(8 * found["bytes"] / found["characters"], 4)
    assert found["exact"] is True
    assert found["compared"]["huffman"] < found["compared"]["zlib"]
    assert found["length_not_told"]["information"] < found["length_not_told"]["bytes"]
    assert str(tmp_path) not in json.dumps(found)
    assert run(["text", "stats", str(source)]) == 0
    assert "bits per character" in capsys.readouterr().out


def test_huffman_lengths_are_a_full_code() -> None:
    lengths = huffman(CAPTIONS)
    assert sum(2.0**-length for length in lengths.values()) == 1
    assert lengths[" "] == min(lengths.values())


@pytest.mark.parametrize(
    ("content", "word"), [(b"\xff\xfe", "UTF-8"), (b"x" * 100_000, "longer"), (None, "cannot read")]
)
def test_bad_files_are_one_line(
    content: bytes | None, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "out"
    if content is not None:
        source.write_bytes(content)
    assert run(["text", "encode", str(source), str(target)]) == 1
    said = capsys.readouterr().err
    assert word in said
    assert said.count("\n") == 1
    assert not target.exists()


def test_a_damaged_code_leaves_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "in", tmp_path / "out.txt"
    source.write_bytes(b"\xfdnothing")
    assert run(["text", "decode", str(source), str(target)]) == 1
    assert "do not decode" in capsys.readouterr().err
    assert not target.exists()
    source.write_bytes(b"")
    assert run(["text", "stats", str(source)]) == 1


@pytest.fixture
def material(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "captions_text"
    folder.mkdir(parents=True)
    (folder / "train.txt").write_text("\n".join(CAPTIONS * 8) + "\n")
    (folder / "val.txt").write_text("\n".join(CAPTIONS) + "\n")
    return tmp_path / "data"


def trained(material: Path, out: Path, steps: int, *more: str) -> int:
    small = ["--batch", "8", "--state", "24", "--embedding", "16", "--head", "20", "--every", "6"]
    phases = ["--blind-steps", "4", "--plain-steps", "8", "--rate", "0.02", "--device", "cpu"]
    where = ["--data", str(material), "--out", str(out)]
    return run(["train", "crossmodal-text", *where, "--steps", str(steps), *small, *phases, *more])


def test_a_training_learns_and_its_export_codes(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    assert trained(material, out, 60) == 0
    curve = [json.loads(line) for line in (out / "curve.jsonl").read_text().splitlines()]
    assert [line["step"] for line in curve] == list(range(6, 61, 6))
    # much of six captions is said by the counts alone
    assert curve[-1]["bits"] < 0.96 * curve[0]["bits"]
    root = tmp_path / "models"
    root.mkdir()
    made = export(out / "checkpoint.pt", root, "small", "small", ["a command"], "six captions")
    monkeypatch.setenv("GENVC_MODELS", str(root))
    code = encode(CAPTIONS[1], model=made.full_name)
    assert decode(code, model=made.full_name) == CAPTIONS[1]
    assert len(code) < len(CAPTIONS[1]) / 3
    # and is a beginning for others of its size
    dropped = ["--word-dropout", "0.1", "--state-dropout", "0.2"]
    assert trained(material, tmp_path / "next", 6, "--start", made.full_name, *dropped) == 0
    first = json.loads((tmp_path / "next" / "curve.jsonl").read_text())
    assert first["bits"] < 0.96 * curve[0]["bits"]
    assert trained(material, tmp_path / "other", 6, "--start", made.full_name, "--state", "32") == 1


def test_too_few_short_captions_are_no_endless_wait(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data" / "captions_text"
    folder.mkdir(parents=True)
    for split in ("train", "val"):
        (folder / f"{split}.txt").write_text("\n".join(["a dog " * 50 + "runs"] * 9))
    assert trained(tmp_path / "data", tmp_path / "run", 6) == 1
    assert "fewer than a batch" in capsys.readouterr().err


def test_other_captions_of_the_same_number_are_another_training(
    material: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained(material, tmp_path / "run", 6) == 0
    train = material / "captions_text" / "train.txt"
    train.write_text(train.read_text().replace("red", "grass"))
    capsys.readouterr()
    assert trained(material, tmp_path / "run", 6) == 1
    assert "not of these texts" in capsys.readouterr().err


def test_a_training_goes_on_where_it_was_cut(material: Path, tmp_path: Path) -> None:
    from crossmodal.text.training import loop

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert trained(material, whole, 12) == 0
    step, seen = loop.Run.step, []

    def stops(self: loop.Run, batch: loop.Batch) -> float:
        if len(seen) == 9:
            raise BadInput("the power is gone")
        seen.append(step(self, batch))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop.Run, "step", stops)
        assert trained(material, cut, 12) == 1
    saved = torch.load(cut / "checkpoint.pt", weights_only=True)
    assert saved["done"] == 6
    assert trained(material, cut, 12) == 0
    assert torch.load(cut / "checkpoint.pt", weights_only=True)["done"] == 12
    # the steps up to the checkpoint were the same
    lines = [json.loads((folder / "curve.jsonl").read_text().splitlines()[0]) for folder in (whole, cut)]
    assert lines[0]["loss"] == lines[1]["loss"]
    assert trained(material, cut, 13) == 1
    assert trained(material, tmp_path / "next", 6, "--start", str(cut / "checkpoint.pt")) == 0


def test_captions_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"train\.txt"):
        captions(tmp_path, "train")
