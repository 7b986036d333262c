"""Measurements of a run as a whole: its counts, its digests, what it lost.

Enters: a dossier and a clause.  Leaves: an `Outcome`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from corpus_pipeline.io import manifest
from corpus_pipeline.model import damaged_share, unread_share
from corpus_pipeline.products.audit.dossier import Dossier, judged, outside
from corpus_pipeline.products.audit.profile import Clause
from corpus_pipeline.products.audit.result import Evidence, Outcome
from corpus_pipeline.products.audit.words import Words, both, many, percent
from corpus_pipeline.products.verify import recount
from corpus_pipeline.products.verify.chain import verify

#: As in the alarm of a run: this many times the share of the documents.
_LONG_TIMES = 4


def conservation(dossier: Dossier, _clause: Clause) -> Outcome:
    """Read = kept + dropped + quarantined, in the total and in each split."""
    run = dossier.run
    evidence = _problems("manifest.json", recount.unconserved(run.counts))
    tally = recount.Tally()
    for entry in run.manifest["splits"]:
        split = manifest.read_if_sound(run.root / entry["path"])
        if split is None:
            evidence += _problems(entry["path"], ["no sound manifest"])
            continue
        evidence += _problems(entry["path"], recount.unconserved(split["counts"]))
        tally.add(split["counts"])
    evidence += _problems("manifest.json", tally.differs(run.counts))
    counts = run.counts
    measured = both(
        "{read} read, {kept} kept, {dropped} dropped, {quarantined} quarantined".format_map(counts),
        "读入 {read}，保留 {kept}，丢弃 {dropped}，隔离 {quarantined}".format_map(counts),
    )
    return judged(evidence, measured)


def _problems(path: str, problems: Iterable[str]) -> list[Evidence]:
    """Findings of the verification, which speaks English alone."""
    return [Evidence(path, both(problem, problem), subject=problem) for problem in problems]


def documents(dossier: Dossier, _clause: Clause) -> Outcome:
    """At least one document was kept."""
    kept, read = dossier.run.counts["kept"], dossier.run.counts["read"]
    measured = both(
        f"{kept} kept of {many(read, 'record')} read", f"读入 {read} 条，保留 {kept} 篇"
    )
    return judged([] if kept else [Evidence("manifest.json", measured, subject="none")], measured)


def digests(dossier: Dossier, _clause: Clause) -> Outcome:
    """Verification has no findings."""
    findings = verify(dossier.run.root)
    evidence = [
        Evidence(found.path, both(found.problem, found.problem), subject=found.problem)
        for found in findings
    ]
    number = len(findings)
    return judged(evidence, both(many(number, "finding"), f"校验发现 {number} 处问题"))


def quarantine(dossier: Dossier, clause: Clause) -> Outcome:
    """The share of damaged records and of unread bytes; the limits are those of the config."""
    run = dossier.run
    limits = run.manifest.get("config", {}).get("limits", {})
    limit = limits.get("quarantine_share", clause.limit)
    counts = run.counts
    share = damaged_share(counts)
    read = counts["read"]
    measured = both(
        f"{share:.2%} of {many(read, 'record')}, limit {limit:.2%}",
        f"{read} 条记录中损坏 {share:.2%}，限额 {limit:.2%}",
    )
    unread, most = unread_share(counts), limits.get("unread_share", 1.0)
    if unread > most:
        measured = both(
            f"{unread:.2%} of the bytes were not read, limit {most:.2%}",
            f"{unread:.2%} 的字节未能读入，限额 {most:.2%}",
        )
    reasons = sorted(counts["by_quarantine"].items())
    evidence = [
        Evidence("quarantine", both(f"{reason}: {rows}", f"{reason}：{rows}"), subject=reason)
        for reason, rows in reasons
    ]
    facts = {"share": round(share, 6), "limit": limit, "unread": round(unread, 6)}
    return judged(evidence if share > limit or unread > most else [], measured, facts)


def long_losses(dossier: Dossier, clause: Clause) -> Outcome:
    """No stage drops a far larger share of the characters than of the documents.

    The limit is the share of the characters; below four times the share of documents it is none.
    """
    counts = dossier.run.counts
    limit = clause.limit or 0
    whole = counts.get("characters_kept", 0) + counts.get("characters_dropped", 0)
    rows = max(counts["kept"] + counts["dropped"], 1)
    documents: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    for rule, number in counts["by_rule"].items():
        documents[rule.partition("/")[0]] += number
        characters[rule.partition("/")[0]] += counts.get("characters_by_rule", {}).get(rule, 0)
    evidence = []
    for stage, number in sorted(characters.items()):
        share, part = number / max(whole, 1), documents[stage] / rows
        if share > limit and share > _LONG_TIMES * part:
            problem = both(
                f"{stage} drops {share:.1%} of the characters with {part:.1%} of documents",
                f"{stage} 以 {part:.1%} 的文档丢弃了 {share:.1%} 的字符",
            )
            evidence.append(Evidence("manifest.json", problem, subject=stage))
    lost = counts.get("characters_dropped", 0) / max(whole, 1)
    measured = both(f"{percent(lost)} of the characters dropped", f"丢弃字符占 {percent(lost)}")
    return judged(evidence, measured, {"characters": whole})


def stages_ran(dossier: Dossier, clause: Clause) -> Outcome:
    """The stages that the clause names ran, over every document."""
    wanted = list(clause.settings["stages"])
    evidence = [
        Evidence("manifest.json", both(f"{name} did not run", f"未运行 {name}"), subject=name)
        for name in wanted
        if name not in dossier.run.stages
    ]
    return judged(evidence, _present(wanted, len(evidence)))


def _present(wanted: Sequence[str], missing: int) -> Words:
    """How many of these names there are."""
    names, there = ", ".join(wanted), len(wanted) - missing
    return both(
        f"{there} of {len(wanted)} there: {names}",
        f"应有 {names}，{len(wanted)} 项中具备 {there} 项",
    )


def published_columns(dossier: Dossier, clause: Clause) -> Outcome:
    """The dataset has the columns that the clause names."""
    path = "dataset/manifest.json"
    content = manifest.read_if_sound(dossier.run.root / path)
    if content is None:
        return outside("no dataset was exported", "未导出数据集")
    has = {str(entry[0]) for entry in content["columns"]}
    evidence = [
        Evidence(path, both(f"has no column {name}", f"缺少列 {name}"), subject=name)
        for name in clause.settings["columns"]
        if name not in has
    ]
    return judged(evidence, _present(clause.settings["columns"], len(evidence)))
