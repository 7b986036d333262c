"""The list of sources (语料来源清单), their licences, and the rights that documents may touch.

Enters: a finished run and its scale.  Leaves: tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corpus_pipeline.products.audit.words import Words, both, percent
from corpus_pipeline.products.evidence.scale import Scale
from corpus_pipeline.products.evidence.table import Cell, Column, Table
from corpus_pipeline.products.runs import Run

#: What kinds of sources are called in a filing.
KINDS: Mapping[str, Words] = {
    "open": both("open source", "开源语料"),
    "self_collected": both("self-collected", "自采语料"),
    "commercial": both("commercial", "商业语料"),
    "user_input": both("user input", "使用者输入信息"),
    "synthetic": both("synthetic", "合成语料"),
    "public_data": both("public data", "公共数据"),
    "unknown": both("not stated", "未写明"),
}
#: Facts without which nobody may use a source, so that their absence is said.
_NEEDED = frozenset({"license", "legal_basis"})
_MISSING = "未写明 / not stated"
#: What of a registry entry proves the right to use a source, whatever its kind.
_PROOFS = (
    ("evidence", both("evidence", "佐证")),
    ("contract", both("contract", "合同")),
    ("commitments", both("commitments", "承诺与证明")),
    ("authorisation", both("authorisation", "授权记录")),
    ("consent", both("consent", "同意记录")),
    ("sensitive_consent", both("separate consent", "单独同意")),
    ("collection_records", both("collection records", "采集记录")),
    ("robots_review", both("robots review", "robots 审查")),
    ("refusals", both("refusals", "拒绝采集处理")),
    ("impact_assessment", both("impact assessment", "影响评估")),
    ("agreement_ref", both("operation agreement", "运营协议")),
    ("registration_code", both("registration code", "登记赋码")),
    ("security_assessment", both("security assessment", "安全评估")),
)
_FACTS = (
    ("dataset", both("data set", "数据集名称")),
    ("organisation", both("organisation", "提供单位")),
    ("url", both("address", "网址")),
    ("origin", both("origin", "境内/境外")),
    ("region", both("region", "国家或地区")),
    ("license", both("licence", "许可")),
    ("license_url", both("licence text", "许可文本")),
    ("legal_basis", both("legal basis", "合法性基础")),
    ("collected_at", both("collected", "采集时间")),
    ("grade", both("grade", "分类分级")),
    ("implementing_body", both("implementing body", "实施机构")),
    ("operator", both("operator", "运营机构")),
)
_COUNTS = (
    both("documents read", "读入条数"),
    both("documents kept", "保留条数"),
    both("documents dropped", "剔除条数"),
    both("quarantined", "隔离条数"),
    both("characters kept", "保留字数"),
    both("share of documents", "条数占比"),
    both("generated documents", "生成内容条数"),
)


def sources(run: Run, size: Scale) -> Table:
    """A row for each source of the registry or of a document."""
    counts = run.counts["by_source"]
    kept = max(sum(states.get("kept", 0) for states in counts.values()), 1)
    names = sorted({*counts, *run.sources})
    said = [Column(word, said=True) for _, word in _FACTS]
    proofs = [Column(word, said=True) for _, word in _PROOFS]
    columns = (
        Column(both("source", "来源"), said=True),
        Column(both("kind", "类型（英文）")),
        Column(both("kind in Chinese", "类型")),
        *map(Column, _COUNTS),
        Column(both("languages", "语种")),
        *said,
        *proofs,
        Column(both("assessed before", "采集前评估"), said=True),
        Column(both("verified after", "采集后核验"), said=True),
    )
    rows = tuple(_source(name, counts.get(name, {}), run, size, kept) for name in names)
    return Table(
        "sources",
        both("List of sources", "语料来源清单"),
        both(
            "What each source is, how much of the corpus it gave, by what right, and what proves "
            "it. An empty cell: the registry of the run does not say it.",
            "每个来源的性质、规模、许可与合法性依据及佐证。空白表示运行配置的来源登记中未写明。",
        ),
        columns,
        rows,
        cards=True,
    )


def _source(
    name: str, states: Mapping[str, int], run: Run, size: Scale, whole: int
) -> tuple[Cell, ...]:
    entry: Mapping[str, Any] = run.sources.get(name, {})
    kind = str(entry.get("kind") or "unknown")
    word = KINDS.get(kind, both(kind, kind))
    kept = states.get("kept", 0)
    counts: tuple[Cell, ...] = (
        sum(states.values()),
        kept,
        states.get("dropped", 0),
        states.get("quarantined", 0),
        size.characters[name],
        percent(kept / whole),
        size.generated[name],
    )
    facts = [
        _text(entry.get(key)) or (_MISSING if key in _NEEDED else "")
        for key, _ in (*_FACTS, *_PROOFS)
    ]
    stated = entry.get("language") or sorted(size.languages.get(name, {}))
    samples = [_assessment(entry.get(key)) for key in ("pre_assessment", "post_verification")]
    return (name, kind, word.zh, *counts, ", ".join(map(str, stated)), *facts, *samples)


def _text(value: object) -> str:
    if value is None:
        return ""
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _assessment(value: object) -> str:
    """A sample of a source in a line, e.g. `3 / 200, 2026-01-31, by hand, Li`."""
    if not isinstance(value, Mapping):
        return ""
    figures = f"{value.get('bad')} / {value.get('sampled')}"
    rest = (value.get(key) for key in ("date", "method", "assessor"))
    return ", ".join([figures, *(str(part) for part in rest if part)])


def licences(size: Scale) -> Table:
    """Licences as the documents carry them."""
    rows = tuple(
        (licence, source, count, size.licence_characters[licence, source])
        for (licence, source), count in sorted(size.licences.items())
    )
    return Table(
        "licences",
        both("Licences", "许可清单"),
        both(
            "The licence that each kept document carries, by source; empty: it carries none.",
            "保留文档逐条携带的许可，按来源统计；空白表示未携带。",
        ),
        (
            Column(both("licence", "许可"), said=True),
            Column(both("source", "来源"), said=True),
            Column(both("documents", "条数")),
            Column(both("characters", "字数")),
        ),
        rows,
    )


def rights(size: Scale) -> Table:
    """What the stage `ip` found, by degree."""
    return Table(
        "rights",
        both("Rights that may be touched", "知识产权风险识别"),
        both(
            "Kept documents by the risk that the ip stage recorded; no row: the stage did not run.",
            "按 ip 阶段记录的知识产权风险统计的保留文档；无数据表示该阶段未运行。",
        ),
        (Column(both("risk", "风险")), Column(both("documents", "条数"))),
        tuple(sorted(size.rights.items())),
    )
