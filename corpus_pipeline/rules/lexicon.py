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
from typing import NamedTuple

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
#: Characters on either side of an anchor in which its patterns are tried.
_AROUND = 160
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
    """A pattern of a rule, tried around `anchors`; without any, on every text."""

    rule: int
    pattern: str
    anchors: tuple[str, ...] = ()


class Hit(NamedTuple):
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
        *,
        after: Mapping[int, frozenset[int]] | None = None,
    ) -> None:
        """Compile the terms and `patterns`.

        `unless_left`: rule → expression that voids a hit of the rule when it matches directly
        before it.  `cut` splits a clause into words; `table` has the image of each character.
        `after`: rule → rules of which one has to be hit before its patterns are tried.
        """
        self._after = after or {}
        self._awaited = frozenset().union(*self._after.values())
        self._cut, self.table = cut, table
        self._terms: defaultdict[str, list[Term]] = defaultdict(list)
        apart: dict[str, bool] = {}
        for term in terms:
            self._terms[reading(term.text, table)[0]].append(term)
            apart[term.text] = apart.get(term.text, False) or term.obfuscated
        shapes = [(shape, re.compile(shape.pattern)) for shape in patterns]
        self._shapes = shapes
        #: Anchor → numbers of shapes: those that wait for nothing, and those that wait.
        self._at_once: defaultdict[str, list[int]] = defaultdict(list)
        self._waiting: defaultdict[str, list[int]] = defaultdict(list)
        for number, (shape, _) in enumerate(shapes):
            anchored = self._waiting if shape.rule in self._after else self._at_once
            for anchor in shape.anchors:
                anchored[reading(anchor, table)[0]].append(number)
                apart.setdefault(anchor, False)
        self._free = [(shape, regex) for shape, regex in shapes if not shape.anchors]
        self._spotter: Spotter = spotter(apart, table)
        #: What makes a text worth reading; anchors of patterns that wait for others do not.
        self._begins = {*self._terms, *self._at_once}
        self._unless = {
            rule: re.compile(f"(?:{left})$") for rule, left in (unless_left or {}).items()
        }
        tests = [f"(?:{shape.pattern})" for shape, _ in self._free]
        self._tests = ["|".join([_TO_FOLD, *tests])] if len(tests) <= _FEW else [_TO_FOLD, *tests]

    def find_all(self, texts: pl.Series, *, waits: bool = True) -> dict[int, list[Hit]]:
        """Row → its hits that stand as words, in order of place, longest first."""
        if texts.null_count() == len(texts):
            return {}
        found = spots(texts, self._spotter)
        by_row: defaultdict[int, list[tuple[int, int, str, int]]] = defaultdict(list)
        names = self._spotter.terms
        for row, start, end, term, gaps in found.iter_rows():
            by_row[row].append((start, end, names[term], gaps))
        begins = self._begins
        rows = {
            row for row, own in by_row.items()
            if not waits or any(place[2] in begins for place in own)
        }  # fmt: skip
        if self._free:
            rows.update(self._shaped(texts))
        hits: dict[int, list[Hit]] = {}
        for row, text in zip(sorted(rows), texts.gather(sorted(rows)), strict=True):
            if text and (own := self._hits(text, by_row.get(row, []), waits=waits)):
                hits[row] = own
        return hits

    def find(self, text: str, *, waits: bool = True) -> list[Hit]:
        """The hits of one text; without `waits` no pattern waits for the hits of others."""
        return self.find_all(pl.Series([text], dtype=pl.String), waits=waits).get(0, [])

    def _shaped(self, texts: pl.Series) -> list[int]:
        """Rows that a pattern without anchors may match."""
        text = pl.col("text")
        found = pl.any_horizontal(text.str.contains(test) for test in self._tests)
        rows: list[int] = (
            pl.DataFrame({"text": texts}).select(found.arg_true()).to_series().to_list()
        )
        return rows

    def _hits(
        self, text: str, places: Sequence[tuple[int, int, str, int]], *, waits: bool
    ) -> list[Hit]:
        """The hits of a text whose spots these are."""
        view, origin = reading(text, self.table)
        matches = {hit for hit in self._words(view, places) if not self._void(hit, view)}
        for shape, regex in self._free:
            matches.update(self._matches(view, shape, regex, [(0, len(view))]))
        self._match_anchored(view, places, matches, waits=waits)
        hits = sorted(matches, key=lambda hit: (hit.start, -hit.end, hit.rule, hit.term))
        if origin is None:
            return hits
        return [Hit(origin[h.start], origin[h.end - 1] + 1, h.rule, h.term) for h in hits]

    def _match_anchored(
        self,
        view: str,
        places: Sequence[tuple[int, int, str, int]],
        matches: set[Hit],
        *,
        waits: bool,
    ) -> None:
        """Add the matches of patterns around their anchors, those that wait for others last."""
        for number, windows in _windows(places, self._at_once).items():
            matches.update(self._matches(view, *self._shapes[number], windows))
        hit = {match.rule for match in matches}
        if waits and hit.isdisjoint(self._awaited):
            return
        for number, windows in _windows(places, self._waiting).items():
            shape, regex = self._shapes[number]
            if not (waits and self._after[shape.rule].isdisjoint(hit)):
                matches.update(self._matches(view, shape, regex, windows))

    def _matches(
        self, view: str, shape: Shape, regex: re.Pattern[str], windows: Iterable[tuple[int, int]]
    ) -> Iterator[Hit]:
        for left, right in windows:
            for match in regex.finditer(view, left, right):
                hit = Hit(*match.span(), shape.rule, shape.pattern)
                if not self._void(hit, view):
                    yield hit

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


def _windows(
    places: Sequence[tuple[int, int, str, int]], anchored: Mapping[str, Sequence[int]]
) -> dict[int, list[tuple[int, int]]]:
    """Number of a shape → the stretches around its anchors, each character in one of them."""
    found: dict[int, list[tuple[int, int]]] = {}
    for start, end, name, gaps in places:
        if gaps or name not in anchored:
            continue
        left, right = max(0, start - _AROUND), end + _AROUND
        for number in anchored[name]:
            own = found.setdefault(number, [])
            if own and left <= own[-1][1]:
                own[-1] = own[-1][0], max(right, own[-1][1])
            else:
                own.append((left, right))
    return found


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
