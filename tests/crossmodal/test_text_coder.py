"""Any text comes back from its code, which is never much longer than the text."""

import random
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from text_models import CAPTIONS, collection

from crossmodal.text import contexts, decode, encode, full_name
from crossmodal.text.coder import MAX_BYTES, decode_all, encode_all, method_of
from genvc import models
from genvc.errors import BadInput, CorruptStream, ModelNotFound

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["a model", "no model"])
def either(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs a test with a tiny model in place of the one that ships, and without any."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "models.json").write_text('{"models": []}')
    if request.param == "a model":
        collection(package)
    monkeypatch.setattr(models, "_PACKAGE", package)
    monkeypatch.delenv("GENVC_MODELS", raising=False)
    return str(request.param)


TEXTS = [
    "",
    "a",
    "\0",
    " ",
    "é",
    "مرحبا بالعالم",
    "👩\u200d👩\u200d👧 on a hill",
    "\u202eabc",
    "a\r\nb\u2028c",
    "A dog .",
    "x" * 5000,
    "\U0010ffff" * 40,
]


def test_texts_of_all_kinds_come_back(either: str) -> None:
    assert [decode(encode(text)) for text in TEXTS + CAPTIONS] == TEXTS + CAPTIONS


def test_no_code_is_more_than_a_byte_longer_than_the_text(either: str) -> None:
    dice = random.Random(1)
    texts = [
        "".join(
            chr(dice.choice((dice.randrange(1, 0xD800), dice.randrange(32, 127))))
            for _ in range(dice.randrange(20))
        )
        for _ in range(60)
    ]
    codes = encode_all(texts + TEXTS)
    assert all(len(code) <= len(text.encode()) + 1 for code, text in zip(codes, texts + TEXTS, strict=True))
    assert decode_all(codes) == texts + TEXTS


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
@example("")
def test_any_unicode_string_comes_back(text: str) -> None:
    code = encode(text)
    assert decode(code) == text
    assert len(code) <= len(text.encode()) + 1


def test_an_empty_text_takes_no_bytes() -> None:
    assert encode("") == b""
    assert decode(b"") == ""


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_half_a_surrogate_pair_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="surrogate"):
        encode(text)


@pytest.mark.parametrize("text", ["x" * (MAX_BYTES + 1), "é" * (MAX_BYTES // 2 + 1), "y" * 100_000_000])
def test_a_text_that_is_too_long_is_refused_at_once(text: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(BadInput, match="at most"):
        encode(text)
    assert time.perf_counter() - begun < 10


def test_the_longest_text_takes_bounded_time() -> None:
    dice = random.Random(2)
    text = "".join(chr(dice.randrange(32, 127)) for _ in range(MAX_BYTES))
    begun = time.perf_counter()
    assert decode(encode(text)) == text
    assert time.perf_counter() - begun < 60


def test_flips_and_cuts_are_another_text_or_damage(either: str) -> None:
    dice = random.Random(3)
    for code in encode_all([*CAPTIONS, "Grüße aus Köln, wo der Dom steht!", "a" * 300, "日本語"]):
        for _ in range(4):
            wrong = bytearray(code)
            wrong[dice.randrange(len(wrong))] ^= 1 << dice.randrange(8)
            for damaged in (bytes(wrong), code[: dice.randrange(len(code))], code + b"\1"):
                try:
                    assert isinstance(decode(damaged), str)
                except CorruptStream:
                    pass
                except ModelNotFound:
                    assert either == "no model"


@pytest.mark.parametrize("code", [b"\xfe", b"\xfd", b"\xfdxyz", b"\xff\xff", b"\xfc" + b"\xff" * 9])
def test_what_no_text_is_written_as_is_damage(code: bytes) -> None:
    with pytest.raises(CorruptStream):
        decode(code)


def test_a_deflate_bomb_is_damage() -> None:
    import zlib

    packer = zlib.compressobj(9, wbits=-15)
    bomb = packer.compress(bytes(50_000_000)) + packer.flush()
    with pytest.raises(CorruptStream, match="longer"):
        decode(b"\xfd" + bomb)


def test_a_model_that_is_not_there_is_named(either: str) -> None:
    with pytest.raises(ModelNotFound, match="nowhere"):
        encode("a", model="nowhere")
    if either == "no model":
        assert full_name() == ""
        with pytest.raises(ModelNotFound, match="text-captions"):
            decode(b"\1\2\3")
    else:
        assert full_name().startswith("text-captions@")


def test_another_model_reads_another_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model's name is the shipped one's; its number is its own."""
    collection(tmp_path)
    monkeypatch.setenv("GENVC_MODELS", str(tmp_path))
    own = full_name()
    code = encode(CAPTIONS[0], model=own)
    assert decode(code, model=own) == CAPTIONS[0]


def test_bytes_in_context_come_back_and_are_learnt() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_bytes()[:1500]
    code = contexts.write(text)
    assert contexts.read(code) == text
    assert len(code) < 0.55 * len(text)
    assert (
        method_of(encode("Der Hund, der bellt, beißt nicht, sagt der Mann, der den Hund kennt."))
        == "contexts"
    )


def random_text(dice: random.Random) -> str:
    """Of any characters, of ASCII, or of one script and its neighbours."""
    kind, count = dice.random(), dice.randrange(24)
    if kind < 0.3:
        spans = ((1, 0xD800), (0xE000, 0x110000))
        return "".join(chr(dice.randrange(*dice.choice(spans))) for _ in range(count))
    first = 32 if kind < 0.6 else dice.choice((0x400, 0x600, 0x900, 0x3040, 0x4E00, 0x1F600))
    return "".join(chr(first + dice.randrange(64)) for _ in range(count))


@pytest.mark.slow
def test_two_thousand_random_strings_come_back() -> None:
    dice = random.Random(11)
    texts = [random_text(dice) for _ in range(2000)]
    codes = encode_all(texts)
    assert decode_all(codes) == texts
    assert all(len(code) <= len(text.encode()) + 1 for code, text in zip(codes, texts, strict=True))


@pytest.mark.slow
def test_captions_of_the_test_split_come_back_at_about_a_bit_a_character(data: Path) -> None:
    texts = (data / "captions_text" / "test.txt").read_text(encoding="utf-8").splitlines()
    codes = encode_all(texts)
    assert decode_all(codes) == texts
    assert 8 * sum(map(len, codes)) < 1.06 * sum(map(len, texts))
