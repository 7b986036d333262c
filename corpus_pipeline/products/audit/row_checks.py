"""Measurements of rows: what every document must carry, and what none may hold.

Enters: a dossier and a clause.  Leaves: `Rows` that are fed in the one pass over the run.  No value
from a text leaves this module, only files, ids, types and offsets.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import polars as pl
import xxhash

from corpus_pipeline.products.audit.dossier import (
    Dossier,
    Rows,
    Scope,
    judged,
    outside,
    published,
    room,
    unlooked,
)
from corpus_pipeline.products.audit.profile import Clause
from corpus_pipeline.products.audit.result import Evidence, Outcome
from corpus_pipeline.products.audit.words import Words, at_most, both, many, part, percent
from corpus_pipeline.products.runs import Run, batches, columns_of
from corpus_pipeline.text.measures.shares import upper_bound


class Few(Rows):
    """No more rows than the limit have a fault.

    `fault`: an expression over `columns`, true where the row has it; `said`: its name.
    """

    def __init__(
        self,
        clause: Clause,
        columns: Sequence[str],
        fault: pl.Expr,
        said: Words,
        scope: Sequence[Scope] = ("kept",),
    ) -> None:
        """Nothing has been looked at yet."""
        self.scope = scope  # type: ignore[misc]  # the scope of one clause may be another
        self.columns = tuple(dict.fromkeys(("id", *columns)))
        self._limit, self._fault, self._said = clause.limit or 0, fault, said
        self._evidence: list[Evidence] = []
        self._rows = self._wrong = 0

    def add(self, path: str, frame: pl.DataFrame) -> None:
        """Count the rows with the fault; a column that the part lacks is null in every row."""
        frame = _with_columns(frame, self.columns)
        self._rows += frame.height
        ids = frame.filter(self._fault).get_column("id")
        self._wrong += len(ids)
        listed = ids.head(room(self._evidence))
        self._evidence += [Evidence(path, self._said, key) for key in listed]

    def outcome(self) -> Outcome:
        """Fails where more rows than the limit have the fault."""
        if not self._rows:
            return outside("no documents", "没有文档")
        facts = {"documents": self._rows, "failing": self._wrong}
        over = self._wrong > self._limit
        return judged(
            self._evidence if over else [],
            both(
                part(self._wrong, self._rows, "document", "fail"),
                f"{self._rows} 篇中 {self._wrong} 篇不符合",
            ),
            facts,
            self._wrong if over else 0,
        )


def document_license(dossier: Dossier, clause: Clause) -> Rows:
    """The licence of every published document is stated."""
    empty = pl.col("license").fill_null("").str.strip_chars() == ""
    said = both("has no licence", "没有许可")
    return Few(clause, ["license"], empty, said, [_holding(dossier.run, "license")])


def _holding(run: Run, column: str) -> Scope:
    """`published` where the dataset has the column, otherwise `kept`."""
    paths = published(run)
    return "published" if paths and column in columns_of(run.root / paths[0]) else "kept"


def language(_dossier: Dossier, clause: Clause) -> Rows:
    """Every kept document has `langid_keep`."""
    failed = ~pl.col("langid_keep").fill_null(value=False)
    said = both("langid_keep is not true", "langid_keep 不为真")
    return Few(clause, ["langid_keep"], failed, said)


def row_fields(dossier: Dossier, clause: Clause) -> Rows:
    """Every kept row carries the metadata of its kind of source.

    `every`: columns that no row may have empty; `recorded`: that none may have null (an empty list
    says that nothing was found); `by_kind`: kind of source → columns that its rows may not have
    empty.  A row whose source is not registered fails where there is a `by_kind`.
    """
    recorded: Sequence[str] = clause.settings.get("recorded", ())
    every: Sequence[str] = clause.settings.get("every", ())
    by_kind: dict[str, Sequence[str]] = clause.settings.get("by_kind", {})
    faults = [*(_blank(name) for name in every), *(pl.col(n).is_null() for n in recorded)]
    for kind, names in by_kind.items():
        sources = list(dossier.of_kinds([kind]))
        mine = pl.col("source").is_in(sources)
        faults += [mine & _blank(name) for name in names if sources]
    if by_kind:
        faults.append(~pl.col("source").is_in(list(dossier.of_kinds(()))).fill_null(value=False))
    of_kinds = (name for names in by_kind.values() for name in names)
    columns = dict.fromkeys((*every, *recorded, *of_kinds, "source"))
    said = _lacks([name for name in columns if name != "source" or name in every])
    return Few(clause, list(columns), pl.any_horizontal(faults), said)


def _lacks(names: Sequence[str]) -> Words:
    """What is wrong with a row in which one of these columns is empty."""
    listed = ", ".join(names)
    if len(names) == 1:
        return both(f"has no {listed}", f"缺少 {listed}")
    return both(f"has no value in one of: {listed}", f"以下字段有空缺：{listed}")


def _blank(name: str) -> pl.Expr:
    """Whether a column says nothing, whatever its type: null, blank, an empty list."""
    return pl.col(name).map_batches(_blank_values, return_dtype=pl.Boolean)


def _blank_values(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        return values.str.strip_chars().fill_null("") == ""
    if isinstance(values.dtype, pl.List):
        return values.list.len().fill_null(0) == 0
    return values.is_null()


def row_values(_dossier: Dossier, clause: Clause) -> Rows:
    """No more kept rows than the limit have one of some values in a column.

    `column`, `values`; `unless`: a column whose value excuses a row.
    """
    column, unless = str(clause.settings["column"]), clause.settings.get("unless")
    values = list(clause.settings["values"])
    fault = pl.col(column).map_batches(partial(_holds, values), return_dtype=pl.Boolean)
    if unless is not None:
        fault &= _blank(str(unless))
    shown = ", ".join(map(str, values))
    said = both(f"{column} is one of: {shown}", f"{column} 属于：{shown}")
    return Few(clause, [column, *([str(unless)] if unless else [])], fault, said)


def _holds(values: list[Any], column: pl.Series) -> pl.Series:
    """Whether a value, or one of a list of values, is among these."""
    if isinstance(column.dtype, pl.List):
        hit = pl.element().is_in(values)
        return column.list.eval(hit).list.any().fill_null(value=False)
    return column.is_in(values).fill_null(value=False)


class GeneratedRows(Rows):
    """What AI-generated rows must carry: those of synthetic sources, and those with a mark.

    `every`: the columns that such a row may not have empty.
    """

    scope: ClassVar[Sequence[Scope]] = ("kept",)

    def __init__(self, dossier: Dossier, clause: Clause) -> None:
        """Nothing has been looked at yet."""
        every = list(clause.settings["every"])
        self._looked = "aigc" in dossier.run.stages
        generated = pl.col("aigc_label").is_not_null() | pl.col("source").is_in(
            list(dossier.of_kinds(["synthetic"]))
        )
        self._generated = generated
        lacks = _lacks(every)
        said = both(f"generated, {lacks.en}", f"生成内容，{lacks.zh}")
        fault = generated & pl.any_horizontal(_blank(name) for name in every)
        self._few = Few(clause, ["source", "aigc_label", *every], fault, said)
        self.columns = self._few.columns
        self._rows = 0

    def add(self, path: str, frame: pl.DataFrame) -> None:
        """Look at the rows that are generated."""
        frame = _with_columns(frame, self.columns)
        generated = frame.filter(self._generated)
        self._rows += generated.height
        self._few.add(path, generated)

    def outcome(self) -> Outcome:
        """Fails where one lacks its record; not checked where nobody looked for marks."""
        if not self._rows and not self._looked:
            return unlooked(
                "the aigc stage did not run, and no source is synthetic",
                "未运行 aigc 阶段，且没有合成来源",
            )
        if not self._rows:
            return outside("no generated rows were found", "未发现生成内容")
        return self._few.outcome()


class TechnicalSample(Rows):
    """The share of the kept documents that was looked at by program, and of these that passes.

    `settings`: the least `share` looked at, the `score` from which a document violates.  The limit
    is the least share that passes.
    """

    scope: ClassVar[Sequence[Scope]] = ("kept",)
    columns = ("id", "compliance_score")

    def __init__(self, _dossier: Dossier, clause: Clause) -> None:
        """Nothing has been counted yet."""
        self._share, self._rate = float(clause.settings["share"]), clause.limit or 1.0
        self._bound = float(clause.settings["score"])
        self._rows = self._judged = self._bad = 0
        self._evidence: list[Evidence] = []

    def add(self, path: str, frame: pl.DataFrame) -> None:
        """Count the rows that were judged and those that violate."""
        frame = _with_columns(frame, self.columns, pl.Float32())
        self._rows += frame.height
        self._judged += frame.height - frame.get_column("compliance_score").null_count()
        violates = (pl.col("compliance_score") >= self._bound).fill_null(value=False)
        ids = frame.filter(violates).get_column("id")
        self._bad += len(ids)
        said = both("compliance_score is over the bound", "compliance_score 超过界限")
        self._evidence += [Evidence(path, said, key) for key in ids.head(room(self._evidence))]

    def outcome(self) -> Outcome:
        """Fails where too many violate; not checked where too few were looked at."""
        if not self._rows or self._judged < self._share * self._rows:
            return unlooked(
                f"looked at by program: {self._judged} of {many(self._rows, 'document')}",
                f"{self._rows} 篇中仅 {self._judged} 篇经技术检查",
            )
        passing = 1 - self._bad / self._judged
        whole = self._judged == self._rows
        bound = 1 - passing if whole else upper_bound(self._bad, self._judged)
        counts = {"documents": self._rows, "judged": self._judged, "violating": self._bad}
        facts = {**counts, "upper_95": round(bound, 6)}
        failing = passing < self._rate
        return judged(
            self._evidence if failing else [],
            self._said(passing, "" if whole else at_most(bound)),
            facts,
            self._bad if failing else 0,
        )

    def _said(self, passing: float, bound: str) -> Words:
        """What was looked at and passes; where it was a sample, what that says of the whole."""
        looked, rate = percent(self._judged / self._rows), percent(passing)
        en, zh = f"{looked} looked at, {rate} pass", f"技术检查 {looked}，合格 {rate}"
        if bound:
            en += f"; drawn at random, at most {bound} of the whole violate with 95 % confidence"
            zh += f"；若为随机抽取，以 95% 置信度推断总体违规不超过 {bound}"
        return both(en, zh)


def _with_columns(
    frame: pl.DataFrame, names: Sequence[str], kind: pl.DataType | None = None
) -> pl.DataFrame:
    """The frame with null for the columns that it lacks."""
    missing = [name for name in names if name not in frame.columns]
    return frame.with_columns(pl.lit(None, kind or pl.String()).alias(name) for name in missing)


class ViolatingShare(Rows):
    """The share of violating documents of each source among those that `compliance` looked at.

    What fell before that stage is used for nothing, and says nothing of the source; nor is a source
    used of which nothing was kept.  Where `source_admission` ran, its share counts if it is higher:
    it knows what `spam` found too.
    """

    scope: ClassVar[Sequence[Scope]] = ("kept", "dropped")
    columns = ("source", "dropped_by", "compliance_score")

    def __init__(self, dossier: Dossier, clause: Clause) -> None:
        """Nothing has been counted yet."""
        self._by_source = dossier.run.counts["by_source"]
        self._admission = {
            row["source"]: row["violating"]["before"]
            for row in dossier.run.manifest.get("admission", [])
        }
        self._bound = float(clause.settings.get("score", math.inf))
        self._limit = clause.limit or 0.0
        self._counts: dict[str, Counter[str]] = {}

    def add(self, _path: str, frame: pl.DataFrame) -> None:
        """Count the rows of each source, the judged and the violating ones."""
        verdict = (pl.col("dropped_by") == "compliance").fill_null(value=False)
        marked = (pl.col("compliance_score") >= self._bound).fill_null(value=False)
        tallied = frame.group_by(pl.col("source").fill_null("")).agg(
            documents=pl.len(),
            judged=pl.col("compliance_score").is_not_null().sum(),
            violating=(verdict | marked).sum(),
        )
        for row in tallied.iter_rows(named=True):
            self._counts.setdefault(row.pop("source"), Counter()).update(row)

    def outcome(self) -> Outcome:
        """Fails where the share of one source is above the limit."""
        evidence: list[Evidence] = []
        facts: dict[str, Any] = {}
        for source, counts in sorted(self._counts.items()):
            # A verdict counts as a look, whatever became of the score.
            looked, bad = max(counts["judged"], counts["violating"]), counts["violating"]
            told = self._admission.get(source, {"count": 0, "of": 0})
            if told["count"] * max(looked, 1) > bad * max(told["of"], 1):
                looked, bad = told["of"], told["count"]
            share = bad / max(looked, 1)
            kept = self._by_source.get(source, {}).get("kept", 0)
            facts[source] = {
                "documents": counts["documents"],
                "judged": looked,
                "violating": bad,
                "share": round(share, 6),
                "upper_95": round(upper_bound(bad, looked), 6),
                "kept": kept,
            }
            if share > self._limit and kept:
                over = f"{percent(share)} > {percent(self._limit)}"
                said = both(
                    f"source {source!r}: {part(bad, looked, 'document', 'violate')} ({over})",
                    f"来源 {source!r}：{looked} 篇中 {bad} 篇违规（{over}）",
                )
                evidence.append(Evidence("manifest.json", said, subject=f"source {source}"))
        worst = max((float(one["share"]) for one in facts.values() if one["kept"]), default=0.0)
        measured = both(
            f"at most {percent(worst)} of a source, of {many(len(facts), 'source')}",
            f"{len(facts)} 个来源中违规占比最高 {percent(worst)}",
        )
        return judged(evidence, measured, facts)


class ExactDuplicates(Rows):
    """Texts that stand in the dataset more than once, byte for byte."""

    scope: ClassVar[Sequence[Scope]] = ("published",)
    columns = ("id", "text")
    _SEED = 11

    def __init__(self, dossier: Dossier, clause: Clause) -> None:
        """Nothing has been hashed yet."""
        self._run, self._limit = dossier.run, clause.limit or 0
        self._hashes: list[pl.Series] = []
        self._paths: dict[str, None] = {}

    def add(self, path: str, frame: pl.DataFrame) -> None:
        """Hash the texts."""
        self._paths[path] = None
        self._hashes.append(frame.select(self._hash).to_series())

    @property
    def _hash(self) -> pl.Expr:
        return pl.col("text").fill_null("").hash(self._SEED)

    def outcome(self) -> Outcome:
        """Read those texts again whose hashes are equal, where there are any."""
        rows = sum(map(len, self._hashes))
        every = np.sort(pl.concat(self._hashes).to_numpy()) if rows else np.zeros(0, np.uint64)
        recurring = pl.Series(np.unique(every[1:][every[1:] == every[:-1]]), dtype=pl.UInt64)
        evidence: list[Evidence] = []
        first: dict[bytes, str] = {}
        duplicates = 0
        for path, frame in self._frames() if len(recurring) else ():
            # 64 bits may be equal by chance, 128 are not; the texts would fill the memory.
            copies = frame.filter(self._hash.is_in(recurring.implode()))
            for key, value in copies.iter_rows():
                original = first.setdefault(xxhash.xxh3_128_digest((value or "").encode()), key)
                duplicates += original != key
                if original != key and room(evidence):
                    said = both(f"the same text as {original}", f"与 {original} 全文相同")
                    evidence.append(Evidence(path, said, key))
        facts = {"documents": rows, "duplicates": duplicates}
        over = duplicates > self._limit
        found = duplicates if over else 0
        measured = both(
            f"{part(duplicates, rows, 'document', 'repeat')} another",
            f"{rows} 篇中 {duplicates} 篇与他篇全文相同",
        )
        return judged(evidence if over else [], measured, facts, found)

    def _frames(self) -> Any:
        for path in self._paths:
            for frame in batches(self._run.root / path, ["id", "text"]):
                yield path, frame
