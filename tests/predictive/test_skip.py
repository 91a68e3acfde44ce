"""Skip mode: the map comes back, costs little, and skipped blocks are what they were."""

import numpy as np
import pytest
import torch

from genvc.entropy import AdaptiveModel, SymbolDecoder, SymbolEncoder
from genvc.errors import CorruptStream
from genvc.learned.coding import kept
from genvc.models import full_name
from genvc.predictive.build import networks_of
from genvc.predictive.codec import MODEL
from genvc.predictive.networks import Networks
from genvc.predictive.skip import _START, chosen, read_map, taken_over, write_map
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


def test_features_of_less_precision_are_taken_over_too() -> None:
    half = torch.ones(1, 8, 4, 4, dtype=torch.bfloat16)
    assert (taken_over(torch.ones((1, 1), dtype=torch.bool), 0 * half, half.float()) == 1).all()


def test_a_map_of_nothing_is_refused() -> None:
    coder = SymbolEncoder()
    coder.put_bits(1, 1)
    models = [[AdaptiveModel(start[bin(k).count("1")]) for k in range(8)] for start in _START]
    for _ in range(6):
        coder.put(0, models[0][0])
    with pytest.raises(CorruptStream):
        read_map(SymbolDecoder(coder.finish()), np.zeros((2, 3), np.bool_))


@pytest.mark.parametrize("size", [(144, 176), (131, 57)])
def test_pictures_between_take_over_from_both(
    networks: Networks, talk: list[Picture], size: tuple[int, int]
) -> None:
    cut = [np.ascontiguousarray(talk[number][: size[0], : size[1]]) for number in (0, 6, 12)]
    for number in (1, 2):
        cut[number][64:] = cut[0][64:]
    first = networks.encode_intra(cut[0], 36)
    last = networks.encode_predicted(cut[2], 34, first)
    middle = networks.encode_between(cut[1], 28, first, last)
    assert last.reference.skipped is not None
    assert middle.reference.skipped is not None
    assert middle.reference.skipped.any()
    one = networks.decode(first.payload, size[1], size[0], [])
    two = networks.decode(last.payload, size[1], size[0], [one])
    back = networks.decode(middle.payload, size[1], size[0], [one, two])
    assert (networks.rgb(back, *size[::-1]) == networks.rgb(middle.reference, *size[::-1])).all()
    assert (back.skipped == middle.reference.skipped).all()


def test_a_picture_can_be_skipped_whole(networks: Networks, talk: list[Picture]) -> None:
    key = networks.encode_intra(talk[0], 30)
    nearly = talk[0].copy()
    nearly[70, 80] ^= 1
    made = networks.encode_predicted(nearly, 30 - 20, key)
    assert made.reference.skipped is not None
    assert made.reference.skipped.all()
    assert len(made.payload) < 8
    back = networks.decode(made.payload, 176, 144, [key.reference])
    assert torch.equal(back.picture, key.reference.picture)


def test_effort_knows_of_skipped_blocks(talk: list[Picture]) -> None:
    shipped = networks_of(full_name(MODEL), torch.device("cpu"))
    key = shipped.encode_intra(talk[0], 36)
    second = talk[0].copy()
    second[:, :80] = talk[12][:, :80]
    made = [shipped.encode_predicted(second, 30, key, effort) for effort in (0, 4)]
    assert made[0].reference.skipped is not None
    assert made[0].reference.skipped.any()
    assert made[1].cost <= made[0].cost


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
