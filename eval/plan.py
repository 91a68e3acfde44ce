"""What a run consists of: the cells of a suite, in batches of one clip each."""

from collections.abc import Mapping, Sequence

from genvc.errors import BadInput
from genvc.plugins import CODECS, installed

from .cell import Cell, stored_streams_of
from .clip import Clip
from .fingerprint import of_metric
from .setting import parse_codec, parse_setting
from .suite import Suite

__all__ = ["batches", "plan"]

# Streams measured side by side share the work on the reference; more would win little and wait longer.
BATCH = 8
DEFAULT_RATES = {False: ("3k", "6k", "12k", "24k"), True: ("0.05bpp", "0.1bpp", "0.2bpp", "0.4bpp")}


def plan(
    suite: Suite,
    codecs: Sequence[str],
    metrics: Sequence[str],
    rates: Mapping[str, Sequence[str]],
    *,
    threads: int,
    cache: str,
) -> list[Cell]:
    """The cells, clip by clip. rates: by codec, "default" for the others; the suite's fill the gaps.

    A codec with stored streams of a clip runs at all of their quantisers unless rates name it. Raises
    BadInput for an unknown codec or metric and for a rate that makes no sense, before anything runs.
    """
    known = installed(CODECS)
    for codec in codecs:
        name, _ = parse_codec(codec)
        if name not in known:
            raise BadInput(f"no codec '{name}'; installed: {', '.join(known)}")
    for metric in metrics:
        of_metric(metric)
    for values in rates.values():
        for value in values:
            parse_setting(value)
    cells = [
        Cell(clip, codec, setting, tuple(metrics), threads, cache)
        for clip in suite.clips
        for codec in codecs
        for setting in _settings(suite, clip, codec, rates)
    ]
    if not cells:
        raise BadInput("nothing to run: no clips, no codecs or no rates")
    # what is named twice is run once
    return list(dict.fromkeys(cells))


def batches(cells: Sequence[Cell]) -> list[list[Cell]]:
    """The cells in order, at most BATCH of one clip together."""
    found: list[list[Cell]] = []
    for cell in cells:
        if not found or found[-1][0].clip != cell.clip or len(found[-1]) == BATCH:
            found.append([])
        found[-1].append(cell)
    return found


def _settings(suite: Suite, clip: Clip, codec: str, rates: Mapping[str, Sequence[str]]) -> Sequence[str]:
    names = (codec, parse_codec(codec)[0])
    for name in names:
        if name in rates:
            return rates[name]
    stored = stored_streams_of(codec, clip)
    if stored is not None:
        wanted = suite.rates.get(names[1], ())
        there = [f"q{step}" for step in sorted(stored)]
        # Which quantisers a clip was stored at differs from clip to clip; use those that are wanted.
        return [setting for setting in there if setting in wanted or not wanted] or there or wanted or ["q42"]
    if "default" in rates:
        return rates["default"]
    for name in names:
        if name in suite.rates:
            return suite.rates[name]
    return suite.rates.get("default", DEFAULT_RATES[clip.picture])
