"""The commands on streams of conceptual, on files: what they change, what they leave, what they refuse."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conceptual_scenes import scene
from typer.testing import CliRunner, Result

import genvc
from genvc import container, media
from genvc.cli import app
from genvc.errors import GenvcError, Notice
from genvc.types import Frame, Picture

HIGH, WIDE = 96, 128


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(*words: object) -> str:
    """What a command says that has to end in one of our errors."""
    result = run(*words)
    assert isinstance(result.exception, GenvcError), result.output
    return str(result.exception)


def picture(file: Path) -> Picture:
    return next(iter(media.frames(file)[1])).rgb


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Streams of two pictures: with lines, without, of another codec, of another model."""
    found = tmp_path_factory.mktemp("commands")
    grey = np.repeat(scene(HIGH, WIDE)[::-1].mean(2, keepdims=True), 3, 2).astype(np.uint8)
    for name, rgb in (("hills", scene(HIGH, WIDE)), ("grey", grey)):
        media.write(found / f"{name}.png", iter([Frame(rgb, 0)]), Fraction(1))
    for name, source, more in (
        ("hills", "hills", {"lines": 0.03}),
        ("bare", "hills", {"lines": 0}),
        ("grey", "grey", {"lines": 0.03}),
        ("blank", "grey", {"lines": 0}),
    ):
        coded(found, source, name, more)
    coded(found, "hills", "latents", {"lines": 0.03}, model="conceptual")
    genvc.encode_file(found / "hills.png", found / "other.gvc", "avif", options={"quality": 10})
    return found


@pytest.fixture(scope="module")
def secret(folder: Path) -> None:
    """An encrypted stream among them."""
    pytest.importorskip("cryptography", reason="the extra crypto is not installed")
    coded(folder, "hills", "secret", {"lines": 0.03}, passphrase="open")


def coded(folder: Path, source: str, name: str, more: dict[str, Any], **rest: Any) -> None:
    options = {"quality": 60, **more}
    genvc.encode_file(
        folder / f"{source}.png", folder / f"{name}.gvc", "conceptual", device="cpu", options=options, **rest
    )


def test_lines_are_shown_and_put_back_as_they_were(folder: Path, tmp_path: Path) -> None:
    assert run("lines", folder / "hills.gvc", tmp_path / "lines.png").exit_code == 0
    shown = picture(tmp_path / "lines.png")
    assert shown.shape == (HIGH, WIDE, 3)
    assert 0 < (shown == 0).mean() < 0.06
    target = tmp_path / "again.gvc"
    assert run("redraw", folder / "hills.gvc", tmp_path / "lines.png", target).exit_code == 0
    (before,), (after,) = (list(container.read(one)[1]) for one in (folder / "hills.gvc", target))
    assert after == before
    # edits are marked, and take as little container as what they were made of
    assert container.Reader(target).generated
    assert target.stat().st_size == (folder / "hills.gvc").stat().st_size


def test_other_lines_change_the_picture(folder: Path, tmp_path: Path) -> None:
    drawing = np.full((HIGH, WIDE, 3), 255, np.uint8)
    drawing[40:42] = 0
    media.write(tmp_path / "drawing.png", iter([Frame(drawing, 0)]), Fraction(1))
    assert run("redraw", folder / "bare.gvc", tmp_path / "drawing.png", tmp_path / "new.gvc").exit_code == 0
    assert run("lines", tmp_path / "new.gvc", tmp_path / "back.png").exit_code == 0
    np.testing.assert_array_equal(picture(tmp_path / "back.png"), drawing)
    for name, source in (("old", folder / "bare.gvc"), ("new", tmp_path / "new.gvc")):
        genvc.decode_file(source, tmp_path / f"{name}.png", device="cpu")
    assert (picture(tmp_path / "old.png") != picture(tmp_path / "new.png")).any()


def test_a_stream_takes_the_colours_of_another(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.gvc"
    assert run("restyle", folder / "hills.gvc", folder / "grey.gvc", target).exit_code == 0
    spread = {}
    for name, source in (("before", folder / "hills.gvc"), ("after", target)):
        genvc.decode_file(source, tmp_path / f"{name}.png", device="cpu")
        spread[name] = np.ptp(picture(tmp_path / f"{name}.png").astype(int).mean((0, 1)))
    # the mean colour of the other picture is grey
    assert spread["after"] < 0.2 * spread["before"]


def test_the_most_similar_stream_is_listed_first(folder: Path, tmp_path: Path) -> None:
    for name in ("hills", "grey", "blank"):
        (tmp_path / f"{name}.gvc").write_bytes((folder / f"{name}.gvc").read_bytes())
    found = run("similar", folder / "hills.gvc", tmp_path, "--by", "structure")
    assert found.exit_code == 0
    rows = {line.split()[1]: float(line.split()[0]) for line in found.output.splitlines() if ".gvc" in line}
    assert next(iter(rows)) == "hills.gvc"
    assert rows["hills.gvc"] == pytest.approx(1, abs=1e-3)
    # a picture without lines is like none
    assert rows["blank.gvc"] == 0


@pytest.mark.usefixtures("secret")
def test_what_is_not_of_the_codec_is_passed_over(folder: Path) -> None:
    with pytest.warns(Notice) as notices:
        found = run("similar", folder / "hills.gvc", folder, "--by", "texture")
    assert found.exit_code == 0
    said = "\n".join(str(one.message) for one in notices)
    assert "secret.gvc is passed over" in said
    assert "other.gvc is passed over" in said


def test_lines_that_are_not_there_are_said_to_be_missing(folder: Path, tmp_path: Path) -> None:
    with pytest.warns(Notice, match="has no lines"):
        assert run("lines", folder / "bare.gvc", tmp_path / "out.png").exit_code == 0
    assert (picture(tmp_path / "out.png") == 255).all()
    assert "has no lines" in refused("similar", folder / "bare.gvc", folder, "--by", "structure")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("lines", "other.gvc", "OUT.png"), "stream of 'avif'"),
        (("redraw", "hills.gvc", "hills.png", "OUT.gvc"), "dark on white"),
        (("restyle", "hills.gvc", "latents.gvc", "OUT.gvc"), "two models"),
        (("restyle", "hills.gvc", "grey.gvc", "hills.gvc"), "at once"),
        (("similar", "hills.gvc", "nowhere"), "no folder"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_file(
    folder: Path, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    refused_as_a_whole(folder, tmp_path, words, says)


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    "words",
    [
        ("lines", "secret.gvc", "OUT.png"),
        ("redraw", "secret.gvc", "hills.png", "OUT.gvc"),
        ("restyle", "hills.gvc", "secret.gvc", "OUT.gvc"),
        ("similar", "secret.gvc", "."),
    ],
)
def test_what_is_encrypted_is_refused(folder: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    refused_as_a_whole(folder, tmp_path, words, "encrypted")


def refused_as_a_whole(folder: Path, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    before = (folder / "hills.gvc").read_bytes()
    places = [(tmp_path if word.startswith("OUT") else folder) / word for word in words[1:]]
    assert says in refused(words[0], *places)
    assert not list(tmp_path.iterdir())
    assert (folder / "hills.gvc").read_bytes() == before
