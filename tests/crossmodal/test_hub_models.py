"""Captioners and text-to-image models run for real, as tiny models of the classes that are used."""

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import genvc
from genvc import container
from genvc.errors import BadInput, ModelNotFound
from genvc.types import Frame, Picture

FPS = Fraction(1)


def test_blip_captions_pictures_of_several_sizes_at_once(tiny_blip: Path, picture: Picture) -> None:
    from crossmodal.captioner import TransformersCaptioner

    captions = TransformersCaptioner(str(tiny_blip), "cpu", batch=2).captions(
        [picture, picture[:40], picture]
    )
    assert len(captions) == 3
    assert captions[0] == captions[2]
    assert "word" in captions[0]


def test_the_codec_sends_what_the_captioner_says(tiny_blip: Path, picture: Picture) -> None:
    from crossmodal.notes import notes

    codec = genvc.create("crossmodal", device="cpu", captioner=str(tiny_blip), layers="text")
    info = codec.describe(160, 120, FPS)
    packets = list(codec.encode([Frame(picture, 0)], info))
    (note,) = notes(packets, info)
    assert "word" in note.text


def test_a_captioner_that_is_not_there_is_named(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="the extra diffusion is not installed")
    with pytest.raises(ModelNotFound, match="nowhere"):
        genvc.create("crossmodal", captioner=str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("layers", "controlnet", "steps"),
    [
        ("text", "", 1),
        ("text,palette", "", 5),
        ("text,sketch", "tiny/lines", 1),
        ("text,sketch,palette", "tiny/lines", 1),
        ("text,palette", "tiny/lines", 5),
    ],
)
def test_diffusion_paints_from_any_layers(
    tiny_diffusion: Path,
    picture: Picture,
    monkeypatch: pytest.MonkeyPatch,
    layers: str,
    controlnet: str,
    steps: int,
) -> None:
    monkeypatch.setenv("GENVC_DIFFUSION", str(tiny_diffusion))
    codec = genvc.create(
        "crossmodal",
        device="cpu",
        painter="tiny/painter",
        controlnet=controlnet,
        layers=layers,
        steps=steps,
        seed=3,
    )
    info = codec.describe(160, 120, FPS)
    packets = list(codec.encode([Frame(picture, 0)], info))
    # a decoder that was told nothing finds the painter and the seed in the stream
    plain = genvc.create("crossmodal", device="cpu")
    one, other = (next(iter(plain.decode(packets, info))).rgb for _ in range(2))
    assert one.shape == picture.shape
    assert np.array_equal(one, other)
    assert one.std() > 1


def test_the_seed_in_the_stream_changes_the_picture(
    tiny_diffusion: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENVC_DIFFUSION", str(tiny_diffusion))
    shown = []
    for seed in (1, 2):
        codec = genvc.create("crossmodal", device="cpu", painter="tiny/painter", layers="text", seed=seed)
        info = codec.describe(160, 120, FPS)
        written = io.BytesIO()
        container.write(written, info, codec.encode([Frame(picture, 0)], info))
        again, packets = container.read(io.BytesIO(written.getvalue()))
        shown.append(next(iter(genvc.create("crossmodal", device="cpu").decode(packets, again))).rgb)
    assert not np.array_equal(*shown)


def test_a_painter_that_is_not_there_is_named_and_not_fetched(picture: Picture) -> None:
    pytest.importorskip("diffusers", reason="the extra diffusion is not installed")
    codec = genvc.create("crossmodal", device="cpu", painter="nobody/nothing", layers="text")
    info = codec.describe(160, 120, FPS)
    packets = list(codec.encode([Frame(picture, 0)], info))
    with pytest.raises(ModelNotFound, match="nobody/nothing"):
        list(codec.decode(packets, info))


@pytest.mark.parametrize("name", ["../../etc", "a/b/c", "", "with space"])
def test_a_painters_name_is_no_path(name: str) -> None:
    with pytest.raises(BadInput):
        genvc.create("crossmodal", painter=name, controlnet="x/y")
