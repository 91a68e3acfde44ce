"""python -m genvc: the command line."""

from .cli import main

main()
