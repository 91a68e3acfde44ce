"""What codecs say of the values of their options."""

from .errors import BadInput

__all__ = ["check_number", "check_whole"]


def check_number(
    codec: str, name: str, value: object, least: float, most: float, needed: bool = False
) -> None:
    """Raises BadInput for what is no number of that range. needed: None is not fine either."""
    if value is None and not needed:
        return
    # true is a whole number to Python, and to nobody else
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise BadInput(f"codec '{codec}': {name} is a number {_between(least, most)}, not {value!r}")


def check_whole(codec: str, name: str, value: object, least: int, most: int, needed: bool = False) -> None:
    """Raises BadInput for what is no whole number of that range. needed: None is not fine either."""
    if value is None and not needed:
        return
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadInput(f"codec '{codec}': {name} is a whole number {_between(least, most)}, not {value!r}")


def _between(least: float, most: float) -> str:
    low, high = (f"{int(one)}" if one == int(one) else f"{one:g}" for one in (least, most))
    return f"from {low} to {high}"
