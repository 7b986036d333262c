"""The loop behind `width`: one pass over the code points of each document.

Enters: UTF-8 with offsets, and the tables of `width.Width`.  Leaves: the UTF-8 that the rules make
of it, with offsets.
Refuses: to compose; a document with a character that canonical composition (NFC) could touch is
marked and left out, for its owner to compose first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, Bool, Int
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode.classes import UNICODE_END, Range
from corpus_pipeline.text.unicode.utf8 import decoded, encoded

# What the rules ask of a character; one byte each.
# The order matters: spaces are 1 to 3, what ends a search for the other parenthesis is 4 to 8, and
# what no rule changes is 9 to 13.
SPACE, WIDE_SPACE, TAB, LINE, MARK, OPEN, CLOSE, FULL_PARENTHESIS = range(1, 9)
IDEOGRAPH, FULL, ASCII, PICTURE, OTHER = range(9, 14)
HALF, WIDE, SELECTOR, JOINER, LOST = range(14, 19)

#: Beside the kind: the character becomes another one; composition may touch it.
MOVES, UNSAFE = 32, 64

#: Code points that canonical composition leaves alone wherever they stand: no mark, no second half
#: of a pair, nothing that decomposes.  A test holds them against `unicodedata`.
COMPOSED: tuple[Range, ...] = (
    (0x0000, 0x02FF),
    (0x0391, 0x0482),
    (0x048A, 0x0590),
    (0x1E00, 0x1EFF),
    (0x2002, 0x20CF),
    (0x2100, 0x2125),
    (0x212C, 0x2328),
    (0x232B, 0x2ADB),
    (0x2E80, 0x3029),
    (0x3030, 0x3098),
    (0x309B, 0xA66E),
    (0xAC00, 0xF8FF),
    (0xFE00, 0xFE1F),
    (0xFE30, 0xFFFF),
    (0x1F000, 0x1FAFF),
    (0x20000, 0x2F7FF),
    (0x30000, 0x3FFFF),
    (0xE0000, UNICODE_END - 1),
)


class Tables(NamedTuple):
    """Per code point: what it is, what it becomes, and the other width of some."""

    traits: U8  # kind, `MOVES`, `UNSAFE`: most characters need no other table
    becomes: U32
    picture: Bool
    full: U32
    narrow: U32


def rewritten(data: U8, offsets: I64, tables: Tables) -> tuple[U8, I64, I64]:
    """The documents after all rules, their offsets, and which were left out to be composed."""
    longest = int(np.diff(offsets).max(initial=0))
    # A mark of one byte may become a full-width one of three; untouched pages cost nothing.
    out = np.empty(3 * int(offsets[-1] - offsets[0]), dtype=np.uint8)
    ends = np.zeros(len(offsets), dtype=np.int64)
    skipped = np.zeros(len(offsets) - 1, dtype=np.bool_)
    cps, kind = np.empty(longest + 2, dtype=np.uint32), np.empty(longest + 2, dtype=np.uint8)
    marks = np.empty(longest + 2, dtype=np.uint32)
    _rewrite(data, offsets, *tables, cps, kind, marks, out, ends, skipped)
    return out[: ends[-1]], ends, np.flatnonzero(skipped)


@compiled
def _rewrite(  # noqa: PLR0917 – a kernel takes its arrays one by one
    data: U8,
    offsets: I64,
    traits: U8,
    becomes: U32,
    picture: Bool,
    full: U32,
    narrow: U32,
    cps: U32,
    kind: U8,
    marks: U32,
    out: U8,
    ends: I64,
    skipped: Bool,
) -> None:
    size = 0
    for doc in range(len(offsets) - 1):
        begin, end = offsets[doc], offsets[doc + 1]
        length, count, special = _read(data, begin, end, traits, becomes, cps, kind, marks)
        if length:
            if special:
                length, count = _sequences(cps, kind, marks, length, picture)
            _between(cps, kind, marks[:count], full, narrow)
            size = _write(cps, kind, marks[:count], out, size)
        else:
            skipped[doc] = True
        ends[doc + 1] = size


@compiled
def _read(  # noqa: PLR0917 – a kernel takes its arrays one by one
    data: U8,
    at: Int,
    end: Int,
    traits: U8,
    becomes: U32,
    cps: U32,
    kind: U8,
    marks: U32,
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
            special |= what in (SELECTOR, JOINER)
        marks[count] = size
        count += 1
        size += 1
    cps[size], kind[size], marks[count] = UNICODE_END, MARK, size
    return size + 1, count + 1, special


@compiled
def _sequences(cps: U32, kind: U8, marks: U32, length: int, picture: Bool) -> tuple[int, int]:
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
def _between(cps: U32, kind: U8, marks: U32, full: U32, narrow: U32) -> None:
    """Marks whose neighbours on both sides say which width they want; changed in place."""
    opened = np.int64(0)
    for mark in range(len(marks) - 1):
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
    return kind in (IDEOGRAPH, FULL, FULL_PARENTHESIS)


@compiled
def _write(  # noqa: C901 – one loop with the state of a line
    cps: U32, kind: U8, marks: U32, out: U8, size: int
) -> int:
    """No space at a line's end or between Han, no empty line at the ends, one in a row inside."""
    # From `start` on characters wait to be written, before them `lines` line ends.
    start, lines, first = np.int64(1), 0, size
    skip = np.int64(0)
    # Whether single spaces mean something is asked once a line, and only where there are some.
    line, judged, meant = np.int64(1), np.int64(0), False
    for mark in range(len(marks)):
        at = np.int64(marks[mark])
        if at < skip:
            continue
        what = kind[at]
        if what > TAB and what not in (LINE, MARK):
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
def _spaces(cps: U32, kind: U8, at: Int, end: Int, meant: bool) -> Int:
    """How many of a run of spaces stay; the one that stands for a run is changed in place."""
    tab, wide = False, False
    for position in range(at, end):
        tab |= kind[position] == TAB
        wide |= kind[position] == WIDE_SPACE
    before, after = kind[at - 1], kind[end]
    chinese = _chinese(before) and _chinese(after) and not tab
    edge = before in (LINE, MARK)
    if after in (LINE, MARK) or (edge and wide):
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
        elif what == FULL and kind[at + 1] not in (LINE, MARK):
            # 委员：张三 李四 王五; only what follows counts.
            words, shortest, longest, length = 0, 99, 0, 0
        elif what in (SPACE, WIDE_SPACE, LINE, MARK, FULL):
            if length:
                words, shortest, longest = words + 1, min(shortest, length), max(longest, length)
            length = 0
            if what in (LINE, MARK):
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
    # 章 节 節 编 編 篇 条 條 款 卷 回 部 讲 講 课 課
    if cps[at - 1] not in (
        0x7AE0, 0x8282, 0x7BC0, 0x7F16, 0x7DE8, 0x7BC7, 0x6761, 0x689D,
        0x6B3E, 0x5377, 0x56DE, 0x90E8, 0x8BB2, 0x8B1B, 0x8BFE, 0x8AB2,
    ):  # fmt: skip
        return False
    start = at - 1
    while at - start < 12 and (kind[start - 1] == IDEOGRAPH or kind[start - 1] == SPACE):
        start -= 1
    while kind[start] == SPACE:
        start += 1
    return cps[start] == 0x7B2C and kind[start - 1] in (LINE, MARK, SPACE)
