"""The options of `compliance`: packs, lists with licence and date, models, what drops.

Enters: a section of a config.  Leaves: typed values.
Errors: pydantic's, for a list without a licence or a date.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from corpus_pipeline.model import Options
from corpus_pipeline.rules.risk_pack import TAXONOMY

_PACKS = "package:rules/packs"
#: The seed packs of topics, in the order in which they are read.
TOPICS = (
    "gambling",
    "porn",
    "drugs",
    "weapons",
    "fraud",
    "forgery",
    "malware",
    "minors",
    "engagement",
    "discrimination",
)
Action = Literal["drop", "mark"]
Stated = Annotated[str, StringConstraints(min_length=1)]


class ListOptions(Options):
    """What every list of a user's says of itself."""

    path: Stated
    """The file."""

    licence: Stated
    """Its licence, or on what ground it is used."""

    updated: date
    """The day it was last brought up to date (2026-11-29)."""

    source: str = ""
    """Where it is from."""

    name: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$")
    """What verdicts and evidence call it; null: the file's name."""

    risk: str | None = None
    """The risk (`A1a` … `A5b`) of what the list does not give one itself."""

    action: Action = "mark"
    """Whether its finding drops a document; `mark` writes hits."""


class KeywordsOptions(ListOptions):
    """A keyword library: TXT (a term a line), CSV (`term,risk`) or YAML (risk: [terms])."""

    least: int = Field(default=2, ge=1)
    """Different terms on offer, told of by no report and in no explanation, from which the list's
    verdict holds; a long text needs proportionally more."""

    alone: bool = False
    """Whether terms count where nothing is on offer (no `offers` of the packs, no private contact,
    no stretch that is little but terms).  A list that drops alone drops news and lessons too."""


class SitesOptions(ListOptions):
    """A list of hosts, or of beginnings of addresses, a line each."""

    risk: str = "A1h"
    """The risk of its sites."""


class ModelOptions(Options):
    """A classifier of a risk or class of risks; `corpus-pipeline train compliance` writes it."""

    model: Stated
    """A fastText model with the labels `good` and `violating`."""

    least: float = Field(default=0.95, gt=0, le=1)
    """Chance of `violating` from which the risk is found; the model's card shows what others do."""

    longest: int = Field(default=1000, ge=1)
    """Characters from which a text is not judged: the model has seen texts of this length."""

    action: Action = "mark"
    """Whether its finding drops a document."""


class ComplianceOptions(Options):
    """The seed packs, the user's own packs, lists and models, and what drops."""

    taxonomy: str = TAXONOMY
    """The risks of GB/T 45654 Annex A that rules may name."""

    seed: str = f"{_PACKS}/compliance.yaml"
    """The pack that is read first: scoring, words of counter-evidence, calls for contact."""

    topics: tuple[str, ...] = tuple(f"{_PACKS}/compliance/{topic}.yaml" for topic in TOPICS)
    """The packs of rules and verdicts by topic."""

    packs: tuple[str, ...] = ()
    """Further packs, read after these in this order."""

    keywords: tuple[KeywordsOptions, ...] = ()
    """Keyword libraries of one's own, each with licence and date."""

    sites: tuple[SitesOptions, ...] = ()
    """Lists of hosts and addresses, each with licence and date; a document's `url` is sought."""

    classifiers: dict[str, ModelOptions] = Field(default_factory=dict)
    """Risk (`A2e`) or class of risks (`A2`) → a classifier of it."""

    dictionary: str | None = None
    """A dictionary in jieba's format of words that the general one splits or joins wrongly
    (催情|水微信); it costs each process 0.5 s and 55 MB.  Null: none;
    `package:assets/compliance_words.txt` is a small one."""

    drop: bool = True
    """Whether a verdict drops the document; false only writes hits and scores."""

    thresholds: dict[str, float] = Field(default_factory=dict)
    """Verdict → score from which it holds, in place of the pack's threshold."""

    marks: tuple[str, ...] = ()
    """Verdicts that only mark, beside those of which their pack says so."""
