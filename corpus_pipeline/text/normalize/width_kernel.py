"""The loop behind `width`: one pass over the code points of each document.

Enters: UTF-8 with offsets, and the tables of `width.Width`.  Leaves: the UTF-8 that the rules make
of it, with offsets.
Refuses: a document with a character that canonical composition (NFC) could change; it is flagged
and left empty, and the caller composes it first.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, Bool, Int, OutBool, OutI64, OutU8, OutU32
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode.utf8_kernel import UNICODE_END, decoded, encoded

# The kind of a character, one byte.
# The order matters: spaces are 1 to 3, what ends a search for the other parenthesis is 4 to 8, and
# what no rule changes is 9 to 13.
SPACE, WIDE_SPACE, TAB, LINE, MARK, OPEN, CLOSE, FULL_PARENTHESIS = range(1, 9)
IDEOGRAPH, FULL, ASCII, PICTURE, OTHER = range(9, 14)
HALF, WIDE, SELECTOR, JOINER, LOST = range(14, 19)

#: Bits beside the kind: the character becomes another one; composition may change it.
MOVES, UNSAFE = 32, 64

_CHAPTERS = tuple(ord(character) for character in "章节節编編篇条條款卷回部讲講课課")


@compiled
def rewrite(
    data: U8,
    offsets: I64,
    traits: U8,
    becomes: U32,
    picture: Bool,
    full: U32,
    narrow: U32,
    cps: OutU32,
    kind: OutU8,
    marks: OutU32,
    out: OutU8,
    ends: OutI64,
    skipped: OutBool,
) -> None:
    """Write each document into `out`; one that NFC could change is flagged in `skipped`.

    `traits`, `becomes`, `picture`, `full` and `narrow` are `width.Tables`.  `cps`, `kind` and
    `marks` have room for the longest document and two more.
    """
    size = 0
    for doc in range(len(offsets) - 1):
        begin, end = offsets[doc], offsets[doc + 1]
        length, count, special = _read(data, begin, end, traits, becomes, cps, kind, marks)
        if length:
            if special:
                length, count = _sequences(cps, kind, marks, length, picture)
            _between(cps, kind, marks, count, full, narrow)
            size = _write(cps, kind, marks, count, out, size)
        else:
            skipped[doc] = True
        ends[doc + 1] = size


@compiled
def _read(
    data: U8, at: Int, end: Int, traits: U8, becomes: U32, cps: OutU32, kind: OutU8, marks: OutU32
) -> tuple[int, int, bool]:
    """Characters and kinds between two `MARK`s, CR LF as LF; length 0 where NFC has to come first.

    `marks` gets the positions that a rule may concern, that of the last `MARK` among them.  Returns
    the length, how many positions there are, and whether a selector or joiner is among them.
    """
    cps[0], kind[0] = UNICODE_END, MARK
    size, count, special, carriage = 1, 0, False, False
    while at < end:
        code, at = decoded(data, at)
        trait = traits[code]
        cps[size], kind[size] = code, trait
        if IDEOGRAPH <= trait <= OTHER:
            size += 1
            carriage = False
            continue
        if trait & UNSAFE:
            return 0, 0, False
        if trait & MOVES:
            cps[size] = becomes[code]
            trait &= MOVES - 1
            kind[size] = trait
        if trait == LINE:
            if code == 0x0A and carriage:
                carriage = False
                continue
            carriage = code == 0x0D
        elif trait == LOST:
            # U+0000 alone may stand between CR and LF.
            carriage = carriage and code == 0
            continue
        else:
            carriage = False
            special |= SELECTOR <= trait <= JOINER
        marks[count] = size
        count += 1
        size += 1
    cps[size], kind[size], marks[count] = UNICODE_END, MARK, size
    return size + 1, count + 1, special


@compiled
def _sequences(
    cps: OutU32, kind: OutU8, marks: OutU32, length: int, picture: Bool
) -> tuple[int, int]:
    """Variation selectors and joiners stay inside emoji only; the new lengths."""
    size, before = 0, False
    for at in range(length):
        stays = kind[at] != SELECTOR or before
        before = picture[cps[at]]
        if stays:
            cps[size], kind[size] = cps[at], kind[at]
            size += 1
    length, size, count, before = size, 0, 0, False
    for at in range(length):
        own_kind = kind[at]
        stays = own_kind != JOINER or (before and kind[at + 1] == PICTURE)
        before = picture[cps[at]] or own_kind == SELECTOR
        if stays:
            if at and not IDEOGRAPH <= own_kind <= OTHER:
                marks[count] = size
                count += 1
            cps[size], kind[size] = cps[at], own_kind
            size += 1
    return size, count


@compiled
def _between(cps: OutU32, kind: OutU8, marks: U32, count: int, full: U32, narrow: U32) -> None:
    """Give marks the width that their neighbours on both sides have; changed in place."""
    opened = np.int64(0)
    for mark in range(count - 1):
        at = np.int64(marks[mark])
        own_kind = kind[at]
        if own_kind == HALF:
            if kind[at - 1] == IDEOGRAPH and kind[at + 1] == IDEOGRAPH:
                cps[at], kind[at] = full[cps[at]], FULL
        elif own_kind == WIDE:
            if kind[at - 1] == ASCII and kind[at + 1] == ASCII:
                cps[at] = narrow[cps[at]]
        elif own_kind == OPEN:
            opened = at
        elif LINE <= own_kind <= FULL_PARENTHESIS:
            # A pair of parentheses around Han, next to Han: 中国(上海)自由贸易; never f(参数).
            if own_kind == CLOSE and opened:
                inside = kind[opened + 1] == IDEOGRAPH and kind[at - 1] == IDEOGRAPH
                if inside and (kind[opened - 1] == IDEOGRAPH or kind[at + 1] == IDEOGRAPH):
                    cps[opened], kind[opened] = full[cps[opened]], FULL_PARENTHESIS
                    cps[at], kind[at] = full[cps[at]], FULL_PARENTHESIS
            opened = np.int64(0)


@compiled
def _chinese(kind: int) -> bool:
    return kind == IDEOGRAPH or kind == FULL or kind == FULL_PARENTHESIS


@compiled
def _write(cps: OutU32, kind: U8, marks: U32, count: int, out: OutU8, size: int) -> int:
    """Write the document without spaces at line ends and between Han, and without empty lines.

    One empty line in a row stays between other lines.  Returns the end of what was written.
    """
    # From `start` on characters wait to be written, before them `lines` line ends.
    start, lines, first = np.int64(1), 0, size
    skip = np.int64(0)
    # Whether single spaces mean something is asked once a line, and only where there are some.
    line, judged, meant = np.int64(1), np.int64(0), False
    for mark in range(count):
        at = np.int64(marks[mark])
        if at < skip:
            continue
        own_kind = kind[at]
        if own_kind > TAB and not LINE <= own_kind <= MARK:
            continue
        after_run = at + 1
        while own_kind <= TAB and kind[after_run] <= TAB:
            after_run += 1
        if own_kind == LINE:
            line = at + 1
        elif own_kind == SPACE and after_run == at + 1 and judged != line:
            judged, meant = line, _aligned(kind, line)
        kept = _spaces(cps, kind, at, after_run, meant) if own_kind <= TAB else np.int64(0)
        if kept == after_run - at:
            skip = after_run
            continue
        stop = at + kept
        if stop > start:
            if size > first:
                for _ in range(min(lines, 2)):
                    out[size] = 0x0A
                    size += 1
            lines = 0
            for position in range(start, stop):
                size = encoded(np.int64(cps[position]), out, size)
        lines += own_kind == LINE
        start = skip = after_run
    return size


@compiled
def _spaces(cps: OutU32, kind: U8, at: Int, end: Int, meant: bool) -> Int:
    """How many of a run of spaces stay; the one that stands for a run is changed in place."""
    tab, wide = False, False
    for position in range(at, end):
        tab |= kind[position] == TAB
        wide |= kind[position] == WIDE_SPACE
    before, after = kind[at - 1], kind[end]
    chinese = _chinese(before) and _chinese(after) and not tab
    edge = LINE <= before <= MARK
    if LINE <= after <= MARK or (edge and wide):
        return 0
    if chinese and end - at == 1 and not wide:
        between = before == IDEOGRAPH and after == IDEOGRAPH
        return np.int64(between and (meant or _heading(cps, kind, at)))
    if chinese:
        # A wide gap between Han is one ideographic space.
        cps[at] = 0x3000
        return 1
    if wide:
        cps[at] = 0x20
        return 1
    return end - at


@compiled
def _aligned(kind: U8, start: Int) -> bool:
    """Whether a line is names or verse set apart by spaces: 张三 李四 王五, 床前明月光 疑是地上霜.

    Letter-spaced headings (总 则) and text cut into words have words of one character.
    """
    words, shortest, longest, length, at = 0, 99, 0, 0, start
    while True:
        own_kind = kind[at]
        if own_kind == IDEOGRAPH:
            length += 1
        elif own_kind == FULL and not LINE <= kind[at + 1] <= MARK:
            # 委员：张三 李四 王五; only what follows counts.
            words, shortest, longest, length = 0, 99, 0, 0
        elif _ends_word(own_kind):
            if length:
                words, shortest, longest = words + 1, min(shortest, length), max(longest, length)
            length = 0
            if LINE <= own_kind <= MARK:
                break
        else:
            return False
        at += 1
    names = words >= 3 and shortest >= 2 and longest <= 4
    verse = words >= 2 and shortest == longest and 4 <= longest <= 7
    return names or verse


@compiled
def _heading(cps: U32, kind: U8, at: Int) -> bool:
    """Whether 第…章 stands before the space, at the beginning of its line."""
    if not _counts_chapters(cps[at - 1]):
        return False
    start = at - 1
    while at - start < 12 and (kind[start - 1] == IDEOGRAPH or kind[start - 1] == SPACE):
        start -= 1
    while kind[start] == SPACE:
        start += 1
    before = kind[start - 1]
    return bool(cps[start] == 0x7B2C and (LINE <= before <= MARK or before == SPACE))


@compiled
def _ends_word(kind: int) -> bool:
    """A space, the end of a line or of a text, or a mark."""
    return SPACE <= kind <= WIDE_SPACE or LINE <= kind <= MARK or kind == FULL


@compiled
def _counts_chapters(code: int) -> bool:
    """Whether the character is one of 章节節编編篇条條款卷回部讲講课課."""
    for chapter in _CHAPTERS:
        if code == chapter:
            return True
    return False
