"""Skip mode: the map comes back, costs little, and skipped blocks are what they were."""

import numpy as np
import pytest
import torch

from genvc.entropy import SymbolDecoder, SymbolEncoder
from genvc.errors import CorruptStream
from genvc.predictive.networks import Networks
from genvc.predictive.skip import chosen, kept, read_map, taken_over, write_map
from genvc.types import Picture

NONE = np.zeros((9, 16), np.bool_)


def written(skipped: np.ndarray, before: np.ndarray) -> bytes:
    coder = SymbolEncoder()
    write_map(coder, skipped, before)
    return coder.finish()


@pytest.mark.parametrize("share", [0, 0.03, 0.5, 0.97, 1])
def test_a_map_comes_back(share: float) -> None:
    dice = np.random.default_rng(3)
    for high, wide in ((1, 1), (1, 7), (9, 16)):
        skipped = dice.random((high, wide)) < share
        before = dice.random((high, wide)) < 0.5
        coder = SymbolDecoder(written(skipped, before))
        assert (read_map(coder, before) == skipped).all()
        coder.finish()


def test_a_map_that_stays_costs_little() -> None:
    still = NONE.copy()
    still[:, 5:] = True
    assert len(written(still, still)) < len(written(still, NONE)) < 12
    assert len(written(still, still)) <= 4
    assert len(written(NONE, still)) <= 1


def test_blocks_alone_and_maps_that_do_not_pay_are_not_chosen() -> None:
    lonely = NONE.copy()
    lonely[4, 4] = lonely[0, 15] = True
    assert not chosen(lonely, NONE).any()
    most = ~NONE
    most[3, 3] = False
    assert (chosen(most, most) == most).sum() > most.size - 5
    dice = np.random.default_rng(1)
    for share in (0.2, 0.5, 0.8):
        wanted = dice.random(NONE.shape) < share
        found = chosen(wanted, NONE)
        assert not (found & ~wanted).any()
        assert not found.any() or 8 * len(written(found, NONE)) < found.sum() + 8


def test_side_latents_are_kept_where_a_block_is_coded() -> None:
    skipped = torch.ones((9, 16), dtype=torch.bool)
    skipped[8, 15] = skipped[1, 2] = False
    assert kept(skipped).nonzero().tolist() == [[0, 0], [2, 3]]


def test_the_ramp_lies_within_what_is_skipped() -> None:
    skipped = torch.zeros((3, 4), dtype=torch.bool)
    skipped[:, 2:] = True
    made = taken_over(skipped, torch.zeros(1, 3, 48, 64), torch.ones(1, 3, 48, 64))[0, 0, 20]
    assert not made[:32].any()
    assert (made[32:].diff() >= 0).all()
    assert (made[36:] == 1).all()
    assert (
        taken_over(skipped, torch.zeros(1, 8, 12, 16), torch.ones(1, 8, 12, 16))[0, 0, 5].tolist()
        == [0] * 8 + [1] * 8
    )


def test_a_still_half_stays_as_it_was(networks: Networks, talk: list[Picture]) -> None:
    key = networks.encode_intra(talk[0], 40)
    second = talk[0].copy()
    second[:, :48] = talk[12][:, :48]
    later = networks.encode_predicted(second, 34, key)
    shown = [networks.rgb(one, 176, 144) for one in (key.reference, later.reference)]
    assert (shown[0][:, 80:] == shown[1][:, 80:]).all()
    assert (shown[0][:, :48] != shown[1][:, :48]).any()
    assert later.reference.skipped is not None
    back = networks.decode(later.payload, 176, 144, [key.reference])
    assert (networks.rgb(back, 176, 144) == shown[1]).all()
    with pytest.raises(CorruptStream):
        networks.decode(later.payload[:2], 176, 144, [key.reference])
