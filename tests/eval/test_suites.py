"""Suites: what ships is sound, what a user writes is checked."""

import pytest

from eval.clip import Clip
from eval.plan import batches, plan
from eval.setting import parse_codec, parse_setting
from eval.suite import Suite, load_suite, of_files, shipped
from genvc.errors import BadInput
from genvc.plugins import CODECS, installed

MANIFEST = """file,block,seconds
faces/test/good.mp4,1.02,6.0
faces/test/blocky.mp4,1.50,6.0
faces/test/brief.mp4,1.00,3.2
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("good", "blocky", "brief", "good2", "good10"):
        path = tmp_path / "faces" / "test" / f"{name}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "manifest-people.csv").write_text(MANIFEST)
    monkeypatch.setenv("GENVC_DATA", str(tmp_path))
    return tmp_path


def test_blocky_and_brief_clips_are_left_out_with_the_reason(folder):
    suite = load_suite("faces")
    assert [clip.name for clip in suite.clips] == ["good", "good2", "good10"]
    assert suite.left_out == {
        "faces/test/blocky.mp4": "blocky (1.5 in the manifest)",
        "faces/test/brief.mp4": "short (3.2 s)",
    }


def test_every_shipped_suite_names_codecs_and_metrics_that_exist(tmp_path, monkeypatch):
    monkeypatch.setenv("GENVC_DATA", str(tmp_path))
    assert {"faces", "bodies", "video", "photos", "kodak", "clic", "uvg", "mcl-jcv"} <= set(shipped())
    assert {f"hevc-{letter}" for letter in "abcdef"} <= set(shipped())
    assert {"gfvc-voxceleb", "gfvc-cfvqa", "taichi-hd", "fashion"} <= set(shipped())
    for name, title in shipped().items():
        assert title
        with pytest.raises(BadInput, match="finds no clips"):
            load_suite(name)


@pytest.mark.parametrize("name", sorted(shipped()))
def test_the_rates_of_every_shipped_suite_can_be_planned(name, tmp_path, monkeypatch):
    from importlib.resources import files

    from eval import suite as module

    said = module._parse(files("eval").joinpath("suites").joinpath(f"{name}.toml").read_text(), name)
    pattern = said["files"][0].replace("**/", "").replace("*", "one") + (
        "" if "." in said["files"][0] else ".mp4"
    )
    clip = tmp_path / pattern
    clip.parent.mkdir(parents=True)
    clip.write_bytes(b"x")
    if "manifest" in said:
        (tmp_path / said["manifest"]).write_text("file,block,seconds\n")
    monkeypatch.setenv("GENVC_DATA", str(tmp_path))
    suite = load_suite(name)
    codecs = [codec for codec in suite.codecs if codec in installed(CODECS)]
    assert set(codecs) == set(suite.codecs)
    assert not suite.anchor or suite.anchor in codecs
    assert plan(suite, codecs, suite.metrics, {}, threads=1, cache=str(tmp_path))


@pytest.mark.parametrize(
    ("suite", "place", "frames", "fps"),
    [
        ("uvg", "uvg/Beauty_16x8_120fps_420_8bit_YUV_RAW/Beauty_16x8_120fps_420_8bit_YUV.yuv", 96, 120),
        ("hevc-d", "hevc/D/BasketballPass_16x8_50.yuv", 96, 50),
        ("hevc-f", "HEVC/ClassF/SlideEditing_16x8_30.yuv", 96, 30),
        ("mcl-jcv", "mcl-jcv/videoSRC01_16x8_30.yuv", 96, 30),
        ("gfvc-voxceleb", "gfvc/voxceleb/VoxCeleb_001_16x8_25fps.yuv", 100, 25),
    ],
)
def test_raw_clips_are_found_and_read_under_the_names_their_sets_have(
    suite, place, frames, fps, tmp_path, monkeypatch
):
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    file.write_bytes(bytes([128]) * (100 * 16 * 8 * 3 // 2))
    monkeypatch.setenv("GENVC_DATA", str(tmp_path))
    (clip,) = load_suite(suite).clips
    info, pictures = clip.open()
    # the conferencing suites scale the short side to 256
    assert (info.width, info.height) == ((512, 256) if clip.size else (16, 8))
    assert info.fps == fps
    assert sum(1 for _ in pictures) == frames


def test_very_short_sequences_are_left_out_by_their_number_of_frames(tmp_path, monkeypatch):
    for name in ("long", "short"):
        path = tmp_path / "video" / "test" / f"{name}.mkv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "manifest-natural.csv").write_text(
        "file,frames,fps\nvideo/test/long.mkv,64,30\nvideo/test/short.mkv,9,12\n"
    )
    monkeypatch.setenv("GENVC_DATA", str(tmp_path))
    suite = load_suite("video")
    assert [clip.name for clip in suite.clips] == ["long"]
    assert suite.left_out == {"video/test/short.mkv": "short (9 frames)"}


def test_a_suite_of_ones_own_is_read(tmp_path, monkeypatch):
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.mp4").write_bytes(b"x")
    mine = tmp_path / "mine.toml"
    mine.write_text(
        'root = "MY_CLIPS"\nfiles = ["clips/*.mp4"]\ncodecs = ["x264"]\n'
        'frames = 50\n[rates]\nx264 = ["q30"]\n'
    )
    monkeypatch.setenv("MY_CLIPS", str(tmp_path))
    suite = load_suite(str(mine))
    assert suite.clips[0].frames == 50
    cells = plan(suite, suite.codecs, suite.metrics, {}, threads=1, cache="c")
    assert [cell.setting for cell in cells] == ["q30"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("files = [", "is not TOML"),
        ('files = ["x"]\nclips = 3', "unknown key 'clips'"),
        ('files = "x"', "files is a list of words"),
        ('kind = "sound"\nfiles = ["x"]', "kind is video or picture"),
        ('files = ["x"]\nframes = "all"', "frames is a whole number above 0, not 'all'"),
        ('files = ["x"]\nsize = 0', "size is a whole number above 0, not 0"),
        ('files = ["x"]\nseconds_below = "4"', "seconds_below is a number, not '4'"),
        ('files = ["x"]\nmanifest = 3', "manifest is a word, not 3"),
        ('files = ["x"]\nrates = ["3k"]', "rates are a table with a list for each codec"),
        ('files = ["x"]\n[rates]\nx264 = "q30"', "rates are a table with a list for each codec"),
        ("files = []", "files are patterns below GENVC_DATA"),
        ('files = ["/etc/*.mp4"]', "files are patterns below GENVC_DATA"),
        ('files = ["none/*.mp4"]', "finds no clips: nothing like none"),
        ('root = "NOT_SET_ANYWHERE"\nfiles = ["x"]', "NOT_SET_ANYWHERE, which is not set"),
    ],
)
def test_a_suite_that_makes_no_sense_is_refused(text, message, folder, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match=message):
        load_suite(str(path))


def test_a_suite_that_is_nowhere_is_refused():
    with pytest.raises(BadInput, match=r"cannot read the suite 'nowhere\.toml'"):
        load_suite("nowhere.toml")


def test_clips_of_one_name_keep_their_folders(tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "clip.mp4").write_bytes(b"x")
    names = [
        clip.name
        for clip in of_files([str(tmp_path / "a" / "clip.mp4"), str(tmp_path / "b" / "clip.mp4")]).clips
    ]
    assert len(set(names)) == 2


def test_pictures_and_clips_are_not_mixed(tmp_path):
    for name in ("a.png", "b.mp4"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(BadInput, match="pictures and clips in one run"):
        of_files([str(tmp_path / "a.png"), str(tmp_path / "b.mp4")])


def test_batches_hold_one_clip_each_and_not_too_many_cells(tmp_path):
    suite = Suite("x", "", tuple(Clip(f"{n}.mp4", str(n)) for n in range(3)))
    cells = plan(
        suite,
        ["x264", "av1"],
        ["psnr"],
        {"x264": [f"q{step}" for step in range(20, 26)], "av1": [f"q{step}" for step in range(30, 35)]},
        threads=1,
        cache="c",
    )
    made = batches(cells)
    assert [cell for batch in made for cell in batch] == cells
    assert all(len({cell.clip for cell in batch}) == 1 and len(batch) <= 8 for batch in made)
    assert len(made) == 6


def test_stored_streams_decide_their_own_rates(folder, tmp_path, monkeypatch):
    for step in (37, 47, 63):
        file = tmp_path / "anchors" / "vvc" / "faces" / f"good_qp{step}.266"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    monkeypatch.setenv("GENVC_ANCHORS", str(tmp_path / "anchors"))
    suite = load_suite("faces")
    cells = plan(suite, ["vvc"], ["psnr"], {}, threads=1, cache="c")
    assert [cell.setting for cell in cells if cell.clip.name == "good"] == [
        "q47",
        "q63",
    ]  # the suite wants no 37


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("6k", "bitrate", 6000),
        ("6000", "bitrate", 6000),
        ("1.5M", "bitrate", 1.5e6),
        ("0.1bpp", "bpp", 0.1),
        ("q37", "quantizer", 37),
        ("q37.5", "quantizer", 37.5),
        ("quality=40", "quality", 40),
        ("speed=2", "speed", 2),
    ],
)
def test_a_rate_is_read(text, kind, value):
    setting = parse_setting(text)
    assert (setting.kind, setting.value, setting.text) == (kind, value, text)


@pytest.mark.parametrize("text", ["", "fast", "-3", "0", "0k", "q", "qq3", "0bpp", "-1bpp", "=3", "6kk"])
def test_a_rate_that_is_none_is_refused(text):
    with pytest.raises(BadInput, match="is no rate"):
        parse_setting(text)


def test_a_codec_may_come_with_options():
    assert parse_codec("x264-ld") == ("x264-ld", {})
    assert parse_codec("keypoints+live=true") == ("keypoints", {"live": True})
    assert parse_codec("predictive+gop=ra+period=32") == ("predictive", {"gop": "ra", "period": 32})
    with pytest.raises(BadInput, match="is no codec"):
        parse_codec("predictive+ra")


def test_a_rate_means_bytes_for_a_picture_and_bits_per_second_for_a_clip():
    from fractions import Fraction

    fps = Fraction(25)
    assert parse_setting("0.1bpp").options(100, 80, fps, picture=True) == {"bytes": 100}
    assert parse_setting("0.1bpp").options(100, 80, fps, picture=False) == {"bitrate": 20000.0}
    with pytest.raises(BadInput, match="a picture has no bit rate"):
        parse_setting("6k").options(100, 80, fps, picture=True)
