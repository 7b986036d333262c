"""The loops of `ellipsis`: runs of dots and dashes in their one form.

Enters: UTF-8 with offsets, the kind of each code point, and the two forms as code points (ellipsis,
dash), each of which is written twice.  Leaves: UTF-8 with offsets.
"""

from __future__ import annotations

import numpy as np

from corpus_pipeline.text.arrays import I64, U8, U32, OutI64, OutU8, OutU32
from corpus_pipeline.text.compiled import compiled_uncounted
from corpus_pipeline.text.unicode.utf8_kernel import UNICODE_END, decoded, encoded

#: The kinds of characters that this rule distinguishes.
CHINESE, DOT, STOP, ELLIPSIS, DASH, HYPHEN, LETTER, SIGN, QUOTE = range(1, 10)
#: Longer runs are leaders or rules.
_LONGEST_DOTS, _LONGEST_DASHES = 12, 4


@compiled_uncounted
def unify(
    data: U8,
    offsets: I64,
    kind: U8,
    forms: U32,
    cps: OutU32,
    out: OutU8,
    ends: OutI64,
) -> None:
    """Write each document into `out`; `cps` has room for the longest one and three more."""
    size = 0
    for doc in range(len(offsets) - 1):
        at, end, length = offsets[doc], offsets[doc + 1], 1
        cps[0] = UNICODE_END
        while at < end:
            code, at = decoded(data, at)
            cps[length] = code
            length += 1
        cps[length] = cps[length + 1] = UNICODE_END
        place = 1
        while place < length:
            if not DOT <= kind[cps[place]] <= HYPHEN:
                size = encoded(np.int64(cps[place]), out, size)
                place += 1
                continue
            begin, stop, behind, form = _run(cps, place, kind)
            for position in range(place, begin):
                size = encoded(np.int64(cps[position]), out, size)
            if form >= 0:
                for _ in range(2):
                    size = encoded(np.int64(forms[form]), out, size)
            for position in range(stop, behind):
                size = encoded(np.int64(cps[position]), out, size)
            place = behind
        ends[doc + 1] = size


@compiled_uncounted
def _run(cps: U32, start: int, kind: U8) -> tuple[int, int, int, int]:
    """First and end of the marks to replace, the end of the run, the form or -1 for none."""
    kind_of_first = kind[cps[start]]
    after = start + 1
    if DOT <= kind_of_first <= ELLIPSIS:
        begin, after, stop = _dots(cps, start, kind)
        if _ellipsis(cps, start, begin, stop, after, kind):
            return begin, stop, after, 0
    elif DASH <= kind_of_first <= HYPHEN:
        while DASH <= kind[cps[after]] <= HYPHEN:
            after += 1
        if (
            _between_chinese(kind[cps[start - 1]], kind[cps[after]])
            and 2 <= after - start <= _LONGEST_DASHES
        ):
            return start, after, after, 1
    return after, after, after, -1


@compiled_uncounted
def _between_chinese(left: int, right: int) -> bool:
    """Han or their marks at both sides; curly quotes are English as well."""
    if left == CHINESE:
        return right == CHINESE or right == QUOTE
    return left == QUOTE and right == CHINESE


@compiled_uncounted
def _dots(cps: U32, start: int, kind: U8) -> tuple[int, int, int]:
    """A run of dots: its first but for full stops, its end, and its end but for full stops.

    One full stop or two at either side are full stops; three are dots themselves.
    """
    stop = start
    while DOT <= kind[cps[stop]] <= ELLIPSIS:
        stop += 1
    lead = start
    while lead < stop and kind[cps[lead]] == STOP:
        lead += 1
    if lead - start > 2:
        lead = start
    tail = stop
    while tail > lead and kind[cps[tail - 1]] == STOP:
        tail -= 1
    if stop - tail > 2:
        tail = stop
    return lead, stop, tail


@compiled_uncounted
def _ellipsis(cps: U32, start: int, lead: int, tail: int, stop: int, kind: U8) -> bool:
    """Whether the dots `lead` … `tail` of the run `start` … `stop` are an ellipsis."""
    dots, stops, ellipses = 0, 0, 0
    for position in range(lead, tail):
        kind_here = kind[cps[position]]
        dots += kind_here == DOT
        stops += kind_here == STOP
        ellipses += kind_here == ELLIPSIS
    if not (ellipses or dots >= 3 or stops >= 3) or tail - lead > _LONGEST_DOTS:
        return False
    before, after = kind[cps[start - 1]], kind[cps[stop]]
    # 目录......12 is a leader, 文件.../路径 and 参数...args are code; 甲…5 is an ellipsis.
    if LETTER <= after <= SIGN and (dots or tail - lead > 2):
        return False
    return before == CHINESE or after == CHINESE or lead > start or stop > tail
