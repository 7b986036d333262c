"""The keyword library: how many keywords each risk has, and the list that a filing asks for.

Enters: a finished run.  Leaves: tables.  Keywords are counted in the very files that the run used
(same sha256).  Only lists that come with this package are quoted; of others stand name, digest,
licence and count, for they belong to somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.profile import risk_names
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.evidence.packs import OURS, content_of
from corpus_pipeline.products.evidence.table import Cell, Column, Table, yes_no
from corpus_pipeline.products.runs import Run
from corpus_pipeline.rules.keyword_list import keywords_of
from corpus_pipeline.rules.risk_pack import LONGEST_TERM

#: Keywords that a library is to hold in all, and of each risk of a class: GB/T 45654-2025 8.1 as
#: secondary sources have it, B.1 of the draft of GB/T 45652 (2024-03-28) as read.
LEAST, LEAST_OF_CLASS = 10_000, {"A1": 200, "A2": 100}


@dataclass(slots=True)
class Library:
    """The lists of keywords that a run used.

    `lists`: reference, sha256, licence, keywords; None where the file is not there any more.
    `terms`: risk → keywords.  `quoted`: risk and keyword, of our own lists.
    """

    lists: list[tuple[str, str, str, int | None]] = field(default_factory=list)
    terms: dict[str, set[str]] = field(default_factory=dict)
    quoted: set[tuple[str, str]] = field(default_factory=set)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    classes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Different keywords of all risks."""
        return len({term for terms in self.terms.values() for term in terms})


def library(run: Run) -> Library:
    """The keywords of the stage `compliance`; an empty library where it did not run."""
    found = Library()
    for stage in run.manifest["stages"]:
        if stage["name"] == "compliance":
            own = stage.get("options", {}).get("keywords", ())
            for name, asset in stage.get("assets", {}).items():
                ref, sha256 = str(asset["ref"]), str(asset["sha256"])
                if name.startswith("keywords_"):
                    _add_list(found, own[int(name.removeprefix("keywords_"))], ref, sha256)
                else:
                    _add(found, ref, sha256)
    return found


def _add(found: Library, ref: str, sha256: str) -> None:
    content = content_of(ref, sha256)
    if content is None:
        found.lists.append((ref, sha256, "", None))
        return
    if "risks" in content:
        found.names, found.classes = content["risks"], content["classes"]
    elif "rules" in content:
        words = {
            (str(rule["risk"]), str(term))
            for rule in content["rules"]
            for term in rule.get("terms") or ()
        }
        for risk, term in words:
            found.terms.setdefault(risk, set()).add(term)
        found.lists.append((ref, sha256, str(content.get("licence", "")), len(words)))
        found.quoted |= words if ref.startswith(OURS) else set()


def _add_list(found: Library, section: Mapping[str, Any], ref: str, sha256: str) -> None:
    """Count the keywords of an operator's list under the risks that file or options give them."""
    licence = str(section.get("licence", ""))
    try:
        asset = resolve(ref, Path.cwd())
    except PipelineError:
        asset = None
    if asset is None or asset.sha256 != sha256:
        found.lists.append((ref, sha256, licence, None))
        return
    terms = keywords_of(asset, section.get("risk"), risk_names())
    for risk, words in terms.items():
        found.terms.setdefault(risk, set()).update(words)
    found.lists.append((ref, sha256, licence, sum(map(len, terms.values()))))


def coverage(found: Library) -> Table:
    """Keywords by risk beside the least that is asked for."""
    whole = found.total
    long = sum(len(term) > LONGEST_TERM for terms in found.terms.values() for term in terms)
    rows = [
        (
            risk,
            _class(found, risk),
            both(name["en"], name["zh"]),
            len(found.terms.get(risk, ())),
            LEAST_OF_CLASS.get(risk[:-1]),
            _met(len(found.terms.get(risk, ())), LEAST_OF_CLASS.get(risk[:-1])),
        )
        for risk, name in found.names.items()
    ]
    rows.append(("", None, both("all", "合计"), whole, LEAST, _met(whole, LEAST)))
    return Table(
        "keyword_coverage",
        both("Coverage of the keyword library", "关键词库覆盖情况"),
        both(
            f"Keywords that the run looked for, by risk; {long} are longer than {LONGEST_TERM} "
            "characters. The numbers asked for are those of secondary sources and of a draft.",
            f"本次运行所用关键词按风险统计；超过 {LONGEST_TERM} 字的有 {long} 个。"
            "下限数字来自二手资料与草案。",
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


def _met(number: int, least: int | None) -> Cell:
    if least is None:
        return both("no number", "无下限")
    return both("reached", "达到") if number >= least else both("not reached", "未达到")


def _class(found: Library, risk: str) -> Words | None:
    name = found.classes.get(risk[:-1])
    return None if name is None else both(name["en"], name["zh"])


def lists(found: Library) -> Table:
    """The lists themselves: where they come from, and by what right."""
    return Table(
        "keyword_lists",
        both("Keyword lists", "关键词库清单"),
        both(
            "Each list by digest and licence; an empty count: the file is not what the run used.",
            "各词库的摘要与许可；数量空白表示现有文件与运行所用的不一致或已不存在。",
        ),
        (
            Column(both("list", "词库"), said=True),
            Column(both("sha256", "sha256")),
            Column(both("licence", "许可"), said=True),
            Column(both("keywords", "关键词数")),
            Column(both("quoted below", "是否列出")),
        ),
        tuple(
            (ref, digest, licence, count, yes_no(ref.startswith(OURS)))
            for ref, digest, licence, count in found.lists
        ),
    )


def annex(found: Library) -> Table:
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
        tuple(_annexed(found)),
        form=True,
    )


def _annexed(found: Library) -> Iterator[tuple[Cell, ...]]:
    for risk, term in sorted(found.quoted):
        name = found.names.get(risk, {}).get("zh", risk)
        yield term, found.classes.get(risk[:-1], {}).get("zh", ""), name
