"""Measurements of the source registry: what is said of the places that documents come from.

Enters: a dossier and a clause.  Leaves: an `Outcome` whose evidence names sources and keys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

import polars as pl

from corpus_pipeline.products.audit.dossier import (
    Dossier,
    Rows,
    Scope,
    blank,
    judged,
    outside,
    unlooked,
)
from corpus_pipeline.products.audit.profile import Clause
from corpus_pipeline.products.audit.result import Evidence, Outcome
from corpus_pipeline.products.audit.words import Words, at_most, both, kinds_of, many, percent
from corpus_pipeline.text.measures.shares import upper_bound


def finding(source: str, said: Words, key: str) -> Evidence:
    """What is wrong with one key of a source."""
    words = both(f"source {source!r} {said.en}", f"来源 {source!r} {said.zh}")
    return Evidence("manifest.json", words, subject=f"source {source} {key}")


def _gaps(evidence: list[Evidence], sources: int) -> Outcome:
    gaps = len(evidence)
    measured = both(
        f"{many(gaps, 'gap')} in the records of {many(sources, 'source')}",
        f"{sources} 个来源的登记信息中 {gaps} 处缺失",
    )
    return judged(evidence, measured)


def no_such(kinds: Collection[str]) -> Outcome:
    """The outcome of a clause about kinds of sources of which the run has none."""
    if not kinds:
        return outside("no documents", "没有文档")
    named = kinds_of(kinds)
    return outside(f"no documents of sources of kind {named.en}", f"没有{named.zh}类来源的文档")


def _unregistered(dossier: Dossier) -> list[Evidence]:
    """The sources with documents that the registry does not have."""
    return [
        finding(name, both("is not in the registry", "未登记"), "registry")
        for name, entry in dossier.used.items()
        if entry is None
    ]


def source_rights(dossier: Dossier, clause: Clause) -> Outcome:
    """Each source with documents has a licence and a legal basis."""
    no_answer = _no_answer(clause)
    evidence = _unregistered(dossier)
    for name, entry in dossier.of_kinds(()).items():
        for key, said in (
            ("license", both("has no licence", "没有许可")),
            ("legal_basis", both("has no legal basis", "没有合法性基础")),
        ):
            if blank(entry.get(key), no_answer):
                evidence.append(finding(name, said, key))
    return _gaps(sorted(evidence, key=lambda entry: entry.subject), len(dossier.used))


def _no_answer(clause: Clause) -> frozenset[str]:
    """What says nothing, as the clause lists it."""
    return frozenset(str(word).casefold() for word in clause.settings.get("no_answer", ()))


def source_kind(dossier: Dossier, _clause: Clause) -> Outcome:
    """Each source with documents is registered, with the kind of place that it is."""
    evidence = _unregistered(dossier)
    for name, entry in dossier.of_kinds(()).items():
        if entry.get("kind", "unknown") == "unknown":
            evidence.append(finding(name, both("has no kind", "未写明类型"), "kind"))
    return _gaps(evidence, len(dossier.used))


def source_fields(dossier: Dossier, clause: Clause) -> Outcome:
    """Each source of some kinds has the records that its kind needs.

    `by_kind`: kind → keys; `fields`: keys that all `kinds` need; `a|b` is met by either.
    """
    settings = clause.settings
    by_kind: Mapping[str, Sequence[str]] = settings.get("by_kind", {})
    kinds: Collection[str] = settings.get("kinds", list(by_kind))
    sources = dossier.of_kinds(kinds)
    if not sources:
        return no_such(kinds)
    no_answer = _no_answer(clause)
    evidence = []
    for name, entry in sources.items():
        for keys in (*settings.get("fields", ()), *by_kind.get(str(entry.get("kind")), ())):
            if all(blank(entry.get(key), no_answer) for key in keys.split("|")):
                said = both(
                    f"has no {keys.replace('|', ' or ')}", f"缺少 {keys.replace('|', ' 或 ')}"
                )
                evidence.append(finding(name, said, keys))
    return _gaps(evidence, len(sources))


def in_force(dossier: Dossier, clause: Clause) -> Outcome:
    """What a source holds until a day still holds on the day of the audit."""
    key = str(clause.settings["field"])
    dated = {
        name: str(entry[key])
        for name, entry in dossier.of_kinds(clause.settings.get("kinds", ())).items()
        if not blank(entry.get(key))
    }
    if not dated:
        return outside(f"no source states {key}", f"没有来源写明 {key}")
    day = dossier.day.isoformat()
    evidence = [
        finding(name, both(f"{key} was {until}", f"{key} 为 {until}，已过期"), key)
        for name, until in dated.items()
        if until < day
    ]
    return _gaps(evidence, len(dated))


def assessment(dossier: Dossier, clause: Clause) -> Outcome:
    """The share of bad items in the sample of each source that its registry entry records."""
    key, limit = str(clause.settings["field"]), clause.limit or 0.0
    sources = dossier.of_kinds(clause.settings.get("kinds", ()))
    if not sources:
        return no_such(clause.settings.get("kinds", ()))
    evidence, facts = [], {}
    for name, entry in sources.items():
        record = entry.get(key)
        if record is None:
            continue
        bad, sampled = int(record["bad"]), int(record["sampled"])
        bound = upper_bound(bad, sampled)
        facts[name] = {**record, "share": round(bad / sampled, 6), "upper_95": round(bound, 6)}
        if bad / sampled > limit:
            figures = f"{bad} / {sampled} ({percent(bad / sampled)} > {percent(limit)})"
            evidence.append(finding(name, both(f"{key}: {figures}", f"{key}：{figures}"), key))
    missing = sorted(set(sources) - set(facts))
    if missing and not evidence:
        names = ", ".join(map(repr, missing))
        return unlooked(f"{names}: no {key} in the registry", f"{names}：登记表中没有 {key}")
    worst = max((entry["upper_95"] for entry in facts.values()), default=1.0)
    measured = both(
        f"{many(len(facts), 'sample')}; with 95 % confidence at most {at_most(worst)} bad in each "
        "source",
        f"{len(facts)} 份抽样；以 95% 置信度，各来源不良比例不超过 {at_most(worst)}",
    )
    return judged(evidence, measured, facts)


def admission(dossier: Dossier, _clause: Clause) -> Outcome:
    """No document is kept of a source that `source_admission` refused."""
    rows = dossier.run.manifest.get("admission", [])
    counts = dossier.run.counts["by_source"]
    evidence = []
    for row in rows:
        name, kept = row["source"], counts.get(row["source"], {}).get("kept", 0)
        if row["verdict"] == "refused" and kept:
            why = row["why"]
            said = both(
                f"was refused ({why}), and {many(kept, 'document')} of it are kept",
                f"未予准入（{why}），但保留了 {kept} 篇文档",
            )
            evidence.append(finding(name, said, "admission"))
    few = sorted(row["source"] for row in rows if row["verdict"] == "too_few")
    judged_of = len(rows) - len(few)
    measured = both(
        f"{many(judged_of, 'source')} judged, {len(few)} with too few documents",
        f"{judged_of} 个来源已判定，{len(few)} 个来源文档过少",
    )
    return judged(evidence, measured, {row["source"]: row["verdict"] for row in rows})


def foreign_share(dossier: Dossier, clause: Clause) -> Outcome:
    """The share of the kept documents that come from abroad, of the kinds that count."""
    kinds, limit = clause.settings.get("kinds", ()), clause.limit or 0.0
    counts = {
        name: int(states.get("kept", 0)) for name, states in dossier.run.counts["by_source"].items()
    }
    sums: Counter[str] = Counter()
    for name, entry in dossier.of_kinds(kinds).items():
        sums[str(entry.get("origin"))] += counts.get(name, 0)
    whole = max(sum(counts.values()), 1)
    foreign, unknown = sums["foreign"] / whole, sums["None"] / whole
    measured = both(
        f"{percent(foreign)} of the kept documents from abroad, {percent(unknown)} of sources "
        "without an origin",
        f"保留文档中境外来源占 {percent(foreign)}，未写明来源地的占 {percent(unknown)}",
    )
    facts = {"foreign": round(foreign, 6), "unknown": round(unknown, 6)}
    if foreign <= limit < foreign + unknown:
        return Outcome("not_checked", measured, facts=facts, reason=measured)
    over = [Evidence("manifest.json", measured, subject="foreign")] if foreign > limit else []
    return judged(over, measured, facts)


class SourcesPerLanguage(Rows):
    """How many sources the texts of each language come from.

    `settings`: `share` of the documents from which a language counts; `not_languages`, labels that
    name none; `counts_as`, labels of the same language.  Where no language was found, the
    registry's own is taken.
    """

    scope: ClassVar[Sequence[Scope]] = ("kept",)
    columns = ("source", "langid_label")

    def __init__(self, dossier: Dossier, clause: Clause) -> None:
        """Nothing has been counted yet."""
        self._dossier, self._least = dossier, int(clause.limit or 1)
        self._share = float(clause.settings.get("share", 0.0))
        self._skipped = set(clause.settings.get("not_languages", ()))
        self._same: Mapping[str, str] = clause.settings.get("counts_as", {})
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, _path: str, frame: pl.DataFrame) -> None:
        """Count the documents by language and source."""
        if "langid_label" not in frame.columns:
            frame = frame.with_columns(langid_label=pl.lit(None, pl.String))
        language = pl.col("langid_label").str.split("-").list.first().fill_null("")
        tallied = frame.group_by(pl.col("source").fill_null(""), language).agg(pl.len())
        for source, label, rows in tallied.iter_rows():
            entry = self._dossier.run.sources.get(source) or {}
            for name in [label] if label else entry.get("language") or ["text"]:
                self._counts[self._same.get(name, name), source] += rows

    def outcome(self) -> Outcome:
        """Fails where a language that counts has fewer sources than the limit."""
        whole: Counter[str] = Counter()
        for (language, _), rows in self._counts.items():
            whole[language] += rows
        least = self._share * sum(whole.values())
        facts: dict[str, Any] = {
            language: sorted(source for name, source in self._counts if name == language)
            for language, rows in sorted(whole.items())
            if rows >= least and language not in self._skipped
        }
        evidence = [
            Evidence(
                "manifest.json",
                both(
                    f"{language}: {many(len(sources), 'source')}, fewer than {self._least}",
                    f"{language}：{len(sources)} 个来源，少于 {self._least} 个",
                ),
                subject=f"language {language}",
            )
            for language, sources in facts.items()
            if len(sources) < self._least
        ]
        if not facts:
            return outside("no documents in a language that counts", "没有可计语种的文档")
        said = ", ".join(f"{language} {len(sources)}" for language, sources in facts.items())
        return judged(evidence, both(f"sources: {said}", f"来源数：{said}"), facts)
