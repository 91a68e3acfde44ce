"""Whatever bytes come in, there come pictures or an error of ours: no crash, no hang, no flood of memory."""

import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import genvc
from genvc.errors import CorruptStream, GenvcError, ModelNotFound, Unsupported
from genvc.inner import Inner
from genvc.types import Frame, Packet, Picture, StreamInfo
from keypoints import header, payload
from keypoints.codec import KeyPoints
from keypoints.motion import Grid, MotionBasis
from keypoints.structure import POSE, Integers, Structure
from keypoints.syntax import PictureRecord, ReferenceRecord, State, Writer, picture, reference

SIDE = 96
MOST_SECONDS = 10.0
MOST_KIBIBYTES = 400 << 10


@pytest.fixture(scope="module")
def codec() -> KeyPoints:
    made = genvc.create("keypoints", device="cpu", quality=15)
    assert isinstance(made, KeyPoints)
    return made


@pytest.fixture(scope="module")
def stream(
    codec: KeyPoints, talk: list[Picture], scenery: Callable[..., Picture]
) -> tuple[StreamInfo, list[Packet]]:
    """Three pictures of a face, then three of a landscape, whose reference comes in the fourth packet."""
    faces = [rgb[24 : 24 + SIDE, 40 : 40 + SIDE] for rgb in talk[:9:3]]
    hills = scenery(SIDE + 4, SIDE)
    pictures = [*faces, *(hills[:, shift : shift + SIDE] for shift in (0, 2, 4))]
    info = codec.describe(SIDE, SIDE, Fraction(25))
    packets = list(codec.encode([Frame(rgb, index) for index, rgb in enumerate(pictures)], info))
    assert [len(packet.payload) >= 200 for packet in packets] == [True, False, False, True, False, False]
    return info, packets


def shown(codec: KeyPoints, packets: Iterable[Packet], info: StreamInfo) -> int:
    """How many pictures come before the end or a GenvcError; anything else fails the test."""
    count = 0
    started = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        for frame in codec.decode(iter(packets), info):
            assert frame.rgb.shape == (info.height, info.width, 3)
            assert frame.rgb.dtype == np.uint8
            count += 1
    except GenvcError as error:
        said = str(error)
    else:
        said = ""
    assert "\n" not in said
    assert time.perf_counter() - started < MOST_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_KIBIBYTES
    return count


def with_payload(packets: list[Packet], place: int, data: bytes) -> list[Packet]:
    return [*packets[:place], replace(packets[place], payload=data), *packets[place + 1 :]]


def test_an_undamaged_stream_shows_all_its_pictures(
    codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]]
) -> None:
    info, packets = stream
    assert shown(codec, packets, info) == len(packets)


@pytest.mark.parametrize("place", [0, 1, 3, 4])
def test_flipped_bits_give_pictures_or_an_error(
    codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]], place: int
) -> None:
    info, packets = stream
    random = np.random.default_rng(place)
    data = packets[place].payload
    for _ in range(20):
        damaged = bytearray(data)
        for _ in range(int(random.integers(1, 4))):
            damaged[int(random.integers(len(data)))] ^= 1 << int(random.integers(8))
        shown(codec, with_payload(packets[: place + 2], place, bytes(damaged)), info)


@pytest.mark.parametrize("place", [0, 3])
@pytest.mark.parametrize("part", ["pixels", "numbers"])
def test_each_part_of_a_reference_can_be_damaged_on_its_own(
    codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]], place: int, part: str
) -> None:
    """The picture inside is AV1: its decoder gets bytes that no encoder wrote, in a sound frame."""
    info, packets = stream
    key = packets[place].key
    pixels, numbers = payload.split(packets[place].payload, key)
    random = np.random.default_rng(17)
    for trial in range(40):
        damaged = bytearray(pixels if part == "pixels" else numbers)
        if trial % 4 == 3:
            damaged = bytearray(random.bytes(len(damaged)))
        elif trial % 4 == 2:
            del damaged[int(random.integers(len(damaged))) :]
        else:
            damaged[int(random.integers(min(40, len(damaged))))] ^= 1 << int(random.integers(8))
        both = (bytes(damaged), numbers) if part == "pixels" else (pixels, bytes(damaged))
        shown(codec, with_payload(packets[: place + 2], place, payload.join(*both, key)), info)


@pytest.mark.parametrize("place", [0, 1, 3, 4])
def test_truncations_give_pictures_or_an_error(
    codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]], place: int
) -> None:
    info, packets = stream
    data = packets[place].payload
    ends = {0, 1, 2, len(data) - 1, *np.linspace(0, len(data) - 1, 8).astype(int).tolist()}
    for end in sorted(ends):
        shown(codec, with_payload(packets[: place + 1], place, data[:end]), info)


@pytest.mark.parametrize("key", [True, False])
def test_random_bytes_give_pictures_or_an_error(
    codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]], key: bool
) -> None:
    info, packets = stream
    random = np.random.default_rng(23)
    for trial in range(80):
        data = random.bytes(int(random.integers(1, 2 << trial % 10)))
        noise = Packet(data, 1, key)
        shown(codec, [noise] if key else [packets[0], noise], info)


