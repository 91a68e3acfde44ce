"""A text-to-image model paints from texture and lines: tiny models of the classes that are used."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conceptual_scenes import scene

import genvc
from conceptual import header
from conceptual.codec import ConceptualCodec
from conceptual.diffusion import DiffusionDecoder
from conceptual.header import Repaint
from conceptual.painting import Painting
from genvc.diffusion import SCHEDULERS
from genvc.errors import BadInput, CorruptStream, ModelNotFound
from genvc.painter import Painter
from genvc.types import Frame, Packet, Picture, StreamInfo

FPS = Fraction(1)
TINY = {"decoder": "diffusion", "painter": "tiny/painter", "controlnet": "tiny/lines", "steps": 1, "seed": 3}


@pytest.fixture
def models(tiny_diffusion: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GENVC_DIFFUSION", str(tiny_diffusion))
    return tiny_diffusion


def coded(**options: Any) -> tuple[StreamInfo, list[Packet]]:
    codec = genvc.create("conceptual", device="cpu", lines=0.03, quality=20, **options)
    info = codec.describe(130, 96, FPS)
    return info, list(codec.encode([Frame(scene(96, 130), 0)], info))


def shown(stream: tuple[StreamInfo, list[Packet]], **options: Any) -> Picture:
    return next(iter(genvc.create("conceptual", device="cpu", **options).decode(stream[1], stream[0]))).rgb


@pytest.fixture(scope="module")
def stream() -> tuple[StreamInfo, list[Packet]]:
    return coded(**TINY, caption="hills before a sky")


@pytest.fixture(scope="module")
def painted(tiny_diffusion: Path, stream: tuple[StreamInfo, list[Packet]]) -> Picture:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENVC_DIFFUSION", str(tiny_diffusion))
        # a decoder that was told nothing finds model, seed and caption in the stream
        return shown(stream)


def test_a_stream_says_who_is_to_paint_it_and_how(
    models: Path, stream: tuple[StreamInfo, list[Packet]], painted: Picture
) -> None:
    generator = shown(stream, decoder="generator")
    assert painted.shape == (96, 130, 3)
    assert np.array_equal(painted, shown(stream))
    assert not np.array_equal(painted, generator)
    assert np.array_equal(generator, shown(coded()))


@pytest.mark.parametrize(
    "change", [{"seed": 4}, {"steps": 3}, {"caption": "a b"}, {"changed": 1}, {"controlnet": ""}]
)
def test_a_decoder_may_be_told_otherwise(
    models: Path, stream: tuple[StreamInfo, list[Packet]], painted: Picture, change: dict[str, Any]
) -> None:
    assert not np.array_equal(painted, shown(stream, decoder="diffusion", **change))


def test_streams_that_name_nobody_are_painted_by_whom_the_decoder_names(models: Path) -> None:
    plain = coded()
    assert np.array_equal(shown(plain, **TINY), shown(coded(**TINY)))
    with pytest.raises(BadInput, match="painter=OWNER/NAME"):
        shown(plain, decoder="diffusion")


@pytest.mark.parametrize(("scheduler", "steps"), [("lcm", 1), ("euler", 1), ("ddim", 5), ("dpm", 5)])
def test_schedulers_of_one_step_and_of_many(models: Path, scheduler: str, steps: int) -> None:
    lines = np.zeros((48, 65), np.bool_)
    texture = scene(96, 130)
    decoder = DiffusionDecoder(Repaint(Painter("tiny/painter", "", 1, steps), scheduler), "cpu")
    painted = decoder(texture, lines)
    assert painted.shape == texture.shape
    assert painted.std() > 1
    assert type(decoder._diffusion._pipeline.scheduler).__name__ == SCHEDULERS[scheduler]


def test_lines_steer_and_colours_stay_those_of_the_texture(models: Path) -> None:
    lines = np.zeros((48, 65), np.bool_)
    texture = scene(96, 130)
    decoder = DiffusionDecoder(Repaint(Painter("tiny/painter", "tiny/lines", 1, 2), changed=100), "cpu")
    without = decoder(texture, lines)
    lines[20:28] = True
    assert not np.array_equal(decoder(texture, lines), without)

    def cells(rgb: Picture) -> Any:
        return rgb[:96, :128].reshape(6, 16, 8, 16, 3).mean((1, 3))

    assert np.abs(cells(without) - cells(texture)).mean() < 4


def test_models_that_are_not_there_are_named_with_how_to_get_them(models: Path) -> None:
    for painter, controlnet, missing in (
        ("nobody/nothing", "", "nobody/nothing"),
        ("tiny/painter", "a/b", "a/b"),
    ):
        stream = coded(decoder="diffusion", painter=painter, controlnet=controlnet)
        with pytest.raises(ModelNotFound, match=f"{missing}.*hf download {missing}"):
            shown(stream)


def test_without_the_package_diffusers_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(BadInput, match=r"pip install 'genvc\[diffusion\]'"):
        shown(coded(), decoder="diffusion", painter="tiny/painter")


def test_a_file_is_decoded_by_a_model_that_the_command_line_names(models: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from genvc import media
    from genvc.cli import app

    def run(*words: str) -> None:
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output

    media.write(tmp_path / "in.png", iter([Frame(scene(96, 130), 0)]), FPS)
    run("encode", f"{tmp_path}/in.png", f"{tmp_path}/a.gvc", "--codec", "conceptual", "--bytes", "500")
    options = [part for key, value in TINY.items() for part in ("--option", f"{key}={value}")]
    pictures = []
    for name, chosen in (("plain", []), ("painted", options)):
        run("decode", f"{tmp_path}/a.gvc", f"{tmp_path}/{name}.png", *chosen)
        pictures.append(next(iter(media.frames(tmp_path / f"{name}.png")[1])).rgb)
    assert not np.array_equal(*pictures)


def test_headers_come_back() -> None:
    plain = Repaint(Painter("a/b", "", 2**32 - 1, 200))
    for repaint in (None, plain, Repaint(Painter("a", "c/d.e", 0, 1), "lcm", 100, "Gebäude im Schnee")):
        assert header.unpack(header.pack(repaint)) == repaint


@pytest.mark.parametrize(
    "params",
    [
        b"",
        b"\x02",
        b"\x01\x32",
        b"\x01\x32\x09own",
        b"\x01\x00\x03own\x01\0\0\0\0\x03a/b\0",
        b"\x01\x32\x03new\x01\0\0\0\0\x03a/b\0",
        b"\x01\x32\x03own\x00\0\0\0\0\x03a/b\0",
        b"\x01\x32\x03own\x01\0\0\0\0\x03../\0",
        b"\x01\x32\x03own\x01\0\0\0\0\x03a/b\0\xff",
    ],
)
def test_headers_that_nobody_writes_are_refused(params: bytes) -> None:
    with pytest.raises(CorruptStream):
        header.unpack(params)


@pytest.mark.parametrize(
    "options",
    [
        {"decoder": "magic"},
        {"painter": "a/b"},
        {"decoder": "generator", "steps": 4},
        {"decoder": "diffusion", "painter": 3},
        {"decoder": "diffusion", "painter": "a/b", "steps": 0},
        {"decoder": "diffusion", "painter": "a/b", "seed": -1},
        {"decoder": "diffusion", "painter": "a/b", "changed": 0},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        Painting(**options)


@pytest.mark.parametrize(
    "change",
    [
        {"painter": ""},
        {"painter": "../x"},
        {"scheduler": "none"},
        {"caption": "x" * 1001},
        {"caption": "\ud800"},
    ],
)
def test_an_encoder_refuses_what_no_header_may_say(engine: Any, change: dict[str, Any]) -> None:
    painting = replace(Painting(decoder="diffusion", painter="a/b"), **change)
    with pytest.raises(BadInput):
        ConceptualCodec(engine, "m", painting=painting).describe(64, 64, FPS)


def test_the_names_of_schedulers_are_those_of_classes() -> None:
    diffusers = pytest.importorskip("diffusers", reason="the extra diffusion is not installed")
    assert all(hasattr(diffusers, kind) for kind in SCHEDULERS.values() if kind)
