"""The generator: what it is given, any size of picture, the same scenes whatever it paints."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import genvc
from genvc import models
from genvc.errors import BadInput, ModelNotFound
from genvc.types import Frame, Picture
from keypoints.detector import FaceMeshDetector, Points, outlines
from keypoints.generator import Generator, Size, plain, quality_of, seen_through, size_of
from keypoints.maps import MAPS, Outlines, drawn
from keypoints.training import loop
from keypoints.training.export import export

TINY = Size((32, 32), (32, 32), 16, (1, 1), (1, 1))


@pytest.fixture(scope="module")
def tiny() -> Generator:
    """With weights that do something: none of its layers adds nothing."""
    torch.manual_seed(3)
    made = Generator(TINY)
    with torch.no_grad():
        for name, one in made.named_parameters():
            if one.ndim == 4 and not one.any():
                one.normal_(0, 0.02 if "flow" not in name else 0.005)
    return made.eval()


@pytest.fixture
def tiny_model(tiny: Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a model in a collection of its own."""
    config, tensors = models.load("face-basis", "keypoints")
    config["generator"] = plain(TINY)
    tensors |= {"generator." + key: one for key, one in tiny.state_dict().items()}
    tensors |= {"outline." + key: torch.from_numpy(ring) for key, ring in outlines().items()}
    models.save(tmp_path / "weights" / "tiny", config, tensors)
    models.add("tiny", "keypoints", licence="x", trained_on="x", command="x", root=tmp_path)
    monkeypatch.setenv("GENVC_MODELS", str(tmp_path))
    return "tiny"


def test_an_untrained_generator_only_warps() -> None:
    torch.manual_seed(1)
    generator = Generator(TINY)
    picture, field = torch.rand(1, 3, 64, 48), torch.randn(1, 2, 32, 24)
    maps = torch.zeros(1, MAPS, 16, 12)
    known = generator.analyse(picture, maps, quality_of(torch.tensor([0.1])))
    assert torch.equal(known.picture, picture)
    assert torch.allclose(generator(known, field, maps), seen_through(picture, field), atol=1e-5)


def test_a_field_of_whole_pixels_moves_the_picture() -> None:
    picture = torch.rand(1, 3, 64, 64)
    field = torch.zeros(1, 2, 64, 64)
    field[:, 0] = 5
    moved = seen_through(picture, field)
    assert torch.allclose(moved[..., :50], picture[..., 5:55], atol=1e-4)


def test_sizes_come_back_from_a_config() -> None:
    assert size_of(plain(TINY)) == TINY
    good = plain(TINY)
    for wrong in ({"colour": 3}, [], None, {**good, "kept": 1 << 30}, {**good, "analysis": [64]},
                  {**good, "picture_depth": [1, 10**9]}, {**good, "kept": "32"}):  # fmt: skip
        with pytest.raises(BadInput, match="no proper size"):
            size_of(wrong)


def test_outlines_name_points_of_a_face() -> None:
    good = outlines()
    assert Outlines.of(good).lips.tolist() == good["lips"].tolist()
    for name, ring in (("lips", [1, 2, 478]), ("mouth", [-1, 2, 3]), ("oval", [1, 2]), ("irises", [1, 2, 3])):
        with pytest.raises(BadInput, match=name):
            Outlines.of({**good, name: np.array(ring)})


@pytest.mark.parametrize(("width", "height"), [(176, 144), (150, 131), (64, 200)])
def test_any_size_of_picture_is_painted(
    tiny_model: str, talk: list[Picture], width: int, height: int
) -> None:
    import cv2

    pictures = [np.asarray(cv2.resize(rgb, (width, height)), np.uint8) for rgb in talk[:3]]
    codec = genvc.create("keypoints", tiny_model, device="cpu", quality=30)
    info = codec.describe(width, height, Fraction(25))
    packets = list(codec.encode([Frame(rgb, index) for index, rgb in enumerate(pictures)], info))
    frames = list(codec.decode(packets, info))
    assert [frame.rgb.shape for frame in frames] == [(height, width, 3)] * 3
    assert info.model.startswith("tiny@")