def test_any_integers_that_may_be_written_can_be_shown(
    codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]]
) -> None:
    """Fields and faces that no camera ever saw: what the exact half lets in, the free half must take."""
    info, packets = stream
    pixels, _ = payload.split(packets[0].payload, True)
    random = np.random.default_rng(29)
    grid = Grid(SIDE, SIDE)
    numbers = POSE + codec.basis.expression
    for size in (1, 50, 2000, 1 << 15):

        def some(*shape: int, most: int = size) -> Integers:
            return random.integers(-most, most + 1, shape)

        for _ in range(6):
            writer, state = Writer(), State.start(codec.basis.expression, codec.basis.identity)
            spectra = some(4, 2, grid.high * grid.wide)
            spectra[:, :, np.setdiff1d(np.arange(grid.high * grid.wide), grid.order)] = 0
            motion = MotionBasis(spectra.reshape(4, 2, grid.high, grid.wide), random.integers(0, 256, 4), 0)
            face = Structure(some(numbers), some(codec.basis.identity))
            reference(writer, state, grid, ReferenceRecord(0, face, motion))
            hostile = []
            for index in range(4):
                picture(writer, state, PictureRecord(0, some(numbers, most=size // 2), some(4)))
                coded = payload.join(pixels if index == 0 else b"", writer.coder.finish(), index == 0)
                hostile.append(Packet(coded, index, index == 0))
                writer = Writer()
            # a packet that got long looks as if it brought a picture
            assert shown(codec, hostile, info) >= 1


def test_packets_lost_doubled_or_in_another_order_give_pictures_or_an_error(
    codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]]
) -> None:
    info, packets = stream
    random = np.random.default_rng(31)
    for _ in range(25):
        order = random.integers(0, len(packets), len(packets))
        shown(codec, [packets[place] for place in order], info)
    for place in range(len(packets)):
        shown(
            codec, [replace(packet, key=packet.key != (n == place)) for n, packet in enumerate(packets)], info
        )


def test_packets_before_the_first_key_packet_are_corrupt(
    codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]]
) -> None:
    info, packets = stream
    with pytest.raises(CorruptStream):
        next(codec.decode(iter(packets[1:]), info))


def test_a_key_packet_without_a_picture_is_corrupt(
    codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]]
) -> None:
    info, packets = stream
    _, numbers = payload.split(packets[0].payload, True)
    with pytest.raises(CorruptStream):
        next(codec.decode([Packet(payload.join(b"", numbers, True), 0, True)], info))


# zeros may fill a packet that is not key, so they are damage in a key packet only
BEHIND = [(0, b"\0"), *((place, more) for place in (0, 1, 3) for more in (b"\x55", b"\xff" * 40))]


@pytest.mark.parametrize(("place", "more"), BEHIND)
def test_bytes_behind_the_numbers_are_corrupt(
    codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]], place: int, more: bytes
) -> None:
    info, packets = stream
    longer = with_payload(packets[: place + 1], place, packets[place].payload + more)
    with pytest.raises(CorruptStream):
        list(codec.decode(longer, info))


def test_side_tracks_are_passed_over(codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]]) -> None:
    info, packets = stream
    mixed = [part for packet in packets for part in (packet, Packet(b"\xff" * 9, packet.pts, True, 2))]
    plain = [frame.rgb for frame in codec.decode(packets, info)]
    found = [frame.rgb for frame in codec.decode(mixed, info)]
    assert all(np.array_equal(a, b) for a, b in zip(plain, found, strict=True))


def test_mutated_params_give_pictures_or_an_error(
    codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]]
) -> None:
    info, packets = stream
    random = np.random.default_rng(37)
    for trial in range(80):
        params = bytearray(info.params)
        if trial % 2:
            params[int(random.integers(len(params)))] ^= 1 << int(random.integers(8))
        else:
            params = bytearray(random.bytes(int(random.integers(0, 40))))
        shown(codec, packets[:2], replace(info, params=bytes(params)))


@pytest.mark.parametrize("name", [name for name in genvc.codec_names() if name != "avif"])
def test_a_key_codec_that_does_not_know_the_bytes_is_an_error(
    codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]], name: str
) -> None:
    info, packets = stream
    params = header.pack(Inner(name, "", b""))
    shown(codec, packets[:2], replace(info, params=params))


def test_a_key_codec_that_is_not_installed_is_named(
    codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]]
) -> None:
    info, packets = stream
    params = header.pack(Inner("no-such-codec", "", b""))
    with pytest.raises(GenvcError, match="no-such-codec"):
        list(codec.decode(packets, replace(info, params=params)))


def test_keypoints_inside_keypoints_does_not_go_down_for_ever(
    codec: KeyPoints, stream: tuple[StreamInfo, list[Packet]]
) -> None:
    info, packets = stream
    params = header.pack(Inner("avif", "", b""))
    while len(params) < 60_000:
        params = header.pack(Inner("keypoints", "", params))
    with pytest.raises((CorruptStream, Unsupported)):
        list(codec.decode(packets, replace(info, params=params)))


def test_a_model_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelNotFound, match="face-basis"):
        genvc.create("keypoints", "face-basis@00000000")
