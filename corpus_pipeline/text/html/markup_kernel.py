"""The letters of the markup that a parser writes: names of tags, attributes and blanks.

Enters: that markup as UTF-8 and positions in it.  In its text and attributes `<` and `>` are
entities; attributes stand in double quotes after one blank each.  Leaves: numbers of tags and
positions.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, Int, OutI64
from corpus_pipeline.text.compiled import compiled_uncounted

#: What a tag does, as bits: not part of the text; without content or end; ends at the first end tag
#: of its name; never left out; everything after it is text.
SKIPPED, VOID, RAW, ROOT, LAST = 1, 2, 4, 8, 16
#: A formula, or what may hold one.
MATH, SCRIPT, IMAGE = 32, 64, 128
#: A format that is opened again after it was left open; what does not nest when left open; whose
#: content is text up to its end tag, whatever it looks like.
FORMAT, SHALLOW, LITERAL = 1 << 16, 1 << 17, 1 << 18
#: Begins and ends a block; ends a line; a link; stands within a link that fills an item; such an
#: item; text whose blanks count; a heading; names nothing by its class.
BLOCK, BREAK, LINK, WITHIN, ITEM, PRE, HEADING, NAMELESS = (
    256,
    512,
    1024,
    2048,
    4096,
    8192,
    16384,
    32768,
)

LESS, GREATER, SLASH, QUOTE, SPACE, NEWLINE = 0x3C, 0x3E, 0x2F, 0x22, 0x20, 0x0A
#: Slots of a table of tags, a power of two and several times as many as tags.
SLOTS = 1024
PRIME, START = 1099511628211, 1469598103934665603


@compiled_uncounted
def name_at(data: U8, at: Int) -> tuple[Int, Int]:
    """The hash of the name that begins at byte `at`, and the position after it."""
    key = START
    while at < len(data):
        letter = data[at]
        if letter == SPACE or letter == GREATER or letter == LESS:
            break
        key = (key ^ letter) * PRIME
        at += 1
    return key, at


@compiled_uncounted
def enlist(names: U8, offsets: I64, keys: OutI64) -> None:
    """Fill `keys` with the hashes of names."""
    for i in range(len(keys)):
        key = START
        for at in range(offsets[i], offsets[i + 1]):
            key = (key ^ names[at]) * PRIME
        keys[i] = key


@compiled_uncounted
def tag_of(key: Int, slots: I64, keys: I64) -> Int:
    """The number of the tag whose name has this hash; 0 for any other."""
    slot = key & (SLOTS - 1)
    while slots[slot] != 0:
        if keys[slots[slot]] == key:
            return np.int64(slots[slot])
        slot = (slot + 1) & (SLOTS - 1)
    return 0


@compiled_uncounted
def blank_at(data: U8, at: Int) -> Int:  # noqa: PLR0911 – one test after the other
    """How many bytes the white space has that begins at byte `at`; 0 for other characters."""
    letter = data[at]
    if letter <= SPACE:
        return int(letter == SPACE or 9 <= letter <= 13 or 28 <= letter <= 31)
    if letter < 0xC2 or letter > 0xE3:
        return 0
    second = data[at + 1]
    if letter == 0xC2:
        return 2 if second == 0x85 or second == 0xA0 else 0
    if letter == 0xE3:
        return 3 if second == 0x80 and data[at + 2] == 0x80 else 0
    if letter == 0xE1:
        return 3 if second == 0x9A and data[at + 2] == 0x80 else 0
    if letter == 0xE2:
        third = data[at + 2]
        if second == 0x80:
            wide = third <= 0x8A or third == 0xA8 or third == 0xA9 or third == 0xAF
            return 3 if wide else 0
        return 3 if second == 0x81 and third == 0x9F else 0
    return 0


@compiled_uncounted
def after_blanks(data: U8, at: Int, stop: Int) -> Int:
    """The first position from `at` on without white space, at most `stop`."""
    while at < stop:
        size = blank_at(data, at)
        if size == 0:
            break
        at += size
    return at


@compiled_uncounted
def before_blanks(data: U8, start: Int, at: Int) -> Int:
    """The end of the text before byte `at` without white space at its end, at least `start`."""
    while at > start:
        first = at - 1
        while first > start and data[first] & 0xC0 == 0x80:
            first -= 1
        if blank_at(data, first) == 0:
            break
        at = first
    return at


@compiled_uncounted
def is_at(data: U8, at: Int, word: U8) -> bool:
    """Whether these bytes stand at byte `at`."""
    if at + len(word) > len(data):
        return False
    for i in range(len(word)):
        if data[at + i] != word[i]:
            return False
    return True


@compiled_uncounted
def tag_end(data: U8, at: Int) -> Int:
    """The position after the next `>`, or the end."""
    while at < len(data) and data[at] != GREATER:
        at += 1
    return min(at + 1, len(data))


@compiled_uncounted
def value_end(data: U8, at: Int, stop: Int) -> Int:
    """The position of the quote that ends a value, or `stop`."""
    while at < stop and data[at] != QUOTE:
        at += 1
    return at
