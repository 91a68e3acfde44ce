"""Packets come back as they were written, bands change nothing, and damage has one way out."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from conceptual_scenes import scene

from conceptual import engine as engines
from conceptual.codec import ConceptualCodec
from conceptual.edit import redrawn, restyled
from conceptual.engine import Engine, Plan
from conceptual.regions import parted, read_labels, write_labels
from conceptual.search import likeness, traits
from conceptual.syntax import Sections, joined, parted_sections
from genvc.entropy import SymbolDecoder, SymbolEncoder
from genvc.errors import BadInput, CorruptStream, Unsupported
from genvc.types import Frame

PLAN = Plan(4, 12, 0.03, 4)


@pytest.fixture(scope="module")
def payload(engine: Engine) -> bytes:
    return engine.encode(scene(96, 130), PLAN)


@pytest.mark.parametrize("eighths", [2, 3, 4, 6, 8])
@pytest.mark.parametrize("size", [(16, 16), (75, 67)])
def test_pictures_of_any_size_decode_at_each_size_of_the_texture(
    engine: Engine, eighths: int, size: tuple[int, int]
) -> None:
    made = engine.encode(scene(*size), Plan(eighths, 10, 0.03, 3))
    layers = engine.read(made, size[1], size[0])
    assert engine.paint(layers, size[1], size[0]).shape == (*size, 3)


def test_layers_come_back(engine: Engine, payload: bytes) -> None:
    from conceptual.lines import drawn

    rgb = scene(96, 130)
    layers = engine.read(payload, 130, 96)
    assert np.array_equal(layers.lines, drawn(rgb, PLAN.lines))
    style = engine.described(rgb, PLAN.regions)
    assert np.array_equal(layers.style.whole, style.whole)
    assert np.array_equal(layers.style.own, style.own)
    assert np.array_equal(layers.style.labels, style.labels)
    assert joined(layers.parts) == payload


def test_bands_give_what_the_whole_picture_gives(engine: Engine, monkeypatch: Any) -> None:
    layers = engine.read(engine.encode(scene(640, 64), Plan(4, 8, 0.02, 3)), 64, 640)
    whole = engine.paint(layers, 64, 640).astype(int)
    monkeypatch.setattr(engines, "_PIXELS", 1 << 12)
    assert np.abs(engine.paint(layers, 64, 640) - whole).max() <= 1


def test_each_layer_changes_what_is_painted(engine: Engine, payload: bytes) -> None:
    layers = engine.read(payload, 130, 96)
    whole = engine.paint(layers, 130, 96).astype(int)
    bare = replace(layers, lines=np.zeros_like(layers.lines))
    other = replace(layers, style=replace(layers.style, whole=layers.style.whole + 9))
    flat = replace(layers, style=replace(layers.style, own=0 * layers.style.own - 7))
    for changed in (bare, other, flat):
        assert np.abs(engine.paint(changed, 130, 96) - whole).max() > 1


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_regions_come_back(count: int) -> None:
    labels = parted(scene(200, 330), count)
    assert labels.max() < count
    coder = SymbolEncoder()
    write_labels(coder, labels)
    reader = SymbolDecoder(coder.finish())
    assert np.array_equal(read_labels(reader, *labels.shape), labels)


def test_damage_is_noticed_or_shows_a_picture(engine: Engine, payload: bytes) -> None:
    random = np.random.default_rng(1)
    noticed = 0
    for _ in range(40):
        broken = bytearray(payload)
        broken[random.integers(len(broken))] ^= 1 << random.integers(8)
        try:
            engine.paint(engine.read(bytes(broken), 130, 96), 130, 96)
        except CorruptStream:
            noticed += 1
    # the container's checksums notice all of it; the packet alone some
    assert noticed > 4


def test_every_cut_of_a_packet_ends_in_corrupt_stream_or_a_picture(engine: Engine, payload: bytes) -> None:
    for length in [*range(12), *range(12, len(payload), 23)]:
        try:
            engine.read(payload[:length], 130, 96)
        except CorruptStream:
            continue


@pytest.mark.parametrize(
    "head", [b"", b"\x07\x00\x00", b"\x82\x00\x00", b"\x02\x40\x00", b"\x0a\x08\xff\xff\xff"]
)
def test_heads_that_no_encoder_writes_are_refused(head: bytes) -> None:
    with pytest.raises(CorruptStream):
        parted_sections(head)


def test_sections_come_back() -> None:
    parts = Sections(6, 13, bytes(300), b"abc", b"rest", True)
    assert parted_sections(joined(parts)) == parts


def test_no_packet_is_larger_than_its_budget(engine: Engine) -> None:
    info_of = ConceptualCodec(engine, "m").describe
    for budget in (60, 150, 400):
        codec = ConceptualCodec(engine, "m", bytes=budget, lines=0.0)
        try:
            (packet,) = codec.encode([Frame(scene(96, 130), 0)], info_of(130, 96, Fraction(1)))
        except BadInput:
            assert budget < 100
            continue
        assert len(packet.payload) <= budget


def test_structure_is_shown_without_the_texture(engine: Engine, payload: bytes) -> None:
    parts = parted_sections(payload)
    only = joined(replace(parts, texture=b"\xff" * 9))
    lines = engine.structure(only, 130, 96)
    assert np.array_equal(lines, engine.read(payload, 130, 96).lines)


def test_redrawn_lines_are_those_of_the_stream_and_all_else_stays(engine: Engine, payload: bytes) -> None:
    lines = np.zeros((48, 65), np.bool_)
    lines[20, 5:50] = True
    made = engine.read(redrawn(engine, payload, lines, 130, 96), 130, 96)
    before = engine.read(payload, 130, 96)
    assert np.array_equal(made.lines, lines)
    assert made.held.equal(before.held)
    with pytest.raises(BadInput):
        redrawn(engine, payload, lines[:40], 130, 96)


def test_a_restyled_picture_takes_the_colours_of_another(engine: Engine) -> None:
    rgb = scene(96, 130)
    other = np.clip(rgb[::-1] * np.array([0.5, 0.8, 0.6]) + 60 * np.array([1, 0, 0]), 0, 255).astype(np.uint8)
    plan = Plan(8, 40, 0.0, 1)
    mine, theirs = (engine.read(engine.encode(one, plan), 130, 96) for one in (rgb, other))
    made = engine.read(restyled(engine, mine, theirs), 130, 96)
    goal = engine.texture_alone(theirs, 130, 96).mean((0, 1))
    before = np.abs(engine.texture_alone(mine, 130, 96).mean((0, 1)) - goal).max()
    after = np.abs(engine.texture_alone(made, 130, 96).mean((0, 1)) - goal).max()
    assert after < 0.5 * before
    assert np.array_equal(made.style.whole, theirs.style.whole)


def test_lines_that_are_shown_and_drawn_on_are_those_of_the_stream(engine: Engine) -> None:
    codec = ConceptualCodec(engine, "m", lines=0.05)
    info = codec.describe(131, 97, Fraction(1))
    packets = list(codec.encode([Frame(scene(97, 131), 0)], info))
    shown = codec.outline(packets, info)
    assert shown.shape == (97, 131, 3)
    assert shown.min() == 0
    assert codec.redraw(packets, info, shown) == packets
    shown[40:44, 10:120] = 0
    shown[:30] = 255
    again = codec.redraw(packets, info, shown)
    assert np.array_equal(codec.outline(again, info), np.where(shown < 128, np.uint8(0), np.uint8(255)))
    assert any(
        (one.rgb != other.rgb).any()
        for one, other in zip(codec.decode(again, info), codec.decode(packets, info), strict=True)
    )
    with pytest.raises(BadInput, match="131x97"):
        codec.redraw(packets, info, shown[:90])


def test_texture_of_a_stream_of_another_size_is_taken_and_of_another_model_is_not(engine: Engine) -> None:
    codec = ConceptualCodec(engine, "m")
    info, other = codec.describe(130, 96, Fraction(1)), codec.describe(64, 80, Fraction(1))
    packets = list(codec.encode([Frame(scene(96, 130), 0)], info))
    others = list(codec.encode([Frame(scene(80, 64)[:, ::-1] // 2, 0)], other))
    made = codec.restyle(packets, info, others, other)
    assert np.array_equal(
        engine.style(made[0].payload, 130, 96).whole, engine.style(others[0].payload, 64, 80).whole
    )
    assert np.array_equal(codec.outline(made, info), codec.outline(packets, info))
    with pytest.raises(BadInput, match="two models"):
        codec.restyle(packets, info, others, replace(other, model="n"))


def test_a_picture_is_most_like_itself(engine: Engine) -> None:
    rgb = scene(160, 240)
    turned = np.ascontiguousarray(np.rot90(rgb))
    found = [
        traits(engine, engine.encode(one, Plan(4, 12, 0.03, 3)), one.shape[1], one.shape[0])
        for one in (rgb, rgb, turned)
    ]
    for by in ("structure", "texture", "both"):
        assert likeness(found[0], found[1], by) > 0.999
    assert likeness(found[0], found[2], "structure") < 0.9


@pytest.mark.parametrize(
    "options",
    [
        {"quality": 101},
        {"quality": 5, "bytes": 900},
        {"lines": 0.5},
        {"regions": 9},
        {"show": "x"},
        {"bytes": 1.5},
    ],
)
def test_options_that_make_no_sense_are_refused(engine: Engine, options: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        ConceptualCodec(engine, "m", **options)


def test_pictures_beyond_the_limit_are_refused(engine: Engine) -> None:
    with pytest.raises(Unsupported):
        ConceptualCodec(engine, "m").describe(8192, 4096, Fraction(1))
