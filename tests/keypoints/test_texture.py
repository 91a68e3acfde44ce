"""Texture codes: from a reference to integers, through a stream, and to the generator; learnt by contrast."""

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
from genvc.errors import BadInput, CorruptStream
from genvc.types import Frame, Packet, Picture, StreamInfo
from keypoints import edit, moments
from keypoints.codec import KeyPoints
from keypoints.detector import Points, outlines
from keypoints.generator import Generator, Size, plain
from keypoints.maps import MAPS
from keypoints.structure import FaceBasis
from keypoints.texture import LIMIT, Texture, texture_of
from keypoints.training import loop
from keypoints.training.contrast import Queue

TINY = Size((32, 32), (32, 32), 16, (1, 1), (1, 1))
PARTS, NUMBERS = 3, 5


@pytest.fixture(scope="module")
def lively() -> Generator:
    """With weights for texture that do something."""
    torch.manual_seed(4)
    made = Generator(TINY, (PARTS, NUMBERS))
    assert made.texture is not None
    with torch.no_grad():
        made.texture.change.weight.normal_(0, 2)
        made.texture.say.weight.mul_(30)
        for one in (made.restore.last, made.repair.last):
            one.weight.normal_(0, 0.02)
    return made.eval()


@pytest.fixture
def textured(lively: Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyPoints:
    """A codec whose model has texture codes, in a collection of its own."""
    config, tensors = models.load("face-basis", "keypoints")
    config |= {"generator": plain(TINY), "texture": [PARTS, NUMBERS]}
    tensors |= {"generator." + key: one for key, one in lively.state_dict().items()}
    tensors |= {"outline." + key: torch.from_numpy(ring) for key, ring in outlines().items()}
    models.save(tmp_path / "weights" / "tiny", config, tensors)
    models.add("tiny", "keypoints", licence="x", trained_on="x", command="x", root=tmp_path)
    monkeypatch.setenv("GENVC_MODELS", str(tmp_path))
    made = genvc.create("keypoints", "tiny", device="cpu", quality=30, texture=True)
    assert isinstance(made, KeyPoints)
    return made


def coded(codec: KeyPoints, pictures: list[Picture]) -> tuple[StreamInfo, list[Packet]]:
    high, wide = pictures[0].shape[:2]
    info = codec.describe(wide, high, Fraction(25))
    return info, list(codec.encode([Frame(rgb, index) for index, rgb in enumerate(pictures)], info))


def shown(codec: KeyPoints, packets: list[Packet], info: StreamInfo) -> list[Picture]:
    return [frame.rgb for frame in codec.decode(packets, info)]


@pytest.mark.parametrize("live", [False, True])
def test_codes_of_references_are_sent_and_seen(textured: KeyPoints, talk: list[Picture], live: bool) -> None:
    codec = genvc.create("keypoints", "tiny", device="cpu", quality=30, live=live, texture=True)
    assert isinstance(codec, KeyPoints)
    info, packets = coded(codec, talk[:3])
    read = list(moments.read(packets, info, codec.basis))
    first = read[0].reference
    assert first is not None
    assert first.texture is not None
    assert first.texture.shape == (PARTS, NUMBERS)
    assert 0 < np.abs(first.texture).max() <= LIMIT
    # written again: the same bytes; without the codes: other pictures
    assert list(moments.write(read, info, codec.basis)) == packets
    bare = [
        one if one.reference is None else replace(one, reference=replace(one.reference, texture=None))
        for one in read
    ]
    without = list(moments.write(bare, info, codec.basis))
    assert 0 < len(packets[0].payload) - len(without[0].payload) < 40
    one, other = (shown(codec, some, info)[2].astype(int) for some in (packets, without))
    assert np.abs(one - other).mean() > 0.2


def test_codes_are_sent_only_when_asked_for(textured: KeyPoints, talk: list[Picture]) -> None:
    codec = genvc.create("keypoints", "tiny", device="cpu", quality=30)
    assert isinstance(codec, KeyPoints)
    info, packets = coded(codec, talk[:2])
    (first, _) = moments.read(packets, info, codec.basis)
    assert first.reference is not None
    assert first.reference.texture is None


def test_codes_keep_to_the_rate(textured: KeyPoints, talk: list[Picture]) -> None:
    codec = genvc.create("keypoints", "tiny", device="cpu", bitrate=12_000, texture=True)
    assert isinstance(codec, KeyPoints)
    pictures = talk[:50]
    _, packets = coded(codec, pictures)
    spent = 8 * sum(len(packet.payload) + 1 for packet in packets) / 2
    assert 0.9 * 12_000 < spent < 1.05 * 12_000


@torch.no_grad()
def test_codes_of_a_part_change_features_there(lively: Generator) -> None:
    texture = lively.texture
    assert texture is not None
    torch.manual_seed(1)
    picture, maps = torch.rand(1, 3, 64, 64), torch.zeros(1, MAPS, 16, 16)
    masks = texture.masks(picture, maps)
    assert masks.shape == (1, PARTS, 8, 8)
    assert torch.allclose(masks.sum(1), torch.ones(1, 8, 8), atol=1e-5)
    codes = texture.codes(picture, maps)
    assert codes.shape == (1, PARTS, NUMBERS)
    assert float(codes.abs().max()) <= LIMIT
    fine = torch.rand(1, 32, 16, 16)
    nothing = texture(fine, picture, maps, torch.zeros_like(codes))
    assert torch.equal(nothing, fine)
    one = torch.zeros_like(codes)
    one[:, 1] = 6
    changed = (texture(fine, picture, maps, one) - fine).abs().mean(1)[0]
    there = torch.nn.functional.interpolate(masks, (16, 16), mode="bilinear")[0, 1]
    assert np.corrcoef(changed.flatten(), there.flatten())[0, 1] > 0.3


def changed(
    codec: KeyPoints, packets: list[Packet], info: StreamInfo, codes: Any
) -> tuple[list[Packet], Picture]:
    """The first packet with other codes, and what it shows."""
    moment = next(moments.read(packets, info, codec.basis))
    assert moment.reference is not None
    other = replace(moment, reference=replace(moment.reference, texture=codes))
    made = list(moments.write([other], info, codec.basis))
    return made, shown(codec, made, info)[0]


def test_codes_that_another_model_would_send_are_passed_over(
    textured: KeyPoints, talk: list[Picture]
) -> None:
    info, packets = coded(textured, talk[:1])
    none, other = (changed(textured, packets, info, codes)[1] for codes in (None, np.ones((2, 2), np.int64)))
    assert np.array_equal(none, other)
    # numbers beyond all that was trained are painted as the last ones
    huge, most = (
        changed(textured, packets, info, np.full((PARTS, NUMBERS), one))[1] for one in (9000, LIMIT)
    )
    assert np.array_equal(huge, most)
    assert not np.array_equal(none, most)


def test_codes_beyond_all_reason_are_refused(textured: KeyPoints, talk: list[Picture]) -> None:
    info, packets = coded(textured, talk[:1])
    changed(textured, packets, info, np.full((PARTS, NUMBERS), 1 << 15))
    with pytest.raises(CorruptStream, match="texture code"):
        changed(textured, packets, info, np.full((PARTS, NUMBERS), (1 << 15) + 1))


@pytest.mark.parametrize("head", [True, False])
def test_codes_are_for_the_generator_that_paints(
    textured: KeyPoints, talk: list[Picture], tmp_path: Path, head: bool
) -> None:
    """Heads are painted by another model, which has no codes; sides are no multiples of 16."""
    config, tensors = models.load("tiny", "keypoints")
    config["heads"] = models.full_name("keypoints-face")
    models.save(tmp_path / "weights" / "two", config, tensors)
    models.add("two", "keypoints", licence="x", trained_on="x", command="x", root=tmp_path)
    few = [rgb[:139, :171] for rgb in talk[:2]]
    if not head:
        few = [np.ascontiguousarray(np.tile(rgb[::-2, ::2], (2, 2, 1))) for rgb in few]
    codec = genvc.create("keypoints", "two", device="cpu", quality=30, texture=True)
    assert isinstance(codec, KeyPoints)
    info, packets = coded(codec, few)
    first = next(moments.read(packets, info, codec.basis)).reference
    assert first is not None
    assert (first.texture is None) == head
    assert shown(codec, packets, info)[1].shape == few[0].shape


def test_a_disguised_face_leaves_no_codes(
    basis: FaceBasis, textured: KeyPoints, talk: list[Picture], talk_points: list[Points]
) -> None:
    info, packets = coded(textured, talk[:2])
    read = moments.read(packets, info, textured.basis)
    code = textured._key_coder(info)
    other = edit.disguised(read, info, basis, talk[5], talk_points[5], lambda rgb, most: code(rgb, 30))
    assert all(one.reference is None or one.reference.texture is None for one in other)


@pytest.mark.parametrize("wrong", [3, [4], [0, 8], [4, 17], [9, 1], [4, 8.0], "4x8"])
def test_sizes_that_are_none_are_refused(wrong: Any) -> None:
    assert texture_of({}) is None
    assert texture_of({"texture": [4, 8]}) == (4, 8)
    with pytest.raises(BadInput, match="texture codes"):
        texture_of({"texture": wrong})


def test_a_generator_with_codes_starts_as_the_one_it_comes_from() -> None:
    torch.manual_seed(5)
    before, after = Generator(TINY), Generator(TINY, (PARTS, NUMBERS))
    after.load_state_dict(loop._grown(before.state_dict(), after))
    picture, maps, quality = torch.rand(1, 3, 32, 32), torch.rand(1, MAPS, 8, 8), torch.zeros(1)
    codes = torch.full((1, PARTS, NUMBERS), 3.0)
    one, other = before.analyse(picture, maps, quality), after.analyse(picture, maps, quality, codes)
    assert torch.equal(one.quarter, other.quarter)


def test_contrast_is_low_for_codes_that_tell_clips_apart() -> None:
    torch.manual_seed(2)
    own = torch.randn(40, PARTS, NUMBERS)
    clips = torch.arange(40)

    def lost(codes: torch.Tensor) -> float:
        queue = Queue(PARTS, NUMBERS)
        queue.loss(own, own, clips)
        return float(queue.loss(codes, own, clips))

    alike = lost(own + 0.1 * torch.randn_like(own))
    mixed = lost(own.roll(1, 0))
    assert alike < mixed - 1
    # the clip's own codes in the queue are no wrong answers
    few = Queue(PARTS, NUMBERS)
    few.loss(own[:1], own[:1], clips[:1])
    assert float(few.loss(own[:1], own[:1], clips[:1])) < 1e-4


def test_contrast_teaches_the_network_to_tell_clips_apart() -> None:
    """Of eight surfaces: after some steps the right one is found far more often than by chance."""
    torch.manual_seed(3)
    net = Texture(2, 8, 32)
    pictures = (torch.rand(8, 3, 1, 1) + 0.4 * torch.randn(8, 3, 32, 32)).clamp(0, 1)
    maps = torch.zeros(8, MAPS, 8, 8)
    queue = Queue(2, 8)
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(60):
        other = (pictures + 0.02 * torch.randn_like(pictures)).clamp(0, 1)
        with torch.no_grad():
            keys = net.codes(other, maps)
        loss = queue.loss(net.codes(pictures, maps), keys, torch.arange(8))
        optimizer.zero_grad()
        if loss.requires_grad:
            torch.autograd.backward(loss)
            optimizer.step()
    by_chance = np.log(1 + 59 * 7)
    assert loss.item() < by_chance - 0.7


def test_texture_is_trained_and_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, talk: list[Picture], trained: Callable[..., Any]
) -> None:
    from keypoints.training.export import export

    out = tmp_path / "run"
    curve = trained(out, 5, "--texture", "2x4")
    assert curve[-1]["step"] == 5
    saved = torch.load(out / "checkpoint.pt", weights_only=True)
    assert tuple(saved["stage"]["texture"]) == (2, 4)
    assert saved["model"]["texture.change.weight"].any()
    assert int(saved["queue"]["place"]) == 5 * int(saved["stage"]["batch"])
    made = export(out / "checkpoint.pt", tmp_path / "root", "mine", "mine", ["train"], "a clip")
    monkeypatch.setenv("GENVC_MODELS", str(tmp_path / "root"))
    assert models.load(made.full_name, "keypoints")[0]["texture"] == [2, 4]
    codec = genvc.create("keypoints", "mine", device="cpu", quality=20, texture=True)
    assert isinstance(codec, KeyPoints)
    info, packets = coded(codec, talk[:2])
    assert len(shown(codec, packets, info)) == 2


@pytest.mark.parametrize("wrong", ["4", "0x8", "9x8", "4x17", "4x8x2", "many"])
def test_codes_of_no_size_are_not_trained(
    tmp_path: Path, trained: Callable[..., Any], capsys: Any, wrong: str
) -> None:
    assert trained(tmp_path, 1, "--texture", wrong) is None
    assert "--texture" in capsys.readouterr().err
