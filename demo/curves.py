"""Rate-distortion curves as SVG, the rate on a logarithmic scale."""

import math
from collections.abc import Mapping, Sequence
from html import escape

__all__ = ["curves"]

_WIDE, _HIGH = 600, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 12, 46
# Told apart also by those who see colours differently (Okabe and Ito), dark enough to be read on white.
_COLOURS = ("#d55e00", "#0072b2", "#007a5a", "#a83e80", "#6a3fb5", "#8a6100", "#555555", "#6b4a1d")
_KEY, _KEYS = 22, 3
_MOST_TICKS = 7

Line = Sequence[tuple[float, float]]


def curves(lines: Mapping[str, Line], rate: str, quality: str) -> str:
    """lines: (rate, quality) from low to high rates, by name. rate, quality: what the axes are called."""
    points = [point for line in lines.values() for point in line]
    if not points:
        return "<p>Nothing was measured.</p>"
    low, high = (pick(math.log10(x) for x, _ in points) for pick in (min, max))
    least, most = (pick(y for _, y in points) for pick in (min, max))
    low, high = low - 0.03, max(high, low + 0.1) + 0.03
    room = max(most - least, 1e-9) * 0.05
    least, most = least - room, most + room
    foot = _HIGH - _BOTTOM

    def across(x: float) -> float:
        return _LEFT + (math.log10(x) - low) / (high - low) * (_WIDE - _LEFT - _RIGHT)

    def down(y: float) -> float:
        return foot - (y - least) / (most - least) * (foot - _TOP)

    parts = []
    for x in _ticks_of_powers(10**low, 10**high):
        parts.append(_rule(across(x), _TOP, across(x), foot))
        parts.append(_text(across(x), foot + 18, f"{x:g}", "middle"))
    for y in _ticks(least, most):
        parts.append(_rule(_LEFT, down(y), _WIDE - _RIGHT, down(y)))
        parts.append(_text(_LEFT - 6, down(y) + 4, f"{y:g}", "end"))
    parts.append(_text((_LEFT + _WIDE) / 2, _HIGH - 6, rate, "middle"))
    rows = math.ceil(len(lines) / _KEYS)
    for place, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        dash = ' stroke-dasharray="6 4"' if place >= len(_COLOURS) else ""
        path = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        parts += [f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3" fill="{colour}"/>' for x, y in line]
        x, y = 12 + (place % _KEYS) * (_WIDE // _KEYS), _HIGH + 18 + (place // _KEYS) * _KEY
        parts.append(
            f'<line x1="{x}" y1="{y - 4}" x2="{x + 22}" y2="{y - 4}" stroke="{colour}" stroke-width="3"/>'
        )
        parts.append(_text(x + 28, y, name, "start"))
    title = f"{quality} against {rate} of {', '.join(lines)}"
    high_all = _HIGH + 10 + rows * _KEY
    return (
        f'<p>{escape(quality)}</p><svg viewBox="0 0 {_WIDE} {high_all}" role="img" '
        f'aria-label="{escape(title, quote=True)}" fill="currentColor">{"".join(parts)}</svg>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers in between, at equal steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10((high - low) / _MOST_TICKS))
    step = next(size * power for size in (1, 2, 5, 10) if (high - low) / (size * power) <= _MOST_TICKS)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [round(place * step, 10) for place in range(first, last + 1)]


def _ticks_of_powers(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten in between."""
    first = math.floor(math.log10(low))
    values = [step * 10.0**power for power in range(first, first + 8) for step in (1, 2, 5)]
    return [value for value in values if low <= value <= high]


def _rule(x: float, y: float, to_x: float, to_y: float) -> str:
    ends = f'x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"'
    return f'<line {ends} stroke="currentColor" stroke-opacity=".18"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="14">{escape(text)}</text>'
