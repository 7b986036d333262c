"""What people handed in: results of samples, documents, a library of keywords.

Enters: a dossier and a clause.  Leaves: an `Outcome`.  What was not handed in is not checked, never
met; what a document says is for people to judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import polars as pl

from corpus_pipeline.products.audit.dossier import Dossier, Rows, Scope, judged, unlooked
from corpus_pipeline.products.audit.keyword_library import covered, keyword_files
from corpus_pipeline.products.audit.profile import Clause, risk_names
from corpus_pipeline.products.audit.result import Evidence, Outcome
from corpus_pipeline.products.audit.source_checks import no_such
from corpus_pipeline.products.audit.words import Words, at_most, both, kinds_of, many
from corpus_pipeline.text.measures.shares import upper_bound


def documents_handed(dossier: Dossier, clause: Clause) -> Outcome:
    """Each document that the clause names was handed in, whole and in force.

    `names`: of documents; `a|b` is met by either.  `kinds`: of sources; without any of them the
    clause does not apply.
    """
    kinds = clause.settings.get("kinds", ())
    if kinds and not dossier.of_kinds(kinds):
        return no_such(kinds)
    evidence, missing, handed = [], [], []
    for names in clause.settings["names"]:
        found = [dossier.documents[name] for name in names.split("|") if name in dossier.documents]
        sound = [document for document in found if document.problem is None]
        if sound:
            handed.append(str(sound[0]))
        elif found and found[0].problem is not None:
            evidence.append(Evidence(found[0].file, found[0].problem, subject=found[0].name))
        else:
            missing.append(names.replace("|", " / "))
    if missing and not evidence:
        said = ", ".join(missing)
        return unlooked(f"not handed in: {said}", f"未提交：{said}")
    said = "; ".join(handed) or "–"
    measured = both(f"handed in, for people to judge: {said}", f"已提交，内容由人审阅：{said}")
    return judged(evidence, measured)


#: What people look at in a document, as a report calls it.
ASPECT_WORDS: Mapping[str, Words] = {
    "content": both("content", "内容"),
    "metadata": both("metadata", "元数据"),
    "ip_record": both("ip_record", "知识产权记录"),
    "url": both("url", "网址"),
    "aigc": both("aigc", "生成内容记录"),
    "annotation": both("annotation", "标注"),
}

#: The group of documents where kinds of sources do not matter.
ALL = "all"


class ManualSample(Rows):
    """What people found in a sample, document by document.

    `settings`: the `aspect` that they looked at, the `least` number of documents, of each kind of
    source where `per_kind`, of sources of `kinds` alone where there are any.  The limit is the
    least share that passes.  A corpus smaller than `least` is looked at whole.
    """

    scope: ClassVar[Sequence[Scope]] = ("kept",)
    columns = ("id", "source")

    def __init__(self, dossier: Dossier, clause: Clause) -> None:
        """Nothing of the sample has been met yet."""
        settings = clause.settings
        self._least, self._rate = int(settings["least"]), clause.limit or 1.0
        self._aspect = str(settings["aspect"])
        self._name = ASPECT_WORDS.get(self._aspect) or both(self._aspect, self._aspect)
        self._per_kind = bool(settings.get("per_kind", False))
        self._kinds = settings.get("kinds", ())
        self._kind_of = {
            name: str((entry or {}).get("kind", "unknown")) for name, entry in dossier.used.items()
        }
        self._verdicts: dict[str, bool] = {}
        for verdict in dossier.results.of(self._aspect):
            # Of several verdicts about one document the bad one counts.
            passed = self._verdicts.get(verdict.id, True) and verdict.passed
            self._verdicts[verdict.id] = passed
        self._asked = pl.Series(list(self._verdicts), dtype=pl.String)
        self._whole: Counter[str] = Counter()
        self._met: dict[str, tuple[str, str]] = {}

    def add(self, path: str, frame: pl.DataFrame) -> None:
        """Count the documents of each kind of source, and meet those of the sample."""
        kind = pl.col("source").replace_strict(
            self._kind_of, default="unknown", return_dtype=pl.String
        )
        frame = frame.select("id", kind=kind)
        if self._kinds:
            frame = frame.filter(pl.col("kind").is_in(list(self._kinds)))
        if not self._per_kind:
            frame = frame.with_columns(kind=pl.lit(ALL))
        for name, rows in frame.group_by("kind").len().iter_rows():
            self._whole[name] += rows
        for key, name in frame.filter(pl.col("id").is_in(self._asked.implode())).iter_rows():
            self._met[key] = (name, path)

    def outcome(self) -> Outcome:
        """Fails where too many fail; not checked where too few were looked at."""
        if not self._whole:
            return no_such(self._kinds)
        groups = {name: self._group(name) for name in sorted(self._whole)}
        facts: dict[str, Any] = {
            **groups,
            "aspect": self._aspect,
            "not_in_the_run": len(self._verdicts) - len(self._met),
        }
        worst = {
            name: group
            for name, group in groups.items()
            if group["failed"] > (1 - self._rate) * group["needed"] + 1e-9
        }
        if worst:
            return self._over(worst, facts)
        short = {
            name: group for name, group in groups.items() if group["sampled"] < group["needed"]
        }
        if short:
            said = _list(
                _labelled(
                    name,
                    both(f"{g['sampled']} of {g['needed']}", f"{g['sampled']} / {g['needed']}"),
                )
                for name, g in short.items()
            )
            outcome = unlooked(
                f"{self._name.en}: results for too few documents: {said.en}",
                f"{self._name.zh}：抽查结果不足：{said.zh}",
            )
            outcome.facts = facts
            return outcome
        return judged([], self._said(groups), facts)

    def _group(self, name: str) -> dict[str, Any]:
        """How many of one group of documents were looked at, and what came of it."""
        found = [self._verdicts[key] for key, (group, _) in self._met.items() if group == name]
        sampled, failed = len(found), found.count(False)
        whole = self._whole[name]
        bound = failed / whole if sampled == whole else upper_bound(failed, sampled)
        needed = min(self._least, whole)
        counts = {"documents": whole, "needed": needed, "sampled": sampled, "failed": failed}
        return {**counts, "upper_95": round(bound, 6)}

    def _over(self, worst: dict[str, dict[str, Any]], facts: dict[str, Any]) -> Outcome:
        said = both(f"{self._name.en}: fails", f"{self._name.zh}：不合格")
        failing = sorted(
            (key, path)
            for key, (group, path) in self._met.items()
            if group in worst and not self._verdicts[key]
        )
        evidence = [Evidence(path, said, key, self._aspect) for key, path in failing]
        return judged(evidence, self._said(worst), facts)

    def _said(self, groups: dict[str, dict[str, Any]]) -> Words:
        """What the sample says of the whole."""
        said = _list(_labelled(name, _bounded(group)) for name, group in groups.items())
        return both(f"{self._name.en}: {said.en}", f"{self._name.zh}：{said.zh}")


def _bounded(group: Mapping[str, Any]) -> Words:
    """How many of a sample fail, and how many of the whole may."""
    failed, sampled, bound = group["failed"], group["sampled"], at_most(group["upper_95"])
    if sampled == group["documents"]:
        en, zh = "fail, which is all there are", "不合格（全部检查）"
    else:
        en = f"fail, at most {bound} of the whole with 95 % confidence"
        zh = f"不合格，以 95% 置信度推断总体不超过 {bound}"
    return both(f"{failed} of {sampled} {en}", f"{sampled} 个样本中 {failed} 个{zh}")


def _labelled(kind: str, said: Words) -> Words:
    """What is said of the sources of one kind; `all` needs no name."""
    if kind == ALL:
        return said
    name = kinds_of([kind])
    return both(f"{name.en}: {said.en}", f"{name.zh}：{said.zh}")


def _list(parts: Iterable[Words]) -> Words:
    listed = list(parts)
    return both("; ".join(said.en for said in listed), "；".join(said.zh for said in listed))


def roles_apart(dossier: Dossier, clause: Clause) -> Outcome:
    """No document was labelled and reviewed by the same person."""
    aspect = str(clause.settings["aspect"])
    verdicts = dossier.results.of(aspect)
    stated = [verdict for verdict in verdicts if verdict.annotator]
    if not stated:
        return unlooked(
            f"no results of {aspect} that name an annotator", f"没有写明标注人的 {aspect} 结果"
        )
    said = both("annotator and reviewer are one person", "标注人与审核人为同一人")
    evidence = [
        Evidence("results", said, verdict.id, aspect)
        for verdict in stated
        if verdict.annotator == verdict.reviewer
    ]
    number = len(stated)
    measured = both(
        f"{len(evidence)} of {many(number, 'document')} by one person",
        f"{number} 篇中 {len(evidence)} 篇由同一人标注和审核",
    )
    return judged(evidence, measured)


def keyword_library(dossier: Dossier, clause: Clause) -> Outcome:
    """How many keywords the packs of the run's `compliance` stage have, in all and by risk.

    The limit is the least number in all, `per_class` that of each risk of a class.
    """
    files = keyword_files(dossier.run)
    missing = [one.ref for one in files if one.library is None]
    if missing:
        said = ", ".join(missing)
        return unlooked(f"the packs lie elsewhere: {said}", f"词库不在此处：{said}")
    found = covered(files)
    terms = {one.risk: one.terms for one in found.risks}
    least: dict[str, int] = clause.settings.get("per_class", {})
    evidence = [
        _short(risk, number, least[risk[:-1]])
        for risk, number in terms.items()
        if risk[:-1] in least and number < least[risk[:-1]]
    ]
    if found.total < (clause.limit or 0):
        evidence.insert(0, _short("total", found.total, int(clause.limit or 0)))
    some = sum(number > 0 for number in terms.values())
    measured = both(
        f"{many(found.total, 'keyword')}, {many(some, 'risk')} with any",
        f"关键词 {found.total} 个，涉及 {some} 种风险",
    )
    return judged(evidence, measured, {"total": found.total, "per_risk": terms})


def _short(what: str, number: int, least: int) -> Evidence:
    name = what if what == "total" else f"{what} {risk_names()[what].zh}"
    said = both(f"{what}: {number}, fewer than {least}", f"{name}：{number} 个，少于 {least} 个")
    return Evidence("manifest.json", said, subject=what)
