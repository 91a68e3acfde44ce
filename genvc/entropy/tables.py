"""Tables of frequencies that ship with a trained codec, chosen for each value by an index."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..errors import BadInput
from .models import MAX_INTEGER, MAX_SYMBOLS, Frequencies

TOTAL: Final = 1 << 16
MAX_TABLES: Final = 1 << 16

Integers = npt.NDArray[np.integer[Any]]


class Tables:
    """Frequencies of values, one row a table, each row 2^16 in all.

    frequencies: integers (tables, symbols); of row t the first lengths[t] count (2 to 4096, each
    frequency at least 1), the rest is ignored. They are for the values offsets[t], offsets[t] + 1, ...
    and the last one is for all other values, which follow in raw bits. Raises BadInput.
    """

    def __init__(self, frequencies: Integers, lengths: Integers, offsets: Integers) -> None:
        frequencies, lengths, offsets = map(np.asarray, (frequencies, lengths, offsets))
        if any(array.dtype.kind not in "iu" for array in (frequencies, lengths, offsets)):
            raise BadInput("tables are made of integers")
        if frequencies.ndim != 2 or not lengths.shape == offsets.shape == frequencies.shape[:1]:
            raise BadInput("tables have a row of frequencies, a length and an offset each")
        if not 1 <= len(lengths) <= MAX_TABLES:
            raise BadInput(f"there are 1 to {MAX_TABLES} tables, not {len(lengths)}")
        if lengths.min() < 2 or lengths.max() > min(MAX_SYMBOLS, frequencies.shape[1]):
            raise BadInput(f"tables have 2 to {MAX_SYMBOLS} symbols and no more than the row holds")
        if np.abs(offsets.astype(np.int64)).max() > MAX_INTEGER:
            raise BadInput("tables begin within +-2^20")
        self.lengths = lengths.astype(np.int64)
        self.offsets = offsets.astype(np.int64)
        self.rows: list[Frequencies] = []
        for number, (row, length) in enumerate(zip(frequencies, self.lengths, strict=True)):
            used = row[:length].astype(np.int64)
            if used.min() < 1 or used.max() > TOTAL or used.sum() != TOTAL:
                raise BadInput(f"the frequencies of table {number} are at least 1 and {TOTAL} in all")
            self.rows.append(used.astype(np.float64))

    def __len__(self) -> int:
        return len(self.rows)

    def checked_indices(self, indices: Integers) -> npt.NDArray[np.int64]:
        """The indices as a flat array; BadInput unless each names a table."""
        indices = np.asarray(indices)
        if indices.dtype.kind not in "iu":
            raise BadInput("indices of tables are integers")
        if indices.size and not (indices.min() >= 0 and indices.max() < len(self)):
            raise BadInput(f"indices of tables are 0 to {len(self) - 1}")
        return indices.astype(np.int64).ravel()
