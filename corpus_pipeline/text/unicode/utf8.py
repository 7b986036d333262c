"""Between Polars strings and loops over code points, without a Python string per document.

Enters: string columns, or the bytes that a kernel wrote.  Leaves: the UTF-8 of all documents in one
array (u8) with their offsets in bytes (i64, one more than there are documents), and columns again.
Bytes are not checked: those of a Polars column are valid UTF-8, and kernels write no others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from corpus_pipeline.text.arrays import I64, U8, as_arrow

#: The last large column that was read, so that stages that look at the same texts one after the
#: other do not copy them each: the addresses of its memory, which is held so that no other column
#: can come to lie there, and what was read.
_last: list[tuple[tuple[int | None, ...], pa.Array, tuple[U8, I64]]] = []
_LARGE = 1 << 20


def buffers(texts: pl.Series) -> tuple[U8, I64]:
    """All documents end to end, and where each begins; a null is an empty document.

    Both arrays are read-only.  The first offset of a sliced column may be other than 0.

    >>> data, offsets = buffers(pl.Series(["中", None, "ab"]))
    >>> data.tobytes().decode(), offsets.tolist()
    ('中ab', [0, 3, 3, 5])
    """
    texts = texts.fill_null("") if texts.null_count() else texts
    views = texts.to_arrow(compat_level=pl.CompatLevel.newest())
    places = [part.address if part is not None else None for part in views.buffers()]
    place = (len(views), views.offset, *places)
    for known, last, read in _last:
        if known == place and last.type == views.type:
            return read
    array = texts.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, ends, data = array.buffers()
    offsets = np.frombuffer(ends, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    read = np.frombuffer(data if data is not None else b"", dtype=np.uint8), offsets
    if read[0].size >= _LARGE:
        _last[:] = [(place, views, read)]
    return read


def column(data: U8, offsets: I64) -> pl.Series:
    """A string column of documents that lie end to end.

    >>> column(np.frombuffer("中文ab".encode(), dtype=np.uint8), np.array([0, 3, 6, 8])).to_list()
    ['中', '文', 'ab']
    """
    parts = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    array = pa.Array.from_buffers(pa.large_string(), len(offsets) - 1, parts)
    series = pl.from_arrow(array)
    assert isinstance(series, pl.Series)
    return series


def lists(names: Sequence[str], members: I64, sizes: I64) -> pl.Series:
    """A column of lists of names: the numbers of all, end to end, and how many each row has.

    >>> lists(("law", "news"), np.array([1, 0, 1]), np.array([2, 0, 1])).to_list()
    [['news', 'law'], [], ['news']]
    """
    offsets = as_arrow(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))
    words = pl.Series(names, dtype=pl.String).gather(members).to_arrow()
    series = pl.from_arrow(pa.LargeListArray.from_arrays(offsets, words))
    assert isinstance(series, pl.Series)
    return series


def replaced(texts: pl.Series, rows: Sequence[int], new: Sequence[str] | pl.Series) -> pl.Series:
    """The column with other texts in some rows; the others are not copied.

    >>> replaced(pl.Series(["一", "二", "三"]), [1], ["贰"]).to_list()
    ['一', '贰', '三']
    """
    if not rows:
        return texts
    order = np.arange(len(texts))
    order[rows] = np.arange(len(new)) + len(texts)
    both = pl.concat([texts, pl.Series(texts.name, new, dtype=pl.String)], rechunk=True)
    return both.gather(order)


def runs(offsets: I64, size: int) -> Iterator[tuple[int, int]]:
    """Ranges (first, end) of neighbouring documents of at most `size` bytes, or of one larger one.

    >>> list(runs(np.array([0, 3, 6, 15, 16]), 6))
    [(0, 2), (2, 3), (3, 4)]
    """
    first, count = 0, len(offsets) - 1
    while first < count:
        end = int(np.searchsorted(offsets, offsets[first] + size, side="right")) - 1
        end = min(max(end, first + 1), count)
        yield first, end
        first = end
