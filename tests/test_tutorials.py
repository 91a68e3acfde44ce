"""The tutorials do what they say: all their blocks are run in order, in a folder of their own."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TUTORIALS = ROOT / "docs" / "tutorials"
_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# pip as a user has it would ask the network for what is here already
_SHIMS = {
    "genvc": "-m genvc",
    "python": "",
    "pip": "-m pip --disable-pip-version-check -q",
}


def followed(name: str, tmp_path: Path) -> str:
    """What the tutorial prints; fails where a block fails."""
    tools, site = tmp_path / "bin", tmp_path / "site"
    tools.mkdir()
    python = shlex.quote(sys.executable)
    for tool, words in _SHIMS.items():
        more = ' --no-index --no-deps --no-build-isolation --target "$SITE"' if tool == "pip" else ""
        (tools / tool).write_text(f'#!/bin/sh\nexec {python} {words} "$@"{more}\n')
        (tools / tool).chmod(0o755)
    blocks = _BLOCK.findall((TUTORIALS / name).read_text(encoding="utf-8"))
    assert len(blocks) >= 2
    script = "set -e\n"
    for number, (language, text) in enumerate(blocks):
        if language == "python":
            (tmp_path / f"block{number}.py").write_text(text, encoding="utf-8")
        script += text if language == "sh" else f"python block{number}.py\n"
    environment = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(site)]),
        "SITE": str(site),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_every_tutorial_is_tested() -> None:
    tested = {"encode-your-call.md", "benchmark-your-codec.md", "add-a-codec.md", "train-a-generator.md"}
    assert {path.name for path in TUTORIALS.glob("*.md")} == tested


@pytest.mark.slow
def test_a_call_is_encoded(tmp_path: Path, carphone: Path) -> None:
    said = followed("encode-your-call.md", tmp_path)
    assert "refused, as it should be" in said
    assert (tmp_path / "back.mkv").stat().st_size > 1000
    assert not (tmp_path / "none.mkv").exists()
    assert any((tmp_path / "compared").iterdir())


@pytest.mark.slow
def test_codecs_are_benchmarked(tmp_path: Path, carphone: Path) -> None:
    said = followed("benchmark-your-codec.md", tmp_path)
    assert len(re.findall(r"^(?:avif|x264-ld|jpeg) \S+ \d+ [\d.]+$", said, re.MULTILINE)) == 9
    assert list((tmp_path / "report").glob("*.html"))


@pytest.mark.slow
def test_a_codec_is_added_and_keeps_the_contract(tmp_path: Path, carphone: Path) -> None:
    example = ROOT / "docs" / "examples"
    shutil.copytree(example, tmp_path / "docs" / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    said = followed("add-a-codec.md", tmp_path)
    assert re.search(r"^\s*mosaic ", said, re.MULTILINE)
    assert re.search(r"2\d passed", said)
    assert "failed" not in said
    code = (example / "mosaic" / "mosaic.py").read_text(encoding="utf-8").splitlines()
    assert len([line for line in code if line.strip()]) <= 65


@pytest.mark.slow
def test_a_generator_is_trained(tmp_path: Path, carphone: Path) -> None:
    if not os.environ.get("TORCH_HOME"):
        pytest.skip("TORCH_HOME is not set: the loss needs SqueezeNet's weights")
    said = followed("train-a-generator.md", tmp_path)
    assert "mine" in said
    assert "needs the model" in said
