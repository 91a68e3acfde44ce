"""The command bench from end to end, with codecs that work and codecs that fail in every way."""

import os

import pytest
from bench_calls import bench, load

# what differs from run to run
TIMING = {
    "encode_fps",
    "decode_fps",
    "peak_memory_mb",
    "encode_memory_mb",
    "decode_memory_mb",
    "base_memory_mb",
}


def test_a_run_gives_the_document_that_is_promised(clips, fakes, cache, out, capsys):
    code = bench(
        *clips, "--codecs", "grain,x264", "--rates", "grain:quality=10,quality=50,quality=90",
        "--rates", "x264:q20,q30,q40", "--metrics", "psnr,ssim,flicker,msssim", "--anchor", "x264,grain",
        "--json", out,
    )  # fmt: skip
    assert code == 0
    document = load(out)
    assert {"command", "versions", "cells", "bd", "means", "machine", "metrics"} <= set(document)
    assert document["finished"] is True
    assert document["command"]
    assert len(document["cells"]) == 12
    cell = document["cells"][0]
    expected = {
        "clip", "codec", "setting", "bytes", "kbps", "metrics", "encode_fps", "decode_fps", "peak_memory_mb",
        "latency_packets", "parameters", "kmac_per_pixel", "exact_across_threads", "worst",
    }  # fmt: skip
    assert expected <= set(cell)
    assert (cell["clip"], cell["codec"], cell["setting"]) == ("square", "grain", "quality=10")
    assert cell["kbps"] == pytest.approx(cell["bytes"] * 8 / (12 / 25) / 1000, rel=1e-5)
    assert cell["metrics"]["psnr"] > 10
    assert cell["metrics"]["msssim"] is None
    assert cell["words"]["msssim"] == "picture too small: MS-SSIM needs 161 pixels each way"
    assert cell["latency_packets"] == 1
    assert cell["exact_across_threads"] in (True, None)
    assert cell["peak_memory_mb"] > 20
    rates = [entry["rate_percent"] for entry in document["bd"] if entry["clip"] == "mean"]
    assert rates
    printed = capsys.readouterr()
    assert "BD-rate against x264" in printed.out
    assert "BD-rate against grain" in printed.out
    assert {(entry["anchor"], entry["codec"]) for entry in document["bd"]} == {
        ("x264", "grain"),
        ("grain", "x264"),
    }
    assert "12 cells" in printed.out


def test_decoders_are_told_what_streams_do_not_say(clips, fakes, cache, out):
    bench(clips[0], "--codecs", "grain,grain+inverted=true", "--rates", "quality=50,inverted=true",
          "--metrics", "psnr", "--json", out)  # fmt: skip
    plain, *inverted = load(out)["cells"]
    assert len(inverted) == 3
    for one in inverted:
        assert one["bytes"] == plain["bytes"]
        assert one["metrics"]["psnr"] < 15 < plain["metrics"]["psnr"]


def test_whole_files_and_elementary_streams_are_counted_as_what_they_are(clips, fakes, cache, out):
    bench(clips[0], "--codecs", "grain,x264", "--rates", "grain:quality=50", "--rates", "x264:q30",
          "--metrics", "psnr", "--json", out)  # fmt: skip
    ours, theirs = load(out)["cells"]
    file = cache / ours["stream"] / "stream.gvc"
    assert ours["counted"] == "whole .gvc file"
    assert ours["bytes"] == file.stat().st_size
    assert theirs["counted"] == "packets"
    assert theirs["bytes"] < (cache / theirs["stream"] / "stream.gvc").stat().st_size


def test_every_way_to_fail_is_one_line_and_the_rest_is_kept(clips, fakes, cache, out, capfd):
    code = bench(
        clips[0], "--codecs", "grain,raising,dying,forgetful,shrinking,absent", "--rates", "quality=50",
        "--metrics", "psnr", "--json", out,
    )  # fmt: skip
    assert code == 1
    document = load(out)
    errors = {row["codec"]: row.get("error") for row in document["cells"]}
    assert errors == {
        "grain": None,
        "raising": "RuntimeError: the encoder fell over",
        "dying": "the process was killed by SIGKILL (out of memory?)",
        "forgetful": "the codec gave back 11 frames and no more",
        "shrinking": "sizes differ: the codec gave back 94x62 for 96x64",
        "absent": "ModuleNotFoundError: No module named 'genvc_no_such_module'",
    }
    lines = [line for line in capfd.readouterr().err.splitlines() if "raising quality=50:" in line]
    assert len(lines) == 2  # as it happened, and at the end
    assert document["finished"] is True


