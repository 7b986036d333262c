"""Lines of nothing but the traces of lost characters: 锟斤拷, 烫烫烫, 屯屯屯, �.

Enters: a text, and whether it is a page (then text between tags counts as a line).
Leaves: the text without such lines, their number, and their share of the visible text.
Refuses: lines that only mention traces, and texts about them.  Nothing is repaired here (`repair`
does that).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

#: U+FFFD written as UTF-8 and read as GBK gives 锟斤拷; a byte order mark gives 锘匡豢; memory that
#: Microsoft's debugger fills with CC or CD gives runs of 烫 or 屯.
_TRACE = re.compile(r"(?:锟斤拷?|斤拷|锟|锘匡豢?|\ufffd)+|烫{5,}|屯{5,}")
_SIGN = re.compile(r"[锟斤锘\ufffd]|烫{5}|屯{5}")
#: The pre-test, in the syntax of Polars: at least two traces.
PATTERN = r"锟斤拷|斤拷锟|锘匡豢|烫烫烫烫烫|屯屯屯屯屯|\x{FFFD}[^\n]{0,4}\x{FFFD}"
#: Where a line ends, and in a page also where text between tags does.
_ENDS = {False: re.compile(r"\n"), True: re.compile(r"[\n<>]")}
_TAG = re.compile(r"<[^<>]{0,2000}>")
_SPACE = re.compile(r"\s+")
#: Words of a text about traces; they do not count in markup.
_TALK = re.compile(
    r"乱码|亂碼|文字化け|mojibake|编码|編碼|字符集|字元集|未初始化|内存|記憶體"
    r"|\b(?:utf-?8|gbk|gb2312|gb18030|big5|unicode|charset|encoding|debug)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class LostBounds:
    """When a line is lost, and when a document is; `rules/packs/decode.yaml` has the reasons."""

    min_traces: int
    min_trace_share: float
    told_share: float
    max_lost_text: float
    min_lost_text: int


class Cut(NamedTuple):
    """A text without its lost lines."""

    text: str
    lines: int  # how many lines were removed
    characters: int  # of the traces in them
    share: float  # of the traces in the visible text, 0 to 1


def cuts(docs: pl.DataFrame, bounds: LostBounds) -> dict[int, Cut]:
    """The cut text of each row with lost lines, under the row's position.

    `docs` has the columns `text` and `media_type`; text of HTML is cut as a page.
    """
    cut_texts = {}
    for row in docs.get_column("text").str.contains(PATTERN).arg_true():
        text, media_type = docs.get_column("text")[row], docs.get_column("media_type")[row]
        cut = without_lost_lines(text, bounds, page="html" in (media_type or ""))
        if cut.lines:
            cut_texts[row] = cut
    return cut_texts


def without_lost_lines(text: str, bounds: LostBounds, *, page: bool) -> Cut:
    r"""Cut the lines with at least `min_traces` characters of traces, and at least that share.

    A text about traces keeps its lines unless they are at least `told_share` of it.

    >>> bounds = LostBounds(4, 0.5, 0.5, 0.5, 20)
    >>> without_lost_lines("一\n锟斤拷锟斤拷锟斤拷\n二", bounds, page=False)
    Cut(text='一\n二', lines=1, characters=9, share=0.8181818181818182)
    >>> without_lost_lines("手持两把锟斤拷", bounds, page=False).lines
    0
    """
    pieces, at, lost, lines = [], 0, 0, 0
    for start, end in _suspicious(text, page=page):
        line = text[start:end]
        traces = sum(len(trace[0]) for trace in _TRACE.finditer(line))
        visible = len(_SPACE.sub("", line))
        if traces >= bounds.min_traces and traces >= bounds.min_trace_share * visible:
            pieces.append(text[at:start])
            # A line is removed with its line break; in a page the tags around it stay.
            at = end if page else end + 1
            lost += traces
            lines += 1
    if not lines:
        return Cut(text, 0, 0, 0.0)
    kept = "".join([*pieces, text[at:]])
    words = _TAG.sub("", kept) if page else kept
    share = lost / (lost + len(_SPACE.sub("", words)))
    if share < bounds.told_share and _TALK.search(words):
        return Cut(text, 0, 0, 0.0)
    return Cut(kept, lines, lost, share)


def _suspicious(text: str, *, page: bool) -> Iterator[tuple[int, int]]:
    """(Start, end) of each line that holds a trace."""
    end_of_last = 0
    for sign in _SIGN.finditer(text):
        if sign.start() < end_of_last:
            continue
        start = text.rfind("\n", end_of_last, sign.start()) + 1
        if page:
            start = max(start, text.rfind(">", end_of_last, sign.start()) + 1)
        after = _ENDS[page].search(text, sign.end())
        end = after.start() if after else len(text)
        yield max(start, end_of_last), end
        end_of_last = end
