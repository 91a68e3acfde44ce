"""Streams of the predictive codec: what comes back, at which rate, and what damage does."""

import functools
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from predictive_clips import FPS, Make, coded

from genvc.entropy import SymbolEncoder
from genvc.errors import BadInput, CorruptStream, Unsupported
from genvc.learned.exact import FixedConv
from genvc.learned.probability import bits_of
from genvc.learned.quality import GRADES, grade_of, lagrangian, log_step
from genvc.models import full_name
from genvc.predictive.build import networks_of
from genvc.predictive.codec import MODEL, Predictive
from genvc.predictive.motion import measure
from genvc.predictive.networks import Networks
from genvc.types import Frame, Picture


def psnr(one: Picture, other: Picture) -> float:
    error = np.square(one.astype(float) - other).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def test_a_clip_comes_back_and_predicted_pictures_cost_less(codec: Make, clip: list[Frame]) -> None:
    payloads, shown, keys = coded(codec(quality=50), clip)
    assert keys == [True, *[False] * (len(clip) - 1)]
    assert min(psnr(frame.rgb, back.rgb) for frame, back in zip(clip, shown, strict=True)) > 28
    assert np.mean([len(payload) for payload in payloads[1:]]) < 0.6 * len(payloads[0])


def test_more_quality_is_more_bytes_and_less_error(codec: Make, clip: list[Frame]) -> None:
    sizes, errors = [], []
    for quality in (5, 25, 50, 75):
        payloads, shown, _ = coded(codec(quality=quality), clip[:3])
        sizes.append(sum(map(len, payloads)))
        errors.append(np.mean([psnr(f.rgb, s.rgb) for f, s in zip(clip, shown, strict=False)]))
    assert sizes == sorted(sizes)
    assert sizes[-1] > 3 * sizes[0]
    assert errors == sorted(errors)


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (17, 5), (31, 33), (1, 300), (130, 65)])
def test_pictures_of_any_size(codec: Make, talk: list[Picture], size: tuple[int, int]) -> None:
    wide, high = size
    tiled = np.tile(talk[0], (3, 3, 1))
    frames = [Frame(np.ascontiguousarray(tiled[i : i + high, i : i + wide]), i) for i in range(3)]
    _, shown, _ = coded(codec(quality=60), frames)
    for frame, back in zip(frames, shown, strict=True):
        assert back.rgb.shape == frame.rgb.shape
        assert psnr(frame.rgb, back.rgb) > 22


def test_noise_in_every_float_feature_changes_no_symbol(
    networks: Networks, codec: Make, clip: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decoder's float half is disturbed far more than any machine would: all integers stay the same."""
    made = codec(quality=40)
    info = made.describe(176, 144, FPS)
    packets = list(made.encode(iter(clip), info))
    seen: list[list[torch.Tensor]] = [[], []]

    def latents_of(kept: list[torch.Tensor]) -> list[Frame]:
        from genvc.predictive import networks as module

        read = module.read

        def spy(*arguments: Any) -> torch.Tensor:
            found = read(*arguments)
            kept.append(found)
            return found

        with monkeypatch.context() as patch:
            patch.setattr(module, "read", spy)
            return list(made.decode(packets, info))

    clean = latents_of(seen[0])
    forward = torch.nn.Conv2d.forward

    def noisy(self: Any, input: torch.Tensor) -> torch.Tensor:
        found = forward(self, input)
        return found if isinstance(self, FixedConv) else found + 1e-3 * torch.randn_like(found)

    monkeypatch.setattr(torch.nn.Conv2d, "forward", noisy)
    disturbed = latents_of(seen[1])
    assert len(seen[0]) == 2 * len(clip) - 1
    assert all(torch.equal(one, other) for one, other in zip(*seen, strict=True))
    assert any((one.rgb != other.rgb).any() for one, other in zip(clean, disturbed, strict=True))


def test_threads_and_bfloat16_decode_to_the_same_integers(
    networks: Networks, codec: Make, clip: list[Frame]
) -> None:
    made = codec(quality=40)
    info = made.describe(176, 144, FPS)
    packets = list(made.encode(iter(clip), info))
    states = []
    before = torch.get_num_threads()
    for threads, bfloat in ((1, False), (2, False), (2, True)):
        torch.set_num_threads(threads)
        last = None
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat):
            for packet in packets:
                last = networks.decode(packet.payload, 176, 144, [] if last is None else [last])
        assert last is not None
        states.append((last.state, last.motion_state))
    torch.set_num_threads(before)
    assert all(
        torch.equal(one, other) for state in states[1:] for one, other in zip(states[0], state, strict=True)
    )


