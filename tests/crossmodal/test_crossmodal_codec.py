"""What is special to crossmodal: bytes, layers, budgets, damage, words."""

import io
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genvc
from crossmodal import header, layout, paint, palette, sketch, syntax
from crossmodal.notes import notes
from crossmodal.representation import MAX_TEXT, Box, Palette, Representation
from genvc import container, media
from genvc.cli import run
from genvc.entropy import SymbolDecoder, SymbolEncoder
from genvc.errors import BadInput, CorruptStream, GenvcError, Unsupported
from genvc.types import Frame, Packet, Picture, StreamInfo

FPS = Fraction(1)
# a packet of version 1 without text; it must decode for ever
STORED = "0e28175c1708914c318ed6e69cad939e0990a324199d32ebad5ab3f21f71d9177627230ac52880d2661943e0528c085d"


def whole(picture: Picture) -> Representation:
    boxes = (Box(0, 3, 4, 20, 32), Box(1, 31, 31, 32, 32))
    return Representation(
        "a red ball", palette.measured(picture, 3, 1), boxes, sketch.drawn(picture, 5, 0.1), 5
    )


def coded(picture: Picture, **options: Any) -> tuple[StreamInfo, list[Packet]]:
    codec = genvc.create("crossmodal", device="cpu", **options)
    info = codec.describe(picture.shape[1], picture.shape[0], FPS)
    return info, list(codec.encode([Frame(picture, 0)], info))


def filed(info: StreamInfo, packets: list[Packet]) -> bytes:
    written = io.BytesIO()
    container.write(written, info, packets, generated=True, short=True)
    return written.getvalue()


@pytest.mark.parametrize(
    "left_out", [(), ("text",), ("palette",), ("layout",), ("sketch",), ("palette", "layout", "sketch")]
)
def test_layers_come_back_as_they_were_sent(picture: Picture, left_out: tuple[str, ...]) -> None:
    sent = whole(picture)
    for layer in left_out:
        sent = sent.without(layer)
    found = syntax.unpack(syntax.pack(sent), 160, 120)
    assert (found.text, found.boxes) == (sent.text, sent.boxes)
    for one, other in ((found.sketch, sent.sketch), (found.palette, sent.palette)):
        assert (one is None) == (other is None)
    if sent.palette is not None and found.palette is not None:
        assert np.array_equal(found.palette.values, sent.palette.values)
        assert (found.palette.level, found.palette.step) == (3, 1)
    if sent.sketch is not None:
        assert np.array_equal(found.sketch, sent.sketch)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 3000), (3000, 2), (33, 32), (64, 48)])
def test_any_shape_of_picture_has_layers(width: int, height: int) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    for level in range(len(palette.SIDES)):
        sent = Representation(
            None, palette.measured(picture, level, 0), None, sketch.drawn(picture, level, 0.1), level
        )
        found = syntax.unpack(syntax.pack(sent), width, height)
        assert np.array_equal(found.sketch, sent.sketch)
        assert paint.painted(found, width, height).shape == picture.shape


def test_the_strangest_integers_are_coded() -> None:
    dice = np.random.default_rng(5)
    values = dice.integers(-255, 256, (3, 4, 3))
    encoder = SymbolEncoder()
    palette.put(encoder, Palette(0, 3, values))
    layout.put(encoder, tuple(Box(k % 2, k, 31 - k, k + 1, 32) for k in range(8)))
    noise = dice.random((24, 24)) < 0.5
    sketch.put(encoder, noise, 0)
    decoder = SymbolDecoder(encoder.finish())
    assert np.array_equal(palette.get(decoder, 4, 3).values, values)
    assert len(layout.get(decoder)) == 8
    assert np.array_equal(sketch.get(decoder, 5, 5)[0], noise)


def test_stored_packets_mean_what_they_meant() -> None:
    y, x = np.mgrid[0:90, 0:120]
    picture = np.stack([2 * x, 2 * y, 255 - x - y], 2).astype(np.uint8)
    lines = (np.add.outer(np.arange(24), np.arange(32)) % 11) == 0
    sent = Representation(None, palette.measured(picture, 1, 1), (Box(1, 4, 5, 9, 13),), lines, 1)
    payload = bytes.fromhex(STORED)
    assert syntax.pack(sent) == payload
    found = syntax.unpack(payload, 120, 90)
    assert found.palette is not None
    assert sent.palette is not None
    assert np.array_equal(found.palette.values, sent.palette.values)
    assert np.array_equal(found.sketch, lines)


