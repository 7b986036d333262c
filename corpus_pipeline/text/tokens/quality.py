"""Texts cut into the words of a classifier: one line per text, a space between words.

Enters: a series of texts.  Leaves: a series of lines: each Han character and each mark is a word,
other letters stay together, every number is 0, a line break is ¶.  `pieces` cuts a whole text in
the case that it has, `features` head, middle and tail of it in lower case.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import U8
from corpus_pipeline.text.tokens.quality_kernel import ALONE, BREAK, DIGIT, DROP, WORD, cut
from corpus_pipeline.text.unicode.utf8 import buffers, column

#: Code points that fastText looks at: of a longer text this many of head, middle and tail.
HEAD, MIDDLE, TAIL = 100, 70, 70
#: The code points that may be assigned; all beyond count as words by themselves.
_ASSIGNED = (*range(0xD800), *range(0xE000, 0x33480), *range(0xE0000, 0xE0200))


def pieces(texts: pl.Series) -> pl.Series:
    r"""One line of words per text; null stays null.

    >>> pieces(pl.Series(["第12条 hello，world！\n完", ""])).to_list()
    ['第 0 条 hello ， world ！ ¶ 完', '']
    """
    data, at = buffers(texts.rechunk())
    data = data[at[0] : at[-1]]
    # A line break of one byte becomes three bytes, and nothing grows more.
    line = np.empty(3 * len(data), dtype=np.uint8)
    ends = np.zeros(len(texts) + 1, dtype=np.int64)
    cut(data, at - at[0], _fates(), line, ends)
    lines = column(line[: ends[-1]], ends)
    return lines.zip_with(texts.is_not_null(), pl.Series([None], dtype=pl.String))


def features(text: pl.Expr) -> pl.Expr:
    """What fastText reads: each Han character and mark alone, words in lower case, digits as 0.

    >>> pl.select(features(pl.lit("第12条 Hello，world！"))).item()
    '第 0 条 hello ， world ！'
    """
    text = text.fill_null("")
    length = text.str.len_chars()
    parts = [
        text.str.slice(0, HEAD),
        text.str.slice(length // 2 - MIDDLE // 2, MIDDLE),
        text.str.slice(-TAIL, TAIL),
    ]
    sample = (
        pl.when(length > HEAD + MIDDLE + TAIL)
        .then(pl.concat_str(parts, separator="\n"))
        .otherwise(text)
    )
    sample = sample.str.strip_chars().str.to_lowercase()
    return sample.map_batches(pieces, return_dtype=pl.String)


def features_of(texts: pl.Series) -> list[str]:
    """The same for a series; a null text is an empty line.

    >>> features_of(pl.Series(["第12条", None]))
    ['第 0 条', '']
    """
    return pl.select(features(pl.lit(texts.cast(pl.String)))).to_series().to_list()


@cache
def _fates() -> U8:
    """What becomes of each code point (u8), decided by the regular expressions of Polars."""
    fates = np.full(0x110000, ALONE, dtype=np.uint8)
    places = np.array(_ASSIGNED)
    chars = pl.Series([chr(code) for code in _ASSIGNED])
    for fate, pattern in (
        (WORD, r"[\w--\p{Han}]"),
        (DIGIT, r"\d"),
        (DROP, r"[\s\x00]"),
        (BREAK, r"\n"),
    ):
        fates[places[chars.str.contains(pattern).to_numpy()]] = fate
    return fates
