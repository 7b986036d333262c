"""Load what `spam` judges by: the vocabulary of each kind of offer, and the frames of names.

Enters: `rules/packs/spam.yaml`, or a pack of the user's, as an asset.
Leaves: a `SpamBook`, which finds in a column of titles and texts what is spam and why.
Errors: `PipelineError` for a kind that its examples contradict, and a number without a reason.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import polars as pl

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.dedup_key import load_key_table
from corpus_pipeline.rules.pack import Examples, Pack, PackError, Pattern, Rule, Rules, Text, load
from corpus_pipeline.rules.proofs import known
from corpus_pipeline.rules.settings import Setting, Settings
from corpus_pipeline.text.arrays import I64
from corpus_pipeline.text.spam.density import TOLD, Densest, densest
from corpus_pipeline.text.spam.names import (
    EDGE,
    Framed,
    Frames,
    bare,
    framed_names,
    frames,
    keyword_lines,
    shown_names,
)
from corpus_pipeline.text.terms.trie import UNIT, Vocabulary, folding, hits, vocabulary

SPAM = "package:rules/packs/spam.yaml"
#: The kind of a page that somebody else's names were put into.
HIJACKED = "hijacked"
#: Names of one page that are looked at, the most frequent first: a page is sold to one or a few.
MOST_NAMES = 32


class OfferKind(Rule):
    """A kind of offer: its terms in three weights, and the score from which a text is one."""

    threshold: Setting[float]
    short: Setting[float]
    #: What a score counts without a private way to answer.
    unanswered: float
    #: Whether a text of this kind is dropped; otherwise it is only marked.
    drops: bool
    strong: tuple[Text, ...]
    usual: tuple[Text, ...]
    weak: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class SpamBounds:
    """The numbers of the pack, which gives the reason of each."""

    strong: float
    usual: float
    weak: float
    told: float
    width: int
    short: int
    shortest: float
    contact: float
    contacts: int
    link: float
    reach: int


@dataclass(frozen=True, slots=True)
class NameBounds:
    """What a framed name counts where it stands, and the sum from which a page is hijacked."""

    body: float
    title: float
    bracket: float
    keywords: float
    head: float
    tail: float
    bare: float
    bare_most: float
    subject: float
    subjects: int
    plain: float
    explained: int
    threshold: float
    body_least: int
    cut_share: float


class NameRules(Examples):
    """The parts of a framed name."""

    endings: tuple[Text, ...]
    sites: tuple[Text, ...]
    #: What stands behind a plain name, which tells nothing of what it sells.
    plain: tuple[Text, ...]
    unless: tuple[Text, ...]
    #: What stands before site words on pages of every kind (会员登录), and is no name.
    common: tuple[Text, ...]
    #: Words of texts that are about sport and games; where many stand the names are explained.
    subjects: tuple[Text, ...]
    bounds: Annotated[NameBounds, Settings()]


class SpamPack(Pack):
    """The content of the file."""

    bounds: Annotated[SpamBounds, Settings()]
    contacts: tuple[Pattern, ...]
    links: tuple[Pattern, ...]
    told: tuple[Text, ...]
    kinds: Rules[OfferKind]
    names: NameRules


@dataclass(frozen=True, slots=True)
class SpamHit:
    """Code points of a text, the kind, and what the hit weighs."""

    start: int
    end: int
    kind: str
    weight: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a text was found to be: `ratio` is its score in thresholds, at least 1."""

    row: int
    kind: str
    ratio: float
    drops: bool
    hits: tuple[SpamHit, ...]
    names: tuple[str, ...]
    #: What can be cut so that the body stays (hijacked pages), in order.
    cuts: tuple[tuple[int, int], ...]


