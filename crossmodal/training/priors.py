"""Counts how often photos have a line in each context of a sketch, and writes crossmodal/sketch_prior.py.

    python -m crossmodal.training.priors --data $GENVC_DATA --out crossmodal/sketch_prior.py

Streams are read with what was written once: another prior is another version of the packets.
"""

import argparse
from pathlib import Path
from typing import Final

import numpy as np

from genvc import media
from genvc.types import Picture

from .. import sketch

__all__ = ["letters", "main"]

_EVERY: Final = 4  # photos
_LEVELS: Final = (3, 5)  # sides of 64 and 96
_SHARES: Final = (0.09, 0.12)
_LINE: Final = 96
_HEAD: Final = '''"""How often training photos have a line in each context of a sketch, \
made by crossmodal.training.priors."""

__all__ = ["PRIOR"]

# fmt: off
PRIOR = (
'''


def letters(pictures: list[Picture]) -> str:
    """For each of 1024 contexts a letter from "0" on: by how many 64ths a line is likely, less one."""
    counts = np.zeros((1024, 2))
    for rgb in pictures:
        for level in _LEVELS:
            for share in _SHARES:
                lines = sketch.drawn(rgb, level, share)
                np.add.at(counts, (sketch.contexts(lines).ravel(), lines.ravel().astype(np.int64)), 1)
    likely = (counts[:, 1] + 0.5) / (counts.sum(1) + 3)
    return "".join(chr(48 + place) for place in np.clip(np.rint(64 * likely) - 1, 0, 62).astype(int))


def main() -> None:
    """Count and write."""
    parser = argparse.ArgumentParser(description="count the contexts of sketches")
    parser.add_argument("--data", type=Path, required=True, help="has photos/train")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    files = sorted((chosen.data / "photos" / "train").glob("*"))[::_EVERY]
    prior = letters([next(iter(media.frames(file)[1])).rgb for file in files])
    lines = [prior[at : at + _LINE].replace("\\", "\\\\") for at in range(0, len(prior), _LINE)]
    body = "".join(f'    "{line}"\n' for line in lines)
    chosen.out.write_text(_HEAD + body + ")\n# fmt: on\n", encoding="utf-8")


if __name__ == "__main__":
    main()
