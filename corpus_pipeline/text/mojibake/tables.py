"""What mojibake repair knows of charsets: which byte a character came from, what a pair becomes.

Enters: what characters cost (`charset.Costs`).  Leaves: tables over the basic plane and over pairs
of bytes, and the weights of the pre-test.
Refuses: to look at a text.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from corpus_pipeline.text.arrays import F32, I64, U16, U32, F32Grid
from corpus_pipeline.text.charset.detect import Costs

#: Charsets of one byte: a garbled Chinese character is two or three letters there.
SINGLE = ("windows-1252", "mac-roman")
_CODECS = {
    "gb18030": ("gb18030",),
    "cp936": ("gb18030",),
    "big5": ("big5hkscs", "cp950"),
    "windows-1252": ("cp1252", "latin-1"),
    "mac-roman": ("mac_roman",),
}
#: The weight of a letter that counts only beside another one lies beyond this.
ONLY_IN_RUNS = 100
#: Bits above which a character of a garbled text weighs, and the bounds of a weight.
_USUAL, _LIGHTEST, _HEAVIEST = 12.5, -4.0, 6.0


#: Of the models, so many come first that are Chinese, and that are of one language.
CHINESE_MODELS, LANGUAGE_MODELS = 2, 4


class Tables(NamedTuple):
    """Bits per character: as it stands (of two bytes, of one), as it was, per model and pair."""

    stands: F32
    single: F32
    clear: F32
    clear_of_pairs: F32
    models: F32Grid  # a row a model: hans, hant, ja, ko, and `clear`
    japanese: F32
    pairs: dict[str, F32]
    weights: F32
    unpaired: tuple[I64, ...]


@cache
def pairs(charset: str) -> U32:
    """The character of each pair of bytes; 0 where there is none.

    >>> chr(pairs("gb18030")[0xD6D0]), chr(pairs("big5")[0xA4A4]), int(pairs("big5")[0xD000])
    ('中', '中', 0)
    """
    found = np.zeros(65536, dtype=np.uint32)
    for first in range(0x81, 0xFF):
        for second in (*range(0x40, 0x7F), *range(0x80, 0xFF)):
            text = _character(bytes((first, second)), charset)
            if len(text) == 1:
                found[first << 8 | second] = ord(text)
    return found


@cache
def written(charset: str) -> U16:
    """The byte or the pair that a character stands for; 0 where it stands for none.

    >>> hex(written("gb18030")[ord("中")]), hex(written("windows-1252")[ord("€")])
    ('0xd6d0', '0x80')
    """
    table = np.zeros(65536, dtype=np.uint16)
    if charset in SINGLE:
        for byte in range(0x80, 0x100):
            table[ord(_character(bytes((byte,)), charset))] = byte
            if charset == "windows-1252":
                table[byte] = byte
        return table
    code = pairs(charset)
    at = np.flatnonzero((code > 0) & (code < 65536))[::-1]
    table[code[at]] = at
    if charset == "cp936":  # as on the web, the euro is a byte of its own
        table[ord("€")] = 0x80
    return table


def tables(costs: Costs) -> Tables:
    """Everything that depends on the costs, made once."""
    clear = np.minimum(costs["hans"], costs["hant"])
    of_pairs = {}
    for charset in ("gb18030", "big5"):
        code = pairs(charset)
        bits = np.where(code < 65536, clear[np.minimum(code, 65535)], 24)
        of_pairs[charset] = np.where(code > 0, bits, -1).astype(np.float32)
    stands = costs["any"].copy()
    # Frames and blocks are drawn with one character again and again.
    stands[0x2500:0x2600] = np.minimum(stands[0x2500:0x2600], 8)
    single = np.full(65536, 19, dtype=np.float32)
    single[0x80:0x100] = 11
    single[0xC0:0x250] = 8
    single[0x2010:0x2030] = 9
    models = [costs[name] for name in ("hans", "hant", "ja", "ko")]
    # GBK has pairs that are UTF-8 of two bytes too: 员 alone is no Armenian letter.
    letters = costs["any"].copy()
    letters[0x80:0x100] = np.maximum(letters[0x80:0x100], 14)
    letters[0x100:0x800] = 26
    # Neither are the pairs of EUC-KR and EUC-JP, read one by one, Cyrillic or Arabic.
    clear_of_single = costs["any"].copy()
    clear_of_single[0x180:0x800] = 22
    for letter in "ƒˆ˜":  # page 1252 has them, so text that was garbled twice does
        clear_of_single[ord(letter)] = 8
    return Tables(
        stands=stands,
        single=single,
        clear=clear_of_single,
        clear_of_pairs=letters,
        models=np.stack([*models, clear_of_single]),
        japanese=costs["ja"],
        pairs=of_pairs,
        weights=_weights(costs),
        unpaired=_unpaired(),
    )


def _unpaired() -> tuple[I64, ...]:
    """Of UTF-8's trail bytes, those that strict GBK cannot pair with each next byte."""
    found = []
    for after in range(256):
        lone = []
        for byte in range(0x80, 0xC0):
            try:
                bytes((byte, after)).decode("gbk")
            except UnicodeDecodeError:
                lone.append(byte)
        found.append(np.array(lone, dtype=np.int64))
    return tuple(found)


def _weights(costs: Costs) -> F32:
    """How much a character speaks for garbling: rare and in reach of a wrong charset, or not."""
    weight: F32 = np.clip(costs["any"] - _USUAL, _LIGHTEST, _HEAVIEST).astype(np.float32)
    reach = (written("gb18030") > 0) | (written("big5") > 0)
    weight[~reach] = np.minimum(weight[~reach], 0)
    weight[:0x80] = -0.5
    weight[ord("\n")] = -3
    weight[0x3040:0x3100] = -1
    weight[0xFFFD] = 4
    for charset in SINGLE:
        letters = np.flatnonzero(written(charset))
        weight[letters[letters >= 0x80]] = ONLY_IN_RUNS + 5
    return weight


def _character(data: bytes, charset: str) -> str:
    for codec in _CODECS[charset]:
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    return ""
