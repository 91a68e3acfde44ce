"""The Picture tab as a person uses it: lines drawn and erased, words and texture changed, decoded again."""

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from genvc import media
from genvc.codec import codec_names

pytestmark = pytest.mark.alone
SIDE = (160, 128)


@pytest.fixture(scope="module")
def disc(make_clip: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(tmp_path_factory.mktemp("pictures") / "disc.png")
    media.write(path, make_clip(*SIDE, 1), Fraction(1))
    return path


@pytest.fixture
def code(visit: Callable[..., Any], disc: Path) -> Callable[..., Any]:
    """Codes the disc with a codec in the page's tab."""

    def coded(codec: str, width: int = 1280) -> Any:
        if codec not in codec_names():
            pytest.skip(f"codec '{codec}' is not installed")
        one = visit(width, 900)
        one.open_tab("Picture")
        one.page.locator("#picture input[type=file]").set_input_files(str(disc))
        one.page.wait_for_selector("#picture >> text=disc")
        one.page.get_by_label("Codec").last.click()
        one.page.get_by_role("option", name=codec).click()
        one.page.get_by_role("button", name="Code", exact=True).click()
        one.page.wait_for_selector("#code-words >> text=bits a pixel")
        return one

    return coded


def dark(one: Any) -> int:
    """How many pixels of the drawing board are lines."""
    one.page.wait_for_selector(".genvc-lines[data-ready] canvas:visible")
    return int(
        one.page.evaluate(
            """() => {
              const canvas = document.querySelector(".genvc-lines canvas");
              const values = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
              return values.filter((value, place) => place % 4 === 0 && value < 128).length;
            }"""
        )
    )


def decoded_again(one: Any, button: str) -> str:
    """Presses the button; the figures once they are others."""
    before = one.page.locator("#code-words").inner_text()
    one.page.get_by_role("button", name=button).click()
    one.page.wait_for_selector("#before-after .progress-text, #code-words .pending", state="attached")
    one.page.wait_for_selector("#before-after .progress-text, #code-words .pending", state="detached")
    one.wait_for(lambda: one.page.locator("#code-words").inner_text() != before)
    after = str(one.page.locator("#code-words").inner_text())
    assert "bits a pixel" in after, after
    return after


def size_in(words: str) -> int:
    found = re.match(r"(\d+) bytes", words)
    assert found, words
    return int(found[1])


@pytest.mark.parametrize("width", [1280, 390])
def test_lines_are_drawn_erased_and_decoded_again(code: Callable[..., Any], width: int) -> None:
    one = code("crossmodal", width)
    first = one.page.locator("#code-words").inner_text()
    before = dark(one)
    board = one.page.locator(".genvc-lines canvas")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    mouse = one.page.mouse
    mouse.move(box["x"] + 0.05 * box["width"], box["y"] + 0.9 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.95 * box["width"], box["y"] + 0.9 * box["height"], steps=5)
    mouse.up()
    drawn = dark(one)
    assert drawn > before + 100
    one.page.locator(".genvc-lines [data-do=undo]").click()
    assert dark(one) == before
    one.page.locator(".genvc-lines [data-do=clear]").click()
    assert dark(one) == 0
    bare = decoded_again(one, "Decode with these lines")
    assert size_in(bare) < size_in(first)
    assert dark(one) == 0
    one.screenshot(f"lines-{width}")
    back = decoded_again(one, "Back to what was coded")
    assert back == first
    one.wait_for(lambda: dark(one) == before)
    assert one.page.evaluate("document.scrollingElement.scrollWidth") <= width
    assert one.complaints == []


def test_lines_are_drawn_with_the_keys_alone(code: Callable[..., Any]) -> None:
    one = code("conceptual")
    before = dark(one)
    one.page.locator(".genvc-lines [value=draw]").focus()
    for _ in range(8):
        one.page.keyboard.press("Tab")
        if one.page.evaluate("document.activeElement.tagName") == "CANVAS":
            break
    assert one.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    one.page.keyboard.press("Space")
    for _ in range(20):
        one.page.keyboard.press("ArrowRight")
    one.page.keyboard.press("Space")
    drawn = dark(one)
    assert drawn > before
    one.page.keyboard.press("Control+z")
    assert dark(one) == before
    one.page.keyboard.press("Space")
    for _ in range(5):
        one.page.keyboard.press("Shift+ArrowDown")
    decoded_again(one, "Decode with these lines")
    # what comes back are the cells that the bytes have: a pen's width more or less
    assert before < dark(one)
    least, text = one.contrast("#redraw *, #restyle *")
    assert least >= 4.5, f"the contrast of '{text}' is {least:.2f}"
    assert one.complaints == []


def test_another_picture_gives_its_texture(code: Callable[..., Any], make_clip: Any, tmp_path: Path) -> None:
    one = code("conceptual")
    assert one.page.locator("#say").is_hidden()
    other = tmp_path / "other.png"
    frame = next(iter(make_clip(96, 96, 1)))
    media.write(other, [type(frame)(frame.rgb[:, ::-1] // 3, 0)], Fraction(1))
    one.page.locator("#style input[type=file]").set_input_files(str(other))
    one.page.wait_for_selector("#style >> text=other")
    decoded_again(one, "Decode with its texture and colours")
    one.screenshot("restyled")
    assert one.complaints == []


def test_words_are_changed(code: Callable[..., Any]) -> None:
    one = code("crossmodal")
    box = one.page.get_by_label("What the bytes say, to be changed")
    assert box.input_value()
    box.fill("a red ball")
    decoded_again(one, "Decode with these words")
    assert one.page.locator("#restyle").is_hidden()
    one.screenshot("words")
    assert one.complaints == []
