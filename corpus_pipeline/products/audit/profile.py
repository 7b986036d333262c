"""Audit profiles: clauses as data.

Enters: the name of a packaged profile, or the path of a YAML file.  Leaves: a `Profile`.
Refuses: unknown fields, unknown checks, a clause that stands twice, a limit without a reason.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.pack import read_yaml

_PROFILES = Path(__file__).parent / "profiles"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(_Strict):
    """A title in two languages."""

    en: str
    zh: str


class Reference(_Strict):
    """Where a requirement comes from."""

    document: str
    clause: str

    def __str__(self) -> str:
        return f"{self.document} {self.clause}"


class Clause(_Strict):
    """One requirement: what is measured and what it is held against."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Title
    what: str
    #: A name in `checks.CHECKS`, the only list of measurements.
    check: str
    limit: float | None = None
    reason: str | None = None
    settings: dict[str, Any] = {}
    needs: str | None = None
    absent: Literal["fail", "not_applicable"] = "not_applicable"
    reference: Reference
    verified: bool

    @field_validator("check")
    @classmethod
    def _is_known(cls, check: str, info: ValidationInfo) -> str:
        known = (info.context or {}).get("checks", ())
        if check not in known:
            raise ValueError(f"no check {check!r}; known: {', '.join(sorted(known))}")
        return check

    @model_validator(mode="after")
    def _a_number_needs_a_reason(self) -> Clause:
        if self.limit is not None and not self.reason:
            raise ValueError(f"clause {self.id}: a limit needs a reason")
        return self


class Profile(_Strict):
    """A set of clauses."""

    pack: str
    version: int
    profile: str
    title: Title
    source: str
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
        path = _PROFILES / f"{name}.yaml"
    elif not path.is_file():
        known = ", ".join(packaged())
        raise PipelineError(f"no audit profile {name}: neither a file nor one of {known}")
    try:
        return Profile.model_validate(read_yaml(path), context={"checks": checks})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "profile"
        raise PipelineError(f"audit profile {path.name}: {where}: {first['msg']}") from None
