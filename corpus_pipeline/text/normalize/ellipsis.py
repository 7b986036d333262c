"""Ellipses and dashes of Chinese text in their one form: …… and ——.

Enters: string columns.  Leaves: the columns with 。。。 ... … ⋯⋯ next to Han written …… and with
-- －－ ―― ── between Han written ——.
Refuses: to touch English and code, the leaders of a table of contents (目录……12), a single dash
(北京—上海) and rules drawn with dashes.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, U8, U32
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode.classes import HAN, UNICODE_END, points
from corpus_pipeline.text.unicode.utf8 import buffers, column, decoded, encoded, replaced

#: What kind a character is to this rule.
CHINESE, DOT, STOP, ELLIPSIS, DASH, HYPHEN, LETTER, SIGN, QUOTE = range(1, 10)
#: Longer runs are leaders or rules.
_LONGEST_DOTS, _LONGEST_DASHES = 12, 4
_PATTERNS = ("...", "。。。", "．．．", "…", "⋯", "--", "－－", "―", "──", "———")
_FORMS = np.array([0x2026, 0x2014], dtype=np.uint32)


def _kinds() -> U8:
    kind = np.zeros(UNICODE_END + 1, dtype=np.uint8)
    kind[points(HAN)] = CHINESE
    for characters, value in (
        ("，！？：；、《》〈〉「」『』【】〔〕（）", CHINESE),
        ("“”‘’", QUOTE),
        (".．", DOT),
        ("。", STOP),
        ("…⋯", ELLIPSIS),
        ("—―─－", DASH),
        ("-", HYPHEN),
        ("/\\@#&=_|", SIGN),
    ):
        kind[[ord(char) for char in characters]] = value
    for first, last in ("09", "AZ", "az"):
        kind[ord(first) : ord(last) + 1] = LETTER
    return kind


_KIND = _kinds()


def unified(texts: pl.Series) -> pl.Series:
    """The column, without a null.

    >>> unified(pl.Series(["好吧。。。算了...", "不--他说", "wait... f(*args, ...)"])).to_list()
    ['好吧……算了……', '不——他说', 'wait... f(*args, ...)']
    """
    rows = texts.str.contains_any(list(_PATTERNS)).arg_true().to_list()
    if not rows:
        return texts
    part = texts.gather(rows)
    data, offsets = buffers(part)
    size = int(offsets[-1] - offsets[0])
    longest = int(np.diff(offsets).max(initial=0))
    # One character of three bytes can become two of them.
    out = np.empty(2 * size + 8, dtype=np.uint8)
    ends = np.zeros(len(offsets), dtype=np.int64)
    cps = np.empty(longest + 3, dtype=np.uint32)
    _unify(data, offsets, _KIND, _FORMS, cps, out, ends)
    return replaced(texts, rows, column(out[: ends[-1]], ends))


@compiled
def _unify(  # noqa: PLR0917 – a kernel takes its arrays one by one
    data: U8,
    offsets: I64,
    kind: U8,
    forms: U32,
    cps: U32,
    out: U8,
    ends: I64,
) -> None:
    size = 0
    for doc in range(len(offsets) - 1):
        at, end, length = offsets[doc], offsets[doc + 1], 1
        cps[0] = UNICODE_END
        while at < end:
            code, at = decoded(data, at)
            cps[length] = code
            length += 1
        cps[length] = cps[length + 1] = UNICODE_END
        here = 1
        while here < length:
            if not DOT <= kind[cps[here]] <= HYPHEN:
                size = encoded(np.int64(cps[here]), out, size)
                here += 1
                continue
            begin, stop, behind, form = _run(cps, here, kind)
            for position in range(here, begin):
                size = encoded(np.int64(cps[position]), out, size)
            if form >= 0:
                for _ in range(2):
                    size = encoded(np.int64(forms[form]), out, size)
            for position in range(stop, behind):
                size = encoded(np.int64(cps[position]), out, size)
            here = behind
        ends[doc + 1] = size


@compiled
def _run(cps: U32, here: int, kind: U8) -> tuple[int, int, int, int]:
    """From where to where another form stands, where the run ends, and the form or -1."""
    what = kind[cps[here]]
    behind = here + 1
    if DOT <= what <= ELLIPSIS:
        begin, behind, stop = _dots(cps, here, kind)
        if _ellipsis(cps, (here, begin, stop, behind), kind):
            return begin, stop, behind, 0
    elif DASH <= what <= HYPHEN:
        while DASH <= kind[cps[behind]] <= HYPHEN:
            behind += 1
        sides = kind[cps[here - 1]], kind[cps[behind]]
        if _between_chinese(sides) and 2 <= behind - here <= _LONGEST_DASHES:
            return here, behind, behind, 1
    return behind, behind, behind, -1


@compiled
def _between_chinese(sides: tuple[int, int]) -> bool:
    """Han or their marks at both sides; curly quotes are English as well."""
    one, other = sides
    return (one == CHINESE and other in (CHINESE, QUOTE)) or (one == QUOTE and other == CHINESE)


@compiled
def _dots(cps: U32, here: int, kind: U8) -> tuple[int, int, int]:
    """A run of dots: where full stops before it end, where it ends, where those behind it begin.

    One full stop or two at either side are full stops; three are dots themselves.
    """
    stop = here
    while DOT <= kind[cps[stop]] <= ELLIPSIS:
        stop += 1
    lead = here
    while lead < stop and kind[cps[lead]] == STOP:
        lead += 1
    if lead - here > 2:
        lead = here
    tail = stop
    while tail > lead and kind[cps[tail - 1]] == STOP:
        tail -= 1
    if stop - tail > 2:
        tail = stop
    return lead, stop, tail


@compiled
def _ellipsis(cps: U32, run: tuple[int, int, int, int], kind: U8) -> bool:
    """Whether the dots within a run, without the full stops at its sides, are an ellipsis."""
    here, lead, tail, stop = run
    dots, stops, ellipses = 0, 0, 0
    for position in range(lead, tail):
        what = kind[cps[position]]
        dots += what == DOT
        stops += what == STOP
        ellipses += what == ELLIPSIS
    if not (ellipses or dots >= 3 or stops >= 3) or tail - lead > _LONGEST_DOTS:
        return False
    before, after = kind[cps[here - 1]], kind[cps[stop]]
    # 目录......12 is a leader, 文件.../路径 and 参数...args are code; 甲…5 is an ellipsis.
    if after in (LETTER, SIGN) and (dots or tail - lead > 2):
        return False
    return CHINESE in (before, after) or lead > here or stop > tail
