"""How a number is distributed, in bounded memory and one pass, whatever the order of the rows.

Enters: values as Float32, and which of the documents were kept.  Leaves: a `Sketch`, from which
quantiles and histograms of any range are read.  Values are not negative; what is below 2⁻¹⁶ counts
as 0.  A value is known to one part in 512, a whole number up to 1,024 exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from corpus_pipeline.text.arrays import F32, F64, I64, Bool

#: Bits of a Float32 that are cut off, the key of 2⁻¹⁶, and the cells up to 2²⁴.
_SHIFT = 14
_FIRST = (127 - 16) << 9
CELLS = 40 << 9


@dataclass(slots=True)
class Sketch:
    """Documents by cell of the value's logarithm, kept and dropped apart."""

    kept: I64 = field(default_factory=lambda: np.zeros(CELLS, np.int64))
    dropped: I64 = field(default_factory=lambda: np.zeros(CELLS, np.int64))

    def add(self, values: F32, kept: Bool) -> None:
        """Count values; what is no number is left out."""
        real = np.isfinite(values)
        keys = np.clip(
            (np.maximum(values, 0).view(np.uint32) >> _SHIFT).astype(np.int64) - _FIRST,
            0,
            CELLS - 1,
        )
        self.kept += np.bincount(keys[kept & real], minlength=CELLS)
        self.dropped += np.bincount(keys[~kept & real], minlength=CELLS)

    @property
    def documents(self) -> int:
        """How many values were counted."""
        return int(self.kept.sum() + self.dropped.sum())

    @property
    def whole(self) -> bool:
        """Whether all values are whole numbers, and some of them above 1."""
        found = _values()[(self.kept + self.dropped) > 0]
        return bool(found.size and found.max() > 1 and (found % 1 == 0).all())

    def quantile(self, share: float) -> float:
        """The value below which this share of the documents lies; 0 where there are none.

        >>> numbers = np.arange(1, 101, dtype=np.float32)
        >>> one = Sketch()
        >>> one.add(numbers, numbers > 50)
        >>> one.quantile(0.0), one.quantile(0.5), one.quantile(1.0)
        (1.0, 50.0, 100.0)
        """
        sums = np.cumsum(self.kept + self.dropped)
        if sums[-1] == 0:
            return 0.0
        place = np.searchsorted(sums, max(int(np.ceil(share * sums[-1])), 1))
        return float(_values()[place])

    def histogram(self, edges: F64) -> tuple[list[int], list[int]]:
        """Kept and dropped documents between the edges; what lies beyond is in the outer bars."""
        bars = np.clip(np.searchsorted(edges, _values(), side="right") - 1, 0, len(edges) - 2)
        kept, dropped = (
            np.bincount(bars, weights=counts, minlength=len(edges) - 1).astype(np.int64)
            for counts in (self.kept, self.dropped)
        )
        return kept.tolist(), dropped.tolist()


def _values() -> F64:
    """The lowest value of each cell."""
    bits = (np.arange(CELLS, dtype=np.uint32) + _FIRST) << _SHIFT
    values = bits.view(np.float32).astype(np.float64)
    values[0] = 0
    return values
