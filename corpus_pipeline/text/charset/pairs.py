"""The quick answer: bytes that GBK or Big5 explain so well that no other charset can.

Enters: bytes, and what characters cost.  Leaves: `gb18030` or `big5` with a confidence, or nothing.
Refuses: short, mixed or doubtful bytes; `charset` lets all candidates race for those.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import F32
from corpus_pipeline.text.charset.pairs_kernel import add_costs

#: Bits that a byte costs at least in a charset it is not in (Chinese texts cost 4.5 to 6 in their
#: own), and how many bits all of them together must be cheaper.
_NEXT, _SURE = 6.8, 40.0
#: Bits of a pair that is no character, and the fewest high bytes that are an answer.
_NONE, _FEWEST = 30.0, 32
#: A character of three bytes; controls, the marks of seven-bit charsets, a byte order mark.
_WIDE = r"[^\x00-\x{7FF}]"
_OTHERS = r"[\x00-\x08\x0E-\x1F\x7F]|~\{|^\x{FEFF}|^(?:%PDF|PK|GIF8|ID3|Rar!)"
_CODECS = (
    ("gb18030", "gb18030", "hans"),
    ("gb18030", "gb18030", "hant"),
    ("big5", "big5hkscs", "hant"),
)


def plain_utf8(payloads: pl.Series) -> pl.Series:
    """The text of the payloads that can be nothing but UTF-8; null for all others.

    They are valid, have a character of three bytes (two may be a pair of GBK), and nothing that
    another charset or a binary file would have.

    >>> plain_utf8(pl.Series(["网页".encode(), "网页".encode("gbk"), b"abc", None])).to_list()
    ['网页', None, None, None]
    """
    texts = pl.Series([_valid(payload) for payload in payloads], dtype=pl.String)
    plain = texts.str.contains(_WIDE) & ~texts.str.contains(_OTHERS)
    return pl.select(pl.when(plain).then(texts)).to_series()


def _valid(payload: bytes | None) -> str | None:
    try:
        return payload.decode() if payload is not None else None
    except UnicodeDecodeError:
        return None


def pair_costs(costs: Mapping[str, F32]) -> F32:
    """What each pair of bytes costs: as GBK in simplified, in traditional script, and as Big5."""
    table = np.full((len(_CODECS), 65536), _NONE, dtype=np.float32)
    for row, (_, codec, model) in enumerate(_CODECS):
        for first in range(0x81, 0xFF):
            for second in (*range(0x40, 0x7F), *range(0x80, 0xFF)):
                text = bytes((first, second)).decode(codec, "ignore")
                if len(text) == 1:
                    table[row, first << 8 | second] = costs[model][min(ord(text), 0xE000)]
    return table


def quick(data: bytes, table: F32, limit: int) -> tuple[str, float] | None:
    """The charset and how sure it is, from at most so many pairs of the front and the middle."""
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
