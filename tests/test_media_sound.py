"""Sound goes through a stream as Opus and comes out beside the pictures."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import genvc
from genvc import container, media
from genvc.errors import BadInput, CorruptStream
from genvc.media.sound import samples

SECONDS, TONE = 2, 440


def write_clip(path: Path, make_clip: Any, codec: str, layout: str = "stereo") -> Path:
    """Two seconds of pictures and of a tone."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 48, 32, "yuv420p"
        sound: Any = out.add_stream(codec, rate=48000)
        sound.codec_context.layout = layout
        for frame in make_clip(48, 32, 25 * SECONDS):
            made = av.VideoFrame.from_ndarray(frame.rgb, format="rgb24")
            made.pts, made.time_base = frame.pts, Fraction(1, 25)
            out.mux(video.encode(made))
        out.mux(video.encode(None))
        time = np.arange(48000 * SECONDS) / 48000
        wave = (np.sin(2 * np.pi * TONE * time) * 8000).astype(np.int16)
        channels = 1 if layout == "mono" else 2
        for start in range(0, len(wave), 960):
            part = np.repeat(wave[start : start + 960], channels)[None]
            made = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
            made.sample_rate, made.pts, made.time_base = 48000, start, Fraction(1, 48000)
            out.mux(sound.encode(made))
        out.mux(sound.encode(None))
    return path


def heard(path: Path) -> tuple[float, float]:
    """Seconds of sound in a file, and the pitch it has."""
    with av.open(str(path)) as opened:
        wave = np.concatenate([frame.to_ndarray()[0] for frame in opened.decode(audio=0)]).astype(float)
        rate = opened.streams.audio[0].rate
    second = wave[: int(rate)]
    return len(wave) / rate, float(np.abs(np.fft.rfft(second)).argmax())


@pytest.mark.parametrize(("codec", "layout"), [("aac", "stereo"), ("libopus", "mono"), ("flac", "mono")])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_sound_survives_the_round_trip(
    tmp_path: Path, make_clip: Any, codec: str, layout: str, suffix: str
) -> None:
    source = write_clip(tmp_path / "in.mkv", make_clip, codec, layout)
    stream, out = tmp_path / "a.gvc", tmp_path / f"out.{suffix}"
    genvc.encode_file(source, stream, "avif", audio=True, options={"speed": 10})
    genvc.decode_file(stream, out)
    length, pitch = heard(out)
    assert length == pytest.approx(SECONDS, abs=0.1)
    assert abs(pitch - TONE) <= 2
    assert sum(1 for _ in media.frames(out)[1]) == 25 * SECONDS


def test_opus_is_passed_through_untouched(tmp_path: Path, make_clip: Any) -> None:
    source = write_clip(tmp_path / "in.mkv", make_clip, "libopus")
    with av.open(str(source)) as opened:
        before = [bytes(packet) for packet in opened.demux(audio=0) if packet.size]
    stream = tmp_path / "a.gvc"
    genvc.encode_file(source, stream, "avif", audio=True, options={"speed": 10})
    reader = container.Reader(stream)
    assert reader.tracks[0].codec == "opus"
    assert reader.tracks[0].rate == 50
    after = [packet.payload for packet in reader.packets() if packet.track == 1]
    assert after == before


def test_other_sound_is_coded_at_sixteen_kilobits(tmp_path: Path, make_clip: Any) -> None:
    sound = media.sound_of(write_clip(tmp_path / "in.mkv", make_clip, "aac"))
    assert sound is not None
    packets = list(sound.packets)
    assert [packet.pts for packet in packets] == list(range(len(packets)))
    assert 8000 < sum(len(packet.payload) for packet in packets) * 8 / SECONDS < 24000


def test_sound_is_sent_beside_its_pictures(tmp_path: Path, make_clip: Any) -> None:
    source, stream = write_clip(tmp_path / "in.mkv", make_clip, "aac"), tmp_path / "a.gvc"
    genvc.encode_file(source, stream, "avif", audio=True, options={"speed": 10})
    reader = container.Reader(stream)
    shown = 0.0
    for packet in reader.packets():
        if packet.track == 0:
            shown = packet.pts / 25
        elif shown < SECONDS - 0.1:
            assert abs(packet.pts / reader.tracks[0].rate - shown) < 0.1


def test_sound_is_only_sent_when_asked_for(tmp_path: Path, make_clip: Any) -> None:
    source, stream = write_clip(tmp_path / "in.mkv", make_clip, "aac"), tmp_path / "a.gvc"
    genvc.encode_file(source, stream, "avif", options={"speed": 10})
    assert container.Reader(stream).tracks == []


def test_silent_clips_and_pictures_have_no_sound(tmp_path: Path, make_clip: Any) -> None:
    for name in ("a.mkv", "a.png"):
        media.write(tmp_path / name, make_clip(16, 16, 1), Fraction(25))
        assert media.sound_of(tmp_path / name) is None
    stream = tmp_path / "a.gvc"
    genvc.encode_file(tmp_path / "a.mkv", stream, "avif", audio=True, options={"speed": 10})
    assert container.Reader(stream).tracks == []
    with pytest.raises(BadInput, match="pipe"):
        media.sound_of("-")


def test_targets_without_sound_pass_over_it(tmp_path: Path, make_clip: Any) -> None:
    source, stream = write_clip(tmp_path / "in.mkv", make_clip, "aac"), tmp_path / "a.gvc"
    genvc.encode_file(source, stream, "avif", audio=True, options={"speed": 10})
    assert genvc.decode_file(stream, tmp_path / "a.y4m").frames == 25 * SECONDS
    assert genvc.decode_file(stream, None).frames == 25 * SECONDS


@pytest.mark.parametrize("head", [b"", b"OpusHead", b"OpusHead" + b"\xff" * 20])
def test_a_damaged_head_is_corrupt(tmp_path: Path, make_clip: Any, head: bytes) -> None:
    codec = genvc.create("avif", speed=10)
    info = codec.describe(16, 16, Fraction(25))
    packets = [*codec.encode(make_clip(16, 16, 1), info), genvc.Packet(b"\xff\xff", 0, track=1)]
    stream = tmp_path / "a.gvc"
    container.write(stream, info, packets, [container.Track("opus", Fraction(50), head)])
    with pytest.raises(CorruptStream, match="sound"):
        genvc.decode_file(stream, tmp_path / "a.mp4")
    assert not (tmp_path / "a.mp4").exists()


def test_garbage_for_sound_does_not_stop_the_pictures(tmp_path: Path, make_clip: Any) -> None:
    head = b"OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0"
    codec = genvc.create("avif", speed=10)
    info = codec.describe(16, 16, Fraction(25))
    random = np.random.default_rng(4)
    noise = [random.integers(0, 256, size, np.uint8).tobytes() for size in (0, 1, 2, 50, 300)]
    sound = [genvc.Packet(payload, place, track=1) for place, payload in enumerate(noise)]
    container.write(
        tmp_path / "a.gvc",
        info,
        [*codec.encode(make_clip(16, 16, 3), info), *sound],
        [container.Track("opus", Fraction(50), head)],
    )
    for suffix in ("mp4", "mkv"):
        assert genvc.decode_file(tmp_path / "a.gvc", tmp_path / f"a.{suffix}").frames == 3


@pytest.mark.parametrize(
    ("packet", "length"),
    [(b"\x18", 2880), (b"\x08\0", 960), (b"\xf8", 960), (b"\xfb\x03", 2880), (b"\xe1", 240), (b"", 0)],
)
def test_opus_packets_say_how_long_they_play(packet: bytes, length: int) -> None:
    assert samples(packet) == length
