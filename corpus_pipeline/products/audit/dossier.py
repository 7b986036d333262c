"""What a clause may be held against: a finished run, and what people handed in beside it.

Enters: a run, and the files of results and documents.  Leaves: a `Dossier`, and the rows of the run
in one pass for all clauses that look at rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Literal

import polars as pl

from corpus_pipeline.io import manifest
from corpus_pipeline.products.audit.documents_file import Document
from corpus_pipeline.products.audit.result import LISTED, Evidence, Outcome
from corpus_pipeline.products.audit.results_file import Results
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.runs import DROPPED, KEPT, Run, batches, columns_of

#: Documents of the dataset (of the kept parts, where none was exported), of the kept parts, of the
#: dropped ones.
Scope = Literal["published", "kept", "dropped"]


@dataclass(frozen=True, slots=True)
class Dossier:
    """A finished run, what was handed in with it, and the day on which it is looked at."""

    run: Run
    day: date
    results: Results = field(default_factory=Results)
    documents: Mapping[str, Document] = field(default_factory=dict)

    @property
    def used(self) -> dict[str, Mapping[str, Any] | None]:
        """The sources with documents and their entries in the registry; None: it has none."""
        return {
            name: self.run.sources.get(name)
            for name, states in sorted(self.run.counts["by_source"].items())
            if states.get("kept", 0) + states.get("dropped", 0)
        }

    def of_kinds(self, kinds: Collection[str]) -> dict[str, Mapping[str, Any]]:
        """The registered sources with documents that are of one of these kinds; none: of any."""
        return {
            name: entry
            for name, entry in self.used.items()
            if entry is not None and (not kinds or entry.get("kind") in kinds)
        }


def published(run: Run) -> list[str]:
    """The shards of the run's dataset; its kept parts where nothing was exported."""
    content = manifest.read_if_sound(run.root / "dataset" / "manifest.json")
    if content is None:
        return run.parts(KEPT)
    return [f"dataset/{shard['path']}" for shard in content["shards"]]


class Rows(ABC):
    """A clause that looks at rows: fed one row group at a time, asked for its outcome at the end.

    `columns`: what it needs; a frame holds those of them that the part has.
    """

    scope: ClassVar[Sequence[Scope]] = ("kept",)
    columns: Sequence[str]

    @abstractmethod
    def add(self, path: str, frame: pl.DataFrame) -> None:
        """Look at the rows of one row group of this file."""

    @abstractmethod
    def outcome(self) -> Outcome:
        """What came of it."""


@dataclass(slots=True)
class Pass:
    """One pass over the rows of a run, for all clauses that look at any.

    `broken`: what was raised while a clause looked, by the clause's number.
    """

    dossier: Dossier
    clauses: Mapping[int, Rows]
    broken: dict[int, Exception] = field(default_factory=dict)

    def over_all(self) -> None:
        """Read every part that some clause needs once, with the columns that they need."""
        for path, wanting in self._readers().items():
            try:
                self._read(path, wanting)
            except Exception as error:  # noqa: BLE001 - a damaged file fails clauses, not the audit
                self.broken |= dict.fromkeys(wanting, error)

    def _readers(self) -> dict[str, list[int]]:
        """The clauses that look at each part, in the order of the parts."""
        run = self.dossier.run
        parts = {
            "published": published(run),
            "kept": run.parts(KEPT),
            "dropped": run.parts(DROPPED),
        }
        readers: dict[str, list[int]] = {}
        for number, rows in self.clauses.items():
            for path in dict.fromkeys(path for scope in rows.scope for path in parts[scope]):
                readers.setdefault(path, []).append(number)
        return readers

    def _read(self, path: str, wanting: Sequence[int]) -> None:
        file = self.dossier.run.root / path
        available = columns_of(file)
        wanted = {name for number in wanting for name in self.clauses[number].columns}
        for frame in batches(file, [name for name in available if name in wanted]):
            for number in wanting:
                if number not in self.broken:
                    self._show(number, path, frame)

    def _show(self, number: int, path: str, frame: pl.DataFrame) -> None:
        rows = self.clauses[number]
        try:
            rows.add(path, frame.select(name for name in rows.columns if name in frame.columns))
        except Exception as error:  # noqa: BLE001 - one clause that cannot look stops no other
            self.broken[number] = error


def judged(
    evidence: list[Evidence],
    measured: Words,
    facts: Mapping[str, Any] | None = None,
    findings: int | None = None,
) -> Outcome:
    """An outcome that fails where there is evidence."""
    status: Literal["fail", "pass"] = "fail" if evidence else "pass"
    return Outcome(status, measured, evidence, dict(facts or {}), findings)


def room(evidence: Sequence[Evidence]) -> int:
    """How many more pieces of evidence are listed."""
    return max(LISTED - len(evidence), 0)


def unlooked(en: str, zh: str) -> Outcome:
    """An outcome of a clause that could not be looked into, and why."""
    reason = both(en, zh)
    return Outcome("not_checked", reason, reason=reason)


def outside(en: str, zh: str) -> Outcome:
    """An outcome of a clause that does not apply, and why."""
    reason = both(en, zh)
    return Outcome("not_applicable", reason, reason=reason)


def blank(value: object, no_answer: Collection[str] = ()) -> bool:
    """Whether a value says nothing; `no_answer`: what people write when they do not know.

    >>> blank(None), blank(" 未知 ", {"未知"}), blank("CC0-1.0"), blank([])
    (True, True, False, True)
    """
    if value is None or value in ("", [], (), {}):
        return True
    return str(value).strip().casefold() in {"", *no_answer}
