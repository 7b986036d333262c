"""Load how benchmark questions are recognised: bounds, and the words with which questions ask.

Enters: the pack `packs/decontaminate.yaml` as an asset, and items of benchmarks.
Leaves: `Recognition`, which splits items into stem and choices.
Errors: `PipelineError` for a pack that disagrees with its examples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Annotated, Literal

import polars as pl

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.benchmarks import Item
from corpus_pipeline.rules.pack import Pack, Pattern, Rule, Rules, load, prove
from corpus_pipeline.rules.settings import Settings
from corpus_pipeline.text.contamination.index import ParsedItem
from corpus_pipeline.text.contamination.question import pieces, split_choices, without_commands

#: What the stage names in `asset_refs`.
PACK = "package:rules/packs/decontaminate.yaml"
#: Seeds of all items; one takes 13 bytes of the index, and 30 while the index is built.
MOST_SEEDS = 12_000_000
#: Items parsed at a time.
_BLOCK = 1 << 14
_HAN = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The numbers of the pack; lengths in Han characters, of which three letters make one."""

    seed: int
    gram: int
    seeds: int
    seed_share: float
    asking: float
    unasked: float
    choices: int
    choices_stem: float
    whole: float


class Wording(Rule):
    """Words that ask (`asks`), and stock phrases that tell no question from another (`stock`)."""

    kind: Literal["asks", "stock"]
    script: Literal["han", "latin"]
    pattern: Pattern


class DecontaminatePack(Pack):
    """The content of the file."""

    bounds: Annotated[Bounds, Settings()]
    rules: Rules[Wording]


def seeds_each(most: int, items: int) -> int:
    """Seeds of an item: `most`, or fewer where all seeds would exceed `MOST_SEEDS`; at least 6."""
    return max(min(most, MOST_SEEDS // max(items, 1)), 6)


class Recognition:
    """A checked pack."""

    def __init__(self, bounds: Bounds, rules: Sequence[Wording]) -> None:
        """Compile one pattern for each kind and script."""
        self.bounds = bounds
        self._patterns = {
            (kind, script): _joined([r for r in rules if (r.kind, r.script) == (kind, script)])
            for kind in ("asks", "stock")
            for script in ("han", "latin")
        }

    def taken(self, items: Sequence[Item]) -> Iterator[list[ParsedItem]]:
        """The parsed items in blocks: stem in pieces; choices in the text, then those listed."""
        for first in range(0, len(items), _BLOCK):
            yield self._taken(items[first : first + _BLOCK])

    def _taken(self, items: Sequence[Item]) -> list[ParsedItem]:
        stems = without_commands(pl.Series([item.text for item in items], dtype=pl.String))
        starts = [0, *accumulate(len(item.choices) for item in items)]
        given = without_commands(
            pl.Series([choice for item in items for choice in item.choices], dtype=pl.String)
        ).to_list()
        out = []
        for text, (start, end) in zip(stems.to_list(), pairwise(starts), strict=True):
            stem, choices = split_choices(text)
            script = "han" if _HAN.search(stem) else "latin"
            cut = pieces(stem, self._patterns["asks", script], self._patterns["stock", script])
            out.append(ParsedItem(cut, [*choices, *given[start:end]]))
        return out


def _joined(rules: Sequence[Wording]) -> re.Pattern[str]:
    """One pattern for all rules; the one with a back-reference first: it keeps its group 1."""
    ordered = sorted(rules, key=lambda rule: r"\1" not in rule.pattern)
    return re.compile("|".join(rule.pattern.strip() for rule in ordered) or r"(?!)")


def load_recognition(asset: Asset) -> Recognition:
    """The pack, checked against its examples."""
    return load(asset, DecontaminatePack, _recognition)


def _recognition(pack: DecontaminatePack) -> Recognition:
    prove(pack.rules, lambda rule, text: bool(re.search(rule.pattern.strip(), text)))
    return Recognition(pack.bounds, pack.rules)
