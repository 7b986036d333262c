"""What mojibake repair knows of charsets: the bytes of each character, the character of each pair.

Enters: what characters cost (`charset.detect.Costs`).
Leaves: tables over the basic plane and over pairs of bytes, and the weights of the pre-test.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from corpus_pipeline.text.arrays import F32, I64, U8, U16, Bool, F32Grid
from corpus_pipeline.text.charset.characters import character, pairs
from corpus_pipeline.text.charset.detect import Costs

#: Charsets of one byte: a Chinese character garbled in one is two or three letters.
SINGLE = ("windows-1252", "mac-roman", "windows-1250", "windows-1251", "cp437", "cp850")
#: The one that is tried whatever letters a text has, and its bit in `Tables.readers`.
FAMILIAR, FAMILIAR_BIT = "windows-1252", 1
#: Codecs of Python that read a charset of one byte; the next one is tried where one fails.
_CODECS = {
    "windows-1252": ("cp1252", "latin-1"),
    "mac-roman": ("mac_roman",),
    "windows-1250": ("cp1250", "latin-1"),
    "windows-1251": ("cp1251", "latin-1"),
    "cp437": ("cp437",),
    "cp850": ("cp850",),
}
#: Added to the weight of a letter that counts only beside another one.
ONLY_IN_RUNS = 100
#: Bits above which a character speaks for garbling, and the bounds of a weight.
_USUAL, _LIGHTEST, _HEAVIEST = 12.5, -4.0, 6.0

#: How many of the first models are Chinese, and how many are of a language.
CHINESE_MODELS, LANGUAGE_MODELS = 2, 4


class Tables(NamedTuple):
    """Bits of characters and pairs; arrays have 65,536 entries unless another shape is stated."""

    stands: F32  # of a character in garbled text, read in a charset of two bytes
    single: F32  # of a character in garbled text, read in a charset of one byte
    clear: F32  # of a repaired character, after a charset of one byte
    clear_of_pairs: F32  # of a repaired character, after a charset of two bytes
    models: F32Grid  # shape (5, 65536); the rows are hans, hant, ja, ko and `clear`
    japanese: F32
    pairs: dict[str, F32]  # of the character of each pair, per charset; -1 where there is none
    unread: F32  # of a character that may be garbled itself
    joined: Bool  # whether a character is usual beside others of its kind, in words or frames
    readers: U8  # the charsets of one byte that give a character: a bit each, in their order
    weights: F32  # not bits, but how much a character speaks for garbling (`_weights`)
    unpaired: tuple[I64, ...]  # 256 arrays, see `_unpaired`


@cache
def written(charset: str) -> U16:
    """The byte or the pair of bytes of each character of the basic plane; 0 where it has none.

    >>> hex(written("gb18030")[ord("中")]), hex(written("windows-1252")[ord("€")])
    ('0xd6d0', '0x80')
    """
    table = np.zeros(65536, dtype=np.uint16)
    if charset in SINGLE:
        for byte in range(0x80, 0x100):
            table[ord(character(bytes((byte,)), _CODECS[charset]))] = byte
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
    """All tables, made once from the costs."""
    clear = np.minimum(costs["hans"], costs["hant"])
    of_pairs = {}
    for charset in ("gb18030", "big5"):
        code = pairs(charset)
        bits = np.where(code < 65536, clear[np.minimum(code, 65535)], 24)
        of_pairs[charset] = np.where(code > 0, bits, -1).astype(np.float32)
    stands = costs["any"].copy()
    # Frames and blocks repeat one character, so that it tells little.
    stands[0x2500:0x2600] = np.minimum(stands[0x2500:0x2600], 8)
    single = np.full(65536, 19, dtype=np.float32)
    single[0x80:0x100] = 11
    single[0xC0:0x250] = 8
    single[0x2010:0x2030] = 9
    # Letters that are words of other languages, frames.
    single[0x390:0x3D0] = single[0x400:0x460] = single[0x2500:0x25A0] = 8
    single[0x410:0x450] = single[[ord(letter) for letter in "ІіЇїЄєЎў"]] = 6
    unread = np.full(65536, 8, dtype=np.float32)
    single[:0x80] = unread[:0x80] = 5
    models = [costs[name] for name in ("hans", "hant", "ja", "ko")]
    # Some pairs of GBK are also two bytes of UTF-8: 员 alone is not a garbled Armenian letter.
    letters = costs["any"].copy()
    letters[0x80:0x100] = np.maximum(letters[0x80:0x100], 14)
    letters[0x100:0x800] = 26
    # Pairs of EUC-KR and EUC-JP, read byte by byte, are not garbled Cyrillic or Arabic either.
    clear_of_single = costs["any"].copy()
    clear_of_single[0x180:0x800] = 22
    # What a charset of one byte gives, and so what text that was garbled twice has.
    clear_of_single[0x80:0xA0] = clear_of_single[[ord(letter) for letter in "ƒˆ˜"]] = 8
    clear_of_single[0x2500:0x25A0] = np.minimum(clear_of_single[0x2500:0x25A0], 8)
    return Tables(
        stands=stands,
        single=single,
        clear=clear_of_single,
        clear_of_pairs=letters,
        models=np.stack([*models, clear_of_single]),
        japanese=costs["ja"],
        pairs=of_pairs,
        unread=unread,
        joined=_joined(),
        readers=_readers(),
        weights=_weights(costs),
        unpaired=_unpaired(),
    )


def _unpaired() -> tuple[I64, ...]:
    """For each byte the UTF-8 trail bytes that strict GBK cannot pair with it as the second."""
    trails = []
    for after in range(256):
        lone = []
        for byte in range(0x80, 0xC0):
            try:
                bytes((byte, after)).decode("gbk")
            except UnicodeDecodeError:
                lone.append(byte)
        trails.append(np.array(lone, dtype=np.int64))
    return tuple(trails)


def _weights(costs: Costs) -> F32:
    """How much a character speaks for garbling: it is rare, and a wrong charset may give it.

    Negative weights speak against it; those of letters are raised by `ONLY_IN_RUNS`.
    """
    weight: F32 = np.clip(costs["any"] - _USUAL, _LIGHTEST, _HEAVIEST).astype(np.float32)
    reach = (written("gb18030") > 0) | (written("big5") > 0)
    weight[~reach] = np.minimum(weight[~reach], 0)
    weight[:0x80] = -0.5
    weight[ord("\n")] = -3
    weight[0x3040:0x3100] = -1
    weight[0xFFFD] = 4
    for charset in reversed(SINGLE):
        letters = np.flatnonzero(written(charset))
        letters = letters[letters >= 0x80]
        usual = _joined()[letters] & (charset not in SINGLE[:2])
        capital = (letters >= 0x410) & (letters < 0x430)
        weight[letters] = ONLY_IN_RUNS + np.where(capital, 3, np.where(usual, -1, 5))
    return weight


def _joined() -> Bool:
    """For each character whether words and frames have it beside others of its kind."""
    joined = np.zeros(65536, dtype=bool)
    joined[0x391:0x3CF] = joined[0x410:0x450] = True
    joined[[ord(c) for c in "ІіЇїЄєЎў─│├└┌┐┘┤┬┴┼═║╔╗╚╝╠╣╦╩╬"]] = True
    return joined


def _readers() -> U8:
    """For each character the charsets of one byte that give it."""
    readers = np.zeros(65536, dtype=np.uint8)
    for bit, charset in enumerate(SINGLE):
        readers[0x80:] |= (written(charset)[0x80:] > 0).astype(np.uint8) << np.uint8(bit)
    return readers
