"""What the check of contents found: documents by risk, and by what they were checked.

Enters: a finished run and its scale.  Leaves: tables.
"""

from __future__ import annotations

from corpus_pipeline.products.audit.profile import risk_names
from corpus_pipeline.products.audit.words import both
from corpus_pipeline.products.evidence.scale import Scale
from corpus_pipeline.products.evidence.table import Cell, Column, Table
from corpus_pipeline.products.runs import DROPPED, KEPT


def found(size: Scale) -> Table:
    """A row for each of the 31 risks, with the documents in which it was found."""
    rows: list[tuple[Cell, ...]] = [
        (risk, name, size.risks[KEPT, risk], size.risks[DROPPED, risk])
        for risk, name in risk_names().items()
    ]
    return Table(
        "risks_found",
        both("Risks that were found", "内容风险识别结果"),
        both(
            "Documents in which rules, lists or models of the compliance stage found the risk; a "
            "document may have several. Found is no judgement: the stage drops by verdicts, and "
            "what it kept is for people to look at. A 0 of a risk without keywords says nothing.",
            "compliance 阶段的规则、名单或模型发现该风险的文档数，一篇可有多种。"
            "发现不等于违规：该阶段按判定剔除，"
            "保留者供人查看。没有关键词的风险，0 不说明任何问题。",
        ),
        (
            Column(both("number", "风险编号")),
            Column(both("risk", "风险"), apart=True),
            Column(both("kept documents", "保留文档")),
            Column(both("dropped documents", "剔除文档")),
        ),
        tuple(rows),
    )


def checked(size: Scale) -> Table:
    """By what the kept documents were checked, and how many by nothing."""
    rows = [
        (record or both("no record", "无记录"), documents)
        for record, documents in sorted(size.checked.items())
    ]
    return Table(
        "risks_checked",
        both("What checked the documents", "内容检查记录"),
        both(
            "Kept documents by the record that the compliance stage wrote: versions of the stage, "
            "its packs, lists and models.",
            "保留文档按 compliance 阶段写入的检查记录统计：该阶段及其规则包、词库、模型的版本。",
        ),
        (
            Column(both("record", "检查记录"), said=True),
            Column(both("documents", "条数")),
        ),
        tuple(rows),
    )
