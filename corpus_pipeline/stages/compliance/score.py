"""Score the hits of a document: their weight by place, and their density.

Enters: a title or a text with its confirmed hits.  Leaves: each hit's weight, and for every verdict
a score and whether it holds.  Hits where a text reports, explains, forbids or warns weigh less.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from corpus_pipeline.rules.compliance import RiskBook
from corpus_pipeline.rules.lexicon import Hit
from corpus_pipeline.rules.risk_pack import Verdict
from corpus_pipeline.stages.compliance.company import Company
from corpus_pipeline.text.terms.spots import aligned

_SENTENCE_END = re.compile(r"[。！？!?\n]")
#: A sentence without an end is cut here; context further away is not its context.
_REACH = 80
#: How far before a hit its quotation may open.
_QUOTE = 30
_KEYWORDS = re.compile(r"\s*(?:本文)?(?:关键词|关键字|标签|tags?|keywords?)\s*[:：]", re.IGNORECASE)

_SHOWN = frozenset({"title", "bracket", "keywords"})


class Weighed(NamedTuple):
    """A hit and what it counts; `in_title` hits have no place in the text."""

    hit: Hit
    weight: float
    zone: str
    in_title: bool
    quoted: bool
    term: str  # what makes it different from other hits: its term, or the words of a shape


@dataclass(frozen=True, slots=True)
class Score:
    """The sum for one verdict, and what it rests on."""

    verdict: str
    risk: str
    score: float
    hits: int
    holds: bool


def longest_only(hits: Iterable[Hit], book: RiskBook) -> list[Hit]:
    """Of hits for one verdict that overlap, the longest: 澳门新葡京, not 新葡京 too."""
    chosen: list[Hit] = []
    ends: dict[str, int] = {}
    order = sorted(hits, key=lambda hit: (hit.start, -hit.end, hit.rule, hit.term))
    for hit in order:
        verdict = book.rules[hit.rule].verdict
        if hit.start >= ends.get(verdict, 0):
            chosen.append(hit)
            ends[verdict] = hit.end
    return chosen


def weigh(text: str, hits: Iterable[Hit], book: RiskBook, *, in_title: bool) -> Iterator[Weighed]:
    """What each hit counts where it stands, and in what company."""
    scoring = book.scoring
    other = "text" if in_title else "title"
    chosen = longest_only((h for h in hits if book.rules[h.rule].scope != other), book)
    # What can drop nothing needs no judgement of its company; hits of a list that only marks, not
    # even one of their sentence.
    if not all(book.marks_only(hit.rule) for hit in chosen):
        text = aligned(text, book.table)
    asked = [hit for hit in chosen if book.asks(hit.rule)]
    company = Company(text, asked, book) if asked else None
    for hit in chosen:
        zone = "title" if in_title else zone_of(text, hit, book)
        factor = book.position.get(zone, 1.0)
        rule = book.rules[hit.rule]
        if rule.shape:
            quoted = _in_quotes(text, hit)
        else:
            quoted = not book.marks_only(hit.rule) and _reported(text, hit, book)
        told = False
        if company and book.asks(hit.rule) and not rule.shape:
            told = company.tells_of(hit, shown=zone in _SHOWN)
        # A contact that solicits nothing itself still helps the lures beside it.
        if quoted or (told and rule.role != "contact"):
            factor *= scoring.context_factor
        term = text[hit.start : hit.end] if rule.shape else hit.term
        yield Weighed(hit, rule.weight * factor, zone, in_title, quoted or told, term)


def zone_of(text: str, hit: Hit, book: RiskBook) -> str:
    """Where in the text a hit stands: bracket, keywords, edge or body."""
    opening = text.rfind("【", max(0, hit.start - 40), hit.start)
    if opening >= 0 and text.find("】", opening, hit.start) < 0:
        return "bracket"
    line = text.rfind("\n", 0, hit.start) + 1
    if _KEYWORDS.match(text, line):
        return "keywords"
    size = len(text)
    edge = size * book.scoring.edge_share
    at_edge = hit.start < edge or hit.end > size - edge
    return "edge" if size >= book.scoring.edge_from and at_edge else "body"


def _reported(text: str, hit: Hit, book: RiskBook) -> bool:
    left = max(0, hit.start - _REACH)
    for end in _SENTENCE_END.finditer(text, left, hit.start):
        left = end.end()
    stop = _SENTENCE_END.search(text, hit.end, min(len(text), hit.end + _REACH))
    right = stop.start() if stop else hit.end + _REACH
    around = text[left : hit.start] + "\n" + text[hit.end : right]
    return bool(book.context.find_matches_as_indexes(around))


def _in_quotes(text: str, hit: Hit) -> bool:
    """Whether a quotation or a title opens before the hit and does not close before it."""
    before = text[max(0, hit.start - _QUOTE) : hit.start]
    return any(
        before.rfind(opens) > before.rfind(closes) for opens, closes in ("“”", "「」", "《》")
    )


def scores(
    weighed: list[Weighed], length: int, book: RiskBook, register: float = 1.0
) -> list[Score]:
    """The score of each verdict that any hit counts towards; those that hold and drop come first.

    `register`: the factor of the register of the text.
    """
    scoring = book.scoring
    by_verdict: dict[str, list[Weighed]] = {}
    for hit in weighed:
        by_verdict.setdefault(book.rules[hit.hit.rule].verdict, []).append(hit)
    contacts = _sum(w for w in weighed if book.rules[w.hit.rule].role == "contact")
    factor = register * min(1.0, sqrt(scoring.full_length / max(length, 1)))
    ranking: list[Score] = []
    for name in [name for name in book.verdicts if name in by_verdict]:
        verdict, own = book.verdicts[name], by_verdict[name]
        judging = [w for w in own if book.rules[w.hit.rule].action == "drop"]
        marks_only, own = not judging, judging or own
        firm = [w for w in own if book.rules[w.hit.rule].role in {"brand", "lure", "name"}]
        own_contacts = [w for w in own if book.rules[w.hit.rule].role == "contact" and not w.quoted]
        topics = [w for w in own if book.rules[w.hit.rule].role == "topic"]
        total = _sum(firm) + _sum(own_contacts) + min(scoring.topic_cap, _sum(topics))
        if firm and not own_contacts:
            total += min(scoring.contact_cap, contacts)
        counted = [w for w in (*firm, *own_contacts) if not w.quoted]
        score = total * factor
        own_topics = [w for w in topics if not w.quoted]
        enough = score >= verdict.threshold and not marks_only
        holds = (
            enough
            and _spread_out(counted, own_topics, verdict.distinct)
            and _of_rules({book.rules[w.hit.rule].id for w in counted}, verdict)
        )
        risk = Counter(book.rules[w.hit.rule].risk for w in (counted or own)).most_common(1)[0][0]
        ranking.append(Score(name, risk, score, len(own), holds))
    drops = {score.verdict: book.verdicts[score.verdict].action == "drop" for score in ranking}
    return sorted(ranking, key=lambda s: (-(s.holds and drops[s.verdict]), -s.holds, -s.score))


def _of_rules(hit: set[str], verdict: Verdict) -> bool:
    """Whether enough rules are hit, and one of those that the verdict cannot do without."""
    return len(hit) >= verdict.rules and (not verdict.needs or not hit.isdisjoint(verdict.needs))


def _spread_out(counted: list[Weighed], topics: list[Weighed], distinct: int) -> bool:
    """Enough different terms, or one in the title, brackets or keywords and another hit in another.

    Injected words stand in several of these places, where an article's own words stand in the
    body; the other hit may be of a topic (时时彩, 投注).
    """
    if len({w.term for w in counted}) >= distinct:
        return True
    firm = {w.zone for w in counted} & _SHOWN
    return bool(firm) and len(firm | ({w.zone for w in topics} & _SHOWN)) >= 2


def _sum(weighed: Iterable[Weighed]) -> float:
    """The nth repeat of a term counts 1/n, the heaviest first."""
    weighed = list(weighed)
    if len(weighed) < 2:  # most sums: no repeat to count
        return float(sum(entry.weight for entry in weighed))
    seen: Counter[str] = Counter()
    total = 0.0
    for entry in sorted(weighed, key=lambda w: (-w.weight, w.term, w.hit.start)):
        seen[entry.term] += 1
        total += entry.weight / seen[entry.term]
    return total
