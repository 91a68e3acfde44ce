"""What the benchmark's tests share: pictures, their damaged copies, and where weights lie."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch


@pytest.fixture(autouse=True)
def _few_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """Four smooth random pictures of 192x176 in [0, 1], and noisy, blurred and shifted copies."""
    generator = torch.Generator().manual_seed(7)
    coarse = torch.rand(4, 3, 24, 22, generator=generator)
    clean = torch.nn.functional.interpolate(coarse, scale_factor=8, mode="bicubic").clamp(0, 1)
    worse = clean.clone()
    worse[0] = clean[0] + 0.08 * torch.randn(clean[0].shape, generator=generator)
    worse[1] = torch.nn.functional.avg_pool2d(clean[1], 7, 1, 3)
    worse[2] = clean[2].roll(3, dims=2)
    worse[3] = clean[3] * 0.8 + 0.1
    return clean, worse.clamp(0, 1)


@pytest.fixture
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of weights in the place of the real one."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def real_weights() -> Path:
    """The folder of real weights; skipped where TORCH_HOME does not name one with AlexNet in it."""
    folder = Path(os.environ.get("TORCH_HOME", "")) / "hub" / "checkpoints"
    if not os.environ.get("TORCH_HOME") or not (folder / "alexnet-owt-7be5be79.pth").is_file():
        pytest.skip("TORCH_HOME has no alexnet-owt-7be5be79.pth")
    return folder


@pytest.fixture(scope="session")
def moving() -> list[np.ndarray]:
    """Twelve frames of 96x64: a textured square that moves over a textured ground."""
    rng = np.random.default_rng(3)
    ground = np.kron(rng.integers(60, 190, (16, 24, 3)), np.ones((4, 4, 1)))
    square = np.kron(rng.integers(0, 255, (6, 6, 3)), np.ones((4, 4, 1)))
    frames = []
    for time in range(12):
        frame = ground.copy()
        frame[20:44, 10 + 3 * time : 34 + 3 * time] = square
        frames.append(frame.astype(np.uint8))
    return frames


@pytest.fixture(scope="session")
def fakes_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fake codecs as an installed package."""
    folder = tmp_path_factory.mktemp("fakes")
    listed = folder / "genvc_fakes-1.dist-info"
    listed.mkdir(parents=True)
    source = Path(__file__).with_name("fake_codecs.py").read_text()
    (folder / "genvc_fake_codecs.py").write_text(source)
    kinds = ("grain", "raising", "dying", "forgetful", "shrinking", "killer", "threaded", "sleeping")
    lines = "\n".join(f"{name} = genvc_fake_codecs:{name}" for name in kinds)
    lines += "\nabsent = genvc_no_such_module:create"
    (listed / "entry_points.txt").write_text(f"[genvc.codecs]\n{lines}\n")
    (listed / "METADATA").write_text("Metadata-Version: 2.1\nName: genvc-fakes\nVersion: 1\n")
    return folder


@pytest.fixture
def fakes(fakes_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The fake codecs in the registry, for this process and those it starts."""
    monkeypatch.syspath_prepend(str(fakes_folder))
    monkeypatch.setenv("PYTHONPATH", str(fakes_folder))
    return fakes_folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the benchmark."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("GENVC_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory, moving: list[np.ndarray]) -> list[Path]:
    """Two lossless clips of 96x64, twelve and seven frames."""
    from fractions import Fraction

    from genvc import media
    from genvc.types import Frame

    folder = tmp_path_factory.mktemp("clips")
    made = []
    for name, frames in (("square", moving), ("short", moving[::-1][:7])):
        path = folder / f"{name}.mkv"
        media.write(path, (Frame(rgb, place) for place, rgb in enumerate(frames)), Fraction(25))
        made.append(path)
    return made


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where a benchmark's result goes, in a folder that is not there yet."""
    return tmp_path / "out" / "result.json"