def test_a_picture_decodes_without_later_packets(codec: Make, clip: list[Frame]) -> None:
    made = codec(quality=30)
    info = made.describe(176, 144, FPS)
    taken = 0

    def watched() -> Any:
        nonlocal taken
        for frame in clip:
            taken += 1
            yield frame

    packets = made.encode(watched(), info)
    for count, packet in enumerate(packets, 1):
        assert taken == count
        assert packet.pts == count - 1


GOP_OF_NINE = [0, 8, 4, 2, 6, 1, 3, 5, 7]


def test_pictures_between_others_come_after_both(codec: Make, talk: list[Picture]) -> None:
    made = codec(quality=40, gop="ra")
    info = made.describe(176, 144, FPS)
    frames = [Frame(rgb, 3 * index) for index, rgb in enumerate(talk[:12])]
    packets = list(made.encode(iter(frames), info))
    assert [packet.pts // 3 for packet in packets] == [*GOP_OF_NINE, 11, 9, 10]
    assert [packet.payload[0] // GRADES for packet in packets] == [0, 1, *[2] * 7, 1, 2, 2]
    shown = list(made.decode(packets, info))
    assert [frame.pts for frame in shown] == [frame.pts for frame in frames]
    assert min(psnr(one.rgb, other.rgb) for one, other in zip(frames, shown, strict=True)) > 28
    sizes = [len(packet.payload) for packet in packets]
    assert max(sizes[5:9]) < sizes[1]


def test_short_groups_wait_for_no_more_than_themselves(codec: Make, talk: list[Picture]) -> None:
    made = codec(quality=10, gop="ra")
    info = made.describe(176, 144, FPS)
    packets = list(made.encode((Frame(rgb, index) for index, rgb in enumerate(talk[:24])), info))
    given = 0

    def watched() -> Any:
        nonlocal given
        for packet in packets:
            given += 1
            yield packet

    for frame in made.decode(watched(), info):
        assert given <= frame.pts // 8 * 8 + 8 + 8 + 2


def test_periods_and_cuts_in_groups_with_pictures_between(
    codec: Make, talk: list[Picture], make_clip: Any
) -> None:
    other = [frame.rgb for frame in make_clip(176, 144, 6)]
    frames = [Frame(rgb, index) for index, rgb in enumerate([*talk[:6], *other])]
    made = codec(quality=40, gop="ra")
    info = made.describe(176, 144, FPS)
    packets = list(made.encode(iter(frames), info))
    assert [packet.pts for packet in packets if packet.key] == [0, 6]
    assert [frame.pts for frame in made.decode(packets, info)] == list(range(12))
    made = codec(quality=20, gop="ra16", period=10)
    frames = [Frame(rgb, index) for index, rgb in enumerate(talk)]
    packets = list(made.encode(iter(frames), made.describe(176, 144, FPS)))
    assert [packet.pts for packet in packets if packet.key] == [0, 10, 20]
    assert sorted(packet.pts for packet in packets) == list(range(24))


def test_pictures_that_lie_between_nothing_are_corrupt(codec: Make, talk: list[Picture]) -> None:
    made = codec(quality=10, gop="ra")
    info = made.describe(176, 144, FPS)
    frames = [Frame(rgb, index) for index, rgb in enumerate(talk[:9])]
    packets = list(made.encode(iter(frames), info))
    many = [replace(packets[2], pts=100 + index) for index in range(9)]
    for wrong in (
        [packets[0], packets[2]],
        [*packets[:2], replace(packets[2], pts=9)],
        [*packets[:3], packets[2]],
        [packets[0], replace(packets[1], pts=0)],
        [packets[0], replace(packets[1], pts=1000), *many],
    ):
        with pytest.raises(CorruptStream):
            list(made.decode(wrong, info))
    low = codec(quality=10)
    with pytest.raises(CorruptStream):
        list(made.decode(packets, low.describe(176, 144, FPS)))


def test_effort_lowers_the_cost(talk: list[Picture]) -> None:
    shipped = networks_of(full_name(MODEL), torch.device("cpu"))
    first = [shipped.encode_intra(talk[0], 30, effort) for effort in (0, 4)]
    assert first[1].cost < first[0].cost
    both = [shipped.encode_predicted(talk[3], 30, first[0], effort) for effort in (0, 4)]
    assert both[1].cost <= both[0].cost
    between = [shipped.encode_between(talk[1], 24, first[0], both[0], effort) for effort in (0, 4)]
    assert between[1].cost < 1.01 * between[0].cost


def test_motion_is_measured_where_there_is_some(talk: list[Picture]) -> None:
    """Of a half that has moved the flow says the way; coding errors of the reference are not motion."""
    still = talk[0]
    moved = still.copy()
    moved[:, 80:] = np.roll(still, 3, 1)[:, 80:]
    rough = np.clip(cv2.blur(still, (5, 5)).astype(int) // 24 * 24 + 12, 0, 255).astype(np.uint8)
    worth = lagrangian(2**7.0)
    flow = measure(moved, rough, still, worth)
    assert flow.shape == (2, 36, 44)
    assert np.median(flow[:, 4:-4, 26:-6], (1, 2)) == pytest.approx((-3, 0), abs=0.2)
    assert not flow[:, :, :16].any()
    assert not measure(still, rough, still, worth).any()


def test_a_still_scene_costs_almost_nothing(talk: list[Picture]) -> None:
    shipped = networks_of(full_name(MODEL), torch.device("cpu"))
    made = [shipped.encode_intra(talk[0], 24)]
    for _ in range(8):
        made.append(shipped.encode_predicted(talk[0], 18, made[-1]))
    assert sum(len(one.payload) for one in made[1:]) < 0.4 * len(made[0].payload)
    first, last = (psnr(talk[0], shipped.rgb(one.reference, 176, 144)) for one in (made[0], made[-1]))
    assert last > first - 1.5


def test_a_picture_that_comes_again_costs_a_byte(codec: Make, talk: list[Picture]) -> None:
    order = [0, 0, 0, 4, 4, 8]
    frames = [Frame(talk[number], index) for index, number in enumerate(order)]
    for gop in ("ld", "ra"):
        payloads, shown, _ = coded(codec(quality=30, gop=gop), frames)
        assert len(shown) == len(frames)
        if gop == "ld":
            sizes = [len(payload) for payload in payloads]
            assert [size == 1 for size in sizes] == [False, True, True, False, True, False]
            assert (shown[0].rgb == shown[2].rgb).all()
            assert (shown[3].rgb == shown[4].rgb).all()


def test_a_repetition_holds_nothing_else(networks: Networks, talk: list[Picture]) -> None:
    key = networks.encode_intra(talk[0], 20).reference
    assert networks.decode(bytes([3 * GRADES]), 176, 144, [key]) is key
    for wrong, starts in ((bytes([3 * GRADES, 0]), [key]), (bytes([3 * GRADES]), [])):
        with pytest.raises(CorruptStream):
            networks.decode(wrong, 176, 144, starts)


def test_a_cut_starts_anew(codec: Make, talk: list[Picture], make_clip: Any) -> None:
    other = [frame.rgb for frame in make_clip(176, 144, 3)]
    frames = [Frame(rgb, index) for index, rgb in enumerate([*talk[:3], *other])]
    _, _, keys = coded(codec(quality=40), frames)
    assert keys == [True, False, False, True, False, False]


def test_real_bits_are_the_cross_entropy(
    codec: Make, talk: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a hundredth of what the Laplace distributions of the coded numbers say."""
    put, finish = SymbolEncoder.put_array, SymbolEncoder.finish
    bits: dict[int, float] = {}
    wanted: dict[bytes, float] = {}  # of each finished packet; some are only tried

    def counted(self: SymbolEncoder, values: Any, indices: Any, tables: Any) -> None:
        scales = torch.from_numpy(np.asarray(indices)) / 6 - 4
        more = float(bits_of(torch.from_numpy(np.asarray(values)).double(), scales.double()).sum())
        bits[id(self)] = bits.get(id(self), 0.0) + more
        put(self, values, indices, tables)

    def finished(self: SymbolEncoder) -> bytes:
        made = finish(self)
        wanted[made] = bits.pop(id(self))
        return made

    monkeypatch.setattr(SymbolEncoder, "put_array", counted)
    monkeypatch.setattr(SymbolEncoder, "finish", finished)
    payloads, _, _ = coded(codec(quality=50), [Frame(rgb, index) for index, rgb in enumerate(talk[:3])])
    ideal = sum(wanted[payload[1:]] for payload in payloads)
    assert 8 * sum(map(len, payloads)) == pytest.approx(ideal, rel=0.01)


def test_damage_is_noticed_or_gives_a_picture(codec: Make, clip: list[Frame]) -> None:
    made = codec(quality=20)
    info = made.describe(176, 144, FPS)
    packets = list(made.encode(iter(clip[:2]), info))
    dice = np.random.default_rng(5)
    for trial in range(40):
        payload = bytearray(packets[trial % 2].payload)
        payload[int(dice.integers(len(payload)))] ^= 1 << int(dice.integers(8))
        damaged = [packets[0], packets[1]]
        damaged[trial % 2] = replace(packets[trial % 2], payload=bytes(payload))
        try:
            shown = list(made.decode(damaged, info))
        except CorruptStream:
            continue
        assert all(frame.rgb.shape == (144, 176, 3) for frame in shown)


def test_what_no_encoder_writes_is_corrupt(codec: Make, clip: list[Frame]) -> None:
    made = codec()
    info = made.describe(176, 144, FPS)
    packets = list(made.encode(iter(clip[:2]), info))
    for wrong in (
        [replace(packets[0], payload=b"")],
        [replace(packets[0], payload=b"\xff" + packets[0].payload[1:])],
        [packets[1]],
    ):
        with pytest.raises(CorruptStream):
            list(made.decode(wrong, info))
    with pytest.raises(CorruptStream):
        list(made.decode(packets, replace(info, params=b"")))


@pytest.mark.parametrize(
    "options",
    [
        {"quality": 101},
        {"quality": 5, "bitrate": 5},
        {"bytes": 1.5},
        {"period": -1},
        {"bitrate": "x"},
        {"gop": "x"},
        {"effort": -1},
    ],
)
def test_options_that_make_no_sense_are_refused(codec: Make, options: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        codec(**options)


def test_a_picture_beyond_the_limit_is_refused(codec: Make) -> None:
    with pytest.raises(Unsupported):
        codec().describe(4096, 4112, FPS)
    codec().describe(4096, 4096, FPS)
    for more in ({"effort": 1}, {"gop": "ra"}):
        codec(**more).describe(2048, 2048, FPS)
        with pytest.raises(Unsupported):
            codec(**more).describe(2048, 2064, FPS)
    info = codec(gop="ra").describe(64, 64, FPS)
    with pytest.raises(CorruptStream):
        list(codec().decode([], replace(info, width=4096, height=4096)))


def test_the_model_is_chosen_by_the_rate(networks: Networks) -> None:
    def chosen(**options: Any) -> str:
        return Predictive(lambda _: networks, ("error", "eye"), **options).describe(100, 100, FPS).model

    assert chosen() == "error"
    assert [chosen(quality=value) for value in (0, 44.9, 45)] == ["eye", "eye", "error"]
    assert [chosen(bitrate=bits * float(FPS) * 100**2) for bits in (0.099, 0.101)] == ["eye", "error"]
    assert [chosen(bytes=count) for count in (124, 125)] == ["eye", "error"]


def test_bands_give_what_the_whole_picture_gives(
    networks: Networks, talk: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    from genvc.predictive import networks as module

    # 20 rows of latents in bands of 4
    tall = [np.concatenate([rgb, rgb[::-1], rgb[:32]]) for rgb in talk[:3]]

    def coded() -> list[Any]:
        key = networks.encode_intra(tall[0], 20)
        later = networks.encode_predicted(tall[2], 18, key)
        return [key, later, networks.encode_between(tall[1], 14, key, later)]

    whole = coded()
    narrow = functools.partial(module.in_bands, pixels=4 * 16 * 176)
    monkeypatch.setattr(module, "in_bands", narrow)
    for one, other in zip(whole, coded(), strict=True):
        assert torch.allclose(one.reference.picture, other.reference.picture, atol=1e-4)
        assert torch.allclose(one.reference.features, other.reference.features, atol=1e-4)
        assert abs(len(one.payload) - len(other.payload)) <= 2


def test_grades_span_the_qualities() -> None:
    assert [grade_of(quality) for quality in (0, 50, 100)] == [0, 32, GRADES - 1]
    steps = [log_step(grade) for grade in range(GRADES)]
    assert steps == sorted(steps, reverse=True)
    assert all(step * 128 == int(step * 128) for step in steps)
    assert lagrangian(20) == 4 * lagrangian(10)
