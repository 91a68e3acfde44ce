"""The progress bar: on a terminal after a while, whatever the work does; lines elsewhere."""

import io
import sys
import time

import pytest

from genvc.cli import progress
from genvc.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_comes_before_anything_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.05)
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    with Progress("encoding"):
        deadline = time.monotonic() + 20
        while "encoding" not in shown.getvalue() and time.monotonic() < deadline:
            time.sleep(0.02)
    assert "encoding" in shown.getvalue()


def test_quick_work_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    with Progress("encoding") as bar:
        assert list(bar.over("abc", 3)) == ["a", "b", "c"]
    assert shown.getvalue() == ""


def test_without_a_terminal_it_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_PLAIN_EVERY", 0.0)
    with Progress("decoding") as bar:
        bar(3, 7)
        bar(4, None)
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("genvc: decoding: 3 of 7 frames, ")
    assert second.startswith("genvc: decoding: 4 frames, ")
