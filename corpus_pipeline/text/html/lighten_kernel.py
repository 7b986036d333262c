"""The loop of `lightened`: the source of a page without what no later step reads.

Enters: a page as UTF-8.  Leaves: the same without programs, styles, drawings and comments, and on
request without addresses and programs in attributes; and figures by which `parse` knows a page
that is made to stall parsers.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, Int, OutI64, OutU8
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.html.markup_kernel import (
    FORMAT,
    GREATER,
    LESS,
    LITERAL,
    PRIME,
    QUOTE,
    SHALLOW,
    SLASH,
    START,
    is_at,
    tag_of,
)

#: Numbers that `lighten` leaves: tags, formats with attributes, the longest piece without a tag.
TAGS, FORMATS, LONGEST = 0, 1, 2
#: Kinds of elements that end at the first end tag of their name, and comments.
_SCRIPT, _STYLE, _SVG, _COMMENT = range(4)
_APOSTROPHE, _EQUALS, _BANG, _DASH = 0x27, 0x3D, 0x21, 0x2D


def _word(text: str) -> U8:
    return np.frombuffer(text.encode(), dtype=np.uint8)


_SCRIPT_NAME, _STYLE_NAME, _SVG_NAME = map(_word, ("script", "style", "svg"))
_OPEN_COMMENT, _ON, _DATA = _word("<!--"), _word("on"), _word("data-")
_HREF, _SRC, _SRCSET, _TITLE, _TARGET, _ACTION, _VALUE = map(
    _word, ("href", "src", "srcset", "title", "target", "action", "value")
)
_JSON, _MATH, _IMG, _TEX, _EQUATION = map(_word, ("json", "math", "img", "tex", "equation"))


@compiled_uncounted
def lighten(  # noqa: PLR0915 – one loop
    page: U8, bare: bool, slots: I64, keys: I64, roles: U32, kept: OutU8, counts: OutI64
) -> Int:
    """Write the page to `kept`, which is as long, and return its size.

    `bare` leaves out attributes that hold addresses and programs.
    """
    end = len(page)
    at: Int = 0
    size: Int = 0
    tags: Int = 0
    formats: Int = 0
    longest: Int = 0
    last: Int = 0  # where the last tag begins in `kept`
    literal: Int = 0  # hash of the name of the element whose content is text
    unended: Int = 0  # bits of the kinds that do not end any more
    while at < end:
        letter = page[at]
        if letter != LESS:
            kept[size] = letter
            size += 1
            at += 1
            continue
        kind, stop = _removed(page, at)
        if kind >= 0 and not unended >> kind & 1:
            after = _comment_end(page, stop) if kind == _COMMENT else _raw_end(page, stop, kind)
            if after < 0:
                unended |= 1 << kind
            elif kind == _SCRIPT and _is_data(page, at, stop):
                for i in range(at, after):
                    tags += page[i] == LESS
                    kept[size] = page[i]
                    size += 1
                at, last = after, size
                continue
            else:
                at = after
                continue
        tags += 1
        longest = max(longest, size - last)
        last = size
        key, stop = _name(page, at + 1)
        named = stop > at + 1
        role = roles[tag_of(key, slots, keys)] if named else np.uint32(0)
        formats += role & FORMAT != 0 and stop < end and _is_blank(page[stop])
        if literal == 0 and role & LITERAL:
            literal = key
        elif literal != 0 and at + 1 < end and page[at + 1] == SLASH:
            ended, _ = _name(page, at + 2)
            literal = 0 if ended == literal else literal
        for i in range(at, stop):
            kept[size] = page[i]
            size += 1
        image = stop == at + 4 and _equals(page, at + 1, stop, _IMG)
        at = stop
        if bare and named and literal == 0:
            at, size, bare = _attributes(page, at, image, kept, size)
    counts[TAGS], counts[FORMATS] = tags, formats
    counts[LONGEST] = max(longest, size - last)
    return size


@compiled_uncounted
def _is_blank(letter: Int) -> bool:
    return bool(letter == 0x20 or 9 <= letter <= 13)


@compiled_uncounted
def _small(letter: Int) -> Int:
    return letter + 32 if 65 <= letter <= 90 else letter


@compiled_uncounted
def _is_letter(letter: Int) -> bool:
    return bool(97 <= (letter | 32) <= 122)


@compiled_uncounted
def _equals(page: U8, start: Int, stop: Int, word: U8) -> bool:
    """Whether a word stands from byte `start` to `stop`, in letters of any case."""
    if stop - start != len(word):
        return False
    for i in range(len(word)):
        if _small(page[start + i]) != word[i]:
            return False
    return True


@compiled_uncounted
def _name(page: U8, at: Int) -> tuple[Int, Int]:
    """The hash of the letters and digits from byte `at` on, small, and the position after them."""
    key: Int = START
    if at < len(page) and _is_letter(page[at]):
        while at < len(page) and (_is_letter(page[at]) or 0x30 <= page[at] <= 0x39):
            key = (key ^ _small(page[at])) * PRIME
            at += 1
    return key, at


@compiled_uncounted
def _removed(page: U8, at: Int) -> tuple[Int, Int]:  # noqa: PLR0911 – one test after the other
    """The kind of element that a tag at byte `at` begins, -1 for others, and its end."""
    if at + 4 > len(page):
        return -1, at
    letter = page[at + 1]
    if letter == _BANG:
        return (_COMMENT, at + 4) if is_at(page, at, _OPEN_COMMENT) else (-1, at)
    if letter | 32 != 0x73:
        return -1, at
    _, stop = _name(page, at + 1)
    kind = -1
    if _equals(page, at + 1, stop, _SCRIPT_NAME):
        kind = _SCRIPT
    elif _equals(page, at + 1, stop, _STYLE_NAME):
        kind = _STYLE
    elif _equals(page, at + 1, stop, _SVG_NAME):
        kind = _SVG
    if kind < 0 or stop >= len(page):
        return -1, at
    if not (_is_blank(page[stop]) or page[stop] == SLASH or page[stop] == GREATER):
        return -1, at
    while stop < len(page) and page[stop] != GREATER and page[stop] != LESS:
        stop += 1
    if stop == len(page) or page[stop] == LESS:
        return -1, at
    return kind, stop + 1


@compiled_uncounted
def _comment_end(page: U8, at: Int) -> Int:
    """The position after a comment whose text begins at byte `at`; -1 if it does not end."""
    start = at
    end = len(page)
    while at + 2 < end:
        if page[at] == _DASH and page[at + 1] == _DASH:
            after = at + 2 + int(page[at + 2] == _BANG)
            if after < end and page[after] == GREATER:
                # `<!-->` is a whole comment in a browser: its end overlaps its beginning.
                if page[start] == GREATER:
                    return start + 1
                if page[start] == _DASH and page[start + 1] == GREATER:
                    return start + 2
                return after + 1
        at += 1
    return -1


@compiled_uncounted
def _raw_end(page: U8, at: Int, kind: Int) -> Int:
    """The position after the next end tag of this kind of element; -1 if there is none."""
    end = len(page)
    while at + 2 < end:
        if page[at] == LESS and page[at + 1] == SLASH and page[at + 2] | 32 == 0x73:
            _, after = _name(page, at + 2)
            if (
                _equals(page, at + 2, after, _SCRIPT_NAME)
                if kind == _SCRIPT
                else _equals(page, at + 2, after, _STYLE_NAME)
                if kind == _STYLE
                else _equals(page, at + 2, after, _SVG_NAME)
            ):
                while after < end and _is_blank(page[after]):
                    after += 1
                if after < end and page[after] == GREATER:
                    return after + 1
        at += 1
    return -1


@compiled_uncounted
def _is_data(page: U8, at: Int, stop: Int) -> bool:
    """Whether the attributes of a script name data or TeX."""
    for i in range(at + 7, stop - 4):
        if _equals(page, i, i + 4, _JSON) or _equals(page, i, i + 4, _MATH):
            return True
    return False


@compiled_uncounted
def _attributes(page: U8, at: Int, image: bool, kept: OutU8, size: Int) -> tuple[Int, Int, bool]:
    """Copy attributes but addresses and programs; returns the new position and size.

    It reads them as the standard does, up to the end of the tag or to a `<`: a quote may be missing
    before that, and then nobody knows where tags begin.  Returned at last is whether there is none.
    """
    end = len(page)
    while at < end and page[at] != GREATER:
        start = at
        while at < end and (_is_blank(page[at]) or page[at] == SLASH):
            at += 1
        name = at
        while at < end and not _ends_name(page[at], bool(at > name)):
            at += 1
        stop = at
        while at < end and _is_blank(page[at]):
            at += 1
        quoted = False
        if stop > name and at < end and page[at] == _EQUALS:
            at += 1
            while at < end and _is_blank(page[at]):
                at += 1
            quote = page[at] if at < end else np.uint8(0)
            quoted = bool(quote == QUOTE or quote == _APOSTROPHE)
            value = at
            if quoted:
                at += 1
                while at < end and page[at] != quote and page[at] != LESS:
                    at += 1
                at += at < end and page[at] == quote
            else:
                while at < end and not _is_blank(page[at]) and page[at] != GREATER:
                    if page[at] == LESS:
                        break
                    at += 1
        else:
            at = stop
        odd = at < end and page[at] == LESS
        apart = at < end and (_is_blank(page[at]) or page[at] == SLASH or page[at] == GREATER)
        if quoted and apart and _is_dropped(page, name, stop, image, value):
            continue
        for i in range(start, at):
            kept[size] = page[i]
            size += 1
        if odd:
            return at, size, False
    return at, size, True


@compiled_uncounted
def _ends_name(letter: Int, begun: bool) -> bool:
    """Whether a character ends the name of an attribute, or stops the reading of a tag."""
    return bool(
        _is_blank(letter)
        or letter == SLASH
        or letter == GREATER
        or letter == LESS
        or (begun and letter == _EQUALS)
    )


@compiled_uncounted
def _is_dropped(  # noqa: PLR0911 – one letter after the other
    page: U8, start: Int, stop: Int, image: bool, value: Int
) -> bool:
    """Whether an attribute holds an address, a program or a hint.

    The address of an image may tell that it is a formula.
    """
    letter = page[start] | 32
    if letter == 0x68:
        return _equals(page, start, stop, _HREF)
    if letter == 0x64:
        return _equals(page, start, min(start + 5, stop), _DATA)
    if letter == 0x6F:
        return _equals(page, start, min(start + 2, stop), _ON)
    if letter == 0x74:
        return _equals(page, start, stop, _TITLE) or _equals(page, start, stop, _TARGET)
    if letter == 0x73:
        source = _equals(page, start, stop, _SRC)
        if source and image:
            return not _is_formula(page, value)
        return source or _equals(page, start, stop, _SRCSET)
    return _equals(page, start, stop, _ACTION) or _equals(page, start, stop, _VALUE)


@compiled_uncounted
def _is_formula(page: U8, at: Int) -> bool:
    """Whether the value at byte `at`, in quotes, has a word of the addresses of formulas."""
    quote = page[at]
    at += 1
    while page[at] != quote:
        letter = page[at] | 32
        if letter == 0x74:
            found = _equals(page, at, min(at + 3, len(page)), _TEX)
        elif letter == 0x6D:
            found = _equals(page, at, min(at + 4, len(page)), _MATH)
        elif letter == 0x65:
            found = _equals(page, at, min(at + 8, len(page)), _EQUATION)
        else:
            found = False
        if found:
            return True
        at += 1
    return False


@compiled_uncounted
def nesting(page: U8, slots: I64, keys: I64, roles: U32, counts: OutI64) -> None:
    """Set `counts` to how many formats are left open and how deep elements nest."""
    left: Int = 0
    depth: Int = 0
    deepest: Int = 0
    for at in range(len(page) - 1):
        if page[at] != LESS:
            continue
        closing = page[at + 1] == SLASH
        start = at + 1 + closing
        stop = start
        key: Int = START
        while stop < len(page) and _is_letter(page[stop]):
            key = (key ^ _small(page[stop])) * PRIME
            stop += 1
        if stop == start:
            continue
        role = roles[tag_of(key, slots, keys)]
        if role & FORMAT:
            left += -1 if closing else 1
        if role & SHALLOW:
            continue
        if not closing:
            depth += 1
            deepest = max(deepest, depth)
        elif depth:
            depth -= 1
    counts[0], counts[1] = left, deepest
