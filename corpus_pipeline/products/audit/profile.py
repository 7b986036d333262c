"""Audit profiles: clauses as dated data.

Enters: the name of a packaged profile, or the path of a YAML file.  Leaves: a `Profile`.
Refuses: unknown fields, unknown checks, a clause that stands twice, a limit without a reason, a
clause that claims a better reading of its document than the profile has (`PipelineError`, one
line).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import Pack, PackError, load
from corpus_pipeline.rules.risk_pack import RiskNames
from corpus_pipeline.rules.settings import Strict

_PROFILES = Path(__file__).parent / "profiles"

_HERE = "corpus_pipeline.products.audit"


@dataclass(frozen=True, slots=True)
class Check:
    """A measurement that a clause may ask for."""

    name: str
    #: module:function, `(Dossier, Clause) -> Outcome | Rows`; imported when it measures.
    target: str
    settings: tuple[str, ...] = ()  # what it reads from a clause's `settings`

    @property
    def measure(self) -> Callable[..., Any]:
        """The function."""
        module, _, function = self.target.partition(":")
        measure: Callable[..., Any] = getattr(importlib.import_module(module), function)
        return measure


#: The only list of measurements.
CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        Check("conservation", f"{_HERE}.checks:conservation"),
        Check("documents", f"{_HERE}.checks:documents"),
        Check("digests", f"{_HERE}.checks:digests"),
        Check("source_rights", f"{_HERE}.source_checks:source_rights", ("no_answer",)),
        Check("source_kind", f"{_HERE}.source_checks:source_kind"),
        Check(
            "source_fields",
            f"{_HERE}.source_checks:source_fields",
            ("kinds", "fields", "by_kind", "no_answer"),
        ),
        Check("in_force", f"{_HERE}.source_checks:in_force", ("field", "kinds")),
        Check("assessment", f"{_HERE}.source_checks:assessment", ("field", "kinds")),
        Check("source_admission", f"{_HERE}.source_checks:admission"),
        Check("foreign_share", f"{_HERE}.source_checks:foreign_share", ("kinds",)),
        Check(
            "sources_per_language",
            f"{_HERE}.source_checks:SourcesPerLanguage",
            ("share", "not_languages", "counts_as"),
        ),
        Check("row_fields", f"{_HERE}.row_checks:row_fields", ("every", "by_kind", "recorded")),
        Check("row_values", f"{_HERE}.row_checks:row_values", ("column", "values", "unless")),
        Check("generated_rows", f"{_HERE}.row_checks:GeneratedRows", ("every",)),
        Check("technical_sample", f"{_HERE}.row_checks:TechnicalSample", ("share", "score")),
        Check("documents_handed", f"{_HERE}.record_checks:documents_handed", ("names", "kinds")),
        Check(
            "manual_sample",
            f"{_HERE}.record_checks:ManualSample",
            ("aspect", "least", "per_kind", "kinds"),
        ),
        Check("sensitive_data", f"{_HERE}.personal_checks:SensitiveData", ("standard",)),
        Check("stages_ran", f"{_HERE}.checks:stages_ran", ("stages",)),
        Check("published_columns", f"{_HERE}.checks:published_columns", ("columns",)),
        Check("keyword_library", f"{_HERE}.record_checks:keyword_library", ("per_class",)),
        Check("keyword_updates", f"{_HERE}.keyword_checks:keyword_updates"),
        Check("roles_apart", f"{_HERE}.record_checks:roles_apart", ("aspect",)),
        Check("document_license", f"{_HERE}.row_checks:document_license"),
        Check("personal_data", f"{_HERE}.personal_checks:PersonalData"),
        Check("violating_share", f"{_HERE}.row_checks:ViolatingShare", ("score",)),
        Check("quarantine", f"{_HERE}.checks:quarantine"),
        Check("long_losses", f"{_HERE}.checks:long_losses"),
        Check("exact_duplicates", f"{_HERE}.row_checks:ExactDuplicates"),
        Check("language", f"{_HERE}.row_checks:language"),
    )
}


class Reference(Strict):
    """Where a requirement comes from."""

    document: str
    clause: str

    def __str__(self) -> str:
        # A dash stands where no number of a clause was seen.
        return self.document if self.clause == "–" else f"{self.document} {self.clause}"


#: How binding a clause is, the most binding first.
Level = Literal["required", "should", "practice"]
LEVELS: tuple[Level, ...] = ("required", "should", "practice")

#: What the wording of a clause rests on, the best first: the final text was read, a draft was, a
#: page about the text was; `house`: it is a promise of this project.
Basis = Literal["final", "draft", "secondary", "house"]

#: How a clause is looked into: by machine over every row; by machine over a sample; by people over
#: a sample, whose results are handed in; by people over documents, which are handed in.
Method = Literal["automatic", "technical_sample", "manual_sample", "document"]


class Clause(Strict):
    """One requirement: what is looked into, how, and the limit it must keep.

    `what`: the requirement in our own words.  `mend`: what meets it where it is not met.
    `needs`: the stage without which the clause is `absent`.  `risks`: ids of the taxonomy.
    `confirmed`: false where no page that was read states it so; it is remembered, to be compared.
    `effective_from`: where it is another day than that of the profile.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Words
    what: Words
    check: str
    method: Method
    level: Level
    basis: Basis
    confirmed: bool = True
    reference: Reference
    effective_from: date | None = None
    limit: float | None = None
    reason: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    needs: str | None = None
    absent: Literal["fail", "not_applicable", "not_checked"] = "not_applicable"
    mend: Words | None = None
    risks: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _a_number_needs_a_reason(self) -> Clause:
        if self.limit is not None and not self.reason:
            raise ValueError("a limit needs a reason")
        return self

    @model_validator(mode="after")
    def _check_and_settings_are_known(self) -> Clause:
        if self.check not in CHECKS:
            raise ValueError(f"check {self.check!r} is unknown{nearest(self.check, CHECKS)}")
        known = CHECKS[self.check].settings
        for name in self.settings:
            if name not in known:
                end = nearest(name, known) or f"; {self.check} has none"
                raise ValueError(f"settings.{name} is unknown{end}")
        return self


