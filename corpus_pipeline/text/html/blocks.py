"""A parsed page as a tree of blocks and lines, as the scorer in `main_text` reads it.

Enters: lexbor's tree, the bounds of the scorer, and patterns over names and lines.
Leaves: a `Page`: blocks and lines in the order of the source.  Parents and children are indexes
into `Page.blocks`, and a parent comes before its children, so that nothing recurses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from itertools import compress
from typing import NamedTuple

import numpy as np
from selectolax.lexbor import LexborHTMLParser

from corpus_pipeline.text.arrays import F64, I64, U8, Bool
from corpus_pipeline.text.html.formulas import formulas_as_text
from corpus_pipeline.text.html.score_kernel import (
    furnish,
    grouped,
    kinds_of,
    questionable,
    score_blocks,
    score_lines,
)
from corpus_pipeline.text.html.tags import Tags, tags
from corpus_pipeline.text.html.visible_kernel import BREAKS, FORMULAS, TAGS, visible
from corpus_pipeline.text.html.walk_kernel import (
    BLOCKS,
    END,
    LINES,
    NAMED,
    NAMES,
    OWNER,
    PARENT,
    SIZE,
    TEXT,
    walk,
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The numbers of the scorer; `rules/packs/extract.yaml` gives the reason for each."""

    dominant_share: float
    thread_share: float
    link_price: float
    item_price: float
    short_weight: float
    short_line: int
    skipped_weight: float
    unwanted_weight: float
    wanted_weight: float
    body_weight: float
    title_weight: float
    overruling_share: float
    furniture_size: int
    link_line_share: float
    verse_share: float
    posts_share: float
    posts_fewest: int
    posts_alike: int
    posts_short: int
    posts_tried: int
    posts_signed_one_in: int
    posts_saying_one_in: int
    posts_lead_share: float
    posts_lead: int
    replies_share: float
    labels_repeat: int
    notice_words: int
    visible_trust: float
    answer_size: int


@dataclass(frozen=True, slots=True)
class Hints:
    """Patterns over names (class, id and role of an element) and over whole lines."""

    skipped_tags: frozenset[str]
    # Names of elements:
    skipped: re.Pattern[str]  # never main text
    unwanted: re.Pattern[str]  # menus, lists of links and the like around the text
    replies: re.Pattern[str]  # comments; beside an article unwanted, in a thread text
    posters: re.Pattern[str]  # panels about the writer of a post in a thread
    wanted: re.Pattern[str]  # likely main text
    body: re.Pattern[str]  # main text, in the systems that publish most pages
    notice: re.Pattern[str]  # notices of the site about rights and liability
    # Lines:
    noise: re.Pattern[str]  # boilerplate, known by how the line begins
    stamps: re.Pattern[str]  # boilerplate, known by what is anywhere in the line
    moments: re.Pattern[str]  # in a thread: who wrote a post, and when
    lead: re.Pattern[str]  # boilerplate before the text begins, known by how it begins
    dated: re.Pattern[str]  # the same, known by what is anywhere in it
    end: re.Pattern[str]  # headings after which no main text follows
    liability: re.Pattern[str]  # a word of a notice about rights and liability, anywhere
    #: What `Page.named` answered before, for articles and for threads: sites repeat attributes.
    named_cache: tuple[dict[str, Named], dict[str, Named]] = field(default_factory=lambda: ({}, {}))


class Traits(NamedTuple):
    """What the names of an element say about it."""

    weight: float = 1.0  # factor on the worth of the element; below 1 it is no main text
    is_reply: bool = False
    is_poster: bool = False
    is_wanted: bool = False
    is_notice: bool = False


