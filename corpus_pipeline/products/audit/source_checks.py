"""Measurements of the source registry: what is said of the places that documents come from.

Enters: a dossier and a clause.  Leaves: an `Outcome` whose evidence names sources and keys.
"""

from __future__ import annotations

from typing import Any

from corpus_pipeline.products.audit.dossier import Dossier, judged
from corpus_pipeline.products.audit.profile import Clause
from corpus_pipeline.products.audit.result import Evidence, Outcome
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.runs import Run


def used(run: Run) -> dict[str, dict[str, Any] | None]:
    """The sources that have documents, with their entries in the registry; None: it has none."""
    return {
        name: run.sources.get(name)
        for name, states in sorted(run.counts["by_source"].items())
        if states.get("kept", 0) + states.get("dropped", 0)
    }


def finding(source: str, said: Words, key: str) -> Evidence:
    """What is wrong with one key of a source."""
    words = both(f"source {source!r} {said.en}", f"来源 {source!r} {said.zh}")
    return Evidence("manifest.json", words, subject=f"source {source} {key}")


def source_rights(dossier: Dossier, clause: Clause) -> Outcome:
    """Each source with documents has a licence and a legal basis."""
    blank = {str(word).casefold() for word in clause.settings.get("no_answer", [])}
    sources = used(dossier.run)
    evidence = []
    for name, entry in sources.items():
        if entry is None:
            evidence.append(finding(name, both("is not in the registry", "未登记"), "registry"))
            continue
        for key, said in (
            ("license", both("has no licence", "没有许可")),
            ("legal_basis", both("has no legal basis", "没有合法性基础")),
        ):
            if str(entry.get(key) or "").strip().casefold() in {"", *blank}:
                evidence.append(finding(name, said, key))
    number, gaps = len(sources), len(evidence)
    measured = both(
        f"{number} sources with documents, {gaps} gaps", f"{number} 个来源有文档，{gaps} 处缺失"
    )
    return judged(evidence, measured)
