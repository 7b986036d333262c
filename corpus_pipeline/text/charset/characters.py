"""The character of each pair of bytes in the Chinese charsets.

Enters: a charset's name.
Leaves: a table of code points over all pairs of bytes.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from corpus_pipeline.text.arrays import U32

#: Codecs of Python that read a charset; the next one is tried where one fails.
CODECS = {"gb18030": ("gb18030",), "cp936": ("gb18030",), "big5": ("big5hkscs", "cp950")}


@cache
def pairs(charset: str) -> U32:
    """The character of each pair of bytes (`first << 8 | second`); 0 where there is none.

    >>> chr(pairs("gb18030")[0xD6D0]), chr(pairs("big5")[0xA4A4]), int(pairs("big5")[0xD000])
    ('中', '中', 0)
    """
    characters = np.zeros(65536, dtype=np.uint32)
    for first in range(0x81, 0xFF):
        for second in (*range(0x40, 0x7F), *range(0x80, 0xFF)):
            text = character(bytes((first, second)), CODECS[charset])
            if len(text) == 1:
                characters[first << 8 | second] = ord(text)
    return characters


def character(data: bytes, codecs: tuple[str, ...]) -> str:
    r"""What the first of the codecs that can reads; empty where none can.

    >>> character(b"\xa3\xe1", CODECS["big5"])
    '€'
    """
    for codec in codecs:
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    return ""
