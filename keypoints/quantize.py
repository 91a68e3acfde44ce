"""Rounding of number series such that they are near the truth and cheap to code.

A look at the whole series instead of one number at a time: dynamic programming over the three nearest
integers of each moment, weighing the squared error against the bits that changes cost (Viterbi, as in
trellis quantisation). Jitter of the measurement vanishes, motion stays.
"""

import numpy as np
import numpy.typing as npt

from .structure import Integers

__all__ = ["steady_round"]

# Rough bits of a change by 0, 1, 2, ... steps; only their ratio to the squared error matters here.
_BITS = np.array([0.4, 2.4, 3.6, 4.6, 5.4, 6.0, 6.5, 7.0])


def steady_round(values: npt.NDArray[np.float64], weight: float, start: Integers | None = None) -> Integers:
    """Integers (moments, numbers) near values of that shape.

    weight: squared steps of error that a bit is worth.
    start: the integers before the first moment (numbers,); without them the first ones are free.
    """
    moments, numbers = values.shape
    if moments == 0 or numbers == 0:
        return np.zeros((moments, numbers), np.int64)
    middle = np.rint(values).astype(np.int64)
    options = middle[:, :, None] + np.arange(-1, 2)
    error = (values[:, :, None] - options) ** 2
    total = error[0].copy()
    if start is not None:
        total += weight * _bits(options[0] - start[:, None])
    came = np.zeros((moments, numbers, 3), np.int8)
    for moment in range(1, moments):
        change = options[moment][:, :, None] - options[moment - 1][:, None, :]
        paths = total[:, None, :] + weight * _bits(change)
        best = paths.argmin(2)
        came[moment] = best
        total = np.take_along_axis(paths, best[:, :, None], 2)[:, :, 0] + error[moment]
    found = np.zeros((moments, numbers), np.int64)
    at = total.argmin(1)
    rows = np.arange(numbers)
    for moment in range(moments - 1, -1, -1):
        found[moment] = options[moment][rows, at]
        at = came[moment][rows, at]
    return found


def _bits(change: Integers) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = _BITS[np.minimum(np.abs(change), len(_BITS) - 1)]
    return found
