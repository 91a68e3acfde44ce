"""BD-rate and BD-metric of two rate curves, or the words why there is none."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import bjontegaard
import numpy as np

from genvc.errors import BadInput

__all__ = ["Comparison", "Curve", "bd_rate", "quality_at", "rate_at"]

Curve = Sequence[tuple[float, float]]
"""(rate, quality) pairs in any order; rates positive, in any unit that both curves share."""

LEAST_POINTS = 3
# Two curves that share less than this part of the shorter one's quality range would be judged by a
# corner that says little about them.
LEAST_OVERLAP = 0.2


@dataclass(frozen=True, slots=True)
class Comparison:
    """What can be said of a test curve against an anchor.

    rate_percent: BD-rate in percent, negative when the test needs fewer bits; None when `words` says
    why not. quality: BD-metric in the metric's own unit and direction, averaged over the common range
    of log rate; None where that is not defined. words: "" or a line that starts with "no overlap".
    overlap: share of the shorter curve's quality range that both curves cover, 0 to 1.
    equal_rate: (rate, anchor's quality, test's quality) and equal_quality: (quality, anchor's rate,
    test's rate), at the points of either curve that lie in the common range.
    """

    rate_percent: float | None
    quality: float | None
    words: str
    overlap: float
    equal_rate: list[tuple[float, float, float]] = field(default_factory=list)
    equal_quality: list[tuple[float, float, float]] = field(default_factory=list)


def bd_rate(
    anchor: Curve, test: Curve, *, higher_is_better: bool = True, method: str = "pchip"
) -> Comparison:
    """Compares two curves after Bjøntegaard (VCEG-M33), by the `bjontegaard` package.

    The interpolation is "pchip", as in the JVET common test conditions, "cubic" (the original) or
    "akima". Metrics where less is better (LPIPS) are negated before the integral and turned back.
    Curves that fall anywhere, have under three points or share under a fifth of the shorter one's
    quality range get no number but `words`. Raises BadInput for rates that are not positive or values
    that are not finite.
    """
    first, second = _sorted(anchor, "anchor"), _sorted(test, "test")
    sign = 1.0 if higher_is_better else -1.0
    words = _trouble(first, second, sign)
    overlap = _overlap([q for _, q in first], [q for _, q in second])
    percent = None
    quality = None
    if not words and overlap < LEAST_OVERLAP:
        words = (
            "no overlap in quality"
            if overlap == 0
            else f"no overlap to speak of: {overlap:.0%} of the shorter curve's quality range"
        )
    if not words:
        percent = _delta(bjontegaard.bd_rate, first, second, sign, method)
    rates_meet = _overlap([math.log(r) for r, _ in first], [math.log(r) for r, _ in second]) >= LEAST_OVERLAP
    if rates_meet and not _trouble(first, second, sign):
        quality = sign * _delta(bjontegaard.bd_psnr, first, second, sign, method)
    return Comparison(
        percent, quality, words, overlap, _equal_rate(first, second), _equal_quality(first, second)
    )


def quality_at(curve: Curve, rate: float) -> float | None:
    """Quality at a rate, linear in the logarithm of the rate; None outside the curve's range."""
    points = _sorted(curve, "curve")
    rates = [math.log(r) for r, _ in points]
    if not points or not rates[0] <= math.log(rate) <= rates[-1]:
        return None
    return float(np.interp(math.log(rate), rates, [q for _, q in points]))


def rate_at(curve: Curve, quality: float) -> float | None:
    """Rate at a quality; None outside the curve's range and for curves that turn."""
    points = _sorted(curve, "curve")
    qualities = [q for _, q in points]
    steps = np.diff(qualities)
    if not points or not min(qualities) <= quality <= max(qualities):
        return None
    if not (np.all(steps > 0) or np.all(steps < 0)):
        return None
    logs = [math.log(r) for r, _ in points]
    if len(points) > 1 and steps[0] < 0:
        qualities, logs = qualities[::-1], logs[::-1]
    return math.exp(float(np.interp(quality, qualities, logs)))


def _sorted(curve: Curve, name: str) -> list[tuple[float, float]]:
    for rate, quality in curve:
        if not (math.isfinite(rate) and rate > 0 and math.isfinite(quality)):
            raise BadInput(
                f"the {name} has a point that is not a positive rate and a finite quality: {rate}, {quality}"
            )
    return sorted({(float(rate), float(quality)) for rate, quality in curve})


def _trouble(first: list[tuple[float, float]], second: list[tuple[float, float]], sign: float) -> str:
    for curve, name in ((first, "anchor"), (second, "test")):
        if len(curve) < LEAST_POINTS:
            return f"no overlap: the {name} has {len(curve)} points, a curve needs {LEAST_POINTS}"
        steps = np.diff(np.array(curve), axis=0)
        if not (np.all(steps[:, 0] > 0) and np.all(sign * steps[:, 1] > 0)):
            return f"no overlap: the {name} does not rise with the rate"
    return ""


def _overlap(first: list[float], second: list[float]) -> float:
    if not first or not second:
        return 0.0
    common = min(max(first), max(second)) - max(min(first), min(second))
    shorter = min(max(first) - min(first), max(second) - min(second))
    return max(0.0, min(1.0, common / shorter)) if shorter > 0 else 0.0


def _delta(function, first, second, sign: float, method: str) -> float:  # type: ignore[no-untyped-def]
    columns = [np.array(column) for curve in (first, second) for column in zip(*curve, strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = function(
            columns[0],
            sign * columns[1],
            columns[2],
            sign * columns[3],
            method=method,
            require_matching_points=False,
            min_overlap=0,
        )
    return float(value)


def _equal_rate(first: Curve, second: Curve) -> list[tuple[float, float, float]]:
    rows = []
    for rate in sorted({r for r, _ in (*first, *second)}):
        a, b = quality_at(first, rate), quality_at(second, rate)
        if a is not None and b is not None:
            rows.append((rate, a, b))
    return rows


def _equal_quality(first: Curve, second: Curve) -> list[tuple[float, float, float]]:
    rows = []
    for quality in sorted({q for _, q in (*first, *second)}):
        a, b = rate_at(first, quality), rate_at(second, quality)
        if a is not None and b is not None:
            rows.append((quality, a, b))
    return rows
