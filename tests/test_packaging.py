"""What is built is whole: the wheel works away from the repository, and the sdist makes the same wheel."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


def built(kind: str, source: Path, out: Path) -> Path:
    """By setuptools as it is installed here: an isolated build would download it."""
    command = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        f"--{kind}",
        "--outdir",
        str(out),
        str(source),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    (made,) = out.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("packaging")
    tree = folder / "tree"
    left_out = shutil.ignore_patterns(".*", "out", "build", "dist", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, tree, ignore=left_out)
    return built("sdist", tree, folder / "sdist")


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> Path:
    """Made of the sdist, so that whatever is missing there is missing here."""
    folder = sdist.parents[1]
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (source,) = (folder / "unpacked").iterdir()
    return built("wheel", source, folder / "wheel")


def test_the_wheel_has_packages_weights_streams_and_licence_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        "genvc/models.json",
        "genvc/py.typed",
        "genvc/weights/keypoints-face/weights.safetensors",
        "genvc/weights/keypoints-people/weights.safetensors",
        "genvc/golden/keypoints/head.gvc",
        "genvc/golden/predictive/still-last.png",
        "eval/report.html",
        "eval/suites/faces.toml",
    ):
        assert name in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert tops == packages
    assert not [name for name in names if name.startswith("tests") or name.endswith((".pyc", "make.py"))]


def test_an_installed_wheel_encodes_decodes_and_verifies_without_the_repository(
    wheel: Path, tmp_path: Path
) -> None:
    """Into an environment of its own; the dependencies, 7 GB of them, are those of the one that runs this."""
    venv.create(tmp_path / "env", symlinks=True)
    python = str(tmp_path / "env" / "bin" / "python")
    (site,) = (tmp_path / "env" / "lib").glob("*/site-packages")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]
    subprocess.run([*pip, "--target", str(site), str(wheel)], check=True, timeout=120)
    # dependencies last, and without the editable genvc that may lie there
    here = Path(sys.modules["pytest"].__file__ or "").parents[1]
    (site / "dependencies.pth").write_text(f"{here}\n")
    environment = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "HOME": str(tmp_path)}

    def run(*words: str) -> str:
        done = subprocess.run(
            [python, *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=tmp_path,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("-c", "import genvc; print(genvc.__file__)").strip() == str(site / "genvc" / "__init__.py")
    run("-m", "genvc", "sample", "astronaut", "a.png")
    run("-m", "genvc", "encode", "a.png", "a.gvc", "--codec", "predictive", "--size", "64", "--quality", "30")
    run("-m", "genvc", "decode", "a.gvc", "b.png")
    assert "predictive/still" in (told := run("-m", "genvc", "verify"))
    assert " 0 differs" in told


def test_the_citation_names_this_version() -> None:
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert version is not None
    assert f"version: {version[1]}\n" in (ROOT / "CITATION.cff").read_text()
