"""The exact half: the same numbers whatever the order of summation, threads and float features are."""

import pytest
import torch
from torch import nn

from genvc.learned.exact import Exact, FixedConv, exact_copy, fixed, leak
from genvc.learned.probability import LEVELS, STEPS, level_of, levels_tables, order_of


def dyadic(*shape: int, reach: float = 128) -> torch.Tensor:
    return fixed((torch.rand(shape, dtype=torch.float64) - 0.5) * 2 * reach)


def test_a_layer_equals_integers_of_any_size() -> None:
    """Against Python's own integers, which know no rounding."""
    torch.manual_seed(1)
    layer = FixedConv(5, 3, 3)
    with torch.no_grad():
        layer.weight.mul_(20)
    exact = exact_copy(layer)
    picture = dyadic(1, 5, 4, 6)
    found = exact(picture)
    weights = (exact.weight * 4096).long().tolist()
    biases = (exact.bias * 4096).long().tolist()
    values = (picture * 256).long()[0].tolist()
    for out in range(3):
        for y in range(4):
            for x in range(6):
                total = biases[out] * 256
                for channel in range(5):
                    for dy in range(3):
                        for dx in range(3):
                            if 0 <= y + dy - 1 < 4 and 0 <= x + dx - 1 < 6:
                                place = values[channel][y + dy - 1][x + dx - 1]
                                total += weights[out][channel][dy][dx] * place
                rounded = max(-128 * 256, min(128 * 256, (total + 2048) >> 12))
                assert found[0, out, y, x].item() * 256 == rounded


def test_no_order_of_summation_changes_a_result() -> None:
    torch.manual_seed(2)
    layer = exact_copy(FixedConv(400, 64))
    picture = dyadic(1, 400, 9, 7)
    turned = exact_copy(FixedConv(400, 64))
    order = torch.randperm(400)
    turned.load_state_dict({"weight": layer.weight[:, order], "bias": layer.bias})
    assert torch.equal(layer(picture), turned(picture[:, order]))


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_nothing(threads: int) -> None:
    torch.manual_seed(3)
    network = exact_copy(Exact(FixedConv(96, 64, 3), FixedConv(64, 64, 3), FixedConv(64, 32)))
    picture = dyadic(1, 96, 40, 30, reach=20)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = network(picture)
    finally:
        torch.set_num_threads(before)
    apart = torch.cat([network(picture[:, :, :12])[:, :, :8], network(picture[:, :, 4:])[:, :, 4:]], 2)
    assert torch.equal(found, apart)


def test_exact_values_want_exact_weights() -> None:
    with pytest.raises(TypeError):
        FixedConv(2, 2)(dyadic(1, 2, 3, 3))


def test_training_sees_nearly_what_the_exact_network_does() -> None:
    torch.manual_seed(4)
    network = Exact(FixedConv(32, 64, 3), FixedConv(64, 16))
    picture = dyadic(1, 32, 8, 8, reach=4)
    near = network(picture.float())
    assert (near.double() - exact_copy(network)(picture)).abs().max() < 0.03
    assert torch.equal(leak(torch.tensor([-8.0, 8.0])), torch.tensor([-1.0, 8.0]))
    assert isinstance(network, nn.Sequential)


def test_each_latent_is_coded_once_and_its_neighbours_in_other_steps() -> None:
    order = order_of(192, 5, 7)
    assert order.shape == (192, 5, 7)
    assert sorted(order.unique().tolist()) == list(range(STEPS))
    assert (order[:, 1:] != order[:, :-1]).all()
    assert (order[:, :, 1:] != order[:, :, :-1]).all()
    counts = torch.stack([(order == step).sum((1, 2)).float() for step in range(STEPS)])
    assert (counts > 0).all()


def test_tables_are_laplace_distributions_of_their_scale() -> None:
    import numpy as np

    tables = levels_tables()
    assert len(tables) == LEVELS
    for level in range(12, LEVELS - 3, 7):
        row, offset = tables.rows[level][:-1], tables.offsets[level]
        values = offset + np.arange(len(row))
        size = float((row * np.abs(values)).sum() / row.sum())
        scale = 2 ** (-4 + level / 6)
        # the mean size of a Laplace variable is its scale, a little less for one that is rounded to 0
        exactly = float(np.exp(-0.5 / scale) / (1 - np.exp(-1 / scale)))
        assert size == pytest.approx(exactly, rel=0.02)
    assert level_of(torch.tensor([-99.0, 0.0, 99.0])).tolist() == [0, 24, LEVELS - 1]