class SpamBook:
    """The compiled pack."""

    def __init__(self, pack: SpamPack, simplified: Asset) -> None:
        """Compile the vocabulary and prove the examples."""
        bounds = pack.bounds
        self.bounds, self.kinds = bounds, {kind.id: kind for kind in pack.kinds}
        weights = {
            kind.id: dict.fromkeys(kind.weak, bounds.weak)
            | dict.fromkeys(kind.usual, bounds.usual)
            | dict.fromkeys(kind.strong, bounds.strong)
            for kind in pack.kinds
        }
        weights[TOLD] = dict.fromkeys(pack.told, bounds.told)
        self.words: Vocabulary = vocabulary(weights, folding(load_key_table(simplified).fast))
        self._contact = re.compile("|".join(pack.contacts), re.IGNORECASE)
        self._link = re.compile("|".join(pack.links), re.IGNORECASE)
        self.names = pack.names
        self.frames: Frames = frames(
            pack.names.endings, pack.names.sites, pack.names.plain, pack.names.unless
        )
        self._subjects = re.compile("|".join(map(re.escape, pack.names.subjects)))
        self.prefilter = _prefilter(pack.names)
        self._common = frozenset(pack.names.common)
        self._prove(pack)

    def knowing(self, names: Iterable[str]) -> SpamBook:
        """The same book that knows these names of sites beside what it tells by their endings."""
        book = copy(self)
        known = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
        book.frames = replace(self.frames, known=re.compile(known, re.IGNORECASE))
        book.prefilter = f"{self.prefilter}|{known}"
        return book

    def _prove(self, pack: SpamPack) -> None:
        named = [(kind.id, kind) for kind in pack.kinds] + [(HIJACKED, pack.names)]
        for name, examples in () if known() else named:
            for wanted, texts in ((True, examples.hits), (False, examples.misses)):
                judged = {one.row for one in self._every([], pl.Series(texts)) if one.kind == name}
                for row, text in enumerate(texts):
                    if (row in judged) != wanted:
                        what = "does not find" if wanted else "must not find"
                        raise PackError(f"kind {name}: {what} {text!r}")

    def found(
        self,
        titles: Sequence[str | None],
        texts: Sequence[str] | pl.Series,
        factors: Mapping[str, float] | None = None,
    ) -> list[Found]:
        """What is spam, in order of rows, each text once.

        A kind that drops goes before one that only marks, a page of which little is injected before
        what was injected, then the highest ratio.  `factors`: kind → what its thresholds are
        multiplied by.
        """
        column = pl.Series(texts, dtype=pl.String).fill_null("")
        sizes = column.str.len_chars().to_list()

        def rank(one: Found) -> tuple[bool, bool, float, str]:
            return not one.drops, not self.foreign(one, sizes[one.row]), -one.ratio, one.kind

        order = sorted(self._every(titles, column, factors), key=lambda one: (one.row, rank(one)))
        return [f for n, f in enumerate(order) if n == 0 or order[n - 1].row != f.row]

    def foreign(self, one: Found, size: int) -> bool:
        """Whether what was put into a hijacked page is little of it, and a body is left."""
        bounds = self.names.bounds
        lost = sum(end - start for start, end in one.cuts)
        return (
            one.kind == HIJACKED
            and lost <= bounds.cut_share * size
            and size - lost >= bounds.body_least
        )

    def _every(
        self,
        titles: Sequence[str | None],
        texts: pl.Series,
        factors: Mapping[str, float] | None = None,
    ) -> list[Found]:
        """Each kind that each text is of."""
        factor = dict.fromkeys([*self.kinds, HIJACKED], 1.0) | dict(factors or {})
        heads = pl.Series(titles, dtype=pl.String).fill_null("")
        found = list(self._dense(texts, factor))
        found += [replace(one, hits=()) for one in self._dense(heads, factor)]
        return found + list(self._hijacked(heads, texts, factor[HIJACKED]))

    def _dense(self, texts: pl.Series, factor: Mapping[str, float]) -> Iterator[Found]:
        """What the densest windows of texts are."""
        best = densest(texts, self.words, self.bounds.width, self.bounds.reach)
        sizes = texts.str.len_chars().to_numpy()
        for kind in self.kinds.values():
            yield from self._offers(kind, texts, sizes, best, factor[kind.id])

    def _offers(
        self, kind: OfferKind, texts: pl.Series, sizes: I64, best: Densest, factor: float
    ) -> Iterator[Found]:
        bounds = self.bounds
        weight = best.weight[kind.id] / UNIT
        scale = np.maximum(bounds.shortest, np.sqrt(np.minimum(sizes, bounds.width) / bounds.width))
        short = sizes < bounds.short
        threshold = factor * np.where(short, kind.short.value, kind.threshold.value)
        most = bounds.contact * bounds.contacts + bounds.link
        rows = np.flatnonzero((weight + most) / scale >= threshold)
        for row in rows[weight[rows] > 0].tolist():
            begin, end = int(best.begin[kind.id][row]), int(best.end[kind.id][row])
            text = texts[row]
            near = text[max(0, begin - bounds.reach) : end + bounds.reach]
            contacts = min(bounds.contacts, sum(1 for _ in self._contact.finditer(near)))
            linked = bool(self._link.search(near))
            behind = hits(text[end : end + bounds.reach], self.words, TOLD)
            raw = (
                weight[row]
                - sum(size for _, _, size in behind)
                + bounds.contact * contacts
                + bounds.link * linked
            )
            score = raw / scale[row] * (1 if contacts else kind.unanswered)
            if score >= threshold[row]:
                places = [
                    SpamHit(begin + start, begin + stop, kind.id, size)
                    for start, stop, size in hits(text[begin:end], self.words, kind.id)
                ]
                ratio = float(score / threshold[row])
                yield Found(row, kind.id, ratio, kind.drops, tuple(places), (), ())

    def _hijacked(self, heads: pl.Series, texts: pl.Series, factor: float) -> Iterator[Found]:
        some = set(texts.str.contains(self.prefilter).arg_true())
        some |= set(heads.str.contains(self.prefilter).arg_true())
        for row in sorted(some):
            one = self._named(row, heads[row] if len(heads) else "", texts[row], factor)
            if one is not None:
                yield one

    def _named(self, row: int, title: str, text: str, factor: float) -> Found | None:
        bounds = self.names.bounds
        heads = list(framed_names(title, self.frames, title=True))
        every = _by_shortest([*heads, *framed_names(text, self.frames)])
        every = self._unexplained(every, text)
        if not every:
            return None
        framed = [one for one in every if one.zone != "title"]
        seen: Counter[tuple[str, str]] = Counter()
        sums: dict[str, float] = defaultdict(float)
        weights = []
        for one in every:
            seen[one.name, one.zone] += 1
            weight = getattr(bounds, one.zone) * (bounds.plain if one.plain else 1)
            weights.append(weight / seen[one.name, one.zone])
            sums[one.name] += weights[-1]
        taken = merged((one.start, one.end) for one in framed)
        low = text.lower()
        alone = {name: bare(low, name, taken) for name in sums}
        # A page is sold to one name: what different names of the middle add up to says nothing.
        score = max(
            sums[name] + min(bounds.bare_most, bounds.bare * len(alone[name])) for name in sums
        )
        subjects = len(set(self._subjects.findall(text)))
        if subjects >= bounds.subjects:
            score -= bounds.subject * subjects
        ratio = score / (factor * bounds.threshold)
        if ratio < 1:
            return None
        places = tuple(
            SpamHit(one.start, one.end, HIJACKED, weight)
            for one, weight in zip(framed, weights[len(every) - len(framed) :], strict=True)
        )
        cuts = _cuts(text, framed, sorted({place for some in alone.values() for place in some}))
        return Found(row, HIJACKED, ratio, drops=True, hits=places, names=tuple(sums), cuts=cuts)

    def shown(self, title: str, text: str) -> dict[str, bool]:
        """Names that a page shows and does not speak of: name → whether it stands in a frame."""
        bounds = self.names.bounds
        shown = shown_names(title, text, self.frames)
        if not shown or len(text) < bounds.body_least:
            return {}
        middle = text[EDGE:-EDGE].lower()
        most = max(1, len(middle) // bounds.explained)
        return {
            name: framed
            for name, framed in [*shown.items()][:MOST_NAMES]
            if name not in self._common and middle.count(name) <= most
        }

    def _unexplained(self, found: Sequence[Framed], text: str) -> list[Framed]:
        """Without plain names that stand in one place only, or of which the text speaks."""
        bounds = self.names.bounds
        middle = text[EDGE:-EDGE].lower()
        most = max(1, len(middle) // bounds.explained)
        zones: dict[str, set[str]] = defaultdict(set)
        for one in found:
            zones[one.name].add(one.zone)
        long = len(text) >= bounds.body_least
        unexplained = {
            name
            for name, places in zones.items()
            if long and len(places) > 1 and middle.count(name) <= most
        }
        return [one for one in found if not one.plain or one.name in unexplained]


def _by_shortest(found: Sequence[Framed]) -> list[Framed]:
    """Names of which one holds another are one: 某某 in 某某体育 and 某某娱乐城."""
    often = Counter(one.name for one in found).most_common(MOST_NAMES)
    names = sorted((name for name, _ in often), key=lambda name: (len(name), name))
    short = {name: next(other for other in names if other in name) for name in names}
    return [replace(one, name=short[one.name]) for one in found if one.name in short]


def _prefilter(names: NameRules) -> str:
    """A pattern for Polars without which no framed name stands in a text."""
    endings = "|".join(map(re.escape, names.endings))
    sites = "|".join(map(re.escape, names.sites))
    plain = "|".join(map(re.escape, names.plain))
    listed = f"(?:关键词|关键字|标签|tags?|keywords?)[ \t]*[:：].*(?:{sites})"
    return f"(?i)(?:{endings}|[a-z][0-9]{{2,6}})(?:{sites})|{plain}|{listed}"


def _cuts(
    text: str, framed: Sequence[Framed], alone: Sequence[tuple[int, int]]
) -> tuple[tuple[int, int], ...]:
    """Ranges without which the body stays: brackets and key-word lines whole, names elsewhere."""
    ranges = list(alone)
    for one in framed:
        begin, end = one.start, one.end
        if one.zone == "bracket":
            begin, end = text.rfind("【", 0, begin), text.find("】", end) + 1
        ranges.append((begin, end))
    inside = merged(ranges)
    begins = [begin for begin, _ in inside]
    for begin, end in keyword_lines(text):
        near = bisect_left(begins, end) - 1
        if near >= 0 and inside[near][1] > begin:
            ranges.append((begin, end))
    return tuple(merged(ranges))


def merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ranges in order, those that touch as one.

    >>> merged([(5, 7), (0, 2), (2, 3)])
    [(0, 3), (5, 7)]
    """
    apart: list[tuple[int, int]] = []
    for begin, end in sorted(ranges):
        if apart and begin <= apart[-1][1]:
            apart[-1] = apart[-1][0], max(end, apart[-1][1])
        else:
            apart.append((begin, end))
    return apart


def listed_names(lists: Sequence[Asset]) -> list[str]:
    """The names of lists (tab-separated, the name first, one header), each once, in order.

    `PipelineError` for a file that is no such list.
    """
    names: dict[str, None] = {}
    for asset in lists:
        try:
            lines = asset.path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise PipelineError(
                f"list of names {asset.path.name} cannot be read: {error}"
            ) from None
        if not lines or lines[0].split("\t")[0] != "name":
            raise PipelineError(f"list of names {asset.path.name}: the first column is not `name`")
        found = (line.split("\t")[0].strip().lower() for line in lines[1:])
        names |= dict.fromkeys(name for name in found if len(name) > 1)
    if not names:
        raise PipelineError("lists of names hold no name of two characters")
    return list(names)


def load_spam(asset: Asset, simplified: Asset) -> SpamBook:
    """The book; `simplified` is the character table of the dedup key."""
    return load(asset, SpamPack, _Build(simplified))


@dataclass(frozen=True)
class _Build:
    """What compiles the pack; equal for equal tables, so that the cache of `load` holds."""

    simplified: Asset

    def __call__(self, pack: SpamPack) -> SpamBook:
        return SpamBook(pack, self.simplified)
