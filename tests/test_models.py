"""Models are found by name, checked before they are used, and never mistaken for one another."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from genvc import models
from genvc.errors import BadInput, ModelNotFound

torch = pytest.importorskip("torch")


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GENVC_MODELS", str(tmp_path))
    return tmp_path


def saved(root: Path, scale: float = 1.0, name: str = "tiny", folder: str = "tiny") -> models.Model:
    tensors = {"basis": scale * torch.arange(6.0).reshape(2, 3).T, "count": torch.tensor([7])}
    models.save(root / "weights" / folder, {"width": 3, "names": ["a", "b"]}, tensors)
    about = {"licence": "Apache-2.0", "trained_on": "nothing", "command": "none"}
    return models.add(name, "keypoints", **about, folder=folder, root=root)


def test_a_saved_model_comes_back_by_either_name(collection: Path) -> None:
    model = saved(collection)
    assert model.full_name == f"tiny@{model.sha256[:8]}"
    assert models.full_name("tiny") == model.full_name
    for name in ("tiny", model.full_name):
        config, tensors = models.load(name, "keypoints")
        assert config == {"width": 3, "names": ["a", "b"]}
        assert torch.equal(tensors["basis"], torch.arange(6.0).reshape(2, 3).T)
        assert tensors["count"].tolist() == [7]
    assert model in models.models().values()


def test_saving_the_same_twice_lists_it_once(collection: Path) -> None:
    assert saved(collection) == saved(collection)
    assert len(json.loads((collection / "models.json").read_text())["models"]) == 1


def test_a_new_version_takes_the_bare_name_and_the_old_one_stays(collection: Path) -> None:
    old, new = saved(collection, 1.0), saved(collection, 2.0, folder="tiny-2")
    assert models.full_name("tiny") == new.full_name != old.full_name
    for model, factor in ((old, 1), (new, 2)):
        assert models.load(model.full_name, "keypoints")[1]["basis"][2, 1] == 5 * factor


def test_a_missing_model_says_what_is_here(collection: Path) -> None:
    model = saved(collection)
    for name in ("tiny@00000000", "other", "", "tiny@"):
        with pytest.raises(
            ModelNotFound, match=f"no model '{name}' for keypoints; here: .*{model.full_name}"
        ):
            models.load(name, "keypoints")
    with pytest.raises(ModelNotFound, match="a model for keypoints, not for conceptual"):
        models.load("tiny", "conceptual")


@pytest.mark.parametrize("part", ["config.json", "weights.safetensors"])
def test_changed_or_missing_files_are_refused(collection: Path, part: str) -> None:
    model = saved(collection)
    path = collection / "weights" / "tiny" / part
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelNotFound, match="are not those of"):
        models.load("tiny", "keypoints")
    path.unlink()
    with pytest.raises(ModelNotFound, match=f"the weights of {model.full_name} are not in"):
        models.load("tiny", "keypoints")


@pytest.mark.parametrize(
    "table",
    [
        "{",
        "[]",
        '{"models": [{"name": "x"}]}',
        '{"models": [{"name": "x", "surprise": 1}]}',
        json.dumps({"models": [dict.fromkeys(models.Model.__dataclass_fields__, "x")]}),
    ],
)
def test_a_broken_table_is_one_clear_error(collection: Path, table: str) -> None:
    (collection / "models.json").write_text(table)
    with pytest.raises(BadInput, match=r"models\.json"):
        models.models()


def test_a_folder_outside_the_collection_is_refused(collection: Path) -> None:
    saved(collection)
    table = json.loads((collection / "models.json").read_text())
    table["models"][0]["folder"] = "../elsewhere"
    (collection / "models.json").write_text(json.dumps(table))
    with pytest.raises(BadInput, match="plain name"):
        models.load("tiny", "keypoints")


def test_names_that_a_stream_could_not_say_are_refused(collection: Path) -> None:
    with pytest.raises(BadInput, match="named with"):
        saved(collection, name="Tiny@1")
    with pytest.raises(BadInput, match="not both"):
        models.add("other", "keypoints", licence="", trained_on="", command="", root=collection)


def test_every_model_that_ships_is_whole_and_small() -> None:
    for model in models.models().values():
        folder = Path(models.__file__).parent / "weights" / model.folder
        if folder.exists():
            models.load(model.full_name, model.codec)
            assert all(path.stat().st_size <= 1 << 24 for path in folder.iterdir())
            assert model.licence
            assert model.trained_on
            assert model.command
        else:
            assert model.address


def test_listing_models_does_not_import_torch() -> None:
    code = "import sys; from genvc import models; models.models(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
