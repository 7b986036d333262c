"""Hard-wrapped Chinese lines joined again, where the widths of the lines prove the wrapping.

Enters: string columns.  Leaves: the columns with wrapped lines joined (Latin words by a space, Han
by nothing), and how many joins were made in each text.
Refuses: verse, lists, tables, headings and code; lines that only have the same length; a wrap that
occurs fewer than `EVIDENCE` times at the same right edge.  An empty line between two lines is part
of a wrap where nearly all lines have one, or where the sentence surely goes on behind it.

A wrapped line ends in the middle of a sentence, at the same right edge as its neighbours, and no
line near it reaches further: paragraphs that an author ended are never that even.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import I64, U32
from corpus_pipeline.text.normalize.unwrap_kernel import (
    EVIDENCE,
    NARROW,
    NARROWEST,
    RAGGED,
    WIDEST,
    mark_wrapped,
)
from corpus_pipeline.text.unicode.utf8 import buffers, replaced

#: How many lines before and after a line are compared with it.
_AROUND = 40
#: Longer lines in between are allowed where at least this share of all lines that stop in
#: mid-sentence ends at the same edge.
_NEARLY_ALL = 0.8
#: The least shares of wraps at one edge that end at no punctuation mark and that have one inside:
#: a wrap comes at any place of a sentence.
_PLAIN_ENDS, _INNER_MARKS = 0.5, 0.5
#: The least share of wraps that stop inside a sentence for sure: another sentence ends inside the
#: line, a bracket stays open, the next line begins with a particle.  Verse and headlines of equal
#: length begin and end with their lines.
_IN_MIDDLE = 0.2
#: The same for narrow columns, and for lines with an empty one between them.
_SURELY_IN_MIDDLE = 0.3
#: How many wraps prove a narrow column.
_NARROW_EVIDENCE = 5
#: A text has an empty line between its lines where at least this share of them has one behind.
_SPACED = 0.8

_TERMINAL = "。！？；：…”’」』）】》〉〕.!?;:)]}>\"'—~～|｜=*_`\\"
_BLANK = " \t\u3000"
_INNER = re.compile(r"[，、。；：！？,;（(「0-9]")
_MARKS = "，、。；：！？,;"
_MIDDLE = re.compile(r"[。；：！？].")
_OPEN_CLOSE = (("（", "）"), ("「", "」"), ("《", "》"), ("“", "”"), ("(", ")"))
#: No clause begins with one of these.
_GOES_ON = "的了之者所們们着過过號号條条款項项，、。；：）」』》"
#: What begins a new paragraph or item: numbers, clauses, bullets, headings, quotes, code, links.
_STARTS = re.compile(
    r"[ \t\u3000]|[（(]?[一二三四五六七八九十百〇零○壹貳參]{1,4}[）)、．. \u3000]"
    r"|[（(]?[0-9０-９A-Za-z]{1,3}(?:[）)、]|[．.](?!\d))"
    r"|第 ?[一二三四五六七八九十百千〇零0-9 之-]{1,9}[條条章節节款項项編编篇卷回部屆届次]"
    r"|[甲乙丙丁戊己庚辛壬癸][、．.]"
    r"|[①-⓿㈠-㉃⒈-⒛]|[-–—•·●○◆◇■□▪▲△▼▶►※★☆*+>#|｜/\\=~_`@&%$§†【〔\[{<]"
    r"|(?:附[註注錄录件表圖图]?|[註注圖图表例按])[0-9一二三四五六七八九十：:]"
    r"|https?:|[^\n；，。、]{1,8}[：:]"
)
#: The head of an item, or blanks: where the text of its first line begins.
_HEAD = re.compile(
    r" *[（(]?[一二三四五六七八九十百〇零]{1,4}[）)、．.] *| *[（(]?[0-9A-Za-z]{1,3}[）)、．.] *| +"
)
#: A table, a leader of dots, code.
_NO_PROSE = re.compile(
    r"\t|\||｜|(?<![0-9A-Za-z])  +(?![0-9A-Za-z ])|   |\u3000"
    r"|\.{4}|…{3}|·{3}|[{}]|;$|//|=>|->|[─-╿]"
)


class Joined(NamedTuple):
    """A column after joining, and the number of joins in each row."""

    texts: pl.Series
    joins: U32


def joined(texts: pl.Series) -> Joined:
    """Join the texts of a column (String, no nulls); a text without wraps is not copied."""
    likely = np.zeros(len(texts), dtype=np.bool_)
    mark_wrapped(*buffers(texts), likely)
    rows, new = [], []
    joins = np.zeros(len(texts), dtype=np.uint32)
    for row in np.flatnonzero(likely).tolist():
        text, count = join(texts[row])
        if count:
            rows.append(row)
            new.append(text)
            joins[row] = count
    return Joined(replaced(texts, rows, new), joins)


def join(text: str) -> tuple[str, int]:
    r"""One text with its wrapped lines joined and line feeds at line ends, and the number of joins.

    >>> lines = ["本站所載之內容，僅供參考，如有錯誤或遺漏，本站概不負責，使用者應自行",
    ...          "判斷其正確性，並承擔使用之風險。本站得隨時修改內容，不另行通知，使用",
    ...          "者繼續使用本站，即視為同意修改後之內容。若使用者不同意，應停止使用本",
    ...          "站。"]
    >>> joined_text, count = join("\n".join(lines))
    >>> count, "\n" in joined_text
    (3, False)
    >>> join("床前明月光\n疑是地上霜\n舉頭望明月\n低頭思故鄉")[1]
    0
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines, gaps = _lines(text)
    widths = _widths(lines)
    candidates = np.flatnonzero((widths >= NARROWEST) & (widths <= WIDEST)).tolist()
    spaced = gaps.count(2) >= _SPACED * len(gaps)
    prose = cache(_is_prose)  # each line is asked about twice
    soft = [
        at
        for at in candidates
        if at + 1 < len(lines)
        and lines[at][-1] not in _TERMINAL
        and gaps[at] <= 2
        and _breaks(lines[at], lines[at + 1], int(widths[at]), prose)
        and (gaps[at] == 1 or spaced or _goes_on(lines[at], lines[at + 1].lstrip(_BLANK)))
    ]
    if len(soft) >= EVIDENCE:
        soft = _distinct(soft, lines, gaps, widths)
    if len(soft) < EVIDENCE:
        return text, 0
    wraps = set(_proven(soft, lines, widths.tolist(), spaced=spaced))
    if not wraps:
        return text, 0
    out = [lines[0]]
    for at, line in enumerate(lines[1:]):
        if at not in wraps:
            out += "\n" * gaps[at], line
            continue
        before, rest = lines[at], line.lstrip(_BLANK)
        latin = before[-1].isascii() and before[-1].isalpha() and rest[0].isascii()
        out += " " if latin and rest[0].isalnum() else "", rest
    return "".join(out), len(wraps)


