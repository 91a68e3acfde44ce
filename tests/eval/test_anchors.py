"""Classical codecs as codecs: their streams are real and whole, sizes are met, settings are recorded."""

import itertools
import os
import stat
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest

from eval.anchors.vvc import stored_streams
from genvc import codec_names, create, media
from genvc.errors import BadInput, CorruptStream, ModelNotFound, Unsupported
from genvc.types import Frame, Packet

FPS = Fraction(25)
VIDEO = ["x264", "x264-ld", "x265", "x265-ld", "av1", "av1-ld", "vp9", "vp9-ld"]
STILLS = ["jpeg", "webp", "jpegxl"]
DEMUXERS = {"x264": "h264", "x265": "hevc", "av1": "obu"}


def encoded(codec, frames):
    height, width = frames[0].rgb.shape[:2]
    info = codec.describe(width, height, FPS)
    return info, list(codec.encode(iter(frames), info))


def size(packets):
    return sum(len(packet.payload) for packet in packets)


def psnr(frames, others):
    error = np.mean(
        [np.square(a.rgb.astype(float) - b.rgb).mean() for a, b in zip(frames, others, strict=True)]
    )
    return 10 * np.log10(255**2 / error)


def still(name, **options):
    codec = create(name, **options)
    try:
        encoded(codec, [Frame(np.zeros((16, 16, 3), np.uint8), 0)])
    except Unsupported as error:
        pytest.skip(str(error))
    return codec


@pytest.fixture(scope="module")
def talking(carphone):
    frames = media.frames(carphone)[1]
    return list(itertools.islice(frames, 24))


@pytest.mark.parametrize("name", VIDEO)
def test_a_clip_comes_back_in_order_and_looks_alike(name, talking):
    codec = create(name, quality=60)
    info, packets = encoded(codec, talking)
    decoded = list(codec.decode(iter(packets), info))
    assert [frame.pts for frame in decoded] == [frame.pts for frame in talking]
    assert psnr(talking, decoded) > 28
    assert size(packets) < sum(frame.rgb.size for frame in talking) / 40


@pytest.mark.parametrize("name", [name for name in VIDEO if name.endswith("-ld")])
def test_low_delay_shows_a_picture_for_every_packet_as_it_comes(name, talking):
    codec = create(name, quality=40)
    info, packets = encoded(codec, talking)
    assert [packet.pts for packet in packets] == list(range(len(talking)))
    taken = 0

    def counting():
        nonlocal taken
        for packet in packets:
            taken += 1
            yield packet

    for shown, _ in enumerate(codec.decode(counting(), info), 1):
        # libavcodec's H.264 and HEVC decoders hold one picture back until the next packet
        assert taken <= shown + 1


@pytest.mark.parametrize("name", VIDEO)
def test_there_is_one_key_picture_and_it_comes_first(name, talking):
    _, packets = encoded(create(name, quality=30), talking)
    assert [packet.key for packet in packets].index(True) == 0
    assert sum(packet.key for packet in packets) == 1


@pytest.mark.parametrize("name", ["x264", "x265"])
def test_the_encoders_message_about_itself_is_not_in_the_stream(name, talking):
    _, packets = encoded(create(name, quality=10), talking[:4])
    stream = b"".join(packet.payload for packet in packets)
    assert b"x264" not in stream
    assert b"x265" not in stream


@pytest.mark.parametrize("name", ["x264", "x265", "av1"])
def test_the_packets_are_a_stream_that_another_reader_takes(name, talking, tmp_path):
    _, packets = encoded(create(name, quality=50), talking)
    # what a file of this format has and our count leaves out: AV1's temporal delimiters
    head = b"\x12\x00" if name == "av1" else b""
    file = tmp_path / "stream.bin"
    file.write_bytes(b"".join(head + packet.payload for packet in packets))
    with av.open(str(file), format=DEMUXERS[name]) as opened:
        theirs = sum(1 for _ in opened.decode(video=0))
    assert theirs == len(talking)