class Profile(Pack):
    """A set of clauses, and the document that they restate: its dates, and what of it was read.

    `reading`: what of the document was read, and what not.  `checked_on`: the day on which that
    was last looked into.
    """

    noun: ClassVar[str] = "audit profile"

    profile: str
    title: Words
    issued: date | None = None
    effective_from: date | None = None
    checked_on: date
    reading: Words
    clauses: tuple[Clause, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Profile:
        names = [clause.id for clause in self.clauses]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"clause {name} stands twice")
        return self


def packaged() -> list[str]:
    """The names of the profiles that come with the package."""
    return sorted(path.stem for path in _PROFILES.glob("*.yaml"))


@cache
def risk_names() -> Mapping[str, Words]:
    """The taxonomy of risks that clauses name: id → name."""
    taxonomy = load(resolve("package:rules/packs/compliance_risks.yaml", _PROFILES), RiskNames)
    return {risk: both(named.en, named.zh) for risk, named in taxonomy.risks.items()}


def load_profile(name: str | Path) -> Profile:
    """The profile of this name (`house`) or in this file."""
    if str(name) in packaged():
        packed = f"package:products/audit/profiles/{name}.yaml"
        return load(resolve(packed, _PROFILES), Profile, _checked)
    if not Path(name).is_file():
        end = nearest(str(name), packaged())
        raise PipelineError(f"no audit profile {name}, and no such file{end}")
    return load(resolve(str(name), Path.cwd()), Profile, _checked)


def document_names(profile: Profile) -> set[str]:
    """The names of documents that this profile or a packaged one asks for."""
    profiles = [profile, *map(load_profile, packaged())]
    clauses = [clause for asking in profiles for clause in asking.clauses]
    return {
        name
        for clause in clauses
        if clause.check == "documents_handed"
        for names in clause.settings["names"]
        for name in names.split("|")
    }


def _checked(profile: Profile) -> Profile:
    """The profile; `PackError` where a clause names a risk that there is not."""
    for clause in profile.clauses:
        for risk in clause.risks:
            if risk not in risk_names():
                near = nearest(risk, risk_names())
                raise PackError(f"clause {clause.id}: risk {risk!r} is unknown{near}")
    return profile
