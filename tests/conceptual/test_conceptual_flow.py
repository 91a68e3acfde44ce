"""The flow after the generator: what it does, how it is asked for, and how one is trained."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conceptual_scenes import scene
from torch import Tensor, nn

import genvc

pytest.importorskip("diffusers", reason="the extra diffusion is not installed")

from conceptual.flow import ARCHITECTURE, NOISE, SIZE, FlowDecoder, _starts, network, speed
from genvc import models
from genvc.errors import BadInput, ModelNotFound
from genvc.types import Frame, Picture

SMALL: dict[str, Any] = {**SIZE, "block_out_channels": [32, 32, 32]}


class Said:
    """What a network of diffusers gives back."""

    def __init__(self, sample: Tensor) -> None:
        self.sample = sample


class To(nn.Module):
    """Says the speed that leads from wherever it is to a grey of its own."""

    def __init__(self, grey: float) -> None:
        super().__init__()
        self.grey = grey
        self.calls: list[float] = []

    def forward(self, seen: Tensor, times: Tensor) -> Said:
        self.calls.append(float(times[0]))
        # the way from here, over what is left of it
        return Said((seen[:, :48] + 0.5 - self.grey) / (times[0] / 1000))


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A flow of random weights in a collection of its own; its name."""
    torch.manual_seed(3)
    net = network(SMALL)
    for parameter in net.parameters():
        nn.init.normal_(parameter, 0, 0.05)
    config = {"architecture": ARCHITECTURE, "network": SMALL}
    models.save(
        tmp_path / "weights" / "mine", config, {key: one.half() for key, one in net.state_dict().items()}
    )
    models.add("mine", "conceptual", licence="", trained_on="", command="", root=tmp_path)
    monkeypatch.setenv("GENVC_MODELS", str(tmp_path))
    return "mine"


def decoded(high: int, wide: int, **options: Any) -> Picture:
    """A scene, as a decoder with these options shows it."""
    coder = genvc.create("conceptual", device="cpu", quality=50)
    info = coder.describe(wide, high, Fraction(1))
    packets = list(coder.encode([Frame(scene(high, wide), 0)], info))
    (shown,) = genvc.create("conceptual", info.model, "cpu", **options).decode(packets, info)
    return shown.rgb


@pytest.mark.parametrize("steps", [1, 4])
def test_steps_lead_to_where_the_network_says(steps: int) -> None:
    net = To(0.6)
    found = FlowDecoder(net, torch.device("cpu"), steps)(scene(50, 70))
    assert found.shape == (50, 70, 3)
    np.testing.assert_array_equal(found, 153)
    np.testing.assert_allclose(net.calls, [1000 - 1000 * step / steps for step in range(steps)], atol=0.5)


def test_a_new_network_stays_where_it_begins() -> None:
    at, painted = torch.rand(2, 3, 32, 48), torch.rand(2, 3, 32, 48)
    assert not speed(network(SMALL), at, painted, torch.tensor([1.0, 0.5])).any()
    found = FlowDecoder(network(SMALL), torch.device("cpu"))(np.full((40, 40, 3), 128, np.uint8))
    assert np.std(found.astype(float) / 255) == pytest.approx(NOISE, rel=0.1)


class Turns(nn.Module):
    """Leads each tile to another grey."""

    def __init__(self, *greys: float) -> None:
        super().__init__()
        self.greys = list(greys)

    def forward(self, seen: Tensor, times: Tensor) -> Said:
        return Said((seen[:, :48] + 0.5 - self.greys.pop(0)) / (times[0] / 1000))


def test_tiles_of_a_large_picture_pass_into_each_other() -> None:
    found = FlowDecoder(Turns(0.2, 0.6, 0.3), torch.device("cpu"))(np.zeros((24, 2400, 3), np.uint8))
    row = found[12, :, 0].astype(int)
    assert (row[0], row[1200], row[-1]) == (51, 153, 76)
    # a hundred steps of brightness on the way, over the 128 samples or more that two tiles have in common
    assert np.abs(np.diff(row)).max() <= 2


@pytest.mark.parametrize(("side", "starts"), [(16, [0]), (1024, [0]), (1025, [0, 1]), (1921, [0, 448, 897])])
def test_tiles_cover_all_of_a_side_and_each_other(side: int, starts: list[int]) -> None:
    assert _starts(side) == starts


