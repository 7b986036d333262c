"""Load what `extract` judges by: bounds and patterns for main text, and patterns for metadata.

Enters: `rules/packs/extract.yaml`, and `extract_meta.yaml` (author, date, licence, … as pages word
them), as assets.
Leaves: `Pages` and `Words`.
Errors: `PipelineError` for a bound without a reason and a pattern that contradicts its examples.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import model_validator

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.pack import Pack, Pattern, Rule, Rules, load, prove
from corpus_pipeline.rules.settings import Settings
from corpus_pipeline.text.html.blocks import Bounds, Hints
from corpus_pipeline.text.html.notices import Words

NameKind = Literal["skipped", "unwanted", "replies", "posters", "wanted", "body", "notice"]
LineKind = Literal["noise", "stamps", "moments", "lead", "dated", "end", "thread", "liability"]
Kind = Literal[NameKind, LineKind]


class PagePattern(Rule):
    """A pattern over class names and ids of elements (`NameKind`) or over lines (`LineKind`)."""

    kind: Kind
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Main:
    """The least size of a main text, and of what is kept of a page with less."""

    min_characters: int
    min_readable: int


class ExtractPack(Pack):
    """The content of `extract.yaml`."""

    main: Annotated[Main, Settings()]
    bounds: Annotated[Bounds, Settings()]
    skipped_tags: tuple[str, ...]
    rules: Rules[PagePattern]


@dataclass(frozen=True, slots=True)
class Pages:
    """The scorer's bounds and patterns, and the pattern that a forum thread's page matches."""

    bounds: Bounds
    hints: Hints
    min_main: int
    min_readable: int
    thread: re.Pattern[str]


#: Patterns of these kinds match the beginning of a line; searching all of it costs ten times more.
_ANCHORED = frozenset({"noise", "moments", "lead", "end"})


def _judges(rule: PagePattern, text: str) -> bool:
    look = re.match if rule.kind in _ANCHORED else re.search
    return look(rule.pattern, text, re.IGNORECASE) is not None


def load_pages(asset: Asset) -> Pages:
    """The pack, checked against its examples."""
    return load(asset, ExtractPack, _pages)


def _pages(pack: ExtractPack) -> Pages:
    prove(pack.rules, _judges)

    def pattern(kind: Kind) -> re.Pattern[str]:
        patterns = [rule.pattern for rule in pack.rules if rule.kind == kind]
        return re.compile("|".join(patterns) or r"(?!)", re.IGNORECASE)

    hints = Hints(
        skipped_tags=frozenset(pack.skipped_tags),
        skipped=pattern("skipped"),
        unwanted=pattern("unwanted"),
        replies=pattern("replies"),
        posters=pattern("posters"),
        wanted=pattern("wanted"),
        body=pattern("body"),
        notice=pattern("notice"),
        noise=pattern("noise"),
        stamps=pattern("stamps"),
        moments=pattern("moments"),
        lead=pattern("lead"),
        dated=pattern("dated"),
        end=pattern("end"),
        liability=pattern("liability"),
    )
    main = pack.main
    return Pages(pack.bounds, hints, main.min_characters, main.min_readable, pattern("thread"))


class Statement(Rule):
    """A pattern over a statement in the text of a page; its first group is what is kept."""

    kind: Literal["stated", "bare", "license"]
    pattern: Pattern

    @model_validator(mode="after")
    def _has_a_group(self) -> Self:
        if not re.compile(self.pattern).groups:
            raise ValueError("the pattern needs a group: what is kept")
        return self


class WordsPack(Pack):
    """The content of `extract_meta.yaml`."""

    rules: Rules[Statement]


def load_words(asset: Asset) -> Words:
    """The patterns of statements, proved against their examples."""
    return load(asset, WordsPack, _words)


def _words(pack: WordsPack) -> Words:
    prove(pack.rules, lambda rule, text: re.search(rule.pattern, text) is not None)
    patterns: dict[str, list[re.Pattern[str]]] = {"stated": [], "bare": [], "license": []}
    for rule in pack.rules:
        patterns[rule.kind].append(re.compile(rule.pattern))
    return Words(**{kind: tuple(listed) for kind, listed in patterns.items()})