@pytest.mark.parametrize("name", ["x264", "x265", "av1", "vp9"])
def test_more_quality_is_more_bytes_and_a_better_picture(name, talking):
    found = []
    for quality in (10, 50, 90):
        codec = create(name, quality=quality)
        info, packets = encoded(codec, talking)
        found.append((size(packets), psnr(talking, list(codec.decode(iter(packets), info)))))
    assert found == sorted(found)


@pytest.mark.parametrize(("name", "rate"), [("x264", 40_000), ("x265-ld", 40_000), ("av1", 40_000)])
def test_a_bit_rate_is_met_within_a_step_of_the_quantiser(name, rate, talking):
    _, packets = encoded(create(name, bitrate=rate), talking)
    assert size(packets) * 8 / (len(talking) / 25) == pytest.approx(rate, rel=0.12)


def test_a_size_is_met_and_the_quantizer_that_does_it_is_told(talking):
    codec = create("x264", bytes=6000)
    info, packets = encoded(codec, talking)
    assert size(packets) == pytest.approx(6000, rel=0.06)
    quantizer = codec.quantizer_for(lambda: iter(talking), info, len(talking))
    again = encoded(create("x264", quantizer=quantizer), talking)[1]
    assert [packet.payload for packet in again] == [packet.payload for packet in packets]
    assert create("x264", quantizer=30).quantizer_for(lambda: iter(talking), info, 24) is None


@pytest.mark.parametrize("name", ["x264", "x265", "av1", "vp9"])
def test_two_encodes_are_the_same_bytes(name, talking):
    one, two = (encoded(create(name, quality=30), talking)[1] for _ in range(2))
    assert [packet.payload for packet in one] == [packet.payload for packet in two]


@pytest.mark.parametrize("name", STILLS)
def test_stills_meet_a_size_and_come_back(name, make_clip):
    picture = make_clip(200, 152, 1)
    codec = still(name, bytes=3000)
    info, packets = encoded(codec, picture)
    assert size(packets) == pytest.approx(3000, rel=0.25)
    assert psnr(picture, list(codec.decode(iter(packets), info))) > 25


@pytest.mark.parametrize("name", STILLS)
def test_a_still_of_another_size_is_corrupt(name, make_clip):
    codec = still(name, quality=50)
    _, packets = encoded(codec, make_clip(64, 48, 1))
    with pytest.raises(CorruptStream):
        list(codec.decode(iter(packets), codec.describe(64, 64, FPS)))


@pytest.mark.parametrize("name", ["x264", "vp9", "jpeg"])
def test_options_that_are_none_are_refused(name):
    with pytest.raises(BadInput, match="has no option 'speed'; it has: quantizer"):
        create(name, speed=3)
    with pytest.raises(BadInput, match="takes one of"):
        create(name, quality=3, bytes=100)
    for options in ({"quality": 101}, {"bitrate": 0}, {"bytes": -1}, {"quality": "good"}, {"quality": True}):
        with pytest.raises(BadInput):
            create(name, **options)
    with pytest.raises(ModelNotFound):
        create(name, model="big")


@pytest.mark.parametrize("name", ["x264", "x265", "av1", "vp9"])
def test_a_cut_stream_is_said_to_be_cut(name, talking):
    codec = create(name, quality=30)
    info, packets = encoded(codec, talking)
    with pytest.raises(CorruptStream):
        list(codec.decode(iter([Packet(packets[0].payload[:9], 0, True), *packets[1:]]), info))


def test_settings_and_versions_are_recorded():
    from eval.versions import versions

    for name in VIDEO:
        assert create(name).about()["settings"]
    found = versions()
    assert {"pyav", "libavcodec", "webp"} <= set(found)


# ---------------------------------------------------------------- VVC


