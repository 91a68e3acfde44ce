"""What somebody typed as the value of an option."""

__all__ = ["typed"]


def typed(text: str) -> bool | int | float | str:
    """A whole number, a number, true or false, or else the text itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
