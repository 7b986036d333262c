"""What the audit says, as tables: a row for each clause, and a row for each finding.

Enters: an `AuditResult`.  Leaves: tables in both languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from corpus_pipeline.products.audit.documents_file import Document
from corpus_pipeline.products.audit.result import STATUS_WORDS, AuditResult, ClauseResult
from corpus_pipeline.products.audit.results_file import Results
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.evidence.table import Cell, Column, Table

LEVEL_WORDS: Mapping[str, Words] = {
    "required": both("required", "要求"),
    "should": both("should", "建议"),
    "practice": both("practice", "实践"),
}
BASIS_WORDS: Mapping[str, Words] = {
    "final": both("final text read", "已读正式文本"),
    "draft": both("draft read, final text unread", "已读草案，未读正式文本"),
    "secondary": both("secondary source, text unread", "据二手资料，未读原文"),
    "house": both("promise of this project", "本项目自身承诺"),
}
METHOD_WORDS: Mapping[str, Words] = {
    "automatic": both("by machine, every row", "自动，全量"),
    "technical_sample": both("by machine, a sample", "技术抽检"),
    "manual_sample": both("by people, a sample", "人工抽检"),
    "document": both("by people, documents", "文件审阅"),
}
#: Findings that a cell names; the table of findings has those that the audit lists.
_SHOWN = 3


def clauses(result: AuditResult) -> Table:
    """A row for each clause with its result, evidence, reason, equivalent measure and plan."""
    headings = (
        both("clause", "条款编号"),
        both("source of the requirement", "要求出处"),
        both("requirement", "要求（英文）"),
        both("requirement in Chinese", "要求"),
        both("level", "约束程度"),
        both("basis", "依据"),
        both("method", "检查方式"),
        both("result", "结果（英文）"),
        both("result in Chinese", "结果"),
        both("measured", "测量值（英文）"),
        both("measured, in Chinese", "测量值"),
    )
    spoken = (
        both("evidence", "证据"),
        both("reason", "理由（英文）"),
        both("reason in Chinese", "理由"),
        both("equivalent measure", "等效措施"),
        both("plan", "整改计划"),
        both("waiver", "豁免"),
        both("what meets it", "如何满足"),
    )
    columns = (*map(Column, headings), *(Column(word, said=True) for word in spoken))
    return Table(
        "clauses",
        both("Results by clause", "条款符合性表"),
        both(
            "Each clause of the profile: met, not met, not applicable, or not checked. What was "
            "not checked is not met; who files has to close it or say why it does not apply.",
            "逐条列出符合、不符合、不适用、未检查。未检查不等于符合，申报前须补齐或说明不适用的理由。",
        ),
        columns,
        tuple(_clause(entry) for entry in result.clauses),
        cards=True,
    )


def _clause(entry: ClauseResult) -> tuple[Cell, ...]:
    clause = entry.clause
    status = STATUS_WORDS[entry.status]
    reason = entry.reason or both("", "")
    mend = clause.mend or both("", "")
    return (
        clause.id,
        str(clause.reference),
        f"{clause.title.en}: {clause.what.en}",
        f"{clause.title.zh}：{clause.what.zh}",
        _pair(LEVEL_WORDS[clause.level]),
        _pair(BASIS_WORDS[clause.basis]),
        _pair(METHOD_WORDS[clause.method]),
        status.en,
        status.zh,
        entry.measured.en,
        entry.measured.zh,
        _evidence(entry),
        reason.en,
        reason.zh,
        entry.equivalent_measure,
        entry.plan,
        _waived(entry),
        _pair(mend),
    )


def _pair(word: Words) -> str:
    """Both languages in one cell."""
    return f"{word.zh} / {word.en}" if word.zh else ""


def _evidence(entry: ClauseResult) -> str:
    """How many findings there are and the first of them; what was measured where there are none."""
    if not entry.evidence:
        return ""
    shown = "; ".join(str(found) for found in entry.evidence[:_SHOWN])
    return f"{entry.findings}: {shown}{' …' if entry.findings > _SHOWN else ''}"


def _waived(entry: ClauseResult) -> str:
    waiver = entry.waiver or entry.expired
    if waiver is None:
        return ""
    state = "" if entry.waiver else "已过期 / expired: "
    return f"{state}{waiver.justification} ({waiver.approver}, {waiver.expires.isoformat()})"


def findings(result: AuditResult) -> Table:
    """A row for each finding that the audit lists."""
    rows = tuple(
        (
            entry.clause.id,
            found.path,
            found.document,
            found.said.en,
            found.said.zh,
            mark,
        )
        for entry in result.clauses
        for found, mark in zip(entry.evidence, entry.fingerprints(), strict=True)
    )
    return Table(
        "findings",
        both("Findings", "问题清单"),
        both(
            "Where a clause is not met: file, document, what is wrong. Personal data is named by "
            "type and offsets, never by value. At most 200 a clause; the clause counts all.",
            "不符合项所在的文件、文档与问题。个人信息只写类型与位置，不写内容。每条最多列 200 项。",
        ),
        (
            Column(both("clause", "条款编号")),
            Column(both("file", "文件"), said=True),
            Column(both("document", "文档标识")),
            Column(both("finding", "问题（英文）"), said=True),
            Column(both("finding in Chinese", "问题"), said=True),
            Column(both("fingerprint", "指纹")),
        ),
        rows,
    )


def handed(documents: Iterable[Document], results: Results) -> Table:
    """What people handed in: documents and results of samples, by digest."""
    rows: list[tuple[Cell, ...]] = [
        (
            "document",
            one.name,
            one.file,
            one.sha256,
            one.owner,
            None if one.date is None else one.date.isoformat(),
            "" if one.problem is None else _pair(one.problem),
        )
        for one in documents
    ]
    rows += [("results", "", one.name, one.sha256, "", "", str(one.rows)) for one in results.files]
    headings = (
        both("kind", "类别"),
        both("name", "名称"),
        both("file", "文件"),
        both("sha256", "sha256"),
        both("owner", "负责人"),
        both("date", "日期"),
        both("note", "备注"),
    )
    return Table(
        "handed_in",
        both("Documents and results handed in", "提交的文件与抽检结果"),
        both(
            "A machine knows that they are there and whole; what they say is for people to judge.",
            "程序只核对文件存在且未被改动，内容由人审阅。",
        ),
        tuple(Column(word, said=word.en in {"file", "owner", "note"}) for word in headings),
        tuple(rows),
    )
