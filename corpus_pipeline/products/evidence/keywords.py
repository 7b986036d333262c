"""The keyword library: how many keywords each risk has, and the list that a filing asks for.

Enters: the keyword files of a run.  Leaves: tables.  Only lists that come with this package are
quoted; of others stand name, digest, licence and count, for they belong to somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from corpus_pipeline.products.audit.keyword_library import KeywordFile, covered, taxonomy
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.evidence.table import Cell, Column, Table, yes_no
from corpus_pipeline.rules.compliance import Library
from corpus_pipeline.rules.coverage import RiskTerms


def coverage(files: Sequence[KeywordFile]) -> Table:
    """Keywords by risk beside the least that is asked for."""
    found, names = covered(files), taxonomy()
    classes = {key: both(name.en, name.zh) for key, name in names.classes.items()}
    rows: list[tuple[Cell, ...]] = [
        (one.risk, classes[one.risk[:-1]], both(one.en, one.zh), one.terms, *_asked(one))
        for one in found.risks
    ]
    rows.append(
        ("", None, both("all", "合计"), found.total, found.least, _met(found.total >= found.least))
    )
    least = names.library
    return Table(
        "keyword_coverage",
        both("Coverage of the keyword library", "关键词库覆盖情况"),
        both(
            f"Keywords that the run looked for, by risk; {found.too_long} are longer than "
            f"{least.characters} Chinese characters or {least.words} words. The numbers asked for "
            "are those of secondary sources and of a draft.",
            f"本次运行所用关键词按风险统计；超过 {least.characters} 个汉字或 {least.words} 个外文词"
            f"的有 {found.too_long} 个。下限数字来自二手资料与征求意见稿。",
        ),
        (
            Column(both("number", "风险编号")),
            Column(both("class", "一级分类"), apart=True),
            Column(both("risk", "二级分类"), apart=True),
            Column(both("keywords", "关键词数")),
            Column(both("least asked for", "要求下限")),
            Column(both("result", "是否达到")),
        ),
        tuple(rows),
    )


def _asked(one: RiskTerms) -> tuple[Cell, ...]:
    return (one.least, _met(one.met)) if one.least else (None, both("no number", "无下限"))


def _met(met: bool) -> Words:
    return both("reached", "达到") if met else both("not reached", "未达到")


def lists(files: Sequence[KeywordFile], day: date) -> Table:
    """The files themselves: where they come from, by what right, and how old they are."""
    weekly = taxonomy().library.days
    return Table(
        "keyword_lists",
        both("Keyword lists", "关键词库清单"),
        both(
            f"Each list by digest, licence and age (to be brought up to date every {weekly} days); "
            "an empty count: the file is not what the run used, or not there any more.",
            f"各词库的摘要、许可与更新日期（应每 {weekly} 天更新）。"
            "数量空白表示现有文件与运行所用的不一致或已不存在。",
        ),
        (
            Column(both("list", "词库"), said=True),
            Column(both("licence", "许可"), said=True),
            Column(both("source", "出处"), said=True),
            Column(both("up to date on", "更新日期")),
            Column(both("days old", "距审计日天数")),
            Column(both("keywords", "关键词数")),
            Column(both("quoted below", "是否列出")),
            Column(both("sha256", "sha256")),
        ),
        tuple(_listed(one, day) for one in files),
    )


def _listed(one: KeywordFile, day: date) -> tuple[Cell, ...]:
    found = one.library
    if found is None:
        return one.ref, "", "", "", None, None, yes_no(value=False), one.sha256
    return (
        one.ref,
        found.licence,
        found.source,
        "" if found.updated is None else found.updated.isoformat(),
        None if found.updated is None else (day - found.updated).days,
        len(_terms(found)),
        yes_no(one.ours),
        one.sha256,
    )


def _terms(library: Library) -> set[str]:
    return {term.lower() for group in library.groups for term in group.terms}


def annex(files: Sequence[KeywordFile]) -> Table:
    """The form 附件4 拦截关键词列表: keyword, class, risk."""
    return Table(
        "annex4_keywords",
        both("Annex 4: blocked keywords", "附件4 拦截关键词列表"),
        both(
            "The keywords of our own lists; those of others have to be added by who holds them.",
            "仅列出本项目自有词库的关键词；其他词库须由持有者自行补充。",
        ),
        (
            Column(both("keyword", "关键词")),
            Column(both("class", "一级分类")),
            Column(both("risk", "二级分类")),
        ),
        tuple(_annexed(files)),
        form=True,
    )


def _annexed(files: Sequence[KeywordFile]) -> Iterator[tuple[Cell, ...]]:
    names = taxonomy()
    quoted = {
        (group.risk, term.lower())
        for one in files
        if one.ours and one.library is not None
        for group in one.library.groups
        for term in group.terms
    }
    for risk, term in sorted(quoted):
        yield term, names.classes[risk[:-1]].zh, names.risks[risk].zh
