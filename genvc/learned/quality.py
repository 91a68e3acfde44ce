"""Quality 0 to 100 as a quantiser step and a Lagrangian multiplier."""

from typing import Final

__all__ = ["GRADES", "grade_of", "lagrangian", "log_step"]

GRADES: Final = 64
_COARSEST, _PER_GRADE = 8.0, -5.5 / 64  # log2 of the step for samples of 0 to 255, and a grade's share


def grade_of(quality: float) -> int:
    """Quality 0 to 100 as one of the 64 grades that a stream can say."""
    return max(0, min(GRADES - 1, round(quality / 100 * (GRADES - 1))))


def log_step(grade: int) -> float:
    """log2 of the quantiser step of a grade: exact, a multiple of 1/128."""
    return _COARSEST + grade * _PER_GRADE


def lagrangian(step: float) -> float:
    """Squared error (samples of 0 to 255) that a bit is worth at a quantiser step.

    Of rate and distortion of a uniform quantiser; the factor is the one that H.264 and HEVC use.
    """
    return 0.136 * step * step
