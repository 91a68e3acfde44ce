"""Pictures with what people said of them: DATA/captions/captions.csv, and SPLIT/NAME beside it.

The table has a row a picture: its file name, then one to five captions; the first row is a heading.
"""

import csv
from pathlib import Path

from ..errors import BadInput

__all__ = ["captioned"]


def captioned(data: Path, split: str) -> list[tuple[Path, list[str]]]:
    """The pictures of a split with their captions; raises BadInput where there are none."""
    table = data / "captions" / "captions.csv"
    try:
        with table.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.reader(opened))[1:]
    except OSError as error:
        raise BadInput(f"cannot read {table}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{table} is no table of captions: {error}") from error
    said = {Path(row[0]).stem: [one for one in row[1:] if one] for row in rows if row}
    files = sorted((data / "captions" / split).glob("*"))
    found = [(file, said[file.stem]) for file in files if said.get(file.stem)]
    if not found:
        raise BadInput(f"no captioned pictures in {data / 'captions' / split}")
    return found
