"""What is kept of a text that was erased: enough to know it again, too little to read it.

Enters: texts and the two character tables of the keys.  Leaves: `Traces`: of each text the XXH3-128
of its signed key, the number of its 3-grams and 256 numbers of eight bits (b-bit MinHash); or, of
other texts, which trace each of them is like.

Eight bits of a minimum say that one of all 3-grams with these eight bits stands in the text, and
there are tens of thousands of them for each; the hashes of all n-grams would be the text, because
they overlap.  docs/decisions/009-what-an-index-keeps.md has what was weighed and measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
import xxhash

from corpus_pipeline.text.arrays import I64, U8, U64
from corpus_pipeline.text.dedup.key import KeyTable, fold
from corpus_pipeline.text.dedup.minhash import signatures
from corpus_pipeline.text.dedup.ngrams import shingles
from corpus_pipeline.text.dedup.signed_key import SignTable, fold_signed
from corpus_pipeline.text.dedup.traces_kernel import likest

#: Characters of an n-gram: a tenth of the characters edited leave a Jaccard similarity of .57 at 3,
#: .42 at 5.
NGRAM: Final = 3
#: Values of a signature: the standard deviation of the estimate is .03 at .5.
VALUES: Final = 256
#: 3-grams of the shortest text that is known again by its signature: three of them in common are no
#: sign of anything (of 39,914 other texts all that shared 45 % by chance had six or fewer).
LEAST: Final = 8
#: Values that are compared first, and how many fewer of them than expected end the comparison: at
#: .45 half of `FIRST` are 29, and four standard deviations 16.
FIRST: Final = 64
SCHEMA: Final = {
    "id": pl.String(),
    "key": pl.UInt64(),
    "high": pl.UInt64(),
    "grams": pl.UInt32(),
    "signature": pl.Binary(),
}


@dataclass(frozen=True, slots=True)
class Traces:
    """Of each text: both halves of the digest of its key (0 and 0: none), 3-grams, signature."""

    key: U64
    high: U64
    grams: I64
    signature: U8  # a row of `VALUES` a text

    def frame(self, ids: pl.Series) -> pl.DataFrame:
        """The traces as rows, with the ids of their texts."""
        signed = pl.Series([row.tobytes() for row in self.signature], dtype=pl.Binary)
        columns = {"id": ids, "key": self.key, "high": self.high, "grams": self.grams}
        return pl.DataFrame({**columns, "signature": signed}).cast(pl.Schema(SCHEMA))

    @classmethod
    def of_frame(cls, rows: pl.DataFrame) -> Traces:
        """The traces that `frame` made rows of."""
        packed = b"".join(rows.get_column("signature").to_list())
        return cls(
            rows.get_column("key").to_numpy(),
            rows.get_column("high").to_numpy(),
            rows.get_column("grams").cast(pl.Int64).to_numpy(),
            np.frombuffer(packed, np.uint8).reshape(-1, VALUES),
        )


def digests(texts: pl.Series, table: SignTable) -> tuple[U64, U64]:
    """Lower and upper half of the XXH3-128 of each signed key; 0 and 0 where there is no key."""
    halves = np.zeros((len(texts), 2), dtype=np.uint64)
    for keys in fold_signed(texts, table):
        buffer = keys.codes.astype("<u4", copy=False).data.cast("B")
        for row, (start, end) in enumerate(pairwise((keys.offsets * 4).tolist()), keys.first):
            if end > start:
                raw = xxhash.xxh3_128_digest(buffer[start:end])
                halves[row] = np.frombuffer(raw, dtype=">u8")
    return halves[:, 1], halves[:, 0]


def traces(texts: pl.Series, table: KeyTable, signs: SignTable) -> Traces:
    r"""The traces of texts; null is an empty text.

    >>> from corpus_pipeline.text.dedup.key import parse_key_table
    >>> from corpus_pipeline.text.dedup.signed_key import parse_sign_table
    >>> key = parse_key_table("keep\t4e00\t9fff")
    >>> signs = parse_sign_table("math\t2b\t2b", key)
    >>> found = traces(pl.Series(["天地玄黄，宇宙洪荒", "天地玄黄宇宙洪荒", ""]), key, signs)
    >>> bool(found.key[0] == found.key[1]), found.key[2].item(), found.grams.tolist()
    (True, 0, [6, 6, 0])
    """
    key, high = digests(texts, signs)
    grams = np.zeros(len(texts), dtype=np.int64)
    signature = np.zeros((len(texts), VALUES), dtype=np.uint8)
    for keys in fold(texts, table):
        hashes, starts = shingles(keys.codes, keys.offsets, NGRAM)
        sizes = np.diff(starts)
        grams[keys.first : keys.first + len(keys)] = sizes
        alive = np.flatnonzero(sizes >= LEAST)
        if len(alive) == len(keys):
            found = signatures(hashes, starts, VALUES)
        else:
            # A text that is too short still has a place in `starts`; its row is thrown away.
            filled = np.flatnonzero(sizes)
            found = signatures(hashes, np.append(starts[:-1][filled], len(hashes)), VALUES)
            found = found[np.searchsorted(filled, alive)]
        signature[alive + keys.first] = (found & np.uint32(0xFF)).astype(np.uint8)
    return Traces(key, high, grams, signature)


def known(texts: Traces, erased: Traces, threshold: float) -> I64:
    """Of each text the trace that it is like, -1 where there is none.

    Equal digests come first, then the largest estimate of the Jaccard similarity from `threshold`
    on; of equals the first.
    """
    out = np.full(len(texts.key), -1, dtype=np.int64)
    equal = {
        pair: place
        for place, pair in reversed(
            list(enumerate(zip(erased.key.tolist(), erased.high.tolist(), strict=True)))
        )
        if pair != (0, 0)
    }
    for row, pair in enumerate(zip(texts.key.tolist(), texts.high.tolist(), strict=True)):
        out[row] = equal.get(pair, -1)
    rows = np.flatnonzero((out < 0) & (texts.grams >= LEAST))
    usable = np.flatnonzero(erased.grams >= LEAST)
    if len(rows) and len(usable):
        # Two values are equal by chance once in 256.
        share = threshold + (1 - threshold) / 256
        least = int(np.ceil(share * VALUES))
        first = max(int(share * FIRST - 4 * np.sqrt(share * (1 - share) * FIRST)), 0)
        best = np.full(len(rows), -1, dtype=np.int64)
        likest(texts.signature[rows], erased.signature[usable], FIRST, first, least, best)
        out[rows] = np.where(best >= 0, usable[best], -1)
    return out
