"""The loop behind `width`: one pass over the code points of each document.

Enters: UTF-8 with offsets, and the tables of `width.Width`.  Leaves: the UTF-8 that the rules make
of it, with offsets.
Refuses: to compose; a document with a character that canonical composition (NFC) could touch is
marked and left out, for its owner to compose first.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, Bool, Int, OutBool, OutI64, OutU8, OutU32
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode.utf8_kernel import UNICODE_END, decoded, encoded

# What the rules ask of a character; one byte each.
# The order matters: spaces are 1 to 3, what ends a search for the other parenthesis is 4 to 8, and
# what no rule changes is 9 to 13.
SPACE, WIDE_SPACE, TAB, LINE, MARK, OPEN, CLOSE, FULL_PARENTHESIS = range(1, 9)
IDEOGRAPH, FULL, ASCII, PICTURE, OTHER = range(9, 14)
HALF, WIDE, SELECTOR, JOINER, LOST = range(14, 19)

#: Beside the kind: the character becomes another one; composition may touch it.
MOVES, UNSAFE = 32, 64

# 章 节 節 编 編 篇 条 條 款 卷 回 部 讲 講 课 課
_CHAPTERS = (
    0x7AE0, 0x8282, 0x7BC0, 0x7F16, 0x7DE8, 0x7BC7, 0x6761, 0x689D,
    0x6B3E, 0x5377, 0x56DE, 0x90E8, 0x8BB2, 0x8B1B, 0x8BFE, 0x8AB2,
)  # fmt: skip


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
    """Write each document; one that NFC could touch is skipped.

    `cps`, `kind` and `marks` are room for the longest document and two more.
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
    """Characters and kinds between two marks, CR LF as LF; length 0 where NFC has to go first.

    `marks` are the positions that a rule may concern, the mark at the end among them.
    """
    cps[0], kind[0] = UNICODE_END, MARK
    size, count, special, carriage = 1, 0, False, False
    while at < end:
        code, at = decoded(data, at)
        what = traits[code]
        cps[size], kind[size] = code, what
        if IDEOGRAPH <= what <= OTHER:
            size += 1
            carriage = False
            continue
        if what & UNSAFE:
            return 0, 0, False
        if what & MOVES:
            cps[size] = becomes[code]
            what &= MOVES - 1
            kind[size] = what
        if what == LINE:
            if code == 0x0A and carriage:
                carriage = False
                continue
            carriage = code == 0x0D
        elif what == LOST:
            # U+0000 alone may stand between CR and LF.
            carriage = carriage and code == 0
            continue
        else:
            carriage = False
            special |= SELECTOR <= what <= JOINER
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
        what = kind[at]
        stays = what != JOINER or (before and kind[at + 1] == PICTURE)
        before = picture[cps[at]] or what == SELECTOR
        if stays:
            if at and not IDEOGRAPH <= what <= OTHER:
                marks[count] = size
                count += 1
            cps[size], kind[size] = cps[at], what
            size += 1
    return size, count


@compiled
def _between(cps: OutU32, kind: OutU8, marks: U32, count: int, full: U32, narrow: U32) -> None:
    """Marks whose neighbours on both sides say which width they want; changed in place."""
    opened = np.int64(0)
    for mark in range(count - 1):
        at = np.int64(marks[mark])
        what = kind[at]
        if what == HALF:
            if kind[at - 1] == IDEOGRAPH and kind[at + 1] == IDEOGRAPH:
                cps[at], kind[at] = full[cps[at]], FULL
        elif what == WIDE:
            if kind[at - 1] == ASCII and kind[at + 1] == ASCII:
                cps[at] = narrow[cps[at]]
        elif what == OPEN:
            opened = at
        elif LINE <= what <= FULL_PARENTHESIS:
            # A pair of parentheses around Han, next to Han: 中国(上海)自由贸易; never f(参数).
            if what == CLOSE and opened:
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
    """No space at a line's end or between Han, no empty line at the ends, one in a row inside."""
    # From `start` on characters wait to be written, before them `lines` line ends.
    start, lines, first = np.int64(1), 0, size
    skip = np.int64(0)
    # Whether single spaces mean something is asked once a line, and only where there are some.
    line, judged, meant = np.int64(1), np.int64(0), False
    for mark in range(count):
        at = np.int64(marks[mark])
        if at < skip:
            continue
        what = kind[at]
        if what > TAB and not LINE <= what <= MARK:
            continue
        after_run = at + 1
        while what <= TAB and kind[after_run] <= TAB:
            after_run += 1
        if what == LINE:
            line = at + 1
        elif what == SPACE and after_run == at + 1 and judged != line:
            judged, meant = line, _aligned(kind, line)
        kept = _spaces(cps, kind, at, after_run, meant) if what <= TAB else np.int64(0)
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
        lines += what == LINE
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
        what = kind[at]
        if what == IDEOGRAPH:
            length += 1
        elif what == FULL and not LINE <= kind[at + 1] <= MARK:
            # 委员：张三 李四 王五; only what follows counts.
            words, shortest, longest, length = 0, 99, 0, 0
        elif _ends_word(what):
            if length:
                words, shortest, longest = words + 1, min(shortest, length), max(longest, length)
            length = 0
            if LINE <= what <= MARK:
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
def _ends_word(what: int) -> bool:
    """A space, the end of a line or of a text, or a mark."""
    return SPACE <= what <= WIDE_SPACE or LINE <= what <= MARK or what == FULL


@compiled
def _counts_chapters(code: int) -> bool:
    """Whether the character is one of 章节節编編篇条條款卷回部讲講课課."""
    for chapter in _CHAPTERS:
        if code == chapter:
            return True
    return False