def test_a_second_run_takes_everything_from_the_cache(clips, fakes, cache, out):
    words = (
        clips[0],
        "--codecs",
        "grain,x264",
        "--rates",
        "grain:quality=50",
        "--rates",
        "x264:q30",
        "--metrics",
        "psnr",
    )
    assert bench(*words, "--json", out) == 0
    first = load(out)["cells"]
    written = {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()}
    assert bench(*words, "--json", out) == 0
    assert load(out)["cells"] == first
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()} == written


def test_another_metric_does_not_encode_again(clips, fakes, cache, out):
    words = (clips[0], "--codecs", "grain", "--rates", "quality=50")
    bench(*words, "--metrics", "psnr", "--json", out)
    stream = cache / load(out)["cells"][0]["stream"] / "stream.gvc"
    before = stream.stat().st_mtime_ns
    bench(*words, "--metrics", "psnr,ssim", "--json", out)
    assert stream.stat().st_mtime_ns == before
    assert load(out)["cells"][0]["metrics"]["ssim"] > 0


def test_a_damaged_record_is_made_again(clips, fakes, cache, out):
    words = (clips[0], "--codecs", "grain", "--rates", "quality=50", "--metrics", "psnr", "--json", out)
    bench(*words)
    good = load(out)["cells"]
    for record in cache.rglob("*.json"):
        record.write_text('{"half')
    assert bench(*words) == 0
    again = load(out)["cells"]
    assert again[0]["metrics"] == good[0]["metrics"]


def test_a_changed_clip_is_not_taken_for_the_old_one(clips, fakes, cache, out, tmp_path):
    copy = tmp_path / "clip.mkv"
    copy.write_bytes(clips[0].read_bytes())
    words = (copy, "--codecs", "grain", "--rates", "quality=50", "--metrics", "psnr", "--json", out)
    bench(*words)
    frames = load(out)["cells"][0]["frames"]
    copy.write_bytes(clips[1].read_bytes())
    bench(*words)
    assert (frames, load(out)["cells"][0]["frames"]) == (12, 7)


def test_missing_weights_are_words_and_the_run_goes_on(clips, fakes, cache, out, checkpoints, capsys):
    code = bench(
        clips[0],
        "--codecs",
        "grain",
        "--rates",
        "quality=50",
        "--metrics",
        "psnr,lpips_alex,fid",
        "--json",
        out,
    )
    assert code == 0
    document = load(out)
    cell = document["cells"][0]
    assert cell["metrics"]["lpips_alex"] is None
    assert cell["words"]["lpips_alex"].startswith("weights missing: alexnet-owt-7be5be79.pth")
    assert cell["metrics"]["psnr"] > 10
    assert cell["words"]["fid"].startswith("weights missing: pt_inception")
    assert document["sets"] == []
    assert "weights missing: alexnet-owt-7be5be79.pth" in capsys.readouterr().out


def test_weights_with_nan_are_words_and_exit_1_and_are_not_kept(
    clips, fakes, cache, out, checkpoints, capsys
):
    import torch
    import torchvision

    state = torchvision.models.alexnet(weights=None).state_dict()
    state = {
        name: value if name.startswith("features") else value[:1, ...].clone().expand(value.shape) * 0
        for name, value in state.items()
    }
    state["features.0.bias"][0] = float("nan")
    torch.save(state, checkpoints / "alexnet-owt-7be5be79.pth")
    words = (
        clips[0],
        "--codecs",
        "grain",
        "--rates",
        "quality=50",
        "--metrics",
        "psnr,lpips_alex",
        "--json",
        out,
    )
    assert bench(*words) == 1
    cell = load(out)["cells"][0]
    assert cell["words"]["lpips_alex"].startswith("weights damaged: net.slice1.0.bias")
    assert cell["metrics"]["psnr"] > 10
    said = [line for line in capsys.readouterr().err.splitlines() if "weights damaged" in line]
    assert len(said) == 1
    assert said[0].startswith("genvc: lpips_alex: weights damaged: net.slice1.0.bias")
    (checkpoints / "alexnet-owt-7be5be79.pth").unlink()
    assert bench(*words) == 0
    assert load(out)["cells"][0]["words"]["lpips_alex"].startswith("weights missing")