def test_pictures_that_are_decoded_at_once_do_not_disturb_each_other() -> None:
    torch.manual_seed(4)
    net = network(SMALL)
    for parameter in net.parameters():
        nn.init.normal_(parameter, 0, 0.05)
    decoder = FlowDecoder(net, torch.device("cpu"), 5)
    pictures = [np.full((32, 32, 3), 20 * one, np.uint8) for one in range(12)]
    alone = [decoder(one) for one in pictures]
    with ThreadPoolExecutor(3) as pool:
        for one, other in zip(alone, pool.map(decoder, pictures), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "change",
    [
        {"block_out_channels": []},
        {"block_out_channels": [32, 32]},
        {"block_out_channels": [32, 32, -32]},
        {"block_out_channels": [32, 32, 1 << 20]},
        {"block_out_channels": 32},
        {"down_block_types": ["Nothing"] * 3},
        {"norm_num_groups": 0},
    ],
)
def test_a_network_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="flow"):
        network({**SIZE, **change})


def test_it_is_asked_for_by_the_decoder_and_always_gives_the_same(listed: str) -> None:
    plain = decoded(50, 70)
    ways = [{}, {"steps": 3}, {"seed": 5}]
    shown = [decoded(50, 70, decoder="flow", painter=listed, **way) for way in ways]
    np.testing.assert_array_equal(shown[0], decoded(50, 70, decoder="flow", painter=listed))
    for one in shown:
        assert one.shape == plain.shape
        assert (one != plain).any()
    assert (shown[0] != shown[1]).any()
    assert (shown[0] != shown[2]).any()
    # steps on the way are shown as they are
    texture = decoded(50, 70, show="texture")
    np.testing.assert_array_equal(texture, decoded(50, 70, show="texture", decoder="flow", painter=listed))


def test_streams_do_not_know_of_it(listed: str) -> None:
    found = []
    for options in ({}, {"decoder": "flow", "painter": listed}):
        coder = genvc.create("conceptual", device="cpu", quality=30, **options)
        info = coder.describe(70, 50, Fraction(1))
        found.append((info, list(coder.encode([Frame(scene(50, 70), 0)], info))))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"painter": "nobodys"}, ModelNotFound, "no model 'nobodys'"),
        ({"painter": "conceptual-still"}, BadInput, "no flow"),
        ({"painter": "MINE", "steps": 21}, BadInput, "at most 20 steps"),
        ({"painter": "MINE", "caption": "a dog"}, BadInput, "caption goes with decoder=diffusion"),
        ({"painter": "MINE", "seed": -1}, BadInput, "seed is a number"),
    ],
)
def test_what_cannot_be_is_refused(listed: str, options: dict[str, Any], kind: type, says: str) -> None:
    named = {key: listed if value == "MINE" else value for key, value in options.items()}
    with pytest.raises(kind, match=says):
        decoded(32, 32, decoder="flow", **named)


@pytest.mark.slow
def test_one_is_trained_and_used(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from conceptual.training.export import export
    from genvc import cli

    if "TORCH_HOME" not in os.environ:
        pytest.skip("no SqueezeNet weights: TORCH_HOME is not set")
    out, root, threads = tmp_path / "run", tmp_path / "models", torch.get_num_threads()
    words = f"train conceptual --data {data} --out {out} --threads 1 --device cpu --stage flow"
    try:
        assert cli.run([*words.split(), "--steps", "1", "--batch", "1", "--crop", "128"]) == 0
        assert cli.run([*words.split(), "--texture", "latents"]) == 2
    finally:
        torch.set_num_threads(threads)
    (line,) = (json.loads(line) for line in (out / "curve.jsonl").read_text().splitlines())
    assert {key.split(", ")[1] for key in line if "/" in key} == {"0 steps", "1 steps", "4 steps"}
    export(out / "checkpoint.pt", root, "conceptual-flow", "flow", ["train"], "a drawn scene")
    monkeypatch.setenv("GENVC_MODELS", str(root))
    # of the name that is meant where none is said
    assert decoded(50, 70, decoder="flow", steps=2).shape == (50, 70, 3)
