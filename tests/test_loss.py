"""The channel does what its figures say; the link brings packets in order or asks for a key packet."""

import random
from typing import Any

import pytest

from genvc.errors import BadInput
from genvc.loss import PATIENCE, PIECE, Channel, Losses, Receiver, Sender
from genvc.types import Packet


def packets(count: int, every: int = 1000) -> list[Packet]:
    source = random.Random(3)
    return [
        Packet(source.randbytes(3000 if k % every == 0 else 8), 2 * k, k % every == 0) for k in range(count)
    ]


def received(sent: list[Packet], losses: Losses, copies: int, seed: int = 1) -> tuple[list[Packet], Receiver]:
    sender, receiver, channel = Sender(copies), Receiver(), Channel(losses, seed)
    datagrams = (data for packet in sent for data in sender.send(packet))
    found = [one for arrived in channel.carry(datagrams) for data in arrived for one in receiver.take(data)]
    return found, receiver


@pytest.mark.parametrize(("share", "burst"), [(0.1, 1), (0.1, 4), (0.3, 1), (0.05, 10), (0.5, 2)])
def test_losses_have_their_share_and_their_bursts(share: float, burst: float) -> None:
    channel = Channel(Losses(share, burst), 7)
    fate = [not channel.send(b"x") for _ in range(100_000)]
    runs = sum(now and not before for before, now in zip([False, *fate], fate, strict=False))
    assert sum(fate) / len(fate) == pytest.approx(share, rel=0.15)
    # independent losses come in runs of 1 / (1 - share)
    assert sum(fate) / runs == pytest.approx(max(burst, 1 / (1 - share)), rel=0.15)
    assert channel.lost == sum(fate)


def test_a_seed_fixes_the_fate_of_all_datagrams() -> None:
    losses = Losses(0.1, 3, late=0.1, double=0.1, bit_errors=0.001)
    data = [bytes([k]) * 20 for k in range(100)]
    one, other, third = (list(Channel(losses, seed).carry(data)) for seed in (1, 1, 2))
    assert one == other != third


def test_a_good_channel_brings_everything_at_once() -> None:
    data = [bytes([k]) for k in range(50)]
    assert list(Channel(Losses()).carry(data)) == [*([one] for one in data), []]


def test_late_and_doubled_datagrams_all_arrive() -> None:
    data = [bytes([k]) for k in range(200)]
    arrived = [one for some in Channel(Losses(late=0.3, by=3, double=0.2), 5).carry(data) for one in some]
    assert set(arrived) == set(data)
    assert arrived != sorted(arrived)
    assert len(arrived) > 220


@pytest.mark.parametrize("copies", [0, 2])
def test_a_link_brings_packets_in_order_each_once(copies: int) -> None:
    sent = packets(300)
    for losses in (Losses(), Losses(late=0.2, by=2, double=0.3)):
        found, receiver = received(sent, losses, copies)
        assert found == sent
        assert not receiver.wants_key


def test_copies_make_good_what_is_lost() -> None:
    sent = packets(2000, every=2000)
    bare, _ = received(sent, Losses(0.1), 0, 4)
    copied, _ = received(sent, Losses(0.1), 3, 4)
    assert len(bare) < 200
    assert len(copied) == pytest.approx(2000, abs=1000)
    assert len(copied) > 4 * len(bare)


def test_after_a_loss_nothing_comes_until_a_key_packet() -> None:
    sent = packets(40, every=10)
    sender, receiver = Sender(), Receiver()
    found = []
    for number, packet in enumerate(sent):
        for data in sender.send(packet):
            if number != 13:
                found += receiver.take(data)
        # it is given up when two packets have come that are beyond it
        assert receiver.wants_key == (15 <= number < 20)
    assert found == sent[:13] + sent[20:]


def test_bit_errors_are_noticed() -> None:
    found, receiver = received(packets(400, every=10), Losses(bit_errors=3e-5), 0)
    assert receiver.damaged > 5
    sent = set(packets(400, every=10))
    assert set(found) <= sent
    assert 50 < len(found) < 400


