"""The quick answer: bytes that GBK or Big5 explain so well that no other charset can.

Enters: bytes, and what characters cost.
Leaves: `gb18030` or `big5` with a confidence; null for short, mixed or doubtful bytes, for which
`detect` compares all candidates.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import F32
from corpus_pipeline.text.charset.pairs_kernel import add_costs

#: Fewest bits per byte in a wrong charset (Chinese texts cost 4.5 to 6 in their own), and by how
#: many bits all bytes together must be cheaper than that.
_NEXT, _SURE = 6.8, 40.0
#: Bits of a pair without a character, and the fewest bytes in pairs for an answer.
_NONE, _FEWEST = 30.0, 32
#: Characters of three bytes and more; and signs of another charset or a binary file: controls, HZ,
#: a byte order mark, signatures.
_WIDE = r"[^\x00-\x{7FF}]"
_OTHERS = r"[\x00-\x08\x0E-\x1F\x7F]|~\{|^(?:%PDF|PK|GIF8|ID3|Rar!)"
#: The ways to read pairs: charset, codec, writing.
_CODECS = (
    ("gb18030", "gb18030", "hans"),
    ("gb18030", "gb18030", "hant"),
    ("big5", "big5hkscs", "hant"),
)


def plain_utf8(payloads: pl.Series) -> pl.Series:
    """The texts of the payloads (Binary) that can only be UTF-8; null for all others.

    They are valid, have a character of three bytes (two may be a pair of GBK), and no sign of
    another charset or a binary file.

    >>> plain_utf8(pl.Series(["网页".encode(), "网页".encode("gbk"), b"abc", None])).to_list()
    ['网页', None, None, None]
    """
    texts = pl.Series([_valid(payload) for payload in payloads], dtype=pl.String)
    plain = texts.str.contains(_WIDE) & ~texts.str.contains(_OTHERS)
    return pl.select(pl.when(plain).then(texts)).to_series()


def _valid(payload: bytes | None) -> str | None:
    try:
        text = payload.decode() if payload is not None else None
    except UnicodeDecodeError:
        return None
    return None if text is None or "\ufeff" in text else text


def pair_costs(costs: Mapping[str, F32]) -> F32:
    """Bits of each pair of bytes, of shape (3, 65536); the rows are those of `_CODECS`."""
    table = np.full((len(_CODECS), 65536), _NONE, dtype=np.float32)
    seconds = (*range(0x40, 0x7F), *range(0x80, 0xFF))
    pairs = [first << 8 | second for first in range(0x81, 0xFF) for second in seconds]
    # A line each: twenty thousand calls of `decode` take a tenth of a second.
    data = b"\n".join(pair.to_bytes(2, "big") for pair in pairs)
    for row, (_, codec, model) in enumerate(_CODECS):
        texts = data.decode(codec, "ignore").split("\n")
        single = {pair: ord(t) for pair, t in zip(pairs, texts, strict=True) if len(t) == 1}
        codes = np.fromiter(single.values(), dtype=np.int64)
        table[row, [*single]] = costs[model][np.minimum(codes, 0xE000)]
    return table


def quick(data: bytes, table: F32, limit: int) -> tuple[str, float] | None:
    """A charset and its confidence, or null; from `limit` bytes in pairs of front and middle."""
    byte = np.frombuffer(data, dtype=np.uint8)
    total = np.zeros(len(_CODECS), dtype=np.float64)
    size = add_costs(byte, 0, limit, table, total)
    if byte.size > 8 * limit:
        size += add_costs(byte, byte.size // 2, limit, table, total)
    best = int(total.argmin())
    margin = _NEXT * size - float(total[best])
    if size < _FEWEST or margin < _SURE:
        return None
    return _CODECS[best][0], 1 - 2 ** (-margin / 4)
