"""Tables for the tests of the entropy coder."""

import numpy as np

from genvc.entropy import Tables

TABLES = Tables(
    np.array([[16384, 32768, 16000, 384, 7], [60000, 5536, 0, 0, 0], [1, 1, 1, 1, 65532]]),
    np.array([4, 2, 5]),
    np.array([-1, 0, 3]),
)