def test_contexts_seen_by_the_decoder_are_those_of_the_encoder() -> None:
    lines = np.zeros((3, 4), np.bool_)
    lines[0, 1] = lines[1, 0] = True
    # above the bit at (2, 1): (0, 1) is the second of the template, (1, 0) the fifth; (2, -1) is outside
    assert sketch.contexts(lines)[2, 1] == 1 << 8 | 1 << 5


def test_damaged_packets_are_corrupt_or_show_something(picture: Picture) -> None:
    dice = random.Random(3)
    good = syntax.pack(whole(picture))
    refused = 0
    for _ in range(120):
        bad = bytearray(good)
        kind = dice.randrange(3)
        if kind == 0:
            bad[dice.randrange(len(bad))] ^= 1 << dice.randrange(8)
        elif kind == 1:
            del bad[dice.randrange(len(bad)) :]
        else:
            bad = bytearray(dice.randbytes(dice.randrange(90)))
        try:
            syntax.unpack(bytes(bad), 160, 120)
        except CorruptStream:
            refused += 1
    assert refused > 40


@pytest.mark.parametrize(
    "payload",
    [
        b"\x10",
        b"\xff",
        b"\x00\x00",
        b"\x03",
        b"\x03\x80",
        b"\x03\x80\x00",
        b"\x03\xff\xff\xff\x7f",
        b"\x03\x7fab",
    ],
)
def test_heads_that_nobody_writes_are_refused(payload: bytes) -> None:
    with pytest.raises(CorruptStream):
        syntax.unpack(payload, 64, 64)


@pytest.mark.parametrize("most", [52, 60, 90, 120, 200, 300, 524, 2000])
def test_a_file_never_has_more_bytes_than_were_asked_for(picture: Picture, most: int) -> None:
    info, packets = coded(picture, bytes=most, caption="a red ball lies on green grass under a blue sky")
    assert len(filed(info, packets)) <= most
    shown = syntax.unpack(packets[0].payload, 160, 120)
    if most >= 200:
        assert shown.text is not None
        assert shown.palette is not None
        assert shown.sketch is not None


def test_a_caption_that_is_too_long_for_its_bytes_loses_words(picture: Picture) -> None:
    words = "quick brown zebras jump over seventeen xylophones while nobody watches them"
    info, packets = coded(picture, bytes=60, caption=words)
    (note,) = notes(packets, info)
    assert words.startswith(note.text)
    assert 0 < len(note.text) < len(words)


def test_bytes_for_nothing_are_refused(picture: Picture) -> None:
    with pytest.raises(BadInput, match="at least"):
        coded(picture, bytes=20)


