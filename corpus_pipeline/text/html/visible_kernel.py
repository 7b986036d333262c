"""The loop of `source_of`: markup without the elements that no reader reads.

Enters: the markup that a parser writes, as UTF-8, and the table of tags.  Leaves: the same without
comments, without elements that hold no text and without elements that are not displayed.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, Int, OutI64, OutU8
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.html.markup_kernel import (
    GREATER,
    IMAGE,
    LAST,
    LESS,
    MATH,
    NEWLINE,
    PRE,
    QUOTE,
    RAW,
    ROOT,
    SCRIPT,
    SKIPPED,
    SLASH,
    SPACE,
    VOID,
    is_at,
    name_at,
    tag_end,
    tag_of,
    value_end,
)

#: What attributes say of their element: it is not displayed; it may be a formula.
HIDDEN, FORMULA = 1, 2
#: Numbers that `visible` leaves: tags, line breaks within `pre`, whether there may be a formula.
TAGS, BREAKS, FORMULAS = 0, 1, 2


def _word(text: str) -> U8:
    return np.frombuffer(text.encode(), dtype=np.uint8)


_COMMENT, _COMMENT_END = _word("<!--"), _word("-->")
_CLASS, _STYLE, _HIDDEN, _ALT, _SRC, _TYPE = map(
    _word, (' class="', ' style="', ' hidden="', ' alt="', ' src="', ' type="')
)
_VALUE = _word('="')
_NONE, _NONE_APART = _word("display:none"), _word("display: none")
_JAMMER, _STATUS, _EDIT = _word("jammer"), _word("pstatus"), _word("mw-editsection")
_MATH, _LATEX, _TEX, _EQUATION, _FORMULA = map(
    _word, ("math", "latex", "tex", "equation", "formula")
)


@compiled_uncounted
def visible(  # noqa: PLR0915 – one loop
    source: U8, slots: I64, keys: I64, roles: U32, kept: OutU8, counts: OutI64
) -> Int:
    """Write the markup to `kept`, which is as long as `source`; returns its size in bytes."""
    end = len(source)
    at: Int = 0
    size: Int = 0
    copied: Int = 0  # from there on nothing is written yet
    depth: Int = 0
    skipped: Int = 0  # hash of the name of the element that is left out
    in_pre = False
    formulas = False
    unended = False  # whether a comment has no end
    while at < end:
        if source[at] != LESS:
            at += 1
            continue
        if not unended and is_at(source, at, _COMMENT):
            stop = at + 4
            while stop < end and not is_at(source, stop, _COMMENT_END):
                stop += 1
            if stop < end:
                if depth == 0:
                    size = _copied(source, copied, at, kept, size)
                    copied = stop + 3
                at = stop + 3
                continue
            unended = True
        closing = at + 1 < end and source[at + 1] == SLASH
        key, stop = name_at(source, at + 1 + closing)
        role = roles[tag_of(key, slots, keys)]
        if closing:
            stop = tag_end(source, stop)
            if depth > 0 and key == skipped:
                depth -= 1
                copied = stop if depth == 0 else copied
            at = stop
            continue
        if role & LAST and depth == 0:
            break
        begin = at
        says, at = _said(source, stop, role)
        formulas |= role & MATH != 0 or says & FORMULA != 0
        if depth > 0:
            depth += key == skipped and role & VOID == 0
        elif (role & SKIPPED or says & HIDDEN) and role & ROOT == 0:
            size = _copied(source, copied, begin, kept, size)
            copied = at
            if role & VOID == 0:
                depth, skipped = 1, key
        in_pre |= role & PRE != 0
        if role & RAW:
            at = _raw_end(source, at, key, bool(role & SCRIPT))
    if depth == 0:
        size = _copied(source, copied, end, kept, size)
    tags = breaks = 0
    for i in range(size):
        tags += kept[i] == LESS
    if in_pre:
        for i in range(size):
            breaks += kept[i] == NEWLINE
    counts[TAGS], counts[BREAKS], counts[FORMULAS] = tags, breaks, formulas
    return size


@compiled_uncounted
def _copied(source: U8, start: Int, stop: Int, kept: OutU8, size: Int) -> Int:
    for i in range(stop - start):
        kept[np.uint64(size + i)] = source[np.uint64(start + i)]
    return size + max(stop - start, 0)


@compiled_uncounted
def _raw_end(source: U8, at: Int, key: Int, program: bool) -> Int:
    """The position of the end tag of this name, or the end.

    A program may hold a whole script element after `<!--`.
    """
    in_comment = in_script = False
    while at < len(source):
        if source[at] == LESS:
            closing = at + 1 < len(source) and source[at + 1] == SLASH
            other, _ = name_at(source, at + 1 + closing)
            if closing and other == key and not in_script:
                return at
            if other == key:
                in_script = in_comment and not closing
            in_comment |= program and is_at(source, at, _COMMENT)
            at += 1
        elif in_comment and source[at] == GREATER and is_at(source, at - 2, _COMMENT_END):
            in_comment = in_script = False
            at += 1
        else:
            at += 1
    return at


@compiled_uncounted
def _said(source: U8, at: Int, role: Int) -> tuple[Int, Int]:
    """What the attributes from byte `at` on say, and the position after the tag."""
    end = len(source)
    says: Int = 0
    described = named = False  # an image with a text for it; with a name or address of formulas
    while at < end and source[at] != GREATER:
        if source[at] != SPACE:
            at += 1
            continue
        if is_at(source, at, _CLASS):
            start, at = at + len(_CLASS), value_end(source, at + len(_CLASS), end)
            says |= HIDDEN * _is_junk(source, start, at)
            if role & IMAGE:
                named |= _is_formula(source, start, at)
        elif is_at(source, at, _STYLE):
            start, at = at + len(_STYLE), value_end(source, at + len(_STYLE), end)
            hides = _holds(source, start, at, _NONE) or _holds(source, start, at, _NONE_APART)
            says |= HIDDEN * hides
        elif is_at(source, at, _HIDDEN):
            says |= HIDDEN
            at += len(_HIDDEN)
        elif role & IMAGE and is_at(source, at, _ALT):
            at += len(_ALT)
            described = bool(at < end and source[at] != QUOTE)
        elif role & IMAGE and is_at(source, at, _SRC):
            start, at = at + len(_SRC), value_end(source, at + len(_SRC), end)
            named |= _is_formula(source, start, at)
        elif role & SCRIPT and is_at(source, at, _TYPE):
            start, at = at + len(_TYPE), value_end(source, at + len(_TYPE), end)
            says |= FORMULA * _holds(source, start, at, _MATH)
        else:  # a value may end in what looks like the beginning of another attribute
            at += 1
            while at < end and source[at] != GREATER and not is_at(source, at, _VALUE):
                at += 1
            at = value_end(source, at + len(_VALUE), end) if is_at(source, at, _VALUE) else at
    says |= FORMULA * (described and named)
    return says, min(at + 1, end)


@compiled_uncounted
def _is_formula(source: U8, start: Int, stop: Int) -> bool:
    """Whether a class or address may be a formula's (`formulas` looks more closely)."""
    for at in range(start, stop - len(_TEX)):  # `tex`, but not `text`
        word = is_at(source, at, _TEX)
        if word and not 97 <= _small(source[at + len(_TEX)]) <= 122:
            return True
    return (
        _holds(source, start, stop, _MATH)
        or _holds(source, start, stop, _LATEX)
        or _holds(source, start, stop, _EQUATION)
        or _holds(source, start, stop, _FORMULA)
    )


@compiled_uncounted
def _holds(source: U8, start: Int, stop: Int, word: U8) -> bool:
    """Whether a value holds a word of small letters, whatever the case of its own."""
    for at in range(start, stop - len(word) + 1):
        i = 0
        while i < len(word) and _small(source[at + i]) == word[i]:
            i += 1
        if i == len(word):
            return True
    return False


@compiled_uncounted
def _small(letter: Int) -> Int:
    return letter + 32 if 65 <= letter <= 90 else letter


@compiled_uncounted
def _is_junk(source: U8, start: Int, stop: Int) -> bool:
    """Whether one of the classes is junk's, or a note that software adds."""
    at = start
    while at < stop:
        begin = at
        while at < stop and source[at] > SPACE:
            at += 1
        size = at - begin
        if (
            (size == len(_JAMMER) and is_at(source, begin, _JAMMER))
            or (size == len(_STATUS) and is_at(source, begin, _STATUS))
            or (size == len(_EDIT) and is_at(source, begin, _EDIT))
        ):
            return True
        at += 1
    return False
