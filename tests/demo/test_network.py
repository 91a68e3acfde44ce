"""The simulated network does what its sliders say, and the same each time."""

import math
import random
from itertools import groupby, pairwise

import pytest

from demo.network import Conditions, Network
from genvc.errors import BadInput

COUNT = 20000


def fates(conditions: Conditions, seed: int = 1, count: int = COUNT) -> list[bool]:
    """Whether each of so many packets, far apart, arrives."""
    network = Network(conditions, seed)
    found = []
    for number in range(count):
        network.send(number.to_bytes(4, "big"), float(number))
        found.append(bool(network.arrived(number + 0.999)))
    return found


@pytest.mark.parametrize(("loss", "burst"), [(0.0, 1), (0.02, 1), (0.1, 1), (0.1, 5), (0.3, 3), (0.5, 10)])
def test_losses_are_as_many_and_as_long_as_asked_for(loss: float, burst: float) -> None:
    arrives = fates(Conditions(loss=loss, burst=burst))
    assert 1 - sum(arrives) / COUNT == pytest.approx(loss, rel=0.15, abs=1e-9)
    runs = [len(list(run)) for lost, run in groupby(not one for one in arrives) if lost]
    if runs:
        # independent losses come in a row, too
        assert sum(runs) / len(runs) == pytest.approx(max(burst, 1 / (1 - loss)), rel=0.15)


def test_the_same_seed_gives_each_packet_the_same_fate() -> None:
    conditions = Conditions(loss=0.2, burst=3)
    assert fates(conditions, 5, 500) == fates(conditions, 5, 500)
    assert fates(conditions, 5, 500) != fates(conditions, 6, 500)


def test_delay_does_not_move_the_losses() -> None:
    near, far = Conditions(loss=0.2), Conditions(loss=0.2, delay=0.4, jitter=0.3)
    assert fates(near, 3, 500) == fates(far, 3, 500)


def test_packets_take_the_delay_and_jitter_lets_them_overtake() -> None:
    network = Network(Conditions(delay=0.1, jitter=0.2), 2)
    for number in range(50):
        network.send(bytes([number]), number * 0.01)
    arrivals = []
    for tick in range(2000):
        arrivals += [(tick / 1000, data[0]) for data in network.arrived(tick / 1000)]
    assert sorted(number for _, number in arrivals) == list(range(50))
    assert all(0.1 <= at - number * 0.01 <= 0.301 for at, number in arrivals)
    assert any(after < before for (_, before), (_, after) in pairwise(arrivals))


def test_bandwidth_spaces_packets_and_a_full_queue_drops_them() -> None:
    network = Network(Conditions(bandwidth=8000), 0)
    for number in range(20):
        network.send(bytes(100) + bytes([number]), 0.0)
    assert network.overflowed == 20 - 5
    times = []
    for tick in range(1, 1001):
        times += [tick / 1000] * len(network.arrived(tick / 1000))
    assert times == pytest.approx([0.101, 0.202, 0.303, 0.404, 0.505], abs=0.002)
    assert network.arrived(1e9) == []


def test_no_more_arrives_than_the_bandwidth_carries() -> None:
    network = Network(Conditions(bandwidth=20000, jitter=0.02), 4)
    dice = random.Random(1)
    came = 0
    for tick in range(10000):
        if tick % 10 == 0:
            network.send(bytes(dice.randrange(20, 120)), tick / 1000)
        came += sum(map(len, network.arrived(tick / 1000)))
    assert 0.9 < came * 8 / 10 / 20000 <= 1.0


def test_conditions_change_while_packets_are_under_way() -> None:
    network = Network(Conditions(delay=1.0), 0)
    network.send(b"slow", 0.0)
    network.conditions = Conditions()
    network.send(b"fast", 0.1)
    assert network.arrived(0.2) == [b"fast"]
    assert network.arrived(1.0) == [b"slow"]


@pytest.mark.parametrize(
    "wrong",
    [{"loss": 1.0}, {"loss": -0.1}, {"burst": 0.5}, {"bandwidth": 1}, {"delay": math.nan}, {"jitter": 9}],
)
def test_conditions_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="the network's"):
        Conditions(**wrong)
