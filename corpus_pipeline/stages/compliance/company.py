"""Whether a term is told of or put on offer, by the company it keeps.

Enters: a text and the confirmed hits in it.  Leaves: for each hit, whether its neighbourhood
explains, reports or tells a story rather than sells.
Refuses: to judge hits of a verdict without `signs`; the packs of users may have none.

The neighbourhood is `reach` characters on either side, within the line.  Different words of
information in it stand against different signs of a sale: the `signs` of the verdict, other brands
and lures of it, and private contacts; a neighbourhood that is little but terms has one sign more.
Time grows with the length of the text, however many hits it has: marks are found once, and of a
term only the first `_JUDGED` hits are judged.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from corpus_pipeline.rules.compliance import RiskBook
from corpus_pipeline.rules.lexicon import Hit

_OPENING, _CLOSING = frozenset("“‘「『《"), frozenset("”’」』》")
_TERMS = frozenset({"brand", "lure", "name"})
#: The nth repeat of a term counts 1/n of it: later ones follow the last one judged.
_JUDGED = 40
#: The mark of a private contact among the words.
_CONTACT = "\0contact"


class Company:
    """The marks of a text in order of place, and the hits that they surround."""

    def __init__(self, text: str, hits: Sequence[Hit], book: RiskBook) -> None:
        """Find the marks of a text (`text.terms.spots.aligned`) once."""
        self._text, self._book = text, book
        self._terms = [hit for hit in hits if book.rules[hit.rule].role in _TERMS]
        self._term_starts = [hit.start for hit in self._terms]
        self._marks = sorted(self._outside(self._found(text)))
        self._starts = [start for start, _, _ in self._marks]
        self._seen: Counter[tuple[int, str]] = Counter()
        self._last: dict[tuple[int, str], bool] = {}

    def tells_of(self, hit: Hit, *, shown: bool) -> bool:
        """Whether a hit is told of; `shown`: it stands in a title, brackets or a keyword line."""
        key = hit.rule, hit.term
        self._seen[key] += 1
        if self._seen[key] <= _JUDGED:
            self._last[key] = self._judged(hit, shown=shown)
        return self._last[key]

    def _found(self, text: str) -> Iterator[tuple[int, int, str]]:
        for mark, start, end in self._book.marks.find_matches_as_indexes(text, overlapping=True):
            yield start, end, self._book.mark_words[mark]
        for pattern in self._book.contacts:
            for match in pattern.finditer(text):
                yield match.start(), match.end(), _CONTACT

    def _outside(self, marks: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
        """Marks that are no piece of a term: 出售 in 手枪出售 is no sign for 子弹出售."""
        ends = list(accumulate((hit.end for hit in self._terms), max))
        for start, end, word in marks:
            before = bisect_left(self._term_starts, end)
            if not before or ends[before - 1] <= start:
                yield start, end, word

    def _judged(self, hit: Hit, *, shown: bool) -> bool:
        rule = self._book.rules[hit.rule]
        signs = self._book.signs[rule.verdict]
        if not signs:
            return False
        firm = rule.role in {"brand", "lure"}
        if firm and shown:
            return False
        informs, solicits = self._weighed(hit, signs)
        if not firm:
            return solicits == 0 or informs > solicits
        return informs > solicits + self._book.scoring.own_sign

    def _weighed(self, hit: Hit, signs: frozenset[str]) -> tuple[int, int]:
        """Different words of information and signs of a sale around a hit."""
        scoring, text = self._book.scoring, self._text
        left, right = self._around(hit)
        first, last = bisect_left(self._starts, left), bisect_right(self._starts, right)
        words = {
            word
            for start, end, word in self._marks[first:last]
            # A contact of `contacts` may be the hit itself.
            if end <= right and (end <= hit.start or start >= hit.end)
        }
        informs = len(words & self._book.information)
        quoted = text[max(0, hit.start - 1) : hit.start] in _OPENING
        informs += quoted and text[hit.end : hit.end + 1] in _CLOSING
        solicits = len(words & signs)
        solicits += scoring.contact_sign * (_CONTACT in words)
        lures, stuffed = self._terms_around(hit, left, right)
        return informs, solicits + lures + (stuffed and not informs)

    def _around(self, hit: Hit) -> tuple[int, int]:
        """The neighbourhood: what is within reach, on the same line unless that is very short."""
        scoring, text = self._book.scoring, self._text
        left, right = max(0, hit.start - scoring.reach), min(len(text), hit.end + scoring.reach)
        begin = text.rfind("\n", left, hit.start) + 1 or left
        end = text.find("\n", hit.end, right)
        end = right if end < 0 else end
        return (begin, end) if end - begin >= scoring.own_line else (left, right)

    def _terms_around(self, hit: Hit, left: int, right: int) -> tuple[int, bool]:
        """How many other brands and lures stand around a hit, and whether terms fill the place."""
        rules, scoring = self._book.rules, self._book.scoring
        verdict = rules[hit.rule].verdict
        first, last = bisect_left(self._term_starts, left), bisect_right(self._term_starts, right)
        around = [
            other for other in self._terms[first:last] if rules[other.rule].verdict == verdict
        ]
        lures = {other.term for other in around if rules[other.rule].role != "name"}
        covered = sum(min(other.end, right) - other.start for other in around)
        return len(lures - {hit.term}), covered >= scoring.stuffed * (right - left)