def _lines(text: str) -> tuple[list[str], list[int]]:
    r"""The lines that are not empty, and behind each but the last how many line ends there are.

    Empty lines at the beginning and at the end count as lines, so that nothing is lost.

    >>> _lines("甲\n\n乙\n丙\n")
    (['甲', '乙', '丙', ''], [2, 1, 1])
    """
    every = [line.rstrip(_BLANK) for line in text.split("\n")]
    if "" not in every[1:-1]:
        return every, [1] * (len(every) - 1)
    kept = [0, *(at for at in range(1, len(every) - 1) if every[at]), len(every) - 1]
    return [every[at] for at in kept], [after - at for at, after in pairwise(kept)]


def _distinct(soft: list[int], lines: list[str], gaps: list[int], widths: I64) -> list[int]:
    """The lines without narrow ones and such before an empty line that occur more than once."""
    doubtful = [at for at in soft if widths[at] < NARROW or gaps[at] > 1]
    if not doubtful:
        return soft
    times = Counter(lines)
    repeated = {at for at in doubtful if times[lines[at]] > 1}
    return [at for at in soft if at not in repeated]


def _is_prose(line: str) -> bool:
    return not _NO_PROSE.search(line)


def _breaks(line: str, following: str, width: int, prose: Callable[[str], bool]) -> bool:
    """Whether a line of prose that no mark ends stops in a sentence and the next one goes on."""
    if not following:
        return False
    rest = following.lstrip(" ")
    if len(rest) < len(following):
        # The text of an item hangs below its first word: 一、… and four blanks in the next line.
        head = _HEAD.match(line)
        hang = _columns(head[0]) if head else 0
        if not hang or abs(len(following) - len(rest) - hang) > 1:
            return False
    elif line[0] == " " and not _HEAD.match(line):
        return False
    bare = line.strip()
    if 2 * width < 3 * len(bare) or _STARTS.match(rest):
        return False
    return prose(bare) and prose(rest)


