"""The loop behind `classes.CharTable`: classes of characters counted per document.

Enters: UTF-8 with offsets, the atom of each code point and the classes of each atom.  Leaves: a
count per class and document.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U16, OutU32Grid, U32Grid
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode.utf8_kernel import decoded


@compiled
def count(data: U8, offsets: I64, atoms: U16, membership: U32Grid, counts: OutU32Grid) -> None:
    """A histogram of atoms for each document, then the classes that each atom belongs to.

    `atoms` has an entry per code point, `membership` a row per atom and a column per class,
    `counts` a row per class and a column per document.
    """
    histogram = np.zeros(membership.shape[0], dtype=np.uint32)
    for doc in range(len(offsets) - 1):
        histogram[:] = 0
        at, end = offsets[doc], offsets[doc + 1]
        while at < end:
            code, at = decoded(data, at)
            histogram[atoms[code]] += 1
        # Atom 0 belongs to no class.
        for atom in range(1, len(histogram)):
            if histogram[atom]:
                for number in range(membership.shape[1]):
                    counts[number, doc] += histogram[atom] * membership[atom, number]
