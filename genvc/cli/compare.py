"""The command `compare`."""


def compare_command() -> None:
    """x"""