def _proven(soft: list[int], lines: list[str], widths: list[int], *, spaced: bool) -> Iterator[int]:
    """Those of the lines `soft` (numbers of lines that stop in mid-sentence) that are wraps.

    Enough others stop at the same edge, and either nearly all soft lines of the text do, or no
    line near reaches further.
    """
    facts = [
        (
            widths[at],
            lines[at][-1] not in _MARKS,
            bool(_INNER.search(lines[at])),
            _in_middle(lines[at], lines[at + 1].lstrip(_BLANK)),
        )
        for at in soft
    ]
    totals: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for width, *flags in facts:
        totals[width] = [old + new for old, new in zip(totals[width], (1, *flags), strict=True)]
    everywhere = {width: _summed(totals[w] for w in _near(width, 1)) for width in {*totals}}
    for number, at in enumerate(soft):
        width = widths[at]
        allowed = _near(width, 0)
        counts = everywhere[width]
        if counts[0] <= EVIDENCE or counts[0] < _NEARLY_ALL * len(soft):
            first = last = at
            while first > max(0, at - _AROUND) and widths[first - 1] <= width + RAGGED:
                first -= 1
            while last < min(len(lines) - 1, at + _AROUND) and widths[last + 1] <= width + RAGGED:
                last += 1
            near = facts[bisect_left(soft, first, 0, number + 1) : bisect_right(soft, last, number)]
            counts = _summed((1, *flags) for other, *flags in near if other in allowed)
        count, plain, inner, middle = counts
        least = _SURELY_IN_MIDDLE if spaced or width < NARROW else _IN_MIDDLE
        enough = count >= EVIDENCE and plain >= _PLAIN_ENDS * count
        if width < NARROW:
            # A column is wrapped line after line, headlines and captions stand apart.
            beside = {*soft[max(number - 1, 0) : number + 2]} & {at - 1, at + 1}
            enough &= count >= _NARROW_EVIDENCE and any(widths[n] in allowed for n in beside)
        if enough and inner >= _INNER_MARKS * count and middle >= least * count:
            yield at


def _near(width: int, tighter: int) -> range:
    """Widths that count as the same edge as this one, `tighter` columns fewer on both sides."""
    return range(width - RAGGED + tighter, width + RAGGED + 1 - tighter)


def _summed(counts: Iterable[Iterable[int]]) -> tuple[int, int, int, int]:
    """Four counts, added up."""
    total = [0, 0, 0, 0]
    for count in counts:
        for place, number in enumerate(count):
            total[place] += number
    return total[0], total[1], total[2], total[3]


def _in_middle(line: str, following: str) -> bool:
    """Whether the line surely stops inside a sentence, or another one ends within it."""
    return bool(_MIDDLE.search(line)) or _goes_on(line, following)


def _goes_on(line: str, following: str) -> bool:
    """Whether the next line surely goes on with the sentence."""
    number = line[-1].isascii() and line[-1].isalnum() and following[0].isdigit()
    if number or line[-1] in "，、" or following[0] in _GOES_ON:
        return True
    return any(line.count(left) != line.count(right) for left, right in _OPEN_CLOSE)


def _widths(lines: list[str]) -> I64:
    """The width of each line in columns: 2 for a Han character, 1 for a Latin letter.

    >>> _widths(["第 3 條", "", "abc"]).tolist()
    [7, 0, 3]
    """
    data = np.frombuffer("\n".join([*lines, ""]).encode(), dtype=np.uint8)
    ends = np.flatnonzero(data == 0x0A)
    characters = np.cumsum(data & 0xC0 != 0x80)[ends]
    return (np.diff(ends, prepend=-1) + np.diff(characters, prepend=0) - 2) // 2


def _columns(text: str) -> int:
    """The width in columns; a Han character has three bytes and two columns."""
    return (len(text) + len(text.encode())) // 2
