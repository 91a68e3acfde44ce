"""Target-size search: the quantiser whose stream comes nearest to so many bytes."""

import math
from collections.abc import Callable

from genvc.errors import BadInput

__all__ = ["nearest_size"]

# Within one per cent of the target there is nothing to win by another encode.
CLOSE = 0.01


def nearest_size(size_of: Callable[[int], int], low: int, high: int, target: int) -> int:
    """The step from low to high (inclusive) whose size is nearest to target, as a ratio.

    size_of: bytes at a step; sizes fall as the step rises (a quantiser). It is called at most about
    log2(high - low) + 3 times: bisection, steered by the slope of the logarithm of the size. When the
    target lies outside what the steps reach, the end that is nearer comes back. Raises BadInput for a
    target that is not positive or an empty range.
    """
    if target < 1:
        raise BadInput(f"a target size is at least one byte, not {target}")
    if low > high:
        raise BadInput(f"no quantiser between {low} and {high}")
    sizes: dict[int, int] = {}

    def measure(step: int) -> int:
        if step not in sizes:
            sizes[step] = max(1, size_of(step))
        return sizes[step]

    over, under = low - 1, high + 1  # outside: nothing is known there
    step = (low + high) // 2
    while under - over > 1:
        size = measure(step)
        if abs(math.log(size / target)) < CLOSE:
            return step
        if size > target:
            over = step
        else:
            under = step
        step = _between(over, under, sizes, target)
    return min(sizes, key=lambda known: (abs(math.log(sizes[known] / target)), known))


def _between(over: int, under: int, sizes: dict[int, int], target: int) -> int:
    """Where to look next between a step that is too big (over) and one that is too small (under)."""
    middle = (over + under) // 2
    if over in sizes and under in sizes and sizes[over] > sizes[under] and len(sizes) < 4:
        share = math.log(sizes[over] / target) / math.log(sizes[over] / sizes[under])
        middle = round(over + share * (under - over))
    return min(max(middle, over + 1), under - 1)
