"""Load the words of each domain.

Enters: `rules/packs/domain.yaml`, or a pack of the user's, as an asset.
Leaves: a `DomainBook`, which gives each text of a column its sums by domain.
Errors: `PipelineError` for a domain that its examples contradict.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Annotated

import numpy as np
import polars as pl

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.dedup_key import load_key_table
from corpus_pipeline.rules.pack import Pack, PackError, Rule, Rules, Text, load
from corpus_pipeline.rules.proofs import known
from corpus_pipeline.rules.settings import Setting, Settings
from corpus_pipeline.text.arrays import F64
from corpus_pipeline.text.terms.trie import UNIT, folding, sums, vocabulary

DOMAINS = "package:rules/packs/domain.yaml"


class Domain(Rule):
    """A domain: its words, and what its sum is multiplied by."""

    zh: Text
    factor: Setting[float]
    strong: tuple[Text, ...]
    usual: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class DomainBounds:
    """The numbers of the pack, which gives the reason of each."""

    usual: float
    length_gain: float
    longest_gain: int
    head: int
    least: float
    second: float


class DomainPack(Pack):
    """The content of the file."""

    bounds: Annotated[DomainBounds, Settings()]
    domains: Rules[Domain]


class DomainBook:
    """The compiled pack."""

    def __init__(self, pack: DomainPack, simplified: Asset) -> None:
        """Compile the words and prove the examples."""
        self.bounds = pack.bounds
        self.names = tuple(domain.id for domain in pack.domains)
        self._factors = np.array([domain.factor.value for domain in pack.domains])
        fold = folding(load_key_table(simplified).fast)
        self._words = vocabulary(_weights(pack), fold)
        self._prove(pack)

    def sums(self, texts: pl.Series) -> F64:
        """Texts × domains: how much of each domain a text has; null is empty."""
        every, head = sums(texts, self._words), sums(texts.str.head(self.bounds.head), self._words)
        whole = np.stack([every[name] + head[name] for name in self.names], axis=1)
        weighed: F64 = whole / UNIT * self._factors
        return weighed

    def _prove(self, pack: DomainPack) -> None:
        for domain in () if known() else pack.domains:
            place = self.names.index(domain.id)
            for wanted, texts in ((True, domain.hits), (False, domain.misses)):
                first = self.sums(pl.Series(texts)).argmax(axis=1) == place
                for text, is_first in zip(texts, first, strict=True):
                    if is_first != wanted:
                        what = "does not find" if wanted else "must not find"
                        raise PackError(f"domain {domain.id}: {what} {text!r}")


def _weights(pack: DomainPack) -> dict[str, dict[str, float]]:
    """Domain → word → weight."""
    bounds = pack.bounds
    plain = {
        domain.id: dict.fromkeys(domain.usual, bounds.usual) | dict.fromkeys(domain.strong, 1.0)
        for domain in pack.domains
    }
    shared: dict[str, int] = {}
    for words in plain.values():
        for word in words:
            shared[word] = shared.get(word, 0) + 1
    return {
        name: {
            word: weight * _gain(word, bounds) / sqrt(shared[word])
            for word, weight in words.items()
        }
        for name, words in plain.items()
    }


def _gain(word: str, bounds: DomainBounds) -> float:
    return 1 + bounds.length_gain * min(max(len(word) - 2, 0), bounds.longest_gain)


def load_domains(asset: Asset, simplified: Asset) -> DomainBook:
    """The book; `simplified` is the character table of the dedup key."""
    return load(asset, DomainPack, _Build(simplified))


@dataclass(frozen=True)
class _Build:
    """What compiles the pack; equal for equal tables, so that the cache of `load` holds."""

    simplified: Asset

    def __call__(self, pack: DomainPack) -> DomainBook:
        return DomainBook(pack, self.simplified)