def test_pictures_are_judged_by_bits_per_pixel(fakes, cache, out, tmp_path, moving):
    from fractions import Fraction

    from genvc import media
    from genvc.types import Frame

    picture = tmp_path / "picture.png"
    media.write(picture, iter([Frame(moving[0], 0)]), Fraction(25))
    assert (
        bench(picture, "--codecs", "jpeg,avif", "--rates", "1.5bpp", "--metrics", "psnr", "--json", out) == 0
    )
    for cell in load(out)["cells"]:
        assert cell["bpp"] == pytest.approx(cell["bytes"] * 8 / (96 * 64), rel=1e-5)
        assert cell["bpp"] == pytest.approx(1.5, rel=0.35)
        assert "kbps" not in cell


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.mp4", "--codecs", "x264"], "no file 'nowhere.mp4'"),
        (["no-such-suite", "--codecs", "x264"], "no suite 'no-such-suite'; shipped: bodies, clic"),
        (["CLIP", "--codecs", "x999"], "no codec 'x999'; installed:"),
        (["CLIP", "--codecs", "x264", "--metrics", "psnrr"], "no metric 'psnrr'; installed:"),
        (["CLIP", "--codecs", "x264", "--rates", "fast"], "'fast' is no rate"),
        (
            ["CLIP", "--codecs", "x264", "--rates", "x265:q30"],
            "rates for 'x265', which is not among the codecs",
        ),
        (["CLIP", "--codecs", "x264", "--anchor", "x265"], "the anchor 'x265' is not among the codecs"),
        (["CLIP"], "name the codecs: --codecs keypoints,x265"),
        (["CLIP", "--codecs", "x264", "--engine", "slurm"], "--engine is local or ray, not 'slurm'"),
        (["CLIP", "--codecs", "x264", "--address", "host:1"], "--address is for --engine ray"),
    ],
)
def test_a_wrong_call_is_one_line_before_anything_runs(words, message, clips, cache, out, capsys):
    words = [str(clips[0]) if word == "CLIP" else word for word in words]
    assert bench(*words, "--json", out) != 0
    said = capsys.readouterr().err
    assert message in said
    assert len(said.strip().splitlines()) == 1
    assert not out.exists()


def test_a_clip_that_cannot_be_read_fails_its_cells_only(clips, fakes, cache, out, tmp_path):
    empty, noise = tmp_path / "empty.mkv", tmp_path / "noise.mkv"
    empty.write_bytes(b"")
    noise.write_bytes(os.urandom(4000))
    code = bench(
        clips[0],
        empty,
        noise,
        "--codecs",
        "grain",
        "--rates",
        "quality=50",
        "--metrics",
        "psnr",
        "--json",
        out,
    )
    assert code == 1
    good, first, second = load(out)["cells"]
    assert "error" not in good
    assert first["error"].endswith("is empty")
    assert "is not a media file that can be read" in second["error"]


def test_figures_are_those_of_the_stream_that_the_threads_made(clips, fakes, cache, out, tmp_path):
    words = [clips[0], "--codecs", "threaded", "--rates", "quality=50", "--metrics", "psnr", "--json", out]
    found = {}
    for place, threads in (("kept", 1), ("kept", 2), ("kept", 1), ("fresh", 2)):
        assert bench(*words, "--threads", str(threads), "--cache", tmp_path / place) == 0
        (row,) = load(out)["cells"]
        figures = row["bytes"], row["metrics"]["psnr"], row["exact_across_threads"] is not False
        assert found.setdefault(threads, figures) == figures
    assert found[1] != found[2]


def test_what_is_named_twice_is_run_once(clips, fakes, cache, out):
    words = ["--codecs", "grain,grain", "--rates", "quality=50,quality=50", "--metrics", "psnr"]
    assert bench(clips[0], clips[0], *words, "--json", out) == 0
    document = load(out)
    assert len(document["cells"]) == 1
    assert document["finished"]


def test_jobs_give_the_same_rows(clips, fakes, cache, out, tmp_path):
    words = (
        *clips,
        "--codecs",
        "grain",
        "--rates",
        "quality=30,quality=60",
        "--metrics",
        "psnr,ssim",
        "--threads",
        "1",
    )
    assert bench(*words, "--json", out) == 0
    other = tmp_path / "other.json"
    assert bench(*words, "--jobs", "2", "--cache", tmp_path / "cold", "--json", other) == 0
    for one, two in zip(load(out)["cells"], load(other)["cells"], strict=True):
        assert {k: v for k, v in one.items() if k not in TIMING} == {
            k: v for k, v in two.items() if k not in TIMING
        }


@pytest.mark.slow
def test_set_metrics_are_over_the_whole_suite(clips, fakes, cache, out, checkpoints, monkeypatch):
    import torch
    from test_metric_weights import random_inception

    torch.manual_seed(0)
    torch.save(random_inception(monkeypatch), checkpoints / "pt_inception-2015-12-05-6726825d.pth")
    code = bench(
        *clips,
        "--codecs",
        "grain",
        "--rates",
        "quality=5,quality=95",
        "--metrics",
        "psnr,fid,kid",
        "--frames",
        "4",
        "--json",
        out,
    )
    assert code == 0
    sets = load(out)["sets"]
    values = {(entry["metric"], entry["setting"]): entry for entry in sets}
    assert all(entry["pictures"] == 8 for entry in sets)
    assert 0 < values["fid", "quality=95"]["value"] < values["fid", "quality=5"]["value"]
