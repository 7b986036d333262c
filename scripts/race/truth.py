"""The truth of a race: every pair of documents that really are alike, by exact counting.

Enters: texts.  Leaves: pairs with the Jaccard similarity of their sets of character 5-grams (of the
raw text without white space) and the share of each one's set that the other holds.  Refuses: to
hash (equal 5-grams have equal numbers, others never) and to use anything of the package measured.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

NGRAM = 5
#: Rows of the product that are held at once.
BLOCK = 256

Numbers = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of positions, `a` < `b`; `a_in_b` is the share of a's 5-grams that b has."""

    a: Numbers
    b: Numbers
    jaccard: Shares
    a_in_b: Shares
    b_in_a: Shares


def pairs(texts: list[str], jaccard: float = 0.7, containment: float = 0.9) -> Pairs:
    """All pairs that reach the Jaccard similarity, or one of which contains so much of the other.

    Brute force as a sparse product: documents × 5-grams by its transpose counts what is shared.
    """
    matrix = _matrix(texts)
    sizes = np.diff(matrix.indptr).astype(np.int64)
    # A 5-gram of one document is shared by nobody.
    common = np.flatnonzero(np.bincount(matrix.indices, minlength=matrix.shape[1]) > 1)
    matrix = matrix[:, common]
    turned = matrix.T.tocsr()
    found = []
    for start in range(0, len(texts), BLOCK):
        shared = (matrix[start : start + BLOCK] @ turned).tocoo()
        a, b = shared.row.astype(np.int64) + start, shared.col.astype(np.int64)
        both = shared.data.astype(np.int64)
        alike = both / (sizes[a] + sizes[b] - both) >= jaccard
        within = both / np.minimum(sizes[a], sizes[b]) >= containment
        take = (a < b) & (alike | within)
        found.append(np.stack([a[take], b[take], both[take]]))
    a, b, both = np.concatenate(found, axis=1) if found else np.zeros((3, 0), np.int64)
    return Pairs(a, b, both / (sizes[a] + sizes[b] - both), both / sizes[a], both / sizes[b])


def _matrix(texts: list[str]) -> sparse.csr_array:
    """Documents × 5-grams, a one where a document has a 5-gram."""
    codes, owner = _codes(texts)
    grams = codes
    # Numbers of 2-grams, of 4-grams, of 5-grams: always a pair of smaller numbers, so exact.
    for width, step in ((codes, 1), (None, 2), (codes, 4)):
        other = grams if width is None else width
        other = other[step:]
        _, grams = np.unique(
            grams[: len(other)].astype(np.int64) << 32 | other.astype(np.int64),
            return_inverse=True,
        )
    count = len(grams)
    whole = owner[:count] == owner[NGRAM - 1 :]
    cells = np.unique(owner[:count][whole] << 32 | grams[whole])
    rows, columns = cells >> 32, cells & 0xFFFFFFFF
    shape = (len(texts), int(grams.max(initial=0)) + 1)
    ones = np.ones(len(cells), np.int32)
    return sparse.csr_array((ones, (rows, columns)), shape=shape)


def _codes(texts: list[str]) -> tuple[Numbers, Numbers]:
    """The characters of all texts end to end, and the document of each.

    A text of fewer than five characters is filled up: it has one 5-gram, itself.
    """
    bare = ["".join(text.split()).ljust(NGRAM, "\0") for text in texts]
    codes = np.frombuffer("".join(bare).encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    return codes, np.repeat(np.arange(len(bare)), [len(text) for text in bare])
