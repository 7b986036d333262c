"""Lines of which nothing but the traces of lost characters is left: 锟斤拷, 烫烫烫, 屯屯屯, �.

Enters: a text, and whether it is a page (then text between tags counts as a line).
Leaves: the text without such lines, how many they were, and their share of the visible text.
Refuses: to cut a line that only mentions them, and to bring anything back (`mojibake` does).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

#: U+FFFD written as UTF-8 and read as GBK gives 锟斤拷; a byte order mark gives 锘匡豢; memory that
#: Microsoft's debugger fills with CC or CD gives 烫 or 屯, and always many of them.
_TRACE = re.compile(r"(?:锟斤拷?|斤拷|锟|锘匡豢?|\ufffd)+|烫{5,}|屯{5,}")
_SIGN = re.compile(r"[锟斤锘\ufffd]|烫{5}|屯{5}")
#: The pre-test, for Polars: traces that are not alone.
PATTERN = r"锟斤拷|斤拷锟|锘匡豢|烫烫烫烫烫|屯屯屯屯屯|\x{FFFD}[^\n]{0,4}\x{FFFD}"
#: Where a line ends, and in a page also where text between tags does.
_ENDS = {False: re.compile(r"\n"), True: re.compile(r"[\n<>]")}
_TAG = re.compile(r"<[^<>]{0,2000}>")
_SPACE = re.compile(r"\s+")
#: Words of a text about the traces; markup does not count.
_TALK = re.compile(
    r"乱码|亂碼|文字化け|mojibake|编码|編碼|字符集|字元集|未初始化|内存|記憶體"
    r"|\b(?:utf-?8|gbk|gb2312|gb18030|big5|unicode|charset|encoding|debug)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class LostBounds:
    """When a line is lost, and when a document is; the rule pack has the reasons."""

    min_traces: int
    min_trace_share: float
    told_share: float
    max_lost_text: float
    min_lost_text: int


class Cut(NamedTuple):
    """The text that stays, the lines that went, and how much of the visible text they held."""

    text: str
    lines: int
    characters: int
    share: float


def cuts(docs: pl.DataFrame, bounds: LostBounds) -> dict[int, Cut]:
    """The rows with lost lines: their `text` without them, as a page or as plain text."""
    found = {}
    for row in docs.get_column("text").str.contains(PATTERN).arg_true():
        text, media_type = docs.get_column("text")[row], docs.get_column("media_type")[row]
        cut = without_lost_lines(text, bounds, page="html" in (media_type or ""))
        if cut.lines:
            found[row] = cut
    return found


def without_lost_lines(text: str, bounds: LostBounds, *, page: bool) -> Cut:
    r"""Cut the lines that hold at least so many traces, and those are such a share of them.

    >>> bounds = LostBounds(4, 0.5, 0.5, 0.5, 20)
    >>> without_lost_lines("一\n锟斤拷锟斤拷锟斤拷\n二", bounds, page=False)
    Cut(text='一\n二', lines=1, characters=9, share=0.8181818181818182)
    >>> without_lost_lines("手持两把锟斤拷", bounds, page=False).lines
    0
    """
    pieces, at, lost, lines = [], 0, 0, 0
    for start, end in _suspicious(text, page=page):
        line = text[start:end]
        traces = sum(len(found[0]) for found in _TRACE.finditer(line))
        visible = len(_SPACE.sub("", line))
        if traces >= bounds.min_traces and traces >= bounds.min_trace_share * visible:
            pieces.append(text[at:start])
            # A line goes with its break; in a page the tags around it stay.
            at = end if page else end + 1
            lost += traces
            lines += 1
    if not lines:
        return Cut(text, 0, 0, 0.0)
    kept = "".join([*pieces, text[at:]])
    words = _TAG.sub("", kept) if page else kept
    part = lost / (lost + len(_SPACE.sub("", words)))
    if part < bounds.told_share and _TALK.search(words):
        return Cut(text, 0, 0, 0.0)
    return Cut(kept, lines, lost, part)


def _suspicious(text: str, *, page: bool) -> Iterator[tuple[int, int]]:
    """Start and end of each line that holds a trace."""
    done = 0
    for found in _SIGN.finditer(text):
        if found.start() < done:
            continue
        start = text.rfind("\n", done, found.start()) + 1
        if page:
            start = max(start, text.rfind(">", done, found.start()) + 1)
        after = _ENDS[page].search(text, found.end())
        end = after.start() if after else len(text)
        yield max(start, done), end
        done = end
