"""The loop of `read_blocks`: blocks and lines of the markup that `visible` leaves.

Enters: that markup as UTF-8 and the table of tags.  Leaves: a row of numbers for every block and
every line, the lines as text, and the names of the blocks.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, Int, OutI64, OutI64Grid, OutU8
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.html.markup_kernel import (
    BLOCK,
    BREAK,
    GREATER,
    IMAGE,
    ITEM,
    LESS,
    LINK,
    NAMELESS,
    NEWLINE,
    PRE,
    QUOTE,
    SLASH,
    SPACE,
    WITHIN,
    after_blanks,
    before_blanks,
    blank_at,
    is_at,
    name_at,
    tag_end,
    tag_of,
    value_end,
)

#: Columns of a row of `blocks`; `NAMES` counts the names in the order of the blocks, 0 for none.
TAG, PARENT, PLACE, END, NAMES, CHILDREN = range(6)
#: Columns of a row of `lines`; `CODE` is whether it stands in a `pre`.
OWNER, SIZE, LINKS, MARKED, CODE = range(5)
#: What `walk` leaves in `counts`: blocks, lines, bytes of their text and of names, names.
BLOCKS, LINES, TEXT, NAMED, NAMES_FOUND = range(5)


def _word(text: str) -> U8:
    return np.frombuffer(text.encode(), dtype=np.uint8)


_CLASS, _ID, _ROLE = map(_word, ('class="', 'id="', 'role="'))
_NBSP, _AMP, _LT, _GT, _QUOT = map(_word, ("&nbsp;", "&amp;", "&lt;", "&gt;", "&quot;"))
_LINK_BEGINS, _LINK_ENDS = _word("<a"), _word("</a>")
AMPERSAND, DOT = 0x26, 0x2E
#: From this character on two characters of a line need no blank between them.
_WIDE = 0x2E80


@compiled_uncounted
def walk(  # noqa: PLR0915 – one loop: a call for each tag would be slower
    data: U8,
    slots: I64,
    keys: I64,
    roles: U32,
    root: Int,
    thread: bool,
    shortest: Int,
    raw: OutU8,
    text: OutU8,
    names: OutU8,
    blocks: OutI64Grid,
    lines: OutI64Grid,
    counts: OutI64,
) -> None:
    """Fill `blocks`, `lines`, `text` (a line break after each line) and `names` (a NUL after each).

    The first block has the tag `root`.  `raw` is room for a line; it, `text` and `names` are four
    bytes longer than `data`.
    """
    end = len(data)
    block: Int = 0
    links: Int = 0
    filled: Int = 0
    in_pre: Int = 0
    blocks[0, TAG], blocks[0, PARENT], blocks[0, PLACE] = root, -1, 0
    blocks[0, END] = blocks[0, NAMES] = blocks[0, CHILDREN] = 0
    counts[:] = 0
    counts[BLOCKS] = 1
    in_link = False
    at: Int = 0
    while at < end and data[at] != LESS:
        at += 1
    while at < end:
        closing = at + 1 < end and data[at + 1] == SLASH
        key, stop = name_at(data, at + 1 + closing)
        tag = tag_of(key, slots, keys)
        role = roles[tag]
        name_end = stop
        while stop < end and data[stop] != GREATER and data[stop] != LESS:
            stop += 1
        begin = stop + 1 if stop < end and data[stop] == GREATER else stop  # of the text
        if role & ITEM and not closing and not thread:
            after = _only_links(data, at + 1, name_end, slots, keys, roles)
            if after > 0:
                role, begin = np.uint32(BREAK), after
        if role & BLOCK or (role & BREAK and not closing):
            if filled:
                _line(raw, filled, bool(in_pre > 0), block, links, shortest, lines, text, counts)
                filled = links = 0
            if role & BLOCK and not closing:
                new = counts[BLOCKS]
                blocks[new, TAG], blocks[new, PARENT], blocks[new, END] = tag, block, 0
                blocks[new, PLACE], blocks[new, CHILDREN] = blocks[block, CHILDREN], 0
                blocks[new, NAMES] = 0
                blocks[block, CHILDREN] += 1
                if name_end < stop and role & NAMELESS == 0:
                    blocks[new, NAMES] = _names(data, name_end, stop, names, counts)
                block = new
                counts[BLOCKS] += 1
                in_pre += role & PRE != 0
            elif role & BLOCK and blocks[block, TAG] == tag and block > 0:
                blocks[block, END] = counts[BLOCKS]
                block = blocks[block, PARENT]
                in_pre -= role & PRE != 0
        elif role & LINK:
            in_link = not closing
        at, after = begin, filled
        while at < end and data[at] != LESS:
            letter = data[at]
            if letter == AMPERSAND:
                letter, size = _entity(data, at)
                if letter == 0xA0:
                    raw[after] = 0xC2
                    after += 1
                at += size - 1
            raw[after] = letter
            after += 1
            at += 1
        first = after_blanks(data, begin, at) if at > begin else at
        if in_link and first < at:
            links += _characters(data, first, before_blanks(data, first, at))
        if first < at or filled or in_pre:
            filled = after
    if filled:
        _line(raw, filled, bool(in_pre > 0), block, links, shortest, lines, text, counts)
    for i in range(counts[BLOCKS]):
        if blocks[i, END] == 0:
            blocks[i, END] = counts[BLOCKS]


@compiled_uncounted
def _characters(data: U8, start: Int, stop: Int) -> Int:
    size = 0
    for at in range(start, stop):
        size += data[at] & 0xC0 != 0x80
    return size


@compiled_uncounted
def _entity(data: U8, at: Int) -> tuple[Int, Int]:
    """The character of an entity, and its size; the parser leaves five."""
    if is_at(data, at, _NBSP):
        return 0xA0, len(_NBSP)
    if is_at(data, at, _AMP):
        return AMPERSAND, len(_AMP)
    if is_at(data, at, _LT):
        return LESS, len(_LT)
    if is_at(data, at, _GT):
        return GREATER, len(_GT)
    if is_at(data, at, _QUOT):
        return QUOTE, len(_QUOT)
    return AMPERSAND, 1


@compiled_uncounted
def _line(
    raw: U8,
    filled: Int,
    in_pre: bool,
    block: Int,
    links: Int,
    shortest: Int,
    lines: OutI64Grid,
    text: OutU8,
    counts: OutI64,
) -> None:
    """Store what stands in `raw` as a line; in `pre` each line of the source is one."""
    if not in_pre:
        start = after_blanks(raw, 0, filled)
        stop = before_blanks(raw, start, filled)
        if start < stop:
            size = _spaced(raw, start, stop, text, counts[TEXT])
            _stored(text, size, in_pre, block, links, shortest, lines, counts)
        return
    last = before_blanks(raw, 0, filled)
    start = 0
    leading = True  # empty lines at the beginning are left out
    while start < last:
        stop = start
        while stop < last and raw[stop] != NEWLINE:
            stop += 1
        if not leading or after_blanks(raw, start, stop) < stop:
            leading = False
            size = _preserved(raw, start, before_blanks(raw, start, stop), text, counts[TEXT])
            _stored(text, size, in_pre, block, links, shortest, lines, counts)
        start = stop + 1


@compiled_uncounted
def _stored(
    text: OutU8,
    stop: Int,
    code: bool,
    block: Int,
    links: Int,
    shortest: Int,
    lines: OutI64Grid,
    counts: OutI64,
) -> None:
    """Store the row of the line that was written to `text` up to byte `stop`."""
    size = dots = marks = 0
    start, length = np.uint64(counts[TEXT]), stop - counts[TEXT]
    for i in range(length):
        letter = text[start + np.uint64(i)]
        size += (letter & 0xC0 != 0x80) & (letter != SPACE)
    if size >= shortest:
        text[stop] = text[stop + 1] = 0
        for i in range(length):  # ，！？；。、… and their narrow twins, without a branch
            letter, second = text[start + np.uint64(i)], text[start + np.uint64(i + 1)]
            third = text[start + np.uint64(i + 2)]
            marks += (letter == 0x2C) | (letter == 0x21) | (letter == 0x3F) | (letter == 0x3B)
            tail = (third == 0x8C) | (third == 0x81) | (third == 0x9F) | (third == 0x9B)
            marks += (letter == 0xEF) & (second == 0xBC) & tail
            marks += (letter == 0xE3) & (second == 0x80) & ((third == 0x81) | (third == 0x82))
            marks += (letter == 0xE2) & (second == 0x80) & (third == 0xA6)
            dots += letter == DOT
        if dots and not marks:
            for at in range(counts[TEXT], stop):
                if text[at] == DOT:
                    marks += int(at + 1 == stop or blank_at(text, at + 1) > 0)
    text[stop] = NEWLINE
    counts[TEXT] = stop + 1
    row = counts[LINES]
    lines[row, OWNER], lines[row, SIZE], lines[row, LINKS] = block, size, min(links, size)
    lines[row, MARKED], lines[row, CODE] = marks > 0, code
    counts[LINES] += 1


@compiled_uncounted
def _preserved(raw: U8, at: Int, stop: Int, text: OutU8, size: Int) -> Int:
    """Write a line of `pre`; a blank that does not break becomes an ordinary one."""
    while at < stop:
        if raw[at] == 0xC2 and raw[at + 1] == 0xA0:
            text[size] = SPACE
            at += 2
        else:
            text[size] = raw[at]
            at += 1
        size += 1
    return size


@compiled_uncounted
def _spaced(raw: U8, start: Int, stop: Int, text: OutU8, size: Int) -> Int:
    """Write a line with single blanks; it has none at its ends.

    A line break in the source between two Han characters is no blank.
    """
    odd = 0
    base = np.uint64(start)
    for i in range(stop - start):
        letter, second = raw[base + np.uint64(i)], raw[base + np.uint64(i + 1)]
        odd += (letter == NEWLINE) | (letter == 9) | (letter == 13)
        odd += (letter == SPACE) & (second == SPACE) | (letter == 0xC2) & (second == 0xA0)
    if not odd:
        for i in range(stop - start):
            text[np.uint64(size + i)] = raw[base + np.uint64(i)]
        return size + stop - start
    at = start
    known = start  # no line break follows the blanks before this position
    while at < stop:
        blank = blank_at(raw, at)
        if blank == 0:
            text[size] = raw[at]
            size += 1
            at += 1
            continue
        begin = at
        if at >= known:
            while at < stop and raw[at] != NEWLINE and blank_at(raw, at) > 0:
                at += blank_at(raw, at)
            known = at
        if known < stop and raw[known] == NEWLINE:
            at = after_blanks(raw, known, stop)
            if not (_is_wide(raw, _before(raw, begin)) and _is_wide(raw, at)):
                text[size] = SPACE
                size += 1
            continue
        at = begin
        while at < stop and _is_narrow(raw, at):
            at += blank_at(raw, at)
        if at > begin:
            text[size] = SPACE
            size += 1
        else:
            for i in range(blank):
                text[size + i] = raw[at + i]
            size += blank
            at += blank
    return size


@compiled_uncounted
def _is_narrow(raw: U8, at: Int) -> bool:
    """Whether one of the blanks stands here that become a single one."""
    letter = raw[at]
    if letter == 0xC2:
        return bool(raw[at + 1] == 0xA0)
    return bool(letter == SPACE or letter == 9 or 11 <= letter <= 13)


@compiled_uncounted
def _before(raw: U8, at: Int) -> Int:
    """Where the character before byte `at` begins."""
    at -= 1
    while raw[at] & 0xC0 == 0x80:
        at -= 1
    return at


@compiled_uncounted
def _is_wide(raw: U8, at: Int) -> bool:
    """Whether a character from U+2E80 on begins here."""
    letter = raw[at]
    return bool(letter > 0xE2 or (letter == 0xE2 and raw[at + 1] >= 0xBA))


@compiled_uncounted
def _names(data: U8, at: Int, stop: Int, names: OutU8, counts: OutI64) -> Int:
    """Write class, id and role in small letters, a run of digits as 0; returns their number.

    Returns 0 where the attributes have no names.
    """
    begin = size = counts[NAMED]
    some = False
    while at < stop:
        at += 1
        if data[at - 1] != SPACE:
            continue
        if is_at(data, at, _CLASS):
            first = at + len(_CLASS)
        elif is_at(data, at, _ID):
            first = at + len(_ID)
        elif is_at(data, at, _ROLE):
            first = at + len(_ROLE)
        else:
            continue
        last = value_end(data, first, stop)
        if last == stop:
            continue
        if some:
            names[size] = SPACE
            size += 1
        some = True
        in_digits = False
        for i in range(first, last):
            letter = data[i]
            digit = 0x30 <= letter <= 0x39
            if digit and in_digits:
                continue
            in_digits = digit
            letter = np.uint8(0x30) if digit else letter
            names[size] = letter + 32 if 65 <= letter <= 90 else letter
            size += 1
        at = last + 1
    if size == begin:
        return 0
    names[size] = 0
    counts[NAMED] = size + 1
    counts[NAMES_FOUND] += 1
    return np.int64(counts[NAMES_FOUND])


@compiled_uncounted
def _only_links(data: U8, name: Int, at: Int, slots: I64, keys: I64, roles: U32) -> Int:
    """The end of an item that holds nothing but links, or 0.

    The name of its tag stands from byte `name` to `at`.
    """
    end = len(data)
    name_end = at
    if at >= end or data[at] == LESS:
        return 0
    at = tag_end(data, at)
    some = False
    while True:
        begin = _after_fillers(data, at)
        if not is_at(data, begin, _LINK_BEGINS) or _is_letter(data, begin + 2):
            break
        begin = tag_end(data, begin + 2)
        while begin < end:
            if data[begin] != LESS:
                begin += 1
                continue
            stop = _after_inline(data, begin, slots, keys, roles)
            if stop == 0:
                break
            begin = stop
        if not is_at(data, begin, _LINK_ENDS):
            break
        at = begin + len(_LINK_ENDS)
        some = True
    if not some:
        return 0
    at = _after_fillers(data, at)
    size = name_end - name
    if at + size + 2 >= end or data[at] != LESS or data[at + 1] != SLASH:
        return 0
    for i in range(size):
        if data[at + 2 + i] != data[name + i]:
            return 0
    return at + size + 3 if data[at + size + 2] == GREATER else 0


@compiled_uncounted
def _after_fillers(data: U8, at: Int) -> Int:
    """The position after blanks and bars, as stand between links."""
    while at < len(data):
        size = blank_at(data, at)
        if data[at] == 0x7C:
            size = 1
        elif data[at] == AMPERSAND and is_at(data, at, _NBSP):
            size = len(_NBSP)
        if size == 0:
            break
        at += size
    return at


@compiled_uncounted
def _after_inline(data: U8, at: Int, slots: I64, keys: I64, roles: U32) -> Int:
    """The position after a tag that may stand within a link, or 0 for another tag."""
    closing = at + 1 < len(data) and data[at + 1] == SLASH
    key, stop = name_at(data, at + 1 + closing)
    role = roles[tag_of(key, slots, keys)]
    if role & WITHIN == 0 or (closing and role & IMAGE):
        return 0
    return tag_end(data, stop)


@compiled_uncounted
def _is_letter(data: U8, at: Int) -> bool:
    """Whether a letter, a digit or a low line stands here."""
    if at >= len(data):
        return False
    letter = data[at]
    return bool(
        letter >= 0x80
        or letter == 0x5F
        or 0x30 <= letter <= 0x39
        or 0x41 <= letter <= 0x5A
        or 0x61 <= letter <= 0x7A
    )