def test_datagrams_that_nobody_sends_are_passed_over() -> None:
    source, receiver = random.Random(2), Receiver()
    sender = Sender(2)
    for packet in packets(300, every=50):
        for data in sender.send(packet):
            broken = bytearray(data)
            broken[source.randrange(len(broken))] ^= 1 << source.randrange(8)
            assert receiver.take(bytes(broken)) == []
            assert receiver.take(source.randbytes(source.randrange(40))) == []
    assert receiver.damaged >= 600


def test_a_large_packet_goes_in_pieces_and_a_lost_piece_loses_it() -> None:
    (packet,) = packets(1)
    datagrams = Sender().send(packet)
    assert len(datagrams) == 3
    assert max(map(len, datagrams)) < PIECE + 20
    receiver = Receiver()
    assert [receiver.take(data) for data in reversed(datagrams)] == [[], [], [packet]]
    receiver = Receiver()
    assert [receiver.take(data) for data in datagrams[1:]] == [[], []]


def test_any_pieces_that_are_enough_make_the_packet() -> None:
    pytest.importorskip("raptorq", reason="the extra fec is not installed")
    source = random.Random(6)
    for size in (1, 100, 700, 5000, 40_000):
        packet = Packet(source.randbytes(size), 7, True)
        sender = Sender(0, 1)
        datagrams = sender.send(packet)
        while mends := sender.send(Packet(b"", 8))[1:]:
            datagrams += mends
        count = len(datagrams) // 2
        assert len(datagrams) >= 3
        assert max(map(len, datagrams)) < PIECE + 20
        for _ in range(20):
            receiver = Receiver()
            kept = source.sample(datagrams, count + 1)
            assert [one for data in kept for one in receiver.take(data)] == [packet]


def test_repair_makes_good_what_copies_cannot() -> None:
    pytest.importorskip("raptorq", reason="the extra fec is not installed")
    sent = packets(600, every=50)
    for losses in (Losses(0.1), Losses(0.1, 2), Losses(late=0.2, double=0.2)):
        sender, receiver, channel = Sender(4, 1), Receiver(PATIENCE), Channel(losses, 3)
        datagrams = (data for packet in sent for data in sender.send(packet))
        found = [one for come in channel.carry(datagrams) for data in come for one in receiver.take(data)]
        assert len(found) > (595 if losses.burst == 1 else 450)
        assert set(found) <= set(sent)
        assert [one.pts for one in found] == sorted(one.pts for one in found)
        bare, _ = received(sent, losses, 4, 3)
        assert len(bare) < len(found) or losses.late


def test_what_mends_does_not_pile_up() -> None:
    pytest.importorskip("raptorq", reason="the extra fec is not installed")
    sender = Sender(4, 1)
    counts = [len(sender.send(Packet(bytes(900), k))) for k in range(200)]
    assert max(counts) < 12


def test_pieces_that_contradict_each_other_are_passed_over() -> None:
    pytest.importorskip("raptorq", reason="the extra fec is not installed")
    source = random.Random(9)
    one, other = (Sender(0, 1).send(Packet(source.randbytes(size), 1, True)) for size in (900, 1500))
    receiver = Receiver()
    assert receiver.take(one[0]) == []
    for data in other:
        assert receiver.take(data) == []
    assert receiver.damaged == len(other)
    assert [len(packet.payload) for data in one for packet in receiver.take(data)] == [900]


def test_a_link_that_cannot_be_is_refused() -> None:
    for wrong in ({"copies": -1}, {"copies": 65}, {"repair": 5}, {"repair": -0.1}):
        with pytest.raises(BadInput, match="copies and"):
            Sender(**wrong)


@pytest.mark.parametrize("wrong", [{"share": 1.0}, {"burst": 0.5}, {"bit_errors": 0.5}, {"by": 0}])
def test_conditions_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="the channel's"):
        Losses(**wrong)
