"""The one list of stages, in the order in which they run.

Leaves: `STAGES`, name → `StageInfo`.
A stage's module is imported when its class is loaded, so that the command line starts quickly.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Literal

#: How a stage sees documents: one at a time (`local`), or all of them, as pairs (`pair`), by how
#: often something occurs (`count`), or by groups such as sources (`aggregate`).
Kind = Literal["local", "pair", "count", "aggregate"]

_PARENTS: dict[Kind, str] = {
    "local": "Stage",
    "pair": "PairStage",
    "count": "CountStage",
    "aggregate": "AggregateStage",
}


@dataclass(frozen=True, slots=True)
class StageInfo:
    """What is known of a stage before it is imported."""

    name: str
    target: str  # module:Class
    kind: Kind
    help: str  # one line, for the command line

    def load(self) -> Any:
        """The stage's class; `TypeError` where its kind or name is not the one listed here."""
        module, _, name = self.target.partition(":")
        cls = getattr(importlib.import_module(module), name)
        parent = getattr(importlib.import_module("corpus_pipeline.model"), _PARENTS[self.kind])
        if not issubclass(cls, parent):
            raise TypeError(f"{self.target} is no {parent.__name__}, but its kind is {self.kind!r}")
        if cls.name != self.name:
            raise TypeError(f"{self.target} calls itself {cls.name}, the list says {self.name}")
        return cls


_HOME = "corpus_pipeline.stages"

STAGES: dict[str, StageInfo] = {
    info.name: info
    for info in (
        StageInfo(
            "decode",
            f"{_HOME}.decode:Decode",
            "local",
            "Bytes to text: charset forensics, lossless recovery.",
        ),
        StageInfo(
            "extract",
            f"{_HOME}.extract:Extract",
            "local",
            "HTML to its main text, title, date and licence.",
        ),
        StageInfo(
            "langid",
            f"{_HOME}.langid:LangId",
            "local",
            "Language and script; drops what is not Chinese.",
        ),
        StageInfo(
            "normalize",
            f"{_HOME}.normalize:Normalize",
            "local",
            "Widths, spaces, line breaks, script; never NFKC.",
        ),
        StageInfo(
            "heuristics",
            f"{_HOME}.heuristics:Heuristics",
            "local",
            "Length, repetition, punctuation; drops by a pack's bounds.",
        ),
        StageInfo(
            "decontaminate",
            f"{_HOME}.decontaminate:Decontaminate",
            "local",
            "Drops what holds items of benchmark files.",
        ),
        StageInfo("pii", f"{_HOME}.pii:Pii", "local", "Personal data becomes typed placeholders."),
        StageInfo(
            "spam",
            f"{_HOME}.spam:Spam",
            "local",
            "Offers and hijacked pages, by their writing; drops, or cuts injected names.",
        ),
        StageInfo(
            "compliance",
            f"{_HOME}.compliance:Compliance",
            "local",
            "Illegal content and spam, by rule packs for each risk.",
        ),
        StageInfo(
            "aigc",
            f"{_HOME}.aigc:Aigc",
            "local",
            "Labels of generated text, as records, pages and notices state them.",
        ),
        StageInfo(
            "ip",
            f"{_HOME}.ip:Ip",
            "local",
            "Signs of rights in a text: licence, notices, reservations, kind of work.",
        ),
        StageInfo(
            "quality",
            f"{_HOME}.quality:Quality",
            "local",
            "A model's score from 0 to 1; drops the lowest.",
        ),
        StageInfo(
            "domain",
            f"{_HOME}.domain:DomainStage",
            "local",
            "What a text is about: scenarios and general domains; drops only where asked to.",
        ),
        StageInfo(
            "exact_dedup",
            f"{_HOME}.exact_dedup:ExactDedup",
            "pair",
            "Exact duplicates across script, width and punctuation.",
        ),
        StageInfo(
            "near_dedup",
            f"{_HOME}.near_dedup:NearDedup",
            "pair",
            "Verified near-duplicates; the best document survives.",
        ),
        StageInfo(
            "line_dedup",
            f"{_HOME}.line_dedup:LineDedup",
            "count",
            "Lines and long passages that recur in many documents.",
        ),
        StageInfo(
            "spam_names",
            f"{_HOME}.spam_names:SpamNames",
            "count",
            "Names of sites that unrelated pages of many hosts show.",
        ),
        StageInfo(
            "source_admission",
            f"{_HOME}.source_admission:SourceAdmission",
            "aggregate",
            "Admits or refuses each source by the share of its documents that violate the law.",
        ),
        StageInfo(
            "quality_rank",
            f"{_HOME}.quality_rank:QualityRank",
            "aggregate",
            "The twentieth of its domain in which a document's quality score lies.",
        ),
    )
}