def test_the_same_packets_are_painted_otherwise_by_another_model(
    tiny_model: str, talk: list[Picture]
) -> None:
    frames = [Frame(rgb, index) for index, rgb in enumerate(talk[:4])]
    plainly, painted = (
        genvc.create("keypoints", model, device="cpu", quality=30) for model in ("face-basis", tiny_model)
    )
    info = plainly.describe(176, 144, Fraction(25))
    packets = list(plainly.encode(frames, info))
    one, other = (list(codec.decode(packets, info))[3].rgb.astype(int) for codec in (plainly, painted))
    assert 0.2 < np.abs(one - other).mean() < 60


@pytest.mark.parametrize("head", [True, False])
def test_heads_are_painted_by_the_model_that_is_named_for_them(
    tiny_model: str, talk: list[Picture], tmp_path: Path, head: bool
) -> None:
    config, tensors = models.load(tiny_model, "keypoints")
    config["heads"] = models.full_name("keypoints-face")
    models.save(tmp_path / "weights" / "two", config, tensors)
    models.add("two", "keypoints", licence="x", trained_on="x", command="x", root=tmp_path)
    # the same pictures with a head, and upside down and half as large: without one that is found
    few = talk[:3] if head else [np.ascontiguousarray(np.tile(rgb[::-2, ::2], (2, 2, 1))) for rgb in talk[:3]]
    shown = {}
    for model in ("two", "keypoints-face", tiny_model):
        codec = genvc.create("keypoints", model, device="cpu", quality=30)
        info = codec.describe(176, 144, Fraction(25))
        packets = list(codec.encode([Frame(rgb, index) for index, rgb in enumerate(few)], info))
        shown[model] = [frame.rgb for frame in codec.decode(packets, info)]
    same, other = ("keypoints-face", tiny_model) if head else (tiny_model, "keypoints-face")
    assert all(np.array_equal(one, two) for one, two in zip(shown["two"], shown[same], strict=True))
    assert not any(np.array_equal(one, two) for one, two in zip(shown["two"], shown[other], strict=True))


@pytest.mark.parametrize(("heads", "words"), [(3, "names no model"), ("face-basis", "no generator")])
def test_a_model_for_heads_that_cannot_paint_is_refused(
    tiny_model: str, tmp_path: Path, heads: Any, words: str
) -> None:
    config, tensors = models.load(tiny_model, "keypoints")
    config["heads"] = heads
    models.save(tmp_path / "weights" / "two", config, tensors)
    models.add("two", "keypoints", licence="x", trained_on="x", command="x", root=tmp_path)
    with pytest.raises(BadInput, match=words):
        genvc.create("keypoints", "two", device="cpu")


def test_weights_that_do_not_fit_are_refused(
    tiny_model: str, tiny: Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, tensors = models.load(tiny_model, "keypoints")
    config["generator"]["kept"] = 32
    models.save(tmp_path / "weights" / "odd", config, tensors)
    models.add("odd", "keypoints", licence="x", trained_on="x", command="x", root=tmp_path)
    with pytest.raises((BadInput, ModelNotFound), match="do not fit"):
        genvc.create("keypoints", "odd", device="cpu")


def test_parts_are_drawn_where_the_face_is(talk: list[Picture], talk_points: list[Points]) -> None:
    rings = Outlines.of(outlines())
    maps = drawn(talk_points[0], rings, 176, 144)
    assert maps.shape == (MAPS, 36, 44)
    oval, lips, mouth, eyes, irises, brows = (one.astype(float) / 255 for one in maps)
    centre = talk_points[0][:468, :2].mean(0) / 4
    assert oval[round(centre[1]), round(centre[0])] == 1
    assert oval.sum() > 8 * lips.sum() > 0
    assert (lips + 0.02 >= mouth).all()
    assert 0 < irises.sum() <= eyes.sum() < oval.sum() / 8
    rows = [np.average(np.arange(36), weights=one.sum(1)) for one in (brows, eyes, lips)]
    assert rows == sorted(rows)
    assert not drawn(None, rings, 176, 144).any()


def test_points_far_outside_draw_nothing_that_hurts() -> None:
    rings = Outlines.of(outlines())
    points = np.full((478, 3), 1e9)
    points[::2] = -1e9
    assert drawn(points, rings, 64, 64).shape == (MAPS, 16, 16)


def test_outlines_walk_around_each_part(portrait: Picture) -> None:
    detector = FaceMeshDetector()
    try:
        points = detector.detect(portrait)
    finally:
        detector.close()
    assert points is not None
    for name, ring in outlines().items():
        if name == "irises":
            continue
        steps = np.linalg.norm(np.diff(points[[*ring, ring[0]], :2], axis=0), axis=1)
        assert steps.max() < 0.45 * np.ptp(points[ring, 0]), name
        assert len(set(ring.tolist())) == len(ring)


def test_training_makes_packs_and_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, talk: list[Picture], trained: Callable[..., Any]
) -> None:
    out = tmp_path / "run"
    curve = trained(out, 6)
    assert [line["step"] for line in curve] == [6]
    assert curve[-1]["lpips_warped"] > 0
    assert (out / "preview.png").stat().st_size > 1000
    # another call goes on, with the packs that are there
    packs = {path: path.stat().st_mtime for path in (out / "packs").rglob("*.npz")}
    assert len(packs) == 2
    assert [line["step"] for line in trained(out, 6)] == [6]
    assert packs == {path: path.stat().st_mtime for path in (out / "packs").rglob("*.npz")}
    made = export(
        out / "checkpoint.pt", tmp_path / "root", "mine", "mine", ["train"], "a clip", "keypoints-face"
    )
    monkeypatch.setenv("GENVC_MODELS", str(tmp_path / "root"))
    assert models.load(made.full_name, "keypoints")[0]["heads"] == models.full_name("keypoints-face")
    codec = genvc.create("keypoints", "mine", device="cpu", quality=20)
    info = codec.describe(176, 144, Fraction(25))
    assert info.model == made.full_name
    packets = list(codec.encode([Frame(rgb, index) for index, rgb in enumerate(talk[:2])], info))
    assert len(list(codec.decode(packets, info))) == 2


