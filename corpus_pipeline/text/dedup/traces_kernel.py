"""The loop of `traces`: of each signature the other that shares most values with it.

Enters: two grids of values, a row a text.  Leaves: row numbers.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import OutI64, U8Grid
from corpus_pipeline.text.compiled import compiled_uncounted


@compiled_uncounted
def likest(new: U8Grid, old: U8Grid, first: int, enough: int, least: int, out: OutI64) -> None:
    """Write the row of `old` with most values of each row of `new`, where it has `least` of them.

    Rows that share fewer than `enough` of the `first` values are not compared further; `out` is -1
    throughout.
    """
    width = new.shape[1]
    for row in range(new.shape[0]):
        most = np.int64(least - 1)
        for other in range(old.shape[0]):
            same = np.int64(0)
            for at in range(first):
                same += np.int64(new[row, at] == old[other, at])
            if same < enough:
                continue
            for at in range(first, width):
                same += np.int64(new[row, at] == old[other, at])
            if same > most:
                most = same
                out[row] = other
