"""The documentation holds together: links lead somewhere, the site is built, figures have their files."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
_RESULT = re.compile(r"docs/results/([\w.-]+\.(?:json|png))")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_results_that_are_named_are_there(page: Path) -> None:
    for name in _RESULT.findall(page.read_text(encoding="utf-8")):
        assert (ROOT / "docs" / "results" / name).exists(), name


def test_every_page_is_in_the_table_of_contents() -> None:
    said = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    start = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for page in ROOT.glob("docs/**/*.md"):
        name = page.relative_to(ROOT / "docs").as_posix()
        assert f": {name}\n" in said, name
        assert name == "index.md" or f"]({name})" in start, name


# columns of tables, and what the files call them
_COLUMNS = {
    "kbit/s": "kbps",
    "bpp": "bpp",
    "LPIPS": "lpips_alex",
    "MS-SSIM": "msssim",
    "PSNR dB": "psnr",
    "PSNR": "psnr",
    "PSNR-Y dB": "psnr_y",
    "flicker": "flicker",
}


def measured(name: str) -> tuple[dict[Any, float], dict[Any, tuple[float, int]]]:
    """Of one file: means of (codec, setting, column), and BD-rates of (codec, column) with their number."""
    document = json.loads((ROOT / "docs" / "results" / name).read_text(encoding="utf-8"))
    cells, rates = defaultdict(list), defaultdict(list)
    for cell in document.get("cells", []):
        for key, value in {**cell["metrics"], "kbps": cell.get("kbps"), "bpp": cell.get("bpp")}.items():
            cells[cell["codec"], cell["setting"], key].append(value)
    for one in document.get("bd", []):
        if one["clip"] != "mean" and one["rate_percent"] is not None:
            rates[one["codec"], one["metric"]].append(one["rate_percent"])
    means = {key: fmean(values) for key, values in cells.items() if None not in values}
    return means, {key: (fmean(values), len(values)) for key, values in rates.items()}


def test_tables_say_what_their_files_say() -> None:
    """Means, and BD-rates with how many clips have one, of the file that the command above a table makes."""
    checked = 0
    means, rates, columns = {}, {}, []
    for line in (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8").splitlines():
        if said := re.search(r"--json docs/results/([\w-]+\.json)", line):
            means, rates = measured(said[1])
        fields = [field.strip(" `") for field in line.strip("|").split("|")]
        if not line.startswith("|") or fields[0] == "codec":
            columns = fields
            continue
        for column, field in zip(columns, fields, strict=False):
            key, number = _COLUMNS.get(column), re.match(r"([+-]?[\d.]+)(?: %)?(?: \((\d+)\))?$", field)
            if key is None or number is None:
                continue
            digits = len(number[1].partition(".")[2])
            if (fields[0], fields[1], key) in means:
                assert round(means[fields[0], fields[1], key], digits) == float(number[1]), line
            elif number[2] is not None and (fields[0], key) in rates:
                rate, clips = rates[fields[0], key]
                assert (round(rate, digits), clips) == (float(number[1]), int(number[2])), line
            else:
                continue
            checked += 1
    assert checked > 300


@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="the extra docs is not installed")
def test_the_site_is_built_without_a_network_and_needs_none(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    # a proxy where nobody listens: whatever asked for more would fail
    nobody = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    environment = {**os.environ, **nobody, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    reference = (tmp_path / "api" / "index.html").read_text(encoding="utf-8")
    for name in ("genvc.files.encode_file", "genvc.types.Codec.decode", "genvc.loss.Receiver"):
        assert f'id="{name}"' in reference
    for page in tmp_path.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<(?:script|img)[^>]*src=\"https?:", text), page
        assert not re.search(r"<link[^>]*rel=\"stylesheet\"[^>]*href=\"https?:", text), page
