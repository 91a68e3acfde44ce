"""How many bytes: no more than was asked for, and little more than the entropy; and where else they go."""

import copy
import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conceptual_scenes import scene

import genvc
from conceptual.build import engine_of
from conceptual.engine import Engine, Plan, padded_size
from conceptual.line_model import write_lines
from conceptual.lines import drawn
from conceptual.model import reduced
from conceptual.textures import thrift_of
from genvc import container, media
from genvc.entropy import SymbolEncoder
from genvc.errors import BadInput, ModelNotFound
from genvc.learned.picture_bands import analysed
from genvc.learned.quality import log_step
from genvc.learned.rounding import through
from genvc.models import full_name
from genvc.types import Frame, Picture

FPS = Fraction(1)


@pytest.fixture(scope="module")
def shipped() -> Engine:
    return engine_of(full_name("conceptual"), torch.device("cpu"))


@pytest.fixture(scope="module")
def drawing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sizes") / "scene.png"
    media.write(file, iter([Frame(scene(160, 256), 0)]), FPS)
    return file


@pytest.mark.parametrize("most", [300, 777, 2000])
def test_a_file_has_at_most_the_bytes_that_were_asked_for(drawing: Path, tmp_path: Path, most: int) -> None:
    target = tmp_path / "out.gvc"
    made = genvc.encode_file(drawing, target, "conceptual", device="cpu", most=lambda _: most)
    assert 0.75 * most < made.bytes == target.stat().st_size <= most


@pytest.mark.parametrize(
    ("codec", "most"), [("conceptual", 500), ("conceptual", 2000), ("crossmodal", 400), ("avif", 1200)]
)
def test_an_encrypted_file_has_at_most_the_bytes_that_were_asked_for(
    drawing: Path, tmp_path: Path, codec: str, most: int
) -> None:
    pytest.importorskip("cryptography", reason="the extra crypto is not installed")
    target = tmp_path / "out.gvc"
    made = genvc.encode_file(drawing, target, codec, device="cpu", most=lambda _: most, passphrase="open")
    assert 0.6 * most < made.bytes == target.stat().st_size <= most
    assert container.Reader(target).encrypted


@pytest.mark.parametrize("bpp", ["inf", "nan"])
def test_bits_a_pixel_are_a_number(drawing: Path, tmp_path: Path, bpp: str) -> None:
    from typer.testing import CliRunner

    from genvc.cli import app

    target = tmp_path / "out.gvc"
    words = ["encode", str(drawing), str(target), "--codec", "conceptual", "--bpp", bpp]
    assert CliRunner().invoke(app, words).exit_code == 2
    assert not target.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_a_bit_rate_counts_the_header_too(count: int) -> None:
    codec: Any = genvc.create("conceptual", device="cpu", bitrate=20000)
    info = codec.describe(256, 160, Fraction(2))
    frames = [Frame(np.roll(scene(160, 256), 40 * time, 1), time) for time in range(count)]
    file = io.BytesIO()
    container.write(file, info, codec.encode(iter(frames), info), generated=True, short=True)
    assert 0.75 * 20000 < 8 * len(file.getvalue()) / (count / 2) <= 20000


@pytest.mark.parametrize("bpp", [0.06, 0.1, 0.2])
def test_a_file_has_at_most_the_bits_a_pixel_that_were_asked_for(
    drawing: Path, tmp_path: Path, bpp: float
) -> None:
    from typer.testing import CliRunner

    from genvc.cli import app

    target = tmp_path / "out.gvc"
    words = ["encode", str(drawing), str(target), "--codec", "conceptual", "--bpp", str(bpp)]
    assert CliRunner().invoke(app, [*words, "--device", "cpu"]).exit_code == 0
    assert 0.75 * bpp < 8 * target.stat().st_size / (160 * 256) <= bpp


def test_a_picture_that_does_not_fit_is_refused_and_leaves_no_file(drawing: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.gvc"
    with pytest.raises(BadInput, match="has"):
        genvc.encode_file(drawing, target, "conceptual", device="cpu", most=lambda _: 90)
    assert not target.exists()


def estimated(engine: Engine, rgb: Picture, plan: Plan) -> float:
    """Bits: what the networks that training sees say of latents and codes, and the chances of the lines."""
    log = torch.tensor([log_step(plan.grade)])
    high, wide = padded_size(*rgb.shape[:2], plan.eighths)
    padded = np.pad(rgb, ((0, high - rgb.shape[0]), (0, wide - rgb.shape[1]), (0, 0)), "edge")
    picture = torch.from_numpy(padded).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        wanted = analysed(engine.model.texture, reduced(picture, plan.eighths), None, float(log))
        latents = copy.deepcopy(engine.model.texture.latents)
        latents.thrift = thrift_of(plan.eighths)
        _, bits = through(latents, wanted, None, None, log, as_coded=True)
        style = engine.described(rgb, plan.regions)
        own = torch.from_numpy(style.own)[None].float()
        whole, count = torch.from_numpy(style.whole)[None].float(), torch.tensor([own.shape[1]])
        bits += engine.model.codes.bits(
            whole, torch.nn.functional.pad(own, (0, 0, 0, 8 - own.shape[1])), count
        )
    coder = SymbolEncoder()
    write_lines(coder, engine.lines, drawn(rgb, plan.lines))
    return float(bits) + coder.bits()


@pytest.mark.parametrize("plan", [Plan(3, 12, 0.01, 1), Plan(4, 10, 0.003, 1), Plan(6, 12, 0.04, 1)])
def test_packets_are_little_larger_than_the_estimated_entropy(shipped: Engine, plan: Plan) -> None:
    rgb = scene(192, 320)
    payload = shipped.encode(rgb, plan)
    bits = estimated(shipped, rgb, plan)
    assert abs(len(payload) - bits / 8) <= 0.02 * bits / 8 + 8


def test_a_stream_of_a_model_that_is_not_there_says_which_and_how_to_get_it(
    drawing: Path, tmp_path: Path
) -> None:
    source, other = tmp_path / "a.gvc", tmp_path / "b.gvc"
    genvc.encode_file(drawing, source, "conceptual", device="cpu", options={"quality": 10})
    info, packets = container.read(source)
    missing = genvc.StreamInfo(
        "conceptual", "conceptual@00000000", *(info.width, info.height, info.fps, info.params)
    )
    container.write(other, missing, packets)
    with pytest.raises(ModelNotFound, match=r"conceptual@00000000.*GENVC_MODELS"):
        genvc.decode_file(other, tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


def test_key_pictures_of_keypoints_are_coded_by_it(carphone: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.gvc"
    codec: Any = genvc.create("keypoints", device="cpu", key_codec="conceptual", bitrate=8000)
    frames = [frame for frame, _ in zip(media.frames(carphone)[1], range(6), strict=False)]
    info = codec.describe(frames[0].rgb.shape[1], frames[0].rgb.shape[0], Fraction(30))
    container.write(target, info, codec.encode(iter(frames), info))
    again, packets = container.read(target)
    assert b"conceptual" in again.params
    shown = list(genvc.create("keypoints", again.model, "cpu").decode(packets, again))
    assert len(shown) == len(frames)
    for before, after in zip(frames, shown, strict=True):
        error = np.square(before.rgb.astype(float) - after.rgb).mean()
        assert 10 * np.log10(255**2 / error) > 18
