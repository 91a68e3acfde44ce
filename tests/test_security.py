"""Nothing here runs what a file says: no pickle, no eval, only checked safetensors, no unasked network."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path for folder in ROOT.iterdir() if (folder / "__init__.py").is_file() for path in folder.rglob("*.py")
)
RUNNING = {"eval", "exec", "compile", "__import__"}
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "jsonpickle"}
# calls that load objects or start shells; some keywords make them harmless
LOADING = {"torch.load", "np.load", "numpy.load", "yaml.load", "os.system", "os.popen"}
NETWORK = {"urllib.request", "requests", "httpx", "aiohttp", "ftplib", "http.client"}
# the demo serves pages and talks over sockets; a cluster is looked for by its address
MAY_TALK = ("demo/", "eval/cluster.py")


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def faults(path: Path) -> list[str]:
    """What in this file runs or loads what it should not."""
    found = [f"{path.name} imports {name}" for name in imported(path) if name.partition(".")[0] in MODULES]
    for name, call in calls(path):
        said = {word.arg: ast.unparse(word.value) for word in call.keywords}
        if name in RUNNING:
            found.append(f"{path.name}:{call.lineno} calls {name}")
        if name in LOADING and not (
            (name == "torch.load" and said.get("weights_only") == "True")
            or (name in ("np.load", "numpy.load") and said.get("allow_pickle", "False") == "False")
        ):
            found.append(f"{path.name}:{call.lineno} calls {name}")
        if said.get("shell") == "True":
            found.append(f"{path.name}:{call.lineno} starts a shell")
    return found


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 150
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} >= {"genvc", "keypoints", "eval"}


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from pickle import loads",
        "eval('1')",
        "exec(x)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "subprocess.run('x', shell=True)",
        "os.system('x')",
    ],
)
def test_what_is_looked_for_is_found(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.py"
    path.write_text(line)
    assert len(faults(path)) == 1


def test_what_is_harmless_is_not_found(tmp_path: Path) -> None:
    path = tmp_path / "good.py"
    path.write_text("torch.load(path, weights_only=True)\nmodel.eval()\nre.compile('x')\nnp.load(path)\n")
    assert faults(path) == []


def test_no_code_runs_or_unpickles_what_it_reads() -> None:
    assert [fault for path in SOURCES for fault in faults(path)] == []


def test_no_code_talks_to_the_network_on_its_own() -> None:
    talkers = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in SOURCES
        if not path.relative_to(ROOT).as_posix().startswith(MAY_TALK)
        for name in imported(path)
        if name in NETWORK or name == "socket"
    ]
    assert talkers == []


def test_weights_that_ship_are_safetensors_that_the_table_lists_with_their_hash() -> None:
    table = json.loads((ROOT / "genvc" / "models.json").read_text())
    listed = {one["folder"] for one in table.get("models", table)}
    weights = ROOT / "genvc" / "weights"
    assert {path.name for path in weights.iterdir()} == listed
    assert {path.name for path in weights.glob("*/*")} == {"config.json", "weights.safetensors"}


def test_no_file_of_another_kind_of_weights_is_kept() -> None:
    bad = {".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".npy", ".npz", ".bin", ".onnx"}
    folders = {path.relative_to(ROOT).parts[0] for path in SOURCES} | {"tests", "docs"}
    assert [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in bad] == []


def test_no_key_or_password_is_written_down() -> None:
    secret = re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:ghp|hf|sk|xox[bp])_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}"
    )
    assert [path for path in SOURCES if secret.search(path.read_text(encoding="utf-8"))] == []
