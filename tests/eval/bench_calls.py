"""The command `genvc bench`, called as users call it."""

import json
from pathlib import Path

from genvc.cli import run


def bench(*words):
    return run(["bench", *map(str, words)])


def load(path):
    return json.loads(Path(path).read_text())
