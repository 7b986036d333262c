"""The measurements that audit clauses ask for, one function each.

Enters: a finished run and a clause.  Leaves: an `Outcome`.  Every document is looked at, one row
group at a time; no value from a text leaves this module, only files, ids, types and offsets.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain

import numpy as np
import polars as pl
import xxhash

from corpus_pipeline.io import manifest
from corpus_pipeline.model import damaged_share
from corpus_pipeline.products.audit.profile import Clause
from corpus_pipeline.products.audit.result import LISTED, Evidence, Outcome
from corpus_pipeline.products.audit.second_engine import BLIND, FOUND, residues, spared
from corpus_pipeline.products.runs import DROPPED, KEPT, Run, batches, columns_of
from corpus_pipeline.products.verify import recount
from corpus_pipeline.products.verify.chain import verify

#: As in the alarm of a run: this many times the share of the documents.
_LONG_TIMES = 4


def published(run: Run) -> list[str]:
    """The shards of the run's dataset; its kept parts where nothing was exported."""
    content = manifest.read_if_sound(run.root / "dataset" / "manifest.json")
    if content is None:
        return run.parts(KEPT)
    return [f"dataset/{shard['path']}" for shard in content["shards"]]


def frames(run: Run, paths: list[str], columns: list[str]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Path and rows of files, one row group at a time, with those of the columns that they have."""
    for path in paths:
        available = set(columns_of(run.root / path))
        for frame in batches(run.root / path, [name for name in columns if name in available]):
            yield path, frame


def conservation(run: Run, _clause: Clause) -> Outcome:
    """Read = kept + dropped + quarantined, in the total and in each split."""
    evidence = [Evidence("manifest.json", problem) for problem in recount.unconserved(run.counts)]
    tally = recount.Tally()
    for entry in run.manifest["splits"]:
        split = manifest.read_if_sound(run.root / entry["path"])
        if split is None:
            evidence.append(Evidence(entry["path"], "no sound manifest"))
            continue
        problems = recount.unconserved(split["counts"])
        evidence += [Evidence(entry["path"], problem) for problem in problems]
        tally.add(split["counts"])
    evidence += [Evidence("manifest.json", problem) for problem in tally.differs(run.counts)]
    counts = run.counts
    names = ("read", "kept", "dropped", "quarantined")
    return _judged(evidence, ", ".join(f"{counts[name]} {name}" for name in names))


def documents(run: Run, _clause: Clause) -> Outcome:
    """At least one document was kept."""
    kept, read = run.counts["kept"], run.counts["read"]
    measured = f"{kept} kept of {read} records read"
    return _judged([] if kept else [Evidence("manifest.json", measured)], measured)


def digests(run: Run, _clause: Clause) -> Outcome:
    """Verification has no findings."""
    findings = verify(run.root)
    evidence = [Evidence(finding.path, finding.problem) for finding in findings]
    return _judged(evidence, f"{len(findings)} findings")


def source_rights(run: Run, clause: Clause) -> Outcome:
    """Each source with documents has a licence and a legal basis."""
    blank = {str(word).casefold() for word in clause.settings.get("no_answer", [])}
    used = [
        name
        for name, states in run.counts["by_source"].items()
        if states.get("kept", 0) + states.get("dropped", 0)
    ]
    evidence = []
    for name in used:
        entry = run.sources.get(name)
        if entry is None:
            evidence.append(Evidence("manifest.json", f"source {name!r} is not in the registry"))
            continue
        for key, word in (("license", "licence"), ("legal_basis", "legal basis")):
            if str(entry.get(key) or "").strip().casefold() in {"", *blank}:
                evidence.append(Evidence("manifest.json", f"source {name!r} has no {word}"))
    return _judged(evidence, f"{len(used)} sources with documents, {len(evidence)} gaps")


def document_license(run: Run, clause: Clause) -> Outcome:
    """The licence of every published document is stated."""
    paths = published(run)
    if paths and "license" not in columns_of(run.root / paths[0]):
        paths = run.parts(KEPT)
    empty = pl.col("license").fill_null("").str.strip_chars() == ""
    return _few(run, clause, paths, (empty, "license", "has no licence"))


def language(run: Run, clause: Clause) -> Outcome:
    """Every kept document has `langid_keep`."""
    failed = ~pl.col("langid_keep").fill_null(value=False)
    problem = "langid_keep is not true"
    return _few(run, clause, run.parts(KEPT), (failed, "langid_keep", problem))


def _few(run: Run, clause: Clause, paths: list[str], fault: tuple[pl.Expr, str, str]) -> Outcome:
    """No more documents than the limit have the fault (a test, its column, its name)."""
    test, column, problem = fault
    evidence: list[Evidence] = []
    rows = wrong = 0
    for path, frame in frames(run, paths, ["id", column]):
        rows += frame.height
        ids = frame.filter(test).get_column("id")
        wrong += len(ids)
        evidence += [
            Evidence(path, problem, key) for key in ids.head(max(LISTED - len(evidence), 0))
        ]
    facts = {"documents": rows, "failing": wrong}
    return _judged(_over(clause, wrong, evidence), f"{wrong} of {rows} documents", facts)


def _over(clause: Clause, count: int, evidence: list[Evidence]) -> list[Evidence]:
    """The evidence where the count is over the clause's limit; none otherwise."""
    return evidence if count > (clause.limit or 0) else []


def personal_data(run: Run, clause: Clause) -> Outcome:
    """A second pass over every published and every dropped document."""
    evidence: list[Evidence] = []
    types: Counter[str] = Counter()
    recorded: Counter[str] = Counter()
    left = spared(run.manifest["stages"])
    rows = hit = 0
    paths = chain(published(run), run.parts(DROPPED))
    for path, frame in frames(run, list(paths), ["id", "title", "text"]):
        rows += frame.height
        for column in frame.columns[1:]:
            for row, found in residues(frame.get_column(column)):
                recorded.update(kind for kind, _, _ in found if kind in left)
                open_ones = [residue for residue in found if residue[0] not in left]
                hit += bool(open_ones)
                types.update(kind for kind, _, _ in open_ones)
                if open_ones and len(evidence) < LISTED:
                    spans = ", ".join(f"{kind} {start}–{end}" for kind, start, end in open_ones)
                    evidence.append(Evidence(path, f"{column}: {spans}", frame["id"][row]))
    facts = {
        "documents": rows,
        "texts_with_residue": hit,
        "by_type": dict(sorted(types.items())),
        "left_by_policy": dict(sorted(recorded.items())),
        "looked_for": sorted(set(FOUND) - left),
        "not_looked_for": list(BLIND),
    }
    return _judged(_over(clause, hit, evidence), f"{hit} texts of {rows} documents", facts)


def violating_share(run: Run, clause: Clause) -> Outcome:
    """The share of violating documents of each source."""
    bound, limit = float(clause.settings.get("score", math.inf)), clause.limit or 0.0
    columns = ["source", "dropped_by", "compliance_score"]
    total: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for _, frame in frames(run, run.parts(KEPT) + run.parts(DROPPED), columns):
        verdict = (pl.col("dropped_by") == "compliance").fill_null(value=False)
        marked = (pl.col("compliance_score") >= bound).fill_null(value=False)
        tallied = frame.group_by(pl.col("source").fill_null("")).agg(
            rows=pl.len(),
            judged=pl.col("compliance_score").is_not_null().sum(),
            bad=(verdict | marked).sum(),
        )
        for source, rows, seen, wrong in tallied.iter_rows():
            total[source] += rows
            judged[source] += seen
            bad[source] += wrong
    evidence, facts = [], {}
    for source in sorted(total):
        share = bad[source] / total[source]
        facts[source] = {
            "documents": total[source],
            "judged": judged[source],
            "violating": bad[source],
            "share": round(share, 6),
            "share_of_judged": round(bad[source] / max(judged[source], 1), 6),
            "wilson_upper_95": round(wilson_upper(bad[source], total[source]), 6),
        }
        if share > limit:
            loss = f"source {source!r}: {bad[source]} of {total[source]} documents ({share:.2%})"
            evidence.append(Evidence("manifest.json", f"{loss}, more than {limit:.0%}"))
    worst = max((float(entry["share"]) for entry in facts.values()), default=0.0)
    return _judged(evidence, f"{worst:.2%} in the worst of {len(facts)} sources", facts)


def wilson_upper(bad: int, total: int, z: float = 1.96) -> float:
    """The upper end of Wilson's 95 % interval for a share.

    >>> round(wilson_upper(0, 59), 3), round(wilson_upper(160, 4000), 4)
    (0.061, 0.0465)
    """
    if not total:
        return 1.0
    share = bad / total
    middle = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return (middle + spread) / (1 + z * z / total)


def quarantine(run: Run, clause: Clause) -> Outcome:
    """The share of damaged records; the limit is the config's, otherwise the clause's."""
    limits = run.manifest.get("config", {}).get("limits", {})
    limit = limits.get("quarantine_share", clause.limit)
    counts = run.counts
    share = damaged_share(counts)
    figures = f"{share:.2%} of {counts['read']} records, limit {limit:.2%}"
    reasons = sorted(counts["by_quarantine"].items())
    evidence = [Evidence("quarantine", f"{reason}: {rows}") for reason, rows in reasons]
    facts = {"share": round(share, 6), "limit": limit}
    return _judged(evidence if share > limit else [], figures, facts)


def exact_duplicates(run: Run, clause: Clause) -> Outcome:
    """Texts that stand in the dataset more than once, byte for byte."""
    paths = published(run)
    seed = 11
    text = pl.col("text").fill_null("")
    hashes = [
        frame.select(text.hash(seed)).to_series() for _, frame in frames(run, paths, ["text"])
    ]
    rows = sum(map(len, hashes))
    every = np.sort(pl.concat(hashes).to_numpy()) if hashes else np.zeros(0, np.uint64)
    recurring = pl.Series(np.unique(every[1:][every[1:] == every[:-1]]), dtype=pl.UInt64)
    evidence: list[Evidence] = []
    first: dict[bytes, str] = {}
    duplicates = 0
    for path, frame in frames(run, paths, ["id", "text"]) if len(recurring) else ():
        # 64 bits may be equal by chance, 128 are not; the texts themselves would fill the memory.
        copies = frame.filter(text.hash(seed).is_in(recurring.implode()))
        for key, value in copies.iter_rows():
            original = first.setdefault(xxhash.xxh3_128_digest((value or "").encode()), key)
            duplicates += original != key
            if original != key and len(evidence) < LISTED:
                evidence.append(Evidence(path, f"the same text as {original}", key))
    facts = {"documents": rows, "duplicates": duplicates}
    return _judged(_over(clause, duplicates, evidence), f"{duplicates} of {rows} documents", facts)


def long_losses(run: Run, clause: Clause) -> Outcome:
    """No stage drops a far larger share of the characters than of the documents.

    The limit is the share of the characters; below four times the share of documents it is none.
    """
    counts = run.counts
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
            problem = f"{stage} drops {share:.1%} of the characters with {part:.1%} of documents"
            evidence.append(Evidence("manifest.json", problem))
    lost = counts.get("characters_dropped", 0) / max(whole, 1)
    return _judged(evidence, f"{lost:.1%} of the characters dropped", {"characters": whole})


def _judged(
    evidence: list[Evidence], measured: str, facts: Mapping[str, object] | None = None
) -> Outcome:
    """An outcome that fails where there is evidence."""
    return Outcome("fail" if evidence else "pass", measured, evidence, dict(facts or {}))