@pytest.fixture(scope="module")
def warp(tmp_path_factory: pytest.TempPathFactory, trained: Callable[..., Any]) -> Path:
    """The folder of a run of stage warp, with packs."""
    folder = tmp_path_factory.mktemp("warp")
    trained(folder, 1)
    return folder


def test_the_perceptual_stage_starts_from_another_run(
    tmp_path: Path, warp: Path, trained: Callable[..., Any]
) -> None:
    packs, start = str(warp / "packs"), str(warp / "checkpoint.pt")
    curve = trained(tmp_path, 2, "--stage", "perceptual", "--packs", packs, "--start", start)
    assert curve[-1]["step"] == 2
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert {"critic0", "critic1"} <= set(state)


def test_references_alone_are_trained_too(tmp_path: Path, warp: Path, trained: Callable[..., Any]) -> None:
    packs, start = str(warp / "packs"), str(warp / "checkpoint.pt")
    curve = trained(tmp_path, 2, "--stage", "restore", "--packs", packs, "--start", start)
    assert 0 < curve[-1]["lpips_warped"] < 1
    before = torch.load(warp / "checkpoint.pt", weights_only=True)["average"]
    after = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["model"]
    changed = {key.partition(".")[0] for key in before if not torch.equal(before[key], after[key])}
    assert "restore" in changed
    assert "repair" not in changed


def test_a_deeper_generator_starts_as_the_one_it_comes_from() -> None:
    torch.manual_seed(5)
    deep = Generator(replace(TINY, reference_depth=(3, 2)))
    grown = loop._grown(Generator(TINY).state_dict(), deep)
    deep.load_state_dict(grown)
    torch.manual_seed(5)
    one = Generator(TINY)
    one.load_state_dict({key: grown[key] for key in one.state_dict()})
    picture, maps, quality = torch.rand(1, 3, 32, 32), torch.rand(1, MAPS, 8, 8), torch.zeros(1)
    both = [net.analyse(picture, maps, quality) for net in (deep, one)]
    assert torch.allclose(both[0].quarter, both[1].quarter, atol=1e-6)
    with pytest.raises(BadInput, match="another size"):
        loop._grown(Generator(replace(TINY, kept=32)).state_dict(), Generator(TINY))


def test_a_damaged_pack_is_one_line(
    tmp_path: Path, warp: Path, trained: Callable[..., Any], capsys: Any
) -> None:
    shutil.copytree(warp / "packs", tmp_path / "packs")
    (damaged,) = (tmp_path / "packs" / "faces" / "val").glob("*.npz")
    damaged.write_bytes(b"PK\3\4 no pack")
    assert trained(tmp_path, 1) is None
    assert "is not a pack" in capsys.readouterr().err
