"""What the audit says, as tables: a row for each clause, and a row for each finding.

Enters: an `AuditResult`.  Leaves: tables in both languages.
"""

from __future__ import annotations

from collections.abc import Iterable

from corpus_pipeline.products.audit.documents_file import Document
from corpus_pipeline.products.audit.formats import (
    BASIS_WORDS,
    LEVEL_WORDS,
    METHOD_WORDS,
    UNCONFIRMED,
)
from corpus_pipeline.products.audit.profile import Clause
from corpus_pipeline.products.audit.result import STATUS_WORDS, AuditResult, ClauseResult
from corpus_pipeline.products.audit.results_file import Results
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.evidence.table import Cell, Column, Table

#: Findings that a cell names; the table of findings has those that the audit lists.
_SHOWN = 3
#: Findings of a clause that a page shows.
_ON_PAGE = 5


def clauses(result: AuditResult) -> Table:
    """A row for each clause with its result, evidence, reason, equivalent measure and plan."""
    columns = (
        Column(both("clause", "条款编号")),
        Column(both("result", "结果"), apart=True),
        Column(both("source of the requirement", "要求出处")),
        Column(both("requirement", "要求"), apart=True),
        Column(both("level", "约束程度")),
        Column(both("basis", "依据")),
        Column(both("method", "检查方式")),
        Column(both("measured", "测量值"), apart=True),
        Column(both("evidence", "证据"), said=True, apart=True),
        Column(both("reason", "理由"), said=True, apart=True),
        Column(both("equivalent measure", "等效措施"), said=True),
        Column(both("plan", "整改计划"), said=True),
        Column(both("waiver", "豁免"), said=True),
        Column(both("what meets it", "如何满足"), apart=True),
    )
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
    asked = both(f"{clause.title.en}: {clause.what.en}", f"{clause.title.zh}：{clause.what.zh}")
    # What was measured says it already where nothing was.
    reason = None if entry.reason == entry.measured else entry.reason
    return (
        clause.id,
        STATUS_WORDS[entry.status],
        str(clause.reference),
        asked,
        LEVEL_WORDS[clause.level],
        basis(clause),
        METHOD_WORDS[clause.method],
        entry.measured,
        _evidence(entry),
        reason,
        entry.equivalent_measure,
        entry.plan,
        _waived(entry),
        clause.mend if entry.status in {"fail", "not_checked"} else None,
    )


def basis(clause: Clause) -> Words:
    """What the wording rests on, and whether a page that was read confirms it."""
    word = BASIS_WORDS[clause.basis]
    if clause.confirmed:
        return word
    return both(f"{word.en}; {UNCONFIRMED.en}", f"{word.zh}；{UNCONFIRMED.zh}")


def _evidence(entry: ClauseResult) -> Words | None:
    """How many findings there are and the first of them."""
    if not entry.evidence:
        return None
    shown, more = entry.evidence[:_SHOWN], " …" if entry.findings > _SHOWN else ""
    english, chinese = ("; ".join(found.of(tongue) for found in shown) for tongue in ("en", "zh"))
    return both(f"{entry.findings}: {english}{more}", f"{entry.findings} 处：{chinese}{more}")


def _waived(entry: ClauseResult) -> str:
    waiver = entry.waiver or entry.expired
    if waiver is None:
        return ""
    state = "" if entry.waiver else "已过期 / expired: "
    return f"{state}{waiver.justification} ({waiver.approver}, {waiver.expires.isoformat()})"


def findings(result: AuditResult) -> Table:
    """A row for each finding that the audit lists."""
    rows = tuple(
        (entry.clause.id, found.path, found.document, found.said, mark)
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
            Column(both("finding", "问题"), said=True, apart=True),
            Column(both("fingerprint", "指纹")),
        ),
        rows,
        shown=_ON_PAGE,
    )


def handed(documents: Iterable[Document], results: Results) -> Table:
    """What people handed in: documents and results of samples, by digest."""
    rows: list[tuple[Cell, ...]] = [
        (
            both("document", "文件"),
            one.name,
            one.file,
            one.sha256,
            one.owner,
            None if one.date is None else one.date.isoformat(),
            one.problem,
        )
        for one in documents
    ]
    rows += [
        (
            both("results", "抽检结果"),
            "",
            one.name,
            one.sha256,
            "",
            "",
            both(f"{one.rows} rows", f"{one.rows} 条"),
        )
        for one in results.files
    ]
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
            "A machine knows that they are there and whole; what they say is for people to judge. "
            "The files themselves are not in this folder: attach them to the filing.",
            "程序只核对文件存在且未被改动，内容由人审阅。文件本身不在本目录中，申报时另行附上。",
        ),
        tuple(Column(word, said=word.en in {"file", "owner", "note"}) for word in headings),
        tuple(rows),
    )
