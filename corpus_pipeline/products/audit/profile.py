"""Audit profiles: clauses as data.

Enters: the name of a packaged profile, or the path of a YAML file.  Leaves: a `Profile`.
Refuses: unknown fields, unknown checks, a clause that stands twice, a limit without a reason.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import Pack, load
from corpus_pipeline.rules.settings import Strict

_PROFILES = Path(__file__).parent / "profiles"


#: What a check asks of `settings`; the other checks ask nothing.
SETTINGS: dict[str, tuple[str, ...]] = {
    "source_rights": ("no_answer",),
    "violating_share": ("score",),
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
    """One requirement: what is measured and what it is held against."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Title
    what: str
    #: A name in `checks.CHECKS`, the only list of measurements.
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
    def _settings_are_known(self) -> Clause:
        known = SETTINGS.get(self.check, ())
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


def load_profile(name: str | Path, checks: Collection[str]) -> Profile:
    """The profile of this name (`house`) or in this file; its clauses may ask for `checks`."""
    path = Path(name)
    if str(name) in packaged():
        asset = resolve(f"package:products/audit/profiles/{name}.yaml", _PROFILES)
    elif path.is_file():
        asset = resolve(str(name), Path.cwd())
    else:
        known = ", ".join(packaged())
        raise PipelineError(f"no audit profile {name}: neither a file nor one of {known}")
    profile = load(asset, Profile)
    for clause in profile.clauses:
        if clause.check not in checks:
            end = nearest(clause.check, sorted(checks))
            raise PipelineError(
                f"audit profile {path.name}, clause {clause.id}: no check {clause.check!r}{end}"
            )
    return profile
