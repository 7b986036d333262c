"""Measurements of personal data in rows: what is left in texts, and what is left on purpose.

Enters: a dossier and a clause.  Leaves: `Rows` that are fed in the one pass over the run.  No value
from a text leaves this module, only files, ids, types and offsets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

import polars as pl

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.products.audit.dossier import Dossier, Rows, Scope, blank, judged, room
from corpus_pipeline.products.audit.profile import Clause
from corpus_pipeline.products.audit.result import Evidence, Outcome
from corpus_pipeline.products.audit.second_engine import BLIND, FOUND, residues, spared
from corpus_pipeline.products.audit.words import both, many
from corpus_pipeline.products.runs import Run
from corpus_pipeline.rules.pack import load
from corpus_pipeline.rules.pii.pack import PiiPack

#: The pack of a run whose manifest names none.
PII_PACK = "package:rules/packs/pii.yaml"


class PersonalData(Rows):
    """A second pass over every published and every dropped document."""

    scope: ClassVar[Sequence[Scope]] = ("published", "dropped")
    columns = ("id", "title", "text")

    def __init__(self, dossier: Dossier, clause: Clause) -> None:
        """Nothing has been looked at yet."""
        self._limit = clause.limit or 0
        self._left = spared(dossier.run.manifest["stages"])
        self._evidence: list[Evidence] = []
        self._types: Counter[str] = Counter()
        self._recorded: Counter[str] = Counter()
        self._rows = self._hit = 0

    def add(self, path: str, frame: pl.DataFrame) -> None:
        """Look through text and title of each row."""
        self._rows += frame.height
        for column in frame.columns[1:]:
            for row, found in residues(frame.get_column(column)):
                self._recorded.update(kind for kind, _, _ in found if kind in self._left)
                over = [residue for residue in found if residue[0] not in self._left]
                self._hit += bool(over)
                self._types.update(kind for kind, _, _ in over)
                if over and room(self._evidence):
                    spans = ", ".join(f"{kind} {start}–{end}" for kind, start, end in over)
                    said = both(f"{column}: {spans}", f"{column}：{spans}")
                    self._evidence.append(Evidence(path, said, frame["id"][row], column))

    def outcome(self) -> Outcome:
        """Fails where more texts than the limit hold some."""
        hit = self._hit
        facts = {
            "documents": self._rows,
            "texts_with_residue": hit,
            "by_type": dict(sorted(self._types.items())),
            "left_by_policy": dict(sorted(self._recorded.items())),
            "looked_for": sorted(set(FOUND) - self._left),
            "not_looked_for": list(BLIND),
        }
        over = hit > self._limit
        measured = both(
            f"{many(hit, 'text')} with personal data in {many(self._rows, 'document')}",
            f"{self._rows} 篇中 {hit} 处文本含个人信息",
        )
        return judged(self._evidence if over else [], measured, facts, hit if over else 0)


class SensitiveData(Rows):
    """Sources whose kept documents hold sensitive personal data that is not masked.

    `standard`: `gbt45574` or `gbt35273`, whose lists of sensitive types differ.
    """

    scope: ClassVar[Sequence[Scope]] = ("kept",)
    columns = ("source", "pii_spans")

    def __init__(self, dossier: Dossier, clause: Clause) -> None:
        """Nothing has been counted yet."""
        self._dossier = dossier
        self._types = sorted(left_in_text(dossier.run, str(clause.settings["standard"])))
        self._counts: Counter[str] = Counter()

    def add(self, _path: str, frame: pl.DataFrame) -> None:
        """Count the documents of each source with spans of such types."""
        kinds = pl.col("pii_spans").list.eval(pl.element().struct.field("type"))
        found = frame.filter(
            kinds.list.eval(pl.element().is_in(self._types)).list.any().fill_null(value=False)
        )
        for source, rows in found.group_by(pl.col("source").fill_null("")).len().iter_rows():
            self._counts[source] += rows

    def outcome(self) -> Outcome:
        """Fails where such a source has no record of separate consent."""
        evidence = [
            Evidence(
                "manifest.json",
                both(
                    f"source {source!r}: {many(rows, 'document')}, no sensitive_consent",
                    f"来源 {source!r}：{rows} 篇，缺少 sensitive_consent",
                ),
                subject=f"source {source}",
            )
            for source, rows in sorted(self._counts.items())
            if blank((self._dossier.run.sources.get(source) or {}).get("sensitive_consent"))
        ]
        rows = sum(self._counts.values())
        kinds = ", ".join(self._types) or "–"
        measured = both(
            f"{many(rows, 'document')} with sensitive data that is not masked "
            f"(types left: {kinds})",
            f"{rows} 篇含未脱敏的敏感个人信息（未脱敏类型：{kinds}）",
        )
        return judged(evidence, measured, {"documents": dict(sorted(self._counts.items()))})


#: What takes personal data out of a text.
_MASKING = frozenset({"redact", "mask", "pseudonym", "drop"})


def left_in_text(run: Run, standard: str) -> set[str]:
    """The sensitive types of a standard that the run's `pii` stage records and leaves in texts."""
    stage = next(entry for entry in run.manifest["stages"] if entry["name"] == "pii")
    options = stage.get("options", {})
    pack = load(resolve(str(options.get("pack", PII_PACK)), run.root), PiiPack)
    policy: dict[str, str] = {
        name: str(options.get("policy", {}).get(name, kind.policy))
        for name, kind in pack.types.items()
    }
    return {
        name
        for name, kind in pack.types.items()
        if getattr(kind, f"{standard}_sensitive") and policy[name] not in _MASKING
    }
