"""Whether a term is told of or put on offer, by the company it keeps.

Enters: a text and the confirmed hits in it.  Leaves: for each hit, whether its neighbourhood
explains, reports or tells a story rather than sells.
Refuses: to judge hits of a verdict without `signs`; the packs of users may have none.

The neighbourhood is `reach` characters on either side, within the line.  Different words of information in it stand
against different signs of a sale: the `signs` of the verdict, other brands and lures of it, and
private contacts.  Time grows with the length of the text, however many hits it has: marks are
found once, and of a term only the first `_JUDGED` hits are judged.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence

from corpus_pipeline.rules.compliance import RiskBook
from corpus_pipeline.rules.lexicon import Hit

_OPENING, _CLOSING = frozenset("“‘「『《"), frozenset("”’」』》")
#: The nth repeat of a term counts 1/n of it: later ones follow the last one judged.
_JUDGED = 40
#: The mark of a private contact among the words.
_CONTACT = "\0contact"


class Company:
    """The marks of a text in order of place, and the hits that they surround."""

    def __init__(self, text: str, hits: Sequence[Hit], book: RiskBook) -> None:
        """Find the marks of a text once."""
        self._text, self._book, self._hits = text, book, hits
        self._firm = [hit for hit in hits if book.rules[hit.rule].role in {"brand", "lure"}]
        self._firm_starts = [hit.start for hit in self._firm]
        self._marks = sorted(self._found(text))
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
        view = text.lower()
        if len(view) != len(text):  # İ becomes two characters
            view = text
        for mark, start, end in self._book.marks.find_matches_as_indexes(view, overlapping=True):
            yield start, end, self._book.mark_words[mark]
        for pattern in self._book.contacts:
            for match in pattern.finditer(view):
                yield match.start(), match.end(), _CONTACT

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
            if end <= right and not (start < hit.end and end > hit.start)
        }
        informs = len(words & self._book.information)
        quoted = text[max(0, hit.start - 1) : hit.start] in _OPENING
        informs += quoted and text[hit.end : hit.end + 1] in _CLOSING
        solicits = len(words & signs)
        solicits += scoring.contact_sign * (_CONTACT in words)
        return informs, solicits + self._lures(hit, left, right)

    def _around(self, hit: Hit) -> tuple[int, int]:
        """The neighbourhood: what is within reach, on the same line unless that is very short."""
        scoring, text = self._book.scoring, self._text
        left, right = max(0, hit.start - scoring.reach), min(len(text), hit.end + scoring.reach)
        begin = text.rfind("\n", left, hit.start) + 1 or left
        end = text.find("\n", hit.end, right)
        end = right if end < 0 else end
        return (begin, end) if end - begin >= scoring.own_line else (left, right)

    def _lures(self, hit: Hit, left: int, right: int) -> int:
        """Other brands and lures of the same verdict around a hit."""
        first = bisect_left(self._firm_starts, left)
        last = bisect_right(self._firm_starts, right)
        verdict = self._book.rules[hit.rule].verdict
        others = {
            other.term
            for other in self._firm[first:last]
            if self._book.rules[other.rule].verdict == verdict
        }
        return len(others - {hit.term})
