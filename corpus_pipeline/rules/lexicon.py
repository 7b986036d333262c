"""Find thousands of terms in one pass over a column of texts; a hit is a whole word, or words.

Enters: terms and patterns of rules; then a column of texts.
Leaves: hits, as code-point offsets into the text that came in; what they mean is for the caller.

Matching reads a view of the text (`text.terms.spots`): letters and digits in lower case and as
ASCII, traditional Han as simplified, no invisible characters.  A term marked `obfuscated` is also
found with symbols between its characters (微❤信, 办*证).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from corpus_pipeline.text.arrays import U32
from corpus_pipeline.text.terms.spots import Spotter, images, reading, spots, spotter
from corpus_pipeline.text.tokens.words import Cutter, clause, rust_words, word_edges

#: Characters that the view changes and a pattern may name; most texts have been normalised and have
#: none.
_TO_FOLD = "[Ａ-Ｚａ-ｚ０-９\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]"
#: Characters before a hit in which `unless_left` is sought.
_LEFT = 8
#: Up to so many patterns are joined in one; more may outgrow the engine's cache, and run singly.
_FEW = 8
#: Characters of a term both of whose ends must be edges of words.  Of a longer one a single edge is
#: enough (现代开发票务 has none for 代开发票): jieba splits long jargon in unexpected places.
_WORD_CHECKED_UP_TO = 3
#: Images of characters where no table simplifies Han.
_PLAIN = images(np.zeros(0x34000, dtype=np.uint32))


@dataclass(frozen=True, slots=True)
class Term:
    """A term in lower case, the number of its rule, and whether symbols may stand in between."""

    text: str
    rule: int
    obfuscated: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern of a rule, tried where one of `anchors` stands; without any, on every text."""

    rule: int
    pattern: str
    anchors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a term or pattern of a rule stands (code points); `term`: the term or the pattern."""

    start: int
    end: int
    rule: int
    term: str


class Lexicon:
    """Terms and patterns, compiled once."""

    def __init__(
        self,
        terms: Sequence[Term],
        patterns: Iterable[Shape] = (),
        unless_left: Mapping[int, str] | None = None,
        cut: Cutter = rust_words,
        table: U32 = _PLAIN,
    ) -> None:
        """Compile the terms and `patterns`.

        `unless_left`: rule → expression that voids a hit of the rule when it matches directly
        before it.  `cut` splits a clause into words; `table` has the image of each character.
        """
        self._cut, self.table = cut, table
        self._terms: defaultdict[str, list[Term]] = defaultdict(list)
        apart: dict[str, bool] = {}
        for term in terms:
            self._terms[reading(term.text, table)[0]].append(term)
            apart[term.text] = apart.get(term.text, False) or term.obfuscated
        shapes = [(shape, re.compile(shape.pattern)) for shape in patterns]
        self._anchored: defaultdict[str, list[tuple[Shape, re.Pattern[str]]]] = defaultdict(list)
        for shape, regex in shapes:
            for anchor in shape.anchors:
                self._anchored[reading(anchor, table)[0]].append((shape, regex))
                apart.setdefault(anchor, False)
        self._free = [(shape, regex) for shape, regex in shapes if not shape.anchors]
        self._spotter: Spotter = spotter(apart, table)
        self._unless = {
            rule: re.compile(f"(?:{left})$") for rule, left in (unless_left or {}).items()
        }
        tests = [f"(?:{shape.pattern})" for shape, _ in self._free]
        self._tests = ["|".join([_TO_FOLD, *tests])] if len(tests) <= _FEW else [_TO_FOLD, *tests]

    def find_all(self, texts: pl.Series) -> dict[int, list[Hit]]:
        """Row → its hits that stand as words, in order of place, longest first."""
        if texts.null_count() == len(texts):
            return {}
        found = spots(texts, self._spotter)
        by_row: defaultdict[int, list[tuple[int, int, str, int]]] = defaultdict(list)
        names = self._spotter.terms
        for row, start, end, term, gaps in found.iter_rows():
            by_row[row].append((start, end, names[term], gaps))
        rows = set(by_row)
        if self._free:
            rows.update(self._shaped(texts))
        hits: dict[int, list[Hit]] = {}
        for row, text in zip(sorted(rows), texts.gather(sorted(rows)), strict=True):
            if text and (own := self._hits(text, by_row.get(row, []))):
                hits[row] = own
        return hits

    def find(self, text: str) -> list[Hit]:
        """The hits of one text."""
        return self.find_all(pl.Series([text], dtype=pl.String)).get(0, [])

    def _shaped(self, texts: pl.Series) -> list[int]:
        """Rows that a pattern without anchors may match."""
        text = pl.col("text")
        found = pl.any_horizontal(text.str.contains(test) for test in self._tests)
        rows: list[int] = (
            pl.DataFrame({"text": texts}).select(found.arg_true()).to_series().to_list()
        )
        return rows

    def _hits(self, text: str, places: Sequence[tuple[int, int, str, int]]) -> list[Hit]:
        """The hits of a text whose spots these are."""
        view, origin = reading(text, self.table)
        matches = {hit for hit in self._words(view, places) if not self._void(hit, view)}
        shapes = {id(pair): pair for pair in self._free}
        for _, _, name, gaps in places:
            if not gaps:
                shapes |= {id(pair): pair for pair in self._anchored.get(name, ())}
        for shape, regex in shapes.values():
            own = (Hit(*match.span(), shape.rule, shape.pattern) for match in regex.finditer(view))
            matches.update(hit for hit in own if not self._void(hit, view))
        hits = sorted(matches, key=lambda hit: (hit.start, -hit.end, hit.rule, hit.term))
        if origin is None:
            return hits
        return [Hit(origin[h.start], origin[h.end - 1] + 1, h.rule, h.term) for h in hits]

    def _words(self, view: str, places: Sequence[tuple[int, int, str, int]]) -> Iterator[Hit]:
        """Hits of terms: words, or torn apart by symbols."""
        edges: dict[tuple[int, int], set[int]] = {}
        for start, end, name, gaps in places:
            own = self._terms.get(name, ())
            if gaps:
                # A torn term is no end of a longer Latin word.
                if not (start and _latin(view[start]) and _latin(view[start - 1])):
                    yield from (Hit(start, end, t.rule, t.text) for t in own if t.obfuscated)
            elif own and stands_alone(view, start, end, self._cut, edges):
                yield from (Hit(start, end, term.rule, term.text) for term in own)

    def _void(self, hit: Hit, view: str) -> bool:
        unless = self._unless.get(hit.rule)
        if unless is None:
            return False
        return bool(unless.search(view[max(0, hit.start - _LEFT) : hit.start]))


def stands_alone(
    view: str,
    start: int,
    end: int,
    cut: Cutter = rust_words,
    known: dict[tuple[int, int], set[int]] | None = None,
) -> bool:
    """Whether a term found in the view is a word, or words, and no part of other ones.

    `known` keeps the edges of clauses of this view from one term to the next.

    >>> stands_alone("路口交通", 1, 3), stands_alone("代人办证", 2, 4)
    (False, True)
    >>> stands_alone("现代开发票务系统", 1, 5), stands_alone("专业代开发票", 2, 6)
    (False, True)
    >>> stands_alone("bet365官网", 0, 6), stands_alone("bet3650", 0, 6)
    (True, False)
    """
    first, last = view[start], view[end - 1]
    if _latin(first) and start and _latin(view[start - 1]):
        return False
    if _latin(last) and end < len(view) and _latin(view[end]):
        return False
    if _latin(first):
        return True
    span = clause(view, start, end)
    edges = known.get(span) if known is not None else None
    if edges is None:
        edges = word_edges(view[span[0] : span[1]], cut)
        if known is not None:
            known[span] = edges
    begins, ends = start - span[0] in edges, end - span[0] in edges
    return begins or ends if end - start > _WORD_CHECKED_UP_TO else begins and ends


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()