def test_stored_streams_are_found_by_the_clips_name(tmp_path, monkeypatch):
    for name in ("faces/one_qp42", "faces/one_qp57", "video/one_qp37", "faces/one_more_qp42"):
        file = tmp_path / "vvc" / f"{name}.266"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    monkeypatch.setenv("GENVC_ANCHORS", str(tmp_path))
    assert sorted(stored_streams("data/faces/test/one.mp4")) == [42, 57]
    assert sorted(stored_streams("data/video/test/one.mkv")) == [37]
    assert sorted(stored_streams("one_more.mp4")) == [42]
    assert stored_streams("[x].mp4") == {}
    monkeypatch.delenv("GENVC_ANCHORS")
    assert stored_streams("data/faces/test/one.mp4") == {}


def test_without_a_stream_or_an_encoder_vvc_says_so(monkeypatch, make_clip):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unsupported, match=r"no stored VVC stream at QP 40 .* no vvencapp"):
        encoded(create("vvc", quantizer=40), make_clip(64, 64, 2))
    with pytest.raises(BadInput, match="cannot search for a size"):
        create("vvc", bytes=1000)


def face(data, anchors):
    clip = data / "faces" / "test" / "face_0003_a.mp4"
    if not clip.is_file() or not stored_streams(clip):
        pytest.skip("no face_0003_a with its VVC streams")
    return clip


def test_a_stored_vvc_stream_has_the_clips_frames_in_the_right_colours(data, anchors):
    clip = face(data, anchors)
    info, frames = media.frames(clip)
    frames = list(frames)
    best = min(stored_streams(clip))
    codec = create("vvc", clip=clip, quantizer=best)
    header = codec.describe(info.width, info.height, info.fps)
    packets = list(codec.encode(iter(frames), header))
    assert size(packets) == stored_streams(clip)[best].stat().st_size
    decoded = list(codec.decode(iter(packets), header))
    # with the other matrix, BT.709, it is 38.1
    assert psnr(frames, decoded) > 39.3


def test_a_stored_stream_of_another_length_is_refused(data, anchors):
    clip = face(data, anchors)
    info, frames = media.frames(clip)
    codec = create("vvc", clip=clip, quantizer=max(stored_streams(clip)))
    with pytest.raises(BadInput, match="has 350 pictures, the clip 10"):
        list(codec.encode(itertools.islice(frames, 10), codec.describe(info.width, info.height, info.fps)))


def test_vvencapp_on_the_path_is_run(data, anchors, tmp_path, monkeypatch, make_clip):
    """A stand-in for the encoder: it checks what it was given and hands out a stored stream."""
    kodak = anchors / "vvc" / "photos" / "kodim01_qp42.266"
    if not kodak.is_file():
        pytest.skip("no stored stream of kodim01")
    program = tmp_path / "vvencapp"
    program.write_text(
        f"#!{sys.executable}\n"
        "import os, shutil, sys\n"
        "said = dict(zip(sys.argv[1::2], sys.argv[2::2]))\n"
        "assert said['--size'] == '768x512' and said['--qp'] == '42' and said['--framerate'] == '25', said\n"
        "assert os.path.getsize(said['--input']) == 768 * 512 * 3 // 2\n"
        f"shutil.copy({str(kodak)!r}, said['--output'])\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    codec = create("vvc", quantizer=42)
    info, packets = encoded(codec, make_clip(768, 512, 1))
    assert size(packets) == kodak.stat().st_size
    assert next(iter(codec.decode(iter(packets), info))).rgb.shape == (512, 768, 3)
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('no such preset')\n")
    with pytest.raises(Unsupported, match="vvencapp failed: no such preset"):
        encoded(codec, make_clip(64, 64, 1))


def test_the_list_of_codecs_does_not_import_them():
    assert set(VIDEO) | set(STILLS) | {"vvc", "avif"} <= set(codec_names())
    code = "import sys, genvc; genvc.codec_names(); assert not {'eval', 'av', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
