"""The loop of `signed_key`: key characters, and between them the signs that count.

Enters: UTF-8 with offsets and the tables of `signed_key.SignTable`.  Leaves: code points with
offsets, and flags of the documents that NFKC has to change first.

What lies between two key characters is a gap.  A gap of more than `GAP` characters holds no sign
that counts, so that the work per character is bounded.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, Int, OutBool, OutI64, OutU8, OutU32
from corpus_pipeline.text.compiled import compiled, compiled_uncounted
from corpus_pipeline.text.dedup.key_kernel import LIMIT, SLOW
from corpus_pipeline.text.unicode.utf8_kernel import decoded

#: Kinds of characters in a gap.  From `DOT` on they may count, from `MATH` on they form runs.
OTHER, BLANK, LINE, OPEN, CLOSE, COMMA, COLON, BANG, DOT = range(9)
MATH, PERCENT, MONEY, DASH, STAR, SLASH, HASH, JOIN, TILDE = range(9, 18)
UNSEEN = 18
#: An image and its flags: a sign that may count, a raised digit.
IMAGE, MARK_BIT, RAISED_MARK = 0xFFFFFF, 24, 1 << 25
#: Characters of a gap that are looked at: a longer one is a ruler or a page break.
GAP = 32

#: What stands beside a run: nothing, a bracket, a Han or other letter, a Latin letter, a digit.
_NONE, _BRACKET, _LETTER, _LATIN, _DIGIT = range(5)
#: Latin, Greek and Cyrillic: the letters of variables and units.
_ALPHABETS_END = 0x530
_SPACE, _CARET, _CLOSING = 0x20, 0x5E, 0x29


@compiled
def look_up_signed(
    data: U8,
    offsets: I64,
    fast: U32,
    after: U32,
    kinds: U8,
    signs: U32,
    codes: OutU32,
    ends: OutI64,
    slow: OutBool,
) -> int:
    """Write the images of all documents without a `SLOW` character; returns their number.

    Nearly every character is done without a branch: one look-up, one store.  A gap is read again
    only where it holds a sign (`MARK` in its image) or lies between two digits.
    """
    gap = np.empty(GAP, dtype=np.uint8)
    images = np.empty(GAP, dtype=np.uint32)
    size = 0
    for doc in range(len(offsets) - 1):
        begin, at, stop = size, offsets[doc], offsets[doc + 1]
        gap_at, raised_at = at, np.int64(-1)
        marks, digit_before = np.int64(0), np.int64(0)
        while at < stop:
            start = at
            code, at = decoded(data, at)
            if code >= LIMIT:
                continue
            value = np.int64(fast[code])
            if value == SLOW:
                value = np.int64(after[code])
                if value == SLOW:
                    slow[doc] = True
                    size, gap_at, marks = begin, stop, np.int64(0)
                    break
            if value & RAISED_MARK:
                # 10² is not 102; m² is m2.
                base = digit_before != 0 or (start > 0 and data[start - 1] == _CLOSING)
                caret = base and start == gap_at and raised_at != start
                caret |= base and start != gap_at and data[start - 1] == _CLOSING
            else:
                caret = False
            image = value & IMAGE
            key = np.int64(image != 0)
            digit = np.int64(0x30 <= image <= 0x39)
            if key & (marks | (digit & digit_before & np.int64(start != gap_at))):
                left = np.int64(codes[size - 1]) if size > begin else np.int64(0)
                many = _read(data, gap_at, start, kinds, signs, gap, images)
                thousand = many == 1 and gap[0] == COMMA and _three(data, at, stop)
                size = _settled(gap, images, many, left, image, thousand, codes, size)
            if caret:
                codes[size] = _CARET
                size += 1
            codes[size] = image
            size += image != 0
            if value & RAISED_MARK:
                raised_at = np.int64(at)
            digit_before = digit if key else digit_before
            gap_at = at if key else gap_at
            marks = (marks | (value >> MARK_BIT) & 1) * (1 - key)
        # A document without a key has no sign either: it is nobody's duplicate.
        if marks and size > begin:
            many = _read(data, gap_at, stop, kinds, signs, gap, images)
            left = np.int64(codes[size - 1])
            size = _settled(gap, images, many, left, np.int64(0), marks == 0, codes, size)
        ends[doc + 1] = size
    return size


@compiled_uncounted
def _read(data: U8, at: Int, stop: Int, kinds: U8, signs: U32, gap: OutU8, images: OutU32) -> int:
    """Kinds and images of the characters of a gap; returns their number, at most `GAP` + 1."""
    many = 0
    while at < stop and many <= GAP:
        code, at = decoded(data, at)
        if code >= LIMIT or kinds[code] == UNSEEN:
            continue
        if many < GAP:
            gap[many] = kinds[code]
            images[many] = signs[code]
        # Blanks in a row are one.
        if many == 0 or kinds[code] != BLANK or gap[min(many, GAP) - 1] != BLANK:
            many += 1
    return many


@compiled_uncounted
def _class_of(image: Int) -> int:
    """What a key character is to the sign beside it."""
    if image == 0:
        return _NONE
    if 0x30 <= image <= 0x39:
        return _DIGIT
    return _LATIN if image < _ALPHABETS_END else _LETTER


@compiled_uncounted
def _three(data: U8, at: Int, stop: Int) -> bool:
    """Whether two digits follow and no third: the digit before them was the first of three."""
    digits = 0
    while at < stop and digits < 3:
        code, at = decoded(data, at)
        if not (0x30 <= code <= 0x39 or 0xFF10 <= code <= 0xFF19):
            break
        digits += 1
    return digits == 2


@compiled_uncounted
def _settled(
    gap: U8,
    images: U32,
    many: Int,
    left: Int,
    right: Int,
    thousand: bool,
    codes: OutU32,
    size: int,
) -> int:
    """Write the signs of one gap that count, or a blank between two digits; the new size."""
    begin = size
    first, last = _class_of(left), _class_of(right)
    # What stands right before the place, and before it on its line with blanks passed.
    before = earlier = first
    place = 0
    while place < many <= GAP:
        kind = gap[place]
        if kind < MATH:
            if kind == BLANK:
                before = _NONE
            elif kind != BANG:
                before = earlier = _BRACKET if kind == OPEN or kind == CLOSE else _NONE
            place += 1
            continue
        end, math, mixed, alike = place, False, False, True
        while end < many and gap[end] >= MATH:
            math |= gap[end] == MATH
            mixed |= gap[end] != kind
            alike &= images[end] == images[place]
            end += 1
        after = later = last
        if end < many:
            after = _BRACKET if gap[end] == OPEN or gap[end] == CLOSE else _NONE
            beyond = end + (gap[end] == BLANK)
            if beyond < many:
                later = _BRACKET if gap[beyond] == OPEN or gap[beyond] == CLOSE else _NONE
        length = end - place
        if mixed or alike:
            counts = _counts(kind, length, math, mixed, before, after, earlier, later)
        else:
            counts = math and (earlier > _NONE or after >= _LATIN)
        if counts:
            closed = place > 0 and gap[place - 1] == CLOSE
            negated = place > 0 and gap[place - 1] == BANG and kind == MATH
            if closed or negated:
                codes[size] = images[place - 1]
                size += 1
            for spot in range(place, end):
                codes[size] = images[spot]
                size += 1
            if end < many and gap[end] == OPEN:
                codes[size] = images[end]
                size += 1
        before = earlier = _NONE
        place = end
    if size == begin and many and first == _DIGIT and last == _DIGIT and not thousand:
        # 3.5 and 3:5 keep their sign.
        single = many == 1 and (gap[0] == DOT or gap[0] == COLON)
        codes[size] = images[0] if single else _SPACE
        size += 1
    return size


@compiled_uncounted
def _counts(
    kind: int,
    size: int,
    math: bool,
    mixed: bool,
    before: int,
    after: int,
    earlier: int,
    later: int,
) -> bool:
    """Whether a run of `size` signs says something, or decorates the text.

    `before` and `after` are the classes of what touches it, `earlier` and `later` of what stands
    there with blanks passed.
    """
    latin = before >= _LATIN or after >= _LATIN
    touched = before > _NONE and after > _NONE
    terms = earlier > _NONE and earlier != _LETTER and later > _NONE and later != _LETTER
    if math:  # C++, a > b, 甲=乙; not "> quotation", "+ item", "===== heading"
        counts = (mixed or size < 3) and (earlier > _NONE or after >= _LATIN)
    elif mixed:
        counts = latin
    elif kind == PERCENT:
        counts = (before > _NONE and before != _LETTER) or earlier == _DIGIT
    elif kind == MONEY:
        counts = later == _DIGIT
    elif kind == DASH and size == 1:  # 36-5, -5, A-, 收入-支出; not "- item", "标题 - 网站"
        counts = touched or latin or (earlier >= _LATIN and later >= _LATIN)
    elif kind == DASH:  # --help; not "——"
        counts = size == 2 and before == _NONE and after == _LATIN
    elif kind == STAR:  # 3 * 5, 2**3, 长*宽; not **重点**
        counts = size <= 2 and (terms or (size == 1 and before == _LETTER and after == _LETTER))
    elif kind == SLASH:
        counts = touched or (earlier == _DIGIT and later == _DIGIT)
    elif kind == HASH:  # C#, #1
        counts = size == 1 and (before >= _LATIN or after == _DIGIT)
    elif kind == TILDE:
        counts = before == _DIGIT or after == _DIGIT
    else:
        counts = terms and touched
    return counts
