"""The loops of `ellipsis`: runs of dots and dashes in their one form.

Enters: UTF-8 with offsets, the kind of each code point, the forms.  Leaves: UTF-8 with offsets.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, OutI64, OutU8, OutU32
from corpus_pipeline.text.compiled import compiled
from corpus_pipeline.text.unicode.utf8_kernel import UNICODE_END, decoded, encoded

#: What kind a character is to this rule.
CHINESE, DOT, STOP, ELLIPSIS, DASH, HYPHEN, LETTER, SIGN, QUOTE = range(1, 10)
#: Longer runs are leaders or rules.
_LONGEST_DOTS, _LONGEST_DASHES = 12, 4


@compiled
def unify(
    data: U8,
    offsets: I64,
    kind: U8,
    forms: U32,
    cps: OutU32,
    out: OutU8,
    ends: OutI64,
) -> None:
    """Write each document; `cps` is room for the longest one and two more."""
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
        if _ellipsis(cps, here, begin, stop, behind, kind):
            return begin, stop, behind, 0
    elif DASH <= what <= HYPHEN:
        while DASH <= kind[cps[behind]] <= HYPHEN:
            behind += 1
        if (
            _between_chinese(kind[cps[here - 1]], kind[cps[behind]])
            and 2 <= behind - here <= _LONGEST_DASHES
        ):
            return here, behind, behind, 1
    return behind, behind, behind, -1


@compiled
def _between_chinese(one: int, other: int) -> bool:
    """Han or their marks at both sides; curly quotes are English as well."""
    if one == CHINESE:
        return other == CHINESE or other == QUOTE
    return one == QUOTE and other == CHINESE


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
def _ellipsis(cps: U32, here: int, lead: int, tail: int, stop: int, kind: U8) -> bool:
    """Whether the dots within a run, without the full stops at its sides, are an ellipsis."""
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
    if LETTER <= after <= SIGN and (dots or tail - lead > 2):
        return False
    return before == CHINESE or after == CHINESE or lead > here or stop > tail
