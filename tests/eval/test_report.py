"""The report: one page that needs nothing else, shown by a real browser."""

import copy
import json
import re
import shutil

import pytest

from eval.pictures import _at_equal_bytes
from eval.plots import rd_plot
from eval.summary import mean_speed, means
from eval.table import text_table
from genvc.cli import run

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def page():
    """A page of a headless browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip("there is no chromium on the PATH")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=SWITCHES)
        yield browser.new_page(viewport={"width": 1200, "height": 900})
        browser.close()


@pytest.fixture(scope="module")
def report(clips, fakes_folder, tmp_path_factory):
    """A small run's folder and document."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(fakes_folder))
        patch.setenv("PYTHONPATH", str(fakes_folder))
        patch.setenv("GENVC_CACHE", str(folder / "cache"))
        code = run(
            [
                "bench", *map(str, clips), "--codecs", "grain,x264,raising",
                "--rates", "grain:quality=20,quality=60,quality=90", "--rates", "x264:q20,q30,q40",
                "--rates", "raising:quality=1", "--metrics", "psnr,ssim,dists", "--anchor", "x264,grain",
                "--json", str(folder / "result.json"), "--report", str(folder / "page"),
            ]
        )  # fmt: skip
    assert code == 1  # the raising codec
    return folder / "page", json.loads((folder / "result.json").read_text())


def test_the_page_needs_nothing_else_and_says_everything(report):
    folder, document = report
    text = (folder / "index.html").read_text()
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", text)
    assert "Against x264" in text
    assert "Against grain" in text
    assert "https://" not in re.sub(
        r"http://www\.w3\.org\S+|https?://matplotlib\S+",
        "",
        re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S),
    )
    for word in (
        "grain",
        "x264",
        "the encoder fell over",
        "weights missing",
        "RGB, full range",
        document["versions"]["torch"],
    ):
        assert word in text
    assert sorted(path.name for path in (folder / "plots").iterdir()) == ["psnr.png", "ssim.png"]
    assert all(path.stat().st_size > 5000 for path in (folder / "plots").iterdir())


def test_what_comes_from_outside_is_escaped(report, tmp_path):
    from eval.report import write_report
    from eval.suite import Suite

    document = copy.deepcopy(report[1])
    document["cells"][-1]["error"] = "<script>alert(1)</script>"
    document["suite"]["title"] = "a & b <i>"
    target = write_report(document, Suite("x", "", ()), tmp_path / "other", tmp_path)
    text = target.read_text()
    assert "<script>alert" not in text
    assert "a &amp; b &lt;i&gt;" in text


def test_a_browser_shows_it_and_the_slider_and_the_difference_work(report, page):
    folder, _ = report
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((folder / "index.html").as_uri())
    assert said == []
    assert page.title().startswith("genvc bench")
    assert page.locator("figure svg").count() == 2
    box = page.locator("figure svg").first.bounding_box()
    assert box["width"] > 300
    assert box["height"] > 150
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    page.fill("#slide", "25")
    assert "25%" in page.evaluate("document.querySelector('.over').style.clipPath")
    slid = page.locator(".stage").screenshot()
    page.check("#difference")
    assert page.evaluate("getComputedStyle(document.querySelector('.over')).mixBlendMode") == "difference"
    assert page.locator(".stage").screenshot() != slid
    page.select_option("select >> nth=0", "1")
    assert page.locator(".strip div").count() == 3  # original, grain, x264


def test_a_table_sorts_by_the_column_that_is_clicked(report, page):
    folder, _ = report
    page.goto((folder / "index.html").as_uri())
    table = page.locator("table.sort").last
    table.locator("thead th").nth(3).click()
    values = [float(text) for text in table.locator("tbody tr td:nth-child(4)").all_inner_texts()]
    assert values == sorted(values)
    table.locator("thead th").nth(3).click()
    values = [float(text) for text in table.locator("tbody tr td:nth-child(4)").all_inner_texts()]
    assert values == sorted(values, reverse=True)


def test_a_metric_without_figures_has_no_plot(report):
    _, document = report
    assert rd_plot(document, "dists") is None
    assert rd_plot(document, "psnr") is not None


def test_pictures_side_by_side_are_of_the_least_size_that_all_codecs_come_near_to():
    sizes = {"a": [100, 250, 800], "b": [150, 260, 790], "c": [40, 240, 2000]}
    rows = [{"codec": codec, "bytes": size} for codec, some in sizes.items() for size in some]
    assert [row["bytes"] for row in _at_equal_bytes(rows)] == [250, 260, 240]
    apart = [row for row in rows if row["bytes"] not in (240, 250, 260)]
    assert [row["bytes"] for row in _at_equal_bytes(apart)] == [800, 790, 2000]


def test_a_stream_that_was_there_before_has_no_encoding_speed():
    row = {"codec": "vvc", "setting": "q42", "kbps": 3.0, "bytes": 100, "metrics": {}, "worst": {}}
    rows = [{**row, "encode_fps": speed, "decode_fps": 50.0} for speed in (None, 20.0)]
    (entry,) = means(rows, [])
    assert (entry["encode_fps"], entry["decode_fps"]) == (None, 50.0)
    assert mean_speed([{"fps": 10.0}, {"fps": 40.0}], "fps") == 16.0
    document = {"means": [entry], "metrics": {}, "bd": [], "cells": [], "anchor": ""}
    assert text_table(document).splitlines()[1].split() == ["vvc", "q42", "2", "3.00", "-", "50.0"]
