"""Samples for people: seeded, masked, with columns to fill in and hand back as `--results`.

Enters: a finished run, a profile and a seed.  Leaves: a table for each thing that is to be looked
at, as many documents as the profile's clauses ask for.
A document is drawn by the hash of seed and id, so a larger sample holds the smaller one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from corpus_pipeline.products.audit.profile import Profile, risk_names
from corpus_pipeline.products.audit.results_file import CONTENT
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.evidence.needs import METADATA, Need, drawn_ids, needs
from corpus_pipeline.products.evidence.sources import KINDS
from corpus_pipeline.products.evidence.table import Cell, Column, Table
from corpus_pipeline.products.runs import KEPT, Run, batches, columns_of

#: Characters of a text that a sample shows; a cell of a workbook holds 32,767.
_SHOWN = 20_000
#: Columns that a sample shows beside the text, and what their headings are.
_ABOUT = {
    "title": both("title", "标题"),
    "url": both("address", "网址"),
    "locator": both("place", "位置"),
    "license": both("licence", "许可"),
    "compliance_checked": both("checked by", "风险检查记录"),
    "ip_risk": both("rights", "知识产权风险"),
    "ip_basis": both("signs", "知识产权依据"),
    "aigc_label": both("generated", "生成内容标识"),
    "aigc_model": both("model", "生成模型"),
    "aigc_at": both("obtained", "生成时间"),
}
#: What samples are called, by what is looked at in them.
_ASPECTS = {
    CONTENT: both("content", "内容安全"),
    METADATA: both("metadata", "元数据"),
    "ip_record": both("records of rights", "知识产权记录"),
    "aigc": both("generated text", "生成内容"),
    "annotation": both("annotation", "标注质量"),
}


def samples(run: Run, profile: Profile, seed: int) -> list[Table]:
    """A table for each sample that is needed."""
    kinds = {name: str(entry.get("kind") or "unknown") for name, entry in run.sources.items()}
    wanted = needs(profile)
    drawn = [drawn_ids(run, need, seed) for need in wanted]
    rows = {row[0]: row for row in _rows(run, set().union(*drawn), kinds)}
    return [
        _table(need, [rows[key] for key in chosen], seed)
        for need, chosen in zip(wanted, drawn, strict=True)
    ]


def _frames(run: Run, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    for part in run.parts(KEPT):
        have = columns_of(run.root / part)
        yield from batches(run.root / part, [name for name in columns if name in have])


def _rows(run: Run, chosen: set[str], kinds: dict[str, str]) -> Iterator[tuple[Cell, ...]]:
    """What a sample shows of each document: its id first, its text last."""
    keys = pl.Series(sorted(chosen), dtype=pl.String)
    for frame in _frames(run, ["id", "source", *_ABOUT, "compliance_hits", "text"]):
        for row in frame.filter(pl.col("id").is_in(keys.implode())).iter_rows(named=True):
            risks = sorted({str(hit["risk"]) for hit in row.get("compliance_hits") or ()})
            text = row["text"] or ""
            cut = f"{text[:_SHOWN]}…" if len(text) > _SHOWN else text
            about = (_joined(row.get(name)) for name in _ABOUT)
            source = row["source"]
            kind = KINDS.get(kinds.get(source, "unknown"), kinds.get(source))
            yield row["id"], source, kind, *about, _called(risks), len(text), cut


def _joined(value: object) -> Cell:
    if value is None:
        return None
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _called(risks: Sequence[str]) -> Words | None:
    """Risks by their names."""
    if not risks:
        return None
    known = risk_names()
    named = [known.get(risk, both(risk, risk)) for risk in risks]
    pairs = list(zip(risks, named, strict=True))
    chinese = "；".join(f"{risk} {name.zh}" for risk, name in pairs)
    return both("; ".join(f"{risk} {name.en}" for risk, name in pairs), chinese)


def _table(need: Need, rows: Sequence[tuple[Cell, ...]], seed: int) -> Table:
    each = "_by_kind" if need.per_kind else ""
    asked = f"{need.least:,}"
    of_each = both(" of each kind of source", "（每类来源）") if need.per_kind else both("", "")
    name = _ASPECTS.get(need.aspect, both(need.aspect, need.aspect))
    return Table(
        f"{need.aspect}{each}",
        both(f"Sample: {name.en}{of_each.en}", f"抽检样本：{name.zh}{of_each.zh}"),
        both(
            f"{asked} documents{of_each.en} asked for, {len(rows):,} drawn with seed {seed}. "
            "Fill in verdict (合格 or 不合格), reviewer and date in the workbook or the CSV, "
            "and hand it in with --results. Personal data is masked.",
            f"要求 {asked} 条{of_each.zh}，以种子 {seed} 抽取 {len(rows):,} 条。"
            "请在工作簿或 CSV 中填写结论（合格/不合格）、"
            "审核人与日期，再以 --results 提交。个人信息已遮盖。",
        ),
        (
            Column(both("id", "编号")),
            Column(both("verdict", "结论")),
            Column(both("text", "正文"), said=True, lines=True),
            Column(both("reviewer", "审核人")),
            Column(both("date", "日期")),
            Column(both("risk that was found", "不合格的风险")),
            Column(both("remarks", "备注")),
            Column(both("annotator", "标注人")),
            Column(both("aspect", "项目")),
            Column(both("source", "来源"), said=True),
            Column(both("kind", "来源类型")),
            *(Column(word, said=True) for word in _ABOUT.values()),
            Column(both("risks found", "发现的风险")),
            Column(both("characters", "字数")),
        ),
        tuple((row[0], None, row[-1], *[None] * 5, need.aspect, *row[1:-1]) for row in rows),
        form=True,
    )
