"""Audit profiles: clauses as data.

Enters: the name of a packaged profile, or the path of a YAML file.  Leaves: a `Profile`.
Refuses: unknown fields, unknown checks, a clause that stands twice, a limit without a reason
(`PipelineError`, one line).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import Pack, load
from corpus_pipeline.rules.settings import Strict

_PROFILES = Path(__file__).parent / "profiles"

_CHECKS = "corpus_pipeline.products.audit.checks"


@dataclass(frozen=True, slots=True)
class Check:
    """A measurement that a clause may ask for."""

    name: str
    target: str  # module:function, `(Run, Clause) -> Outcome`; imported when it measures
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
        Check("conservation", f"{_CHECKS}:conservation"),
        Check("documents", f"{_CHECKS}:documents"),
        Check("digests", f"{_CHECKS}:digests"),
        Check("source_rights", f"{_CHECKS}:source_rights", ("no_answer",)),
        Check("document_license", f"{_CHECKS}:document_license"),
        Check("personal_data", f"{_CHECKS}:personal_data"),
        Check("violating_share", f"{_CHECKS}:violating_share", ("score",)),
        Check("quarantine", f"{_CHECKS}:quarantine"),
        Check("long_losses", f"{_CHECKS}:long_losses"),
        Check("exact_duplicates", f"{_CHECKS}:exact_duplicates"),
        Check("language", f"{_CHECKS}:language"),
    )
}


class Title(Strict):
    """A title in two languages."""

    en: str
    zh: str


class Reference(Strict):
    """Where a requirement comes from."""

    document: str
    clause: str

    def __str__(self) -> str:
        return f"{self.document} {self.clause}"


class Clause(Strict):
    """One requirement: what is measured, and the limit it must keep.

    `needs`: the stage without which the clause is `absent` (fails, or does not apply).
    `verified`: whether someone compared the clause with the document that `reference` names.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Title
    what: str
    check: str
    limit: float | None = None
    reason: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    needs: str | None = None
    absent: Literal["fail", "not_applicable"] = "not_applicable"
    reference: Reference
    verified: bool

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
    """A set of clauses."""

    noun: ClassVar[str] = "audit profile"

    profile: str
    title: Title
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


def load_profile(name: str | Path) -> Profile:
    """The profile of this name (`house`) or in this file."""
    if str(name) in packaged():
        return load(resolve(f"package:products/audit/profiles/{name}.yaml", _PROFILES), Profile)
    if not Path(name).is_file():
        known = ", ".join(packaged())
        raise PipelineError(f"no audit profile {name}: neither a file nor one of {known}")
    return load(resolve(str(name), Path.cwd()), Profile)
