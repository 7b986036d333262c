"""Text that was garbled twice: the outer layer, where a mistake explains what is under it.

Enters: code points of a text in which no mistake alone leads to a text.
Leaves: the stretches that undo the outer mistake.
Refuses: a layer under which there is no text.

Undone once, such text is still garbled, and costs as much as before.  So the outer mistake is
judged by its form alone, which chance does not give (bytes that are UTF-8 throughout), and then by
whether another mistake explains what comes out.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import U32
from corpus_pipeline.text.mojibake.kinds import Kind
from corpus_pipeline.text.mojibake.stretches import Limits, Stretch, apart, candidates, chosen
from corpus_pipeline.text.mojibake.tables import Tables


def outer_layer(
    codes: U32, kinds: list[Kind], tables: Tables, limits: Limits, depth: int
) -> list[Stretch]:
    """The stretches of the outer mistake, one of `kinds`; up to `depth` layers lie under it."""
    readings = []
    for kind in kinds:
        found = candidates(
            codes,
            kind,
            tables,
            limits,
            least=limits.least_bits,
            edge_bits=limits.edge_bits,
            clear=tables.unread,
        )
        few = [s for s in found if s.lost <= limits.max_lost_share * (s.restored + s.lost)]
        readings.append(apart(few))
    best = max(readings, key=lambda stretches: sum(s.bits for s in stretches), default=[])
    if not best:
        return []
    inner = np.concatenate([part for s in best for part in (s.codes, [ord("\n")])])
    inner = inner.astype(np.uint32)
    under, kinds = chosen(inner, tables, limits)
    if not under and depth > 1:
        under = outer_layer(inner, kinds, tables, limits, depth - 1)
    explained = np.zeros(inner.size + 1, dtype=np.int64)
    for s in under:
        explained[s.start : s.end] = 1
    explained = np.append(0, (explained[:-1] * (inner >= 0x80)).cumsum())
    high = np.append(0, (inner >= 0x80).cumsum())
    ends = np.append(0, np.cumsum([s.codes.size + 1 for s in best]))
    shares = np.diff(explained[ends]) / np.maximum(np.diff(high[ends]), 1)
    return [s for s, share in zip(best, shares, strict=True) if share >= limits.peeled_share]
