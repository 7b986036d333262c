"""What `extract` knows: the bounds of the scorer and the patterns over names and lines.

Enters: `rules/packs/extract.yaml`, and `extract_meta.yaml` for what pages say in words.  Leaves:
`Pages` and `Words`.
Refuses: a bound without a reason and a pattern that contradicts its examples.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.pack import Head, Rule, prove, read_pack
from corpus_pipeline.text.html.blocks import Bounds, Hints
from corpus_pipeline.text.html.rights import Words

NameKind = Literal["skipped", "unwanted", "replies", "posters", "wanted", "body"]
LineKind = Literal["noise", "stamps", "moments", "lead", "end", "thread", "aigc"]
Kind = NameKind | LineKind


class Setting(BaseModel):
    """A number and why it is this number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    reason: Annotated[str, StringConstraints(min_length=10)]


class PageHead(Head):
    """The bounds and the tags of the pack."""

    bounds: dict[str, Setting]
    skipped_tags: tuple[str, ...]


class PagePattern(Rule):
    """A pattern over names (of kind skipped, unwanted, wanted) or over lines (noise, end, aigc)."""

    kind: Kind
    pattern: Annotated[str, StringConstraints(min_length=2)]


@dataclass(frozen=True, slots=True)
class Pages:
    """The scorer's numbers and patterns, and what tells a thread and generated text."""

    bounds: Bounds
    hints: Hints
    min_main: int
    thread: re.Pattern[str]
    aigc: re.Pattern[str]


#: Patterns of these kinds say how a line begins: searching in it would cost ten times more.
_ANCHORED = frozenset({"noise", "moments", "end"})


def _judges(rule: PagePattern, text: str) -> bool:
    look = re.match if rule.kind in _ANCHORED else re.search
    return look(rule.pattern, text, re.IGNORECASE) is not None


def load_pages(asset: Asset) -> Pages:
    """The pack, proved against its examples."""
    pack = read_pack(asset.path, PageHead, PagePattern)
    prove(pack.name, pack.rules, _judges)
    values = {name: setting.value for name, setting in pack.head.bounds.items()}
    min_main = int(values.pop("min_main", 0))
    try:
        bounds = Bounds(**values)  # type: ignore[arg-type]  # short_line is a whole number
    except TypeError as error:
        raise PipelineError(f"rule pack {pack.name}, bounds: {error}") from error

    def pattern(kind: Kind) -> re.Pattern[str]:
        patterns = [rule.pattern for rule in pack.rules if rule.kind == kind]
        return re.compile("|".join(patterns) or r"(?!)", re.IGNORECASE)

    hints = Hints(
        skipped_tags=frozenset(pack.head.skipped_tags),
        skipped=pattern("skipped"),
        unwanted=pattern("unwanted"),
        replies=pattern("replies"),
        posters=pattern("posters"),
        wanted=pattern("wanted"),
        body=pattern("body"),
        noise=pattern("noise"),
        stamps=pattern("stamps"),
        moments=pattern("moments"),
        lead=pattern("lead"),
        end=pattern("end"),
    )
    return Pages(bounds, hints, min_main, pattern("thread"), pattern("aigc"))


class Statement(Rule):
    """A pattern over what a page says in words; its first group is what is kept."""

    kind: Literal["stated", "bare", "license"]
    pattern: Annotated[str, StringConstraints(min_length=2)]


def load_words(asset: Asset) -> Words:
    """The patterns of statements, proved against their examples."""
    pack = read_pack(asset.path, Head, Statement)
    prove(pack.name, pack.rules, lambda rule, text: re.search(rule.pattern, text) is not None)
    said: dict[str, list[re.Pattern[str]]] = {"stated": [], "bare": [], "license": []}
    for rule in pack.rules:
        said[rule.kind].append(re.compile(rule.pattern))
    return Words(**{kind: tuple(patterns) for kind, patterns in said.items()})
