"""The page as a person uses it: Chromium with a talking head for a camera, in a large and a small window."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import genvc
from demo.settings import REPAIR, mends
from genvc import media

WINDOWS = [(1280, 900), (390, 844)]
QUICK = "x264-live"
FOCUSED = """() => {
  const one = document.activeElement;
  return [one.tagName + " " + (one.ariaLabel ?? one.name ?? ""), getComputedStyle(one).outlineStyle];
}"""
# a browser and a codec in real time share the cores with nobody
pytestmark = pytest.mark.alone


def choose_quick(one: Any) -> None:
    one.page.wait_for_selector("#genvc-call")
    one.page.locator("[name=codec]").select_option(QUICK)
    one.page.locator("[name=size]").select_option("128")


def painted(one: Any, kind: int) -> bool:
    """Whether a screen shows more than one colour."""
    return bool(
        one.page.evaluate(
            """kind => {
              const canvas = document.querySelector(`[data-kind='${kind}'] canvas`);
              const values = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
              return new Set(values.filter((_, place) => place % 4 === 0)).size > 20;
            }""",
            kind,
        )
    )


@pytest.mark.parametrize(("width", "height"), WINDOWS)
def test_every_tab_fits_the_window_and_can_be_read(
    visit: Callable[..., Any], width: int, height: int
) -> None:
    one = visit(width, height)
    one.page.wait_for_selector("#genvc-call")
    for tab in ("Benchmarks", "Picture", "File", "Call"):
        one.open_tab(tab)
        one.page.wait_for_timeout(500)
        wide = one.page.evaluate("document.scrollingElement.scrollWidth")
        assert wide <= width, f"{tab} is {wide} pixels wide"
        least, text = one.contrast("body *")
        assert least >= 4.5, f"{tab}: the contrast of '{text}' is {least:.2f}"
        one.screenshot(f"{tab}-{width}")
        for place in range(12):
            one.page.keyboard.press("Tab")
            name, outline = one.page.evaluate(FOCUSED)
            assert outline != "none" or name.startswith("BODY"), (
                f"{tab}: the focus is not seen at {place}: {name}"
            )
    assert one.complaints == []


def test_a_call_with_the_camera(visit: Callable[..., Any]) -> None:
    one = visit()
    choose_quick(one)
    one.page.get_by_role("button", name="Start camera").click()
    one.wait_for(lambda: one.number("Pictures, key") > 15)
    one.wait_for(lambda: all(painted(one, kind) for kind in (0, 1, 2)))
    assert one.number("Bit rate") > 0
    assert 0 < one.number("Glass to glass") < 60000
    assert one.page.locator(".mark").is_hidden()
    one.page.locator("[name=loss]").fill("10")
    one.wait_for(lambda: one.number("Lost, made good") > 0)
    shown = one.number("Pictures, key")
    one.wait_for(lambda: one.number("Pictures, key") > shown + 15)
    assert one.page.locator(".narrow").is_hidden()
    one.page.locator("[name=bandwidth]").fill("10")
    assert one.page.locator(".narrow").is_visible()
    one.page.locator("[name=bandwidth]").fill("100")
    if REPAIR in mends():
        one.page.locator("[name=mend]").select_option(REPAIR)
        one.wait_for(lambda: one.number("repair") > 0)
    one.screenshot("call")
    one.page.get_by_role("button", name="Stop").click()
    assert one.status() == "Stopped."
    assert one.complaints == []


def test_a_talking_head_by_its_key_points_is_marked_as_generated(visit: Callable[..., Any]) -> None:
    one = visit(390, 844)
    one.page.wait_for_selector("#genvc-call")
    one.page.locator("[name=size]").select_option("128")
    one.page.locator("[name=compare]").uncheck()
    one.page.locator("[name=points]").check()
    one.page.get_by_role("button", name="Start sample clip").click()
    one.wait_for(lambda: one.number("Pictures, key") > 3, 150)
    one.wait_for(lambda: painted(one, 1), 60)
    one.page.wait_for_selector(".mark:visible")
    one.screenshot("keypoints-390")
    one.page.get_by_role("button", name="Stop").click()
    assert one.status() == "Stopped."
    # the picture stays, and so what it is
    assert painted(one, 1)
    assert one.page.locator(".mark").is_visible()
    assert one.complaints == []


def test_the_keyboard_is_enough_for_a_call(visit: Callable[..., Any]) -> None:
    one = visit()
    choose_quick(one)
    for _ in range(40):
        one.page.keyboard.press("Tab")
        if one.page.evaluate("document.activeElement.dataset.do") == "sample":
            break
    one.page.keyboard.press("Enter")
    one.wait_for(lambda: one.number("Pictures, key") > 3)
    one.page.locator("[name=delay]").focus()
    one.page.keyboard.press("ArrowRight")
    assert one.page.locator("[name=delay]").get_attribute("aria-valuetext") == "50 ms"
    assert one.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_two_people_see_and_hear_each_other_and_a_third_stays_out(visit: Callable[..., Any]) -> None:
    ann = visit(1000, 800)
    choose_quick(ann)
    ann.page.get_by_role("button", name="Open a room for two").click()
    ann.page.wait_for_selector("[name=link]:visible")
    ann.wait_for(lambda: "Waiting for the other one" in ann.status())
    link = ann.page.locator("[name=link]").input_value()
    query = "?" + link.partition("?")[2]
    bob = visit(390, 844, query)
    choose_quick(bob)
    bob.page.get_by_role("button", name="Enter the room").click()
    for one in (ann, bob):
        one.wait_for(lambda one=one: painted(one, 1))
    assert ann.number("sound") == 0
    # while the call runs, as a thing that one forgot
    ann.page.locator("[name=microphone]").check()
    ann.wait_for(lambda: ann.number("sound") > 0)
    for one in (ann, bob):
        one.page.wait_for_selector(f"[data-kind='1'] .name >> text=The other one: {QUICK}")
    ann.screenshot("room")
    eve = visit(1000, 800, query)
    choose_quick(eve)
    eve.page.get_by_role("button", name="Enter the room").click()
    eve.wait_for(lambda: "no such room" in eve.status())
    bob.page.get_by_role("button", name="Stop").click()
    ann.wait_for(lambda: "left" in ann.status())
    for _ in range(10):
        # pictures that were on their way do not come back
        assert not painted(ann, 1)
        ann.page.wait_for_timeout(50)
    assert ann.complaints == bob.complaints == []


def test_a_picture_is_coded_in_its_tab(visit: Callable[..., Any], make_clip: Any, tmp_path: Path) -> None:
    path = tmp_path / "disc.png"
    media.write(path, make_clip(160, 120, 1), Fraction(1))
    one = visit()
    one.open_tab("Picture")
    one.page.locator("#picture input[type=file]").set_input_files(str(path))
    one.page.wait_for_selector("#picture >> text=disc")
    one.page.get_by_label("Codec").last.click()
    one.page.get_by_role("option", name="webp").click()
    one.page.get_by_role("button", name="Code", exact=True).click()
    one.page.wait_for_selector("#code-words >> text=bits a pixel")
    one.screenshot("picture")
    assert one.complaints == []


def test_a_stream_is_decoded_and_a_damaged_one_is_not(
    visit: Callable[..., Any], make_clip: Any, tmp_path: Path
) -> None:
    clip, stream, damaged = (tmp_path / name for name in ("clip.mkv", "clip.gvc", "damaged.gvc"))
    media.write(clip, make_clip(160, 120, 5), Fraction(25))
    genvc.encode_file(clip, stream, "avif", options={"quality": 30, "speed": 10})
    damaged.write_bytes(stream.read_bytes()[:200])
    one = visit()
    one.open_tab("File")
    for path, words in ((damaged, "did not work"), (stream, "5 pictures")):
        one.page.locator("#gvc input[type=file]").set_input_files(str(path))
        one.page.wait_for_selector(f"#gvc >> text={path.stem}")
        one.page.get_by_role("button", name="Decode", exact=True).click()
        one.page.wait_for_selector(f"#decode-words >> text={words}")
        if path == damaged:
            one.page.locator("#gvc button[aria-label='Clear'], #gvc button[title='Clear']").first.click()
    one.page.wait_for_selector("#decoded video")
    assert one.complaints == []


@pytest.mark.slow
def test_a_clip_is_compared_in_its_tab(visit: Callable[..., Any]) -> None:
    one = visit()
    one.open_tab("File")
    one.page.get_by_role("button", name="Take the sample clip").click()
    one.page.wait_for_selector("#clip >> text=carphone")
    one.page.get_by_role("button", name="Compare").click()
    one.page.wait_for_selector("#compare-words >> text=pictures", timeout=600000)
    one.screenshot("file")
    assert one.complaints == []
