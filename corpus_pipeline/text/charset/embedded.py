"""Runs of high bytes in another charset than the page around them.

Enters: bytes.
Leaves: (first byte, end) of each run between ASCII that consists of UTF-8 with three bytes per
character (at least three characters), or of common GB 2312 (at least four).
Refuses: runs directly beside bytes of the page's own charset, unless they begin with a byte order
mark.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64
from corpus_pipeline.text.charset.embedded_kernel import has_private, runs


def utf8_inside(data: bytes, parts: I64 | None = None) -> list[tuple[int, int]]:
    """Runs of UTF-8 as (first byte, end), in all of the bytes or in parts of them.

    `parts` (n, 2) holds first byte and end of each, in order and at ASCII.

    >>> utf8_inside("网页".encode("gbk") + b"<p>" + "片段是".encode() + b"</p>")
    [(7, 16)]
    """
    return _runs_in(data, parts, wide=True)


def gbk_inside(data: bytes) -> list[tuple[int, int]]:
    """Runs of GB 2312 as (first byte, end).

    >>> gbk_inside("网页".encode() + b"<p>" + "一个片段".encode("gbk") + b"</p>")
    [(9, 17)]
    """
    return _runs_in(data, None, wide=False)


def may_have_private(data: bytes) -> bool:
    """Whether the bytes may hold one of the pairs that GB 18030-2022 moved.

    >>> may_have_private(bytes.fromhex("a6d9")), may_have_private("网页".encode("gbk"))
    (True, False)
    """
    return bool(has_private(np.frombuffer(data, dtype=np.uint8)))


def _runs_in(data: bytes, parts: I64 | None, *, wide: bool) -> list[tuple[int, int]]:
    byte = np.frombuffer(data, dtype=np.uint8)
    if parts is None:
        parts = np.array([[0, byte.size]])
    spans = np.empty((byte.size // 9 + 1, 2), dtype=np.int64)
    return [(int(a), int(b)) for a, b in spans[: runs(byte, parts, wide, spans)]]
