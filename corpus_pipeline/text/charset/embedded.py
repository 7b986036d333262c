"""Runs of high bytes in another charset than the page around them.

Enters: bytes.  Leaves: first byte and end of each run, between ASCII, that is nothing but UTF-8 of
three bytes a character (at least three of them), or nothing but common GB 2312 (at least four).
Refuses: to decide which charset a page has (`charset` does), and runs in the midst of others.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.charset.embedded_kernel import has_private, runs


def utf8_inside(data: bytes) -> list[tuple[int, int]]:
    """Runs of UTF-8.

    >>> utf8_inside("网页".encode("gbk") + b"<p>" + "片段是".encode() + b"</p>")
    [(7, 16)]
    """
    return _found(data, wide=True)


def gbk_inside(data: bytes) -> list[tuple[int, int]]:
    """Runs of GB 2312.

    >>> gbk_inside("网页".encode() + b"<p>" + "一个片段".encode("gbk") + b"</p>")
    [(9, 17)]
    """
    return _found(data, wide=False)


def may_have_private(data: bytes) -> bool:
    """Whether one of the pairs may be among those that GB 18030-2022 moved.

    >>> may_have_private(bytes.fromhex("a6d9")), may_have_private("网页".encode("gbk"))
    (True, False)
    """
    return bool(has_private(np.frombuffer(data, dtype=np.uint8)))


def _found(data: bytes, *, wide: bool) -> list[tuple[int, int]]:
    byte = np.frombuffer(data, dtype=np.uint8)
    spans = np.empty((byte.size // 9 + 1, 2), dtype=np.int64)
    return [(int(a), int(b)) for a, b in spans[: runs(byte, wide, spans)]]
