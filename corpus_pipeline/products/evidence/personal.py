"""Personal data by type: what was found, what was done with it, and what is left.

Enters: a finished run, its scale and the audit's result.  Leaves: a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.result import AuditResult
from corpus_pipeline.products.audit.second_engine import FOUND
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.evidence.scale import Scale
from corpus_pipeline.products.evidence.table import Cell, Column, Table, yes_no
from corpus_pipeline.products.report.names import name_of
from corpus_pipeline.products.runs import DROPPED, KEPT, Run
from corpus_pipeline.rules.pack import load
from corpus_pipeline.rules.pii.pack import PiiPack

#: What is done with a type, by policy; `review` is what `tag` was called.
_POLICIES: Mapping[str, Words] = {
    "redact": both("replaced by a placeholder", "替换为占位符"),
    "mask": both("partly covered", "部分遮盖"),
    "pseudonym": both("replaced by a keyed code", "替换为假名"),
    "drop": both("placeholder, document dropped", "替换并剔除该文档"),
    "tag": both("recorded, left in the text", "仅记录，保留原文"),
    "review": both("recorded, left in the text", "仅记录，保留原文"),
    "keep": both("left in the text", "保留原文"),
}


def personal(run: Run, size: Scale, result: AuditResult) -> Table:
    """A row for each type that the pack knows or that was found."""
    rows = tuple(_rows(run, size, _found(result)))
    return Table(
        "personal_data",
        both("Personal data by type", "个人信息类型与处理方式"),
        both(
            "Spans that the pii stage found, what it did with the type, whether two standards call "
            "it sensitive, and texts in which the second engine still found some. A type that it "
            "does not see was checked by nobody: people look for it in the samples.",
            "pii 阶段发现的处数、该类型的处理方式、两项标准下是否敏感，"
            "以及第二引擎复检残留的文本数。"
            "该引擎不识别的类型等于未复检，须在人工抽检中查看。",
        ),
        (
            Column(both("type", "类型标识")),
            Column(both("name", "类型")),
            Column(both("found in kept", "保留文档中发现")),
            Column(both("found in dropped", "剔除文档中发现")),
            Column(both("policy", "处理方式")),
            Column(both("placeholder", "占位符")),
            Column(both("sensitive, GB/T 35273", "GB/T 35273 敏感")),
            Column(both("sensitive, GB/T 45574", "GB/T 45574 敏感")),
            Column(both("left over", "复检残留")),
        ),
        rows,
    )


def _rows(run: Run, size: Scale, facts: Mapping[str, Any] | None) -> Iterator[tuple[Cell, ...]]:
    options, pinned = _stage(run)
    types = _types(pinned)
    found = {kind for _, kind in size.personal}
    for kind in sorted({*types, *found, *(facts or {}).get("by_type", ())}):
        known = types.get(kind, {})
        policy = options.get("policy", {}).get(kind) or known.get("policy")
        yield (
            kind,
            _name(kind),
            size.personal[KEPT, kind],
            size.personal[DROPPED, kind],
            _POLICIES.get(str(policy)),
            known.get("placeholder"),
            yes_no(known.get("gbt35273_sensitive")),
            yes_no(known.get("gbt45574_sensitive")),
            _left(kind, facts),
        )


def _stage(run: Run) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Options and assets of the stage `pii` in a run; nothing where it did not run."""
    for stage in run.manifest["stages"]:
        if stage["name"] == "pii":
            return stage.get("options", {}), stage.get("assets", {})
    return {}, {}


def _types(assets: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the pack of the run says of its types, where that very pack can still be read."""
    pinned = assets.get("pack")
    if pinned is None:
        return {}
    try:
        asset = resolve(str(pinned["ref"]), Path.cwd())
        if asset.sha256 != pinned["sha256"]:
            return {}
        return {name: kind.model_dump() for name, kind in load(asset, PiiPack).types.items()}
    except PipelineError:
        return {}


def _found(result: AuditResult) -> Mapping[str, Any] | None:
    """What the second engine reports of itself; None where the profile does not ask it."""
    facts = [one.facts for one in result.clauses if one.clause.check == "personal_data"]
    return facts[0] if facts and "looked_for" in facts[0] else None


def _left(kind: str, facts: Mapping[str, Any] | None) -> Cell:
    """Texts in which the second engine found the type; why there is no number, where it did not."""
    if facts is None:
        return both("not checked", "未复检")
    if kind in facts["looked_for"]:
        return int(facts["by_type"].get(kind, 0))
    if kind in FOUND:
        return both("left on purpose", "按处理方式保留")
    return both("not seen by this engine", "该引擎不识别")


def _name(kind: str) -> Words:
    word = name_of("pii", kind)
    return both(word[0], word[1]) if word else both(kind, kind)
