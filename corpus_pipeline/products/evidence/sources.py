"""The list of sources (语料来源清单), what the corpus is made of, licences, and rights touched.

Enters: a finished run, its scale, and the audit, which says what a source lacks.  Leaves: tables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from corpus_pipeline.products.audit.result import AuditResult
from corpus_pipeline.products.audit.words import Words, both, percent
from corpus_pipeline.products.evidence.scale import Scale
from corpus_pipeline.products.evidence.table import Cell, Column, Table
from corpus_pipeline.products.report.names import name_of
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
_ORIGINS = {"cn": both("domestic", "境内"), "foreign": both("foreign", "境外")}
#: Facts without which nobody may use a source, so that their absence is said.
_NEEDED = frozenset({"license", "legal_basis", "origin"})
_MISSING = both("not stated", "未写明")
#: The keys of a registry entry that are text, in the order of the list.
FACTS: Mapping[str, Words] = {
    "dataset": both("data set", "数据集名称"),
    "organisation": both("organisation", "提供单位"),
    "contributor": both("contributor", "贡献方"),
    "service": both("service", "服务名称"),
    "url": both("address", "网址"),
    "origin": both("origin", "境内/境外"),
    "region": both("region", "国家或地区"),
    "license": both("licence", "许可"),
    "spdx": both("SPDX identifier", "SPDX 标识"),
    "license_url": both("licence text", "许可文本"),
    "legal_basis": both("legal basis", "合法性基础"),
    "evidence": both("evidence", "佐证"),
    "consent_basis": both("basis for personal data", "个人信息处理依据"),
    "collected_at": both("collected", "采集时间"),
    "collected_from": both("first day", "采集起始"),
    "collected_until": both("last day", "采集截止"),
    "collection_tool": both("tool", "采集工具"),
    "collection_records": both("collection records", "采集记录"),
    "robots_review": both("robots review", "robots 审查"),
    "robots": both("robots", "robots 结论"),
    "refusals": both("refusals", "拒绝采集处理"),
    "opt_out": both("opt-outs", "退出请求结论"),
    "impact_assessment": both("impact assessment", "影响评估"),
    "contract": both("contract", "合同"),
    "commitments": both("commitments", "承诺与证明"),
    "authorisation": both("authorisation", "授权记录"),
    "consent": both("consent", "同意记录"),
    "sensitive_consent": both("separate consent", "单独同意"),
    "grade": both("grade", "分类分级"),
    "aigc_model": both("model", "生成模型"),
    "aigc_at": both("generated at", "生成时间"),
    "implementing_body": both("implementing body", "实施机构"),
    "operator": both("operator", "运营机构"),
    "agreement_ref": both("operation agreement", "运营协议"),
    "scope": both("scope", "授权范围"),
    "registration_code": both("registration code", "登记赋码"),
    "registered_until": both("registered until", "登记有效期"),
    "security_assessment": both("security assessment", "安全评估"),
}
_SAMPLED: Mapping[str, Words] = {
    "pre_assessment": both("assessed before", "采集前评估"),
    "post_verification": both("verified after", "采集后核验"),
}
_COUNTS = (
    both("documents read", "读入条数"),
    both("documents kept", "保留条数"),
    both("documents dropped", "剔除条数"),
    both("quarantined", "隔离条数"),
    both("characters kept", "保留字数"),
    both("bytes kept (UTF-8)", "保留字节数（UTF-8）"),
    both("share of documents", "条数占比"),
    both("generated documents", "生成内容条数"),
)


def sources(run: Run, size: Scale, result: AuditResult) -> Table:
    """A row for each source of the registry or of a document."""
    counts = run.counts["by_source"]
    lacking = _lacking(result)
    columns = (
        Column(both("source", "来源"), said=True),
        Column(both("kind", "类型")),
        Column(both("lacking by the profile", "按本依据尚缺"), said=True),
        *map(Column, _COUNTS),
        Column(both("languages", "语种")),
        *(Column(word, said=True) for word in FACTS.values()),
        *(Column(word, said=True) for word in _SAMPLED.values()),
    )
    rows = tuple(
        _source(name, run, size, lacking.get(name, ())) for name in sorted({*counts, *run.sources})
    )
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


def _kept(counts: Mapping[str, Mapping[str, int]]) -> int:
    return max(sum(states.get("kept", 0) for states in counts.values()), 1)


def _lacking(result: AuditResult) -> Mapping[str, list[str]]:
    """Source → the keys that findings of the audit name."""
    found: dict[str, list[str]] = defaultdict(list)
    for entry in result.clauses:
        for one in entry.evidence:
            if one.subject.startswith("source "):
                name, _, keys = one.subject.removeprefix("source ").rpartition(" ")
                if keys not in found[name]:
                    found[name].append(keys)
    return found


def _source(name: str, run: Run, size: Scale, lacking: Sequence[str]) -> tuple[Cell, ...]:
    entry: Mapping[str, Any] = run.sources.get(name, {})
    by_source = run.counts["by_source"]
    states, whole = by_source.get(name, {}), _kept(by_source)
    counts: tuple[Cell, ...] = (
        sum(states.values()),
        states.get("kept", 0),
        states.get("dropped", 0),
        states.get("quarantined", 0),
        size.characters[name],
        size.bytes[name],
        percent(states.get("kept", 0) / whole),
        size.generated[name],
    )
    spoken = entry.get("language") or sorted(size.languages.get(name, {}))
    return (
        name,
        kind_of(entry),
        _called(lacking),
        *counts,
        _joined([_language(one) for one in spoken]),
        *(_fact(key, entry) for key in FACTS),
        *(_assessment(entry.get(key)) for key in _SAMPLED),
    )


def kind_of(entry: Mapping[str, Any]) -> Words:
    """What the kind of a registry entry is called."""
    kind = str(entry.get("kind") or "unknown")
    return KINDS.get(kind, both(kind, kind))


def _called(keys: Sequence[str]) -> Words | None:
    """Keys of the registry by their names; `a|b` is met by either."""
    if not keys:
        return None
    words = []
    for one in keys:
        parts = [FACTS.get(key, _SAMPLED.get(key, both(key, key))) for key in one.split("|")]
        names = [f"{part.en} ({key})" for part, key in zip(parts, one.split("|"), strict=True)]
        chinese = [f"{part.zh}（{key}）" for part, key in zip(parts, one.split("|"), strict=True)]
        words.append(both(" or ".join(names), "或".join(chinese)))
    return _joined(words)


def _joined(words: list[Words]) -> Words | None:
    if not words:
        return None
    return both(", ".join(one.en for one in words), "、".join(one.zh for one in words))


def _language(label: object) -> Words:
    name = name_of("languages", label)
    return both(name[0], name[1]) if name else both(str(label), str(label))


#: What stands behind a fact: the key of what follows from it.
_BEHIND = {"evidence": "evidence_sha256", "consent_basis": "consent_article"}


def _fact(key: str, entry: Mapping[str, Any]) -> Cell:
    value = entry.get(key)
    if value is None or value in ("", [], ()):
        return _MISSING if key in _NEEDED else None
    if key == "origin":
        return _ORIGINS.get(str(value), str(value))
    if isinstance(value, Mapping):  # a review: verdict, day, what was looked at, the record of it
        parts = (value.get(part) for part in ("verdict", "date", "checked", "record"))
        return ", ".join(str(part) for part in parts if part)
    said = "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    behind = entry.get(_BEHIND.get(key, ""))
    return f"{said} ({behind})" if behind else said


def _assessment(value: object) -> str:
    """A sample of a source in a line, e.g. `3 / 200, 2026-01-31, by hand, Li`."""
    if not isinstance(value, Mapping):
        return ""
    figures = f"{value.get('bad')} / {value.get('sampled')}"
    rest = (value.get(key) for key in ("date", "method", "assessor"))
    return ", ".join([figures, *(str(part) for part in rest if part)])


def composition(run: Run, size: Scale) -> Table:
    """What the corpus is made of: a row for each kind of source, and all together."""
    sums: dict[Words, list[int]] = {}
    counts = run.counts["by_source"]
    for name in sorted({*counts, *run.sources}):
        entry = run.sources.get(name, {})
        kept, foreign = counts.get(name, {}).get("kept", 0), entry.get("origin") == "foreign"
        row = [1, kept, size.characters[name], size.bytes[name], kept if foreign else 0]
        for key in (kind_of(entry), both("all", "合计")):
            sums[key] = [a + b for a, b in zip(sums.get(key, [0] * 5), row, strict=True)]
    order = [*KINDS.values(), *sums]
    whole = _kept(counts)
    rows: list[tuple[Cell, ...]] = [
        (word, *figures[:4], percent(figures[1] / whole), percent(figures[4] / whole))
        for word, figures in sorted(sums.items(), key=lambda item: order.index(item[0]))
    ]
    headings = (
        both("kind of source", "来源类型"),
        both("sources", "来源数"),
        both("documents kept", "保留条数"),
        both("characters", "字数"),
        both("bytes (UTF-8)", "字节数（UTF-8）"),
        both("share of documents", "条数占比"),
        both("of the corpus foreign", "其中境外占全部"),
    )
    return Table(
        "composition",
        both("What the corpus is made of", "语料构成"),
        both(
            "Kept documents by kind of source; foreign: sources whose `origin` is so stated.",
            "保留文档按来源类型汇总；境外指登记为境外的来源。",
        ),
        tuple(map(Column, headings)),
        tuple(rows),
    )


def licences(size: Scale) -> Table:
    """Licences as the documents carry them."""
    rows = tuple(
        (licence or both("none", "未携带"), source, count, size.licence_characters[licence, source])
        for (licence, source), count in sorted(size.licences.items())
    )
    return Table(
        "licences",
        both("Licences", "许可清单"),
        both(
            "The licence that each kept document carries, by source.",
            "保留文档逐条携带的许可，按来源统计。",
        ),
        (
            Column(both("licence", "许可"), said=True),
            Column(both("source", "来源"), said=True),
            Column(both("documents", "条数")),
            Column(both("characters", "字数")),
        ),
        rows,
    )


#: Hosts that a table lists, those with the most documents first.
HOSTS = 5_000


def hosts(size: Scale) -> Table:
    """The sites that documents come from, by source."""
    ranked = sorted(size.hosts.items(), key=lambda item: (-item[1], item[0]))
    rows: list[tuple[Cell, ...]] = [
        (source, host, documents, size.host_characters[source, host])
        for (source, host), documents in ranked[:HOSTS]
    ]
    if rest := ranked[HOSTS:]:
        characters = sum(size.host_characters[key] for key, _ in rest)
        more = both(f"{len(rest):,} more hosts", f"另有 {len(rest):,} 个网站")
        rows.append((None, more, sum(documents for _, documents in rest), characters))
    return Table(
        "hosts",
        both("Sites", "网站清单"),
        both(
            f"Hosts of the addresses of kept documents, the largest {HOSTS:,} first.",
            f"保留文档网址所属的网站，按条数排列，至多 {HOSTS:,} 个。",
        ),
        (
            Column(both("source", "来源"), said=True),
            Column(both("host", "网站"), said=True),
            Column(both("documents", "条数")),
            Column(both("characters", "字数")),
        ),
        tuple(rows),
    )


_RISKS = {
    "none": both("none", "无"),
    "low": both("low", "低"),
    "medium": both("medium", "中"),
    "high": both("high", "高"),
}


def _sign(sign: str) -> Words | None:
    name = name_of("signs", sign)
    return both(name[0], name[1]) if name else None


def rights(size: Scale) -> Table:
    """What the stage `ip` found, by degree and the sign that decided."""
    rows = [
        (_RISKS.get(risk, both(risk, risk)), sign, _sign(sign), documents)
        for (risk, sign), documents in sorted(size.rights.items())
    ]
    return Table(
        "rights",
        both("Rights that may be touched", "知识产权风险识别"),
        both(
            "Kept documents by the risk that the ip stage recorded, and the sign that decided it "
            "(docs/rights.md); no row: the stage did not run.",
            "按 ip 阶段记录的知识产权风险及其决定性标志统计的保留文档；无数据表示该阶段未运行。",
        ),
        (
            Column(both("risk", "风险")),
            Column(both("sign", "标志")),
            Column(both("meaning", "含义"), apart=True),
            Column(both("documents", "条数")),
        ),
        tuple(rows),
    )
