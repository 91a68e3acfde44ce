"""Sentences about pictures, searching them, and measuring them."""

import json
from pathlib import Path

import numpy as np
import pytest

import genvc
from crossmodal.build import classifier
from crossmodal.colour_names import NAMES, named
from crossmodal.describe import PEOPLE_FEATURES, boxes, describe, evidence
from crossmodal.detector import Detector, Face, Found
from crossmodal.index import Index
from crossmodal.scenes import CUT, Scenes
from crossmodal.surroundings import FEATURES, measured
from genvc.cli import run
from genvc.samples import sample_path
from genvc.types import Picture


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((10, 10, 10), "black"), ((128, 128, 128), "gray"), ((250, 250, 250), "white"),
        ((220, 20, 20), "red"),
        ((250, 140, 20), "orange"), ((240, 230, 30), "yellow"), ((40, 160, 50), "green"),
        ((40, 90, 220), "blue"),
        ((140, 40, 200), "purple"), ((250, 150, 190), "pink"), ((110, 70, 40), "brown"),
    ],
)  # fmt: skip
def test_colours_have_the_names_people_give_them(rgb: tuple[int, int, int], name: str) -> None:
    assert NAMES[named(np.array([[rgb]], np.uint8))[0, 0]] == name


def test_a_portrait_is_called_a_person_and_boxed() -> None:
    from genvc import media

    astronaut = next(iter(media.frames(str(sample_path("astronaut")))[1])).rgb
    with Detector() as detector:
        said = describe(astronaut, detector, classifier())
    assert "person" in said.sentence
    faces = [box for box in said.boxes if box.kind == 1]
    # the face lies in the upper middle
    assert faces
    assert faces[0].top < 12 < faces[0].right


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (3, 4)])
def test_pictures_of_any_size_are_described(shape: tuple[int, int]) -> None:
    with Detector() as detector:
        said = describe(np.full((*shape, 3), 200, np.uint8), detector, classifier())
    assert said.sentence
    assert all(text == text.strip() for text in said.texts)
    assert [len(text) for text in said.texts] == sorted((len(text) for text in said.texts), reverse=True)


def test_evidence_has_the_numbers_that_the_classifier_was_fitted_to(picture: Picture) -> None:
    nobody = Found((), None, 0.0)
    numbers = evidence(nobody, measured(picture))
    assert numbers.shape == (FEATURES + PEOPLE_FEATURES,) == classifier().mean.shape
    assert np.isfinite(numbers).all()


def test_boxes_at_the_edge_stay_inside() -> None:
    found = boxes(Found((Face(0.999, 0.0, 1.0, 0.001, 0.0), Face(0.0, 0.5, 1.0, 1.0, 0.0)), None, 0.0))
    assert all(0 <= box.left < box.right <= 32 and 0 <= box.top < box.bottom <= 32 for box in found)


def test_scenes_open_at_cuts_and_not_at_noise(picture: Picture) -> None:
    scenes = Scenes(CUT)
    noise = np.random.default_rng(0).integers(0, 20, picture.shape)
    noisy = (picture.astype(int) + noise).clip(0, 255).astype(np.uint8)
    assert [scenes.opens(rgb) for rgb in (picture, noisy, picture, 255 - picture, picture)] == [1, 0, 0, 1, 1]


def test_search_prefers_rare_words_and_short_texts() -> None:
    texts = [
        "a dog on the grass",
        "dogs and a cat and a horse and a cow on the grass",
        "a cat",
        "green grass",
    ]
    ranked = [place for place, _ in Index(texts).ranked("the dog")]
    assert ranked == [0, 1]
    assert Index(texts).ranked("a giraffe") == []


def test_the_command_search_ranks_streams_without_decoding_them(
    tmp_path: Path, picture: Picture, capfd: pytest.CaptureFixture[str]
) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "picture.png"), picture)
    for name, words in (
        ("ball", "a red ball"),
        ("dog", "a dog in the snow"),
        ("walk", "a man walks a dog in a park"),
    ):
        options = {"caption": words, "layers": "text"}
        genvc.encode_file(tmp_path / "picture.png", tmp_path / f"{name}.gvc", "crossmodal", options=options)
    (tmp_path / "bad.gvc").write_bytes(b"GVC\x01nonsense")
    assert run(["search", str(tmp_path), "dogs"]) == 0
    shown = capfd.readouterr()
    assert [one["file"] for one in json.loads(shown.out)["results"]] == ["dog.gvc", "walk.gvc"]
    assert "bad.gvc" in shown.err
    assert run(["search", str(tmp_path), "whale"]) == 1
    assert run(["search", str(tmp_path), "the"]) == 1
    assert run(["search", str(tmp_path / "nowhere"), "dog"]) == 1
    capfd.readouterr()
    assert run(["info", str(tmp_path / "dog.gvc")]) == 0
    assert "a dog in the snow" in capfd.readouterr().out


def test_the_command_caption_says_a_sentence_for_each_scene(
    tmp_path: Path, picture: Picture, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "clip"
    folder.mkdir()
    import cv2

    for number in range(6):
        cv2.imwrite(str(folder / f"{number}.png"), picture if number < 3 else 255 - picture)
    assert run(["caption", str(folder), "--scenes"]) == 0
    scenes = json.loads(capfd.readouterr().out)
    assert [scene["seconds"] for scene in scenes] == [0.0, 0.12]
    assert all(scene["caption"] for scene in scenes)
    assert run(["caption", str(tmp_path / "nothing.jpg")]) == 1