@pytest.mark.parametrize(
    "options",
    [
        {"layers": "text,smell"}, {"layers": ""}, {"layers": "text,text"}, {"layers": 3}, {"bytes": 0},
        {"bytes": "many"}, {"bytes": True}, {"seed": -1}, {"steps": 0}, {"caption": "x" * 100_000},
        {"caption": "\ud800"}, {"captioner": 7}, {"painter": "a/../../b"},
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        genvc.create("crossmodal", **options)


def test_a_caption_of_100_kilobytes_says_how_long_it_may_be() -> None:
    with pytest.raises(BadInput, match=f"{MAX_TEXT} characters, not 100000"):
        genvc.create("crossmodal", caption="word " * 20_000)


def test_an_empty_picture_is_refused() -> None:
    with pytest.raises(GenvcError, match="no pixels"):
        genvc.create("crossmodal").describe(0, 64, FPS)


@pytest.mark.parametrize("text", ["Ein Käfer, 蝶とはな!", "🦋" * 20, "\x00\n\t", "1234"])
def test_any_caption_comes_back(picture: Picture, text: str) -> None:
    info, packets = coded(picture, caption=text, layers="text")
    assert [note.text for note in notes(packets, info)] == [text]


def test_a_cut_stream_is_an_error_and_leaves_no_picture(picture: Picture, tmp_path: Path) -> None:
    data = filed(*coded(picture, bytes=300))
    for length in range(0, len(data), 7):
        (tmp_path / "cut.gvc").write_bytes(data[:length])
        with pytest.raises(GenvcError):
            genvc.decode_file(tmp_path / "cut.gvc", tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


def test_a_scene_is_sent_once_and_a_cut_opens_another(picture: Picture) -> None:
    codec = genvc.create("crossmodal", device="cpu", bytes=200)
    info = codec.describe(160, 120, Fraction(25))
    frames = [Frame(picture, k) for k in range(3)] + [Frame(255 - picture, k) for k in range(3, 5)]
    packets = list(codec.encode(frames, info))
    assert [packet.key for packet in packets] == [True, False, False, True, False]
    assert [len(packet.payload) for packet in packets][1:3] == [0, 0]
    shown = [frame.rgb for frame in codec.decode(packets, info)]
    assert np.array_equal(shown[0], shown[2])
    assert not np.array_equal(shown[2], shown[3])


def test_colours_and_lines_bring_the_picture_nearer(picture: Picture) -> None:
    def error(**options: Any) -> float:
        info, packets = coded(picture, **options)
        (frame,) = genvc.create("crossmodal", device="cpu").decode(packets, info)
        return float(np.square(frame.rgb.astype(float) - picture).mean())

    text, colours, both = (error(layers=layers) for layers in ("text", "text,palette", "text,palette,sketch"))
    assert colours < text
    assert both < text


@pytest.mark.parametrize(
    "params",
    [
        b"",
        b"\x01\x00",
        b"\x01\x01\0\0\0\0\x05ab",
        b"\x01\x01\0\0\0\0\x03a/b\x00\x00",
        b"\x01\x01\0\0\0\0\x03../\x00",
    ],
)
def test_headers_that_nobody_writes_are_refused(params: bytes) -> None:
    with pytest.raises(CorruptStream):
        header.unpack(params)


def test_a_later_version_is_not_guessed_at() -> None:
    with pytest.raises(Unsupported, match="version 2"):
        header.unpack(b"\x02")


def test_painters_come_back_from_the_header() -> None:
    for painter in (None, header.Painter("a/b", "", 2**32 - 1, 200), header.Painter("a/b", "c/d.e", 0, 1)):
        assert header.unpack(header.pack(painter)) == painter


def test_words_and_lines_of_a_stream_are_shown_and_changed(picture: Picture) -> None:
    codec = genvc.create("crossmodal", device="cpu", bytes=600, caption="a red ball")
    info = codec.describe(picture.shape[1], picture.shape[0], FPS)
    packets = list(codec.encode([Frame(picture, 0)], info))
    assert codec.words(packets, info) == "a red ball"
    said = codec.say(packets, info, "two green boats")
    assert codec.words(said, info) == "two green boats"
    shown = codec.outline(packets, info)
    assert shown is not None
    assert shown.shape == picture.shape
    assert np.array_equal(codec.outline(said, info), shown)
    assert codec.redraw(packets, info, shown) == packets
    drawn = np.full_like(shown, 255)
    drawn[50:54] = 0
    again = codec.redraw(packets, info, drawn)
    lines = codec.outline(again, info)[:, :, 0] < 128
    assert lines[50:54].all()
    assert not lines[:40].any()
    assert codec.words(again, info) == "a red ball"
    with pytest.raises(BadInput, match="drawing"):
        codec.redraw(packets, info, drawn[:20])


def test_a_stream_without_lines_shows_none(picture: Picture) -> None:
    info, packets = coded(picture, bytes=60, layers="text", caption="a red ball")
    codec = genvc.create("crossmodal", device="cpu")
    assert codec.outline(packets, info) is None
    assert codec.redraw(packets, info, picture) == packets


@pytest.mark.parametrize(
    ("text", "above", "below"),
    [
        ("a red ball on the grass", (176, 48, 44), (92, 128, 64)),
        ("people on a beach under the sky", (150, 180, 214), (206, 184, 146)),
    ],
)
def test_words_alone_give_the_colours_that_they_name(
    text: str, above: tuple[int, int, int], below: tuple[int, int, int]
) -> None:
    shown = paint.painted(Representation(text), 160, 120).astype(float)
    assert np.abs(shown[8:40].mean((0, 1)) - above).max() < 24
    assert np.abs(shown[80:112].mean((0, 1)) - below).max() < 24


def test_words_without_colours_are_grey() -> None:
    assert (paint.painted(Representation("two dogs"), 160, 120) == 128).all()


def test_a_caption_without_its_layer_is_refused() -> None:
    with pytest.raises(BadInput, match="layer text"):
        genvc.create("crossmodal", device="cpu", layers="palette", caption="a dog")


def test_a_number_of_bytes_is_that_of_the_whole_file(picture: Picture, tmp_path: Path) -> None:
    source = tmp_path / "one.png"
    media.write(source, iter([Frame(picture, 0)]), FPS)
    assert (
        run(["encode", str(source), str(tmp_path / "one.gvc"), "--codec", "crossmodal", "--bytes", "200"])
        == 0
    )
    assert (tmp_path / "one.gvc").stat().st_size <= 200
