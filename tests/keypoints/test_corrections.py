"""Corrections of generated pictures, which were tried and left out: what the figures rest on."""

import numpy as np
import pytest
import torch
from torch import Tensor

from genvc.models import full_name
from genvc.predictive.build import networks_of
from genvc.types import Picture
from keypoints.corrections import as_many_bytes, begun


def test_bytes_for_a_loss_lie_between_those_of_the_points_around_it() -> None:
    points = [(1600, 0.02), (100, 0.18), (400, 0.10)]
    assert as_many_bytes(points, 0.10) == 400
    assert as_many_bytes(points, 0.06) == pytest.approx(800)
    assert as_many_bytes(points, 0.14) == pytest.approx(200)
    assert as_many_bytes(points, 0.01) is None
    assert as_many_bytes(points, 0.30) is None


def test_what_corrects_a_picture_has_the_same_integers_whatever_that_looks_like(talk: list[Picture]) -> None:
    networks = networks_of(full_name("predictive-lpips"), torch.device("cpu"))
    start, wanted = (talk[number][:96, :128] for number in (0, 20))
    made = networks.encode_predicted(wanted, 20, begun(networks, start))

    def decoded(picture: Picture) -> tuple[list[Tensor], Picture]:
        seen: list[Tensor] = []
        found = networks.decode(made.payload, 128, 96, [begun(networks, picture).reference], seen.append)
        return seen, networks.rgb(found, 128, 96)

    latents, shown = decoded(start)
    others, strange = decoded(np.ascontiguousarray(start[::-1]))
    assert len(latents) == len(others) == 2
    assert all(torch.equal(one, other) for one, other in zip(latents, others, strict=True))
    assert np.square(shown.astype(float) - wanted).mean() < np.square(start.astype(float) - wanted).mean()
    assert not np.array_equal(shown, strange)