#: Class, id and role with each number as 0 (posts are numbered), and their traits.
Named = tuple[str, Traits]
_NO_TRAITS = Traits()
_NAMELESS = ("", _NO_TRAITS)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a page, a column each; a line is a piece of text between two breaks."""

    block: list[int]  # index of the block that holds it
    text: list[str]
    size: list[int]  # characters without spaces
    links: list[int]  # how many of them are in links
    code: list[bool]  # whether it stands in a `pre`
    prose: list[bool]  # whether it reads as a sentence
    noise: list[bool]  # boilerplate
    score: list[float]


@dataclass(frozen=True, slots=True)
class Blocks:
    """The block elements of a page, a column each; parents come before their children.

    Blocks have one `kind` if tags and names agree from the root on.  The sums cover the block and
    all blocks in it.
    """

    tag: list[str]
    parent: list[int]  # -1 for the root
    place: list[int]  # among the children of its parent
    end: list[int]  # index of the first block after it that is not in it
    traits: list[Traits]
    kind: list[int]
    weight: list[float]  # factor on its worth
    worth: list[float]  # scores of the lines, weighed by names; children below 0 do not count
    prose_worth: list[float]  # the part of `worth` that comes from lines of prose
    prose_size: list[int]  # characters in lines of prose, whatever the names are
    plain: list[int]  # characters outside of links and boilerplate
    links: list[int]  # characters in links


@dataclass(slots=True)
class Page:
    """The lines and blocks of one page in the order of its source."""

    bounds: Bounds
    hints: Hints
    thread: bool
    lines: Lines
    blocks: Blocks
    #: Lines and children of block `i`: from place `i` to `i + 1` of the first list, in the second.
    line_places: tuple[list[int], list[int]]
    child_places: tuple[list[int], list[int]]
    data_tables: dict[int, bool] = field(default_factory=dict)  # whether a table holds data

    def lines_of(self, block: int) -> list[int]:
        """The lines of a block that are in no block within it."""
        starts, order = self.line_places
        return order[starts[block] : starts[block + 1]]

    def children(self, block: int) -> list[int]:
        """The blocks whose parent it is."""
        starts, order = self.child_places
        return order[starts[block] : starts[block + 1]]

    def shown(self) -> list[bool]:
        """Whether neither a block nor one around it has a name of furniture."""
        shown = [True] * len(self.blocks.tag)
        for at, parent in enumerate(self.blocks.parent):
            shown[at] = self.blocks.weight[at] >= 1 and (parent < 0 or shown[parent])
        return shown

    def tag_of(self, line: int) -> str:
        """The tag of the block around a line; `pre` also for blocks within a `pre`."""
        return "pre" if self.lines.code[line] else self.blocks.tag[self.lines.block[line]]


#: Entries of `named_cache` before it is cleared, and characters of its longest key.
_CACHE_ENTRIES, _LONGEST_KEY = 20_000, 200
_DIGITS = re.compile(r"\d+")
#: Longest line that the patterns over lines judge, in characters: a longer one is a paragraph.
_LONGEST_NOISE = 200
#: Characters of a line in which the words of a notice are sought; a line that may be a sentence.
_LONGEST_NOTICE, _SENTENCE = 1000, 12


def _named(key: str, bounds: Bounds, hints: Hints, *, thread: bool) -> Named:
    """The names of a block, and their traits; `key` are the names as `walk` writes them."""
    cache = hints.named_cache[thread]
    named = cache.get(key)
    if named is None:
        if len(cache) > _CACHE_ENTRIES:
            cache.clear()
        names = _DIGITS.sub("0", key.lower())
        named = names, _traits(names, bounds, hints, thread=thread)
        if len(key) <= _LONGEST_KEY:
            cache[key] = named
    return named


def _traits(names: str, bounds: Bounds, hints: Hints, *, thread: bool) -> Traits:
    reply = hints.replies.search(names) is not None
    poster = thread and hints.posters.search(names) is not None
    wanted = hints.wanted.search(names) is not None
    weight = bounds.wanted_weight if wanted else 1.0
    unwanted = hints.unwanted.search(names) is not None
    if hints.body.search(names) and not unwanted:
        weight = bounds.body_weight
    elif hints.skipped.search(names):
        weight = bounds.skipped_weight
    elif unwanted or (reply and not thread):
        weight = bounds.unwanted_weight
    return Traits(weight, reply, poster, wanted, hints.notice.search(names) is not None)


class Markup(NamedTuple):
    """The markup of a page without elements that hold no text."""

    source: U8  # UTF-8
    tags: int  # how many there are
    breaks: int  # line breaks, if it has a `pre`, else 0


def source_of(tree: LexborHTMLParser, hints: Hints) -> Markup:
    """The markup of a page without elements that hold no text; the tree may be changed.

    Formulas are TeX between dollar signs in it.
    """
    source, counts = _visible(tree, hints)
    if counts[FORMULAS]:
        formulas_as_text(tree)
        source, counts = _visible(tree, hints)
    return Markup(source, int(counts[TAGS]), int(counts[BREAKS]))


def _visible(tree: LexborHTMLParser, hints: Hints) -> tuple[U8, I64]:
    table = tags(hints.skipped_tags)
    source = np.frombuffer((tree.html or "").encode(), dtype=np.uint8)
    kept, counts = np.empty(len(source), dtype=np.uint8), np.zeros(3, dtype=np.int64)
    size = visible(source, table.slots, table.keys, table.roles, kept, counts)
    return kept[:size], counts


def read_blocks(markup: Markup, bounds: Bounds, hints: Hints, *, thread: bool) -> Page:
    """The blocks and lines of a page, with their scores.

    A thread keeps items that are nothing but links: they show who wrote a post.
    """
    table = tags(hints.skipped_tags)
    walked = _walked(markup, bounds, table, thread=thread)
    texts = walked.text.split("\n")[:-1]
    noise = _noise(walked, texts, bounds, hints, table)
    cached = hints.named_cache[thread].get
    keys = walked.names.split("\0")[:-1]
    named = [_NAMELESS, *(cached(k) or _named(k, bounds, hints, thread=thread) for k in keys)]
    _mark_notices(walked, texts, named, hints, noise, least=bounds.notice_words)
    rows, numbers = walked.lines, _numbers(bounds)
    weights = np.array([traits.weight for _, traits in named])[walked.blocks[:, NAMES]]
    prose, scores = _scores(walked, noise, weights, numbers)
    block, size, links, _, code = rows.T
    line_places = _grouped(block, len(walked.blocks))
    child_places = _grouped(walked.blocks[:, PARENT], len(walked.blocks))
    judged = noise, prose, scores, *line_places, *child_places, numbers
    return Page(
        bounds=bounds,
        hints=hints,
        thread=thread,
        lines=Lines(
            block=block.tolist(),
            text=texts,
            size=size.tolist(),
            links=links.tolist(),
            code=(code > 0).tolist(),
            prose=prose.tolist(),
            noise=noise.tolist(),
            score=scores.tolist(),
        ),
        blocks=_blocks(walked, judged, named, weights, table),
        line_places=(line_places[0].tolist(), line_places[1].tolist()),
        child_places=(child_places[0].tolist(), child_places[1].tolist()),
    )


def _scores(walked: _Walked, noise: Bool, weights: F64, numbers: F64) -> tuple[Bool, F64]:
    """Which lines are prose, and the scores of all."""
    rows = walked.lines
    apart, prose = np.empty((2, len(rows)), dtype=np.bool_)
    furnish(rows, walked.blocks, weights, np.empty(len(walked.blocks), dtype=np.bool_), apart)
    scores = np.empty(len(rows), dtype=np.float64)
    score_lines(rows, numbers, noise, apart, prose, scores)
    return prose, scores


class _Walked(NamedTuple):
    """What `walk` leaves: its rows of blocks and lines, and text and names with their ends."""

    blocks: I64
    lines: I64
    text: str
    names: str


def _walked(markup: Markup, bounds: Bounds, table: Tags, *, thread: bool) -> _Walked:
    raw, text, names = np.empty((3, len(markup.source) + 4), dtype=np.uint8)
    blocks = np.empty((markup.tags + 1, 6), dtype=np.int64)
    lines = np.empty((markup.tags + markup.breaks + 1, 5), dtype=np.int64)
    counts = np.zeros(5, dtype=np.int64)
    walk(
        markup.source,
        table.slots,
        table.keys,
        table.roles,
        table.names.index("html"),
        thread,
        bounds.short_line,
        raw,
        text,
        names,
        blocks,
        lines,
        counts,
    )
    return _Walked(
        blocks[: counts[BLOCKS]],
        lines[: counts[LINES]],
        text[: counts[TEXT]].tobytes().decode(),
        names[: counts[NAMED]].tobytes().decode(),
    )


@cache
def _numbers(bounds: Bounds) -> F64:
    """The bounds in the order of `score_kernel`."""
    return np.array(
        [
            bounds.link_line_share,
            bounds.short_line,
            bounds.short_weight,
            bounds.link_price,
            bounds.item_price,
            bounds.verse_share,
            bounds.overruling_share,
            bounds.furniture_size,
        ]
    )


def _noise(walked: _Walked, texts: list[str], bounds: Bounds, hints: Hints, table: Tags) -> Bool:
    """Which lines are boilerplate: mostly links, or worded so."""
    noise, is_open = np.empty((2, len(texts)), dtype=np.bool_)
    numbers = _numbers(bounds)
    questionable(walked.lines, walked.blocks, table.roles, _LONGEST_NOISE, numbers, noise, is_open)
    asked = list(compress(texts, is_open.tolist()))
    begins, holds = map(hints.noise.match, asked), map(hints.stamps.search, asked)
    noise[is_open] = [a is not None or b is not None for a, b in zip(begins, holds, strict=True)]
    return noise


#: Blocks with such a name that are looked at in a page.
_MOST_NOTICES = 50


def _mark_notices(
    walked: _Walked,
    texts: list[str],
    named: list[Named],
    hints: Hints,
    noise: Bool,
    *,
    least: int,
) -> None:
    """Count the lines of notices as noise, however long they are: they never overrule their name.

    A block is a notice if its names and `least` different words say so, and if a sentence stands
    outside of it.
    """
    flags = np.array([traits.is_notice for _, traits in named])
    if not flags.any():
        return
    owner, size = walked.lines[:, OWNER], walked.lines[:, SIZE]
    last = 0
    for at in np.flatnonzero(flags[walked.blocks[:, NAMES]]).tolist()[:_MOST_NOTICES]:
        end = int(walked.blocks[at, END])
        if at < last:
            continue
        inside = (owner >= at) & (owner < end)
        lines = np.flatnonzero(inside).tolist()
        words = {m[0] for i in lines for m in hints.liability.finditer(texts[i][:_LONGEST_NOTICE])}
        outside = ~inside & ~noise & (size >= _SENTENCE)
        if len(words) >= least and outside.any():
            noise[inside] = True
            last = end


def _grouped(members: I64, count: int) -> tuple[I64, I64]:
    """Where each of `count` groups begins in the order that is returned beside it."""
    starts, order = np.empty(count + 1, dtype=np.int64), np.empty(len(members), dtype=np.int64)
    grouped(np.ascontiguousarray(members), starts, order)
    return starts, order


#: Noise, prose and scores of the lines; the places of lines and of children; the bounds.
_Judged = tuple[Bool, Bool, F64, I64, I64, I64, I64, F64]


def _blocks(
    walked: _Walked, judged: _Judged, named: list[Named], weights: F64, table: Tags
) -> Blocks:
    """The blocks with their sums; `named` are names and traits in the order of `walk`."""
    rows, count = walked.blocks, len(walked.blocks)
    distinct: dict[str, int] = {}
    ids = np.array([distinct.setdefault(names, len(distinct)) for names, _ in named])
    kinds, slots = (
        np.empty(count, dtype=np.int64),
        np.empty(2 << count.bit_length(), dtype=np.int64),
    )
    kinds_of(rows, ids[rows[:, NAMES]], slots, kinds)
    sums, worths = np.empty((count, 3), dtype=np.int64), np.empty((2, count), dtype=np.float64)
    score_blocks(walked.lines, *judged, weights, sums, worths[0], worths[1])
    tag, parent, place, end, names, _ = rows.T.tolist()
    prose_size, plain, links = sums.T.tolist()
    worth, prose_worth = worths.tolist()
    return Blocks(
        tag=[table.names[number] for number in tag],
        parent=parent,
        place=place,
        end=end,
        traits=[named[number][1] for number in names],
        kind=kinds.tolist(),
        weight=weights.tolist(),
        worth=worth,
        prose_worth=prose_worth,
        prose_size=prose_size,
        plain=plain,
        links=links,
    )
