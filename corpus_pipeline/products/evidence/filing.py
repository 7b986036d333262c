"""What the folder serves, and what is left to do before anybody files it.

Enters: the audit, and the paths of the folder's files.  Leaves: tables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.products.audit.formats import LEVEL_WORDS
from corpus_pipeline.products.audit.profile import LEVELS
from corpus_pipeline.products.audit.result import STATUS_WORDS, AuditResult, ClauseResult
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.evidence.table import Cell, Column, Table
from corpus_pipeline.rules.pack import Pack, load
from corpus_pipeline.rules.settings import Strict

_OPEN = ("fail", "not_checked")
#: What a wording rests on that nobody has compared with the text in force.
_UNREAD = ("draft", "secondary")


class Part(Strict):
    """A part of a filing: files of the folder that serve it, and what people add."""

    name: Words
    files: tuple[str, ...]
    people: Words


class Filing(Pack):
    """The parts of a filing."""

    noun: ClassVar[str] = "list of a filing"

    parts: tuple[Part, ...] = Field(min_length=1)


@cache
def _parts() -> tuple[Part, ...]:
    ref = "package:products/evidence/filing.yaml"
    return load(resolve(ref, Path.cwd()), Filing).parts


def parts(paths: Collection[str]) -> Table:
    """A row for each part of a filing, with the files of this folder that serve it."""
    rows = []
    for part in _parts():
        found = [
            path for pattern in part.files for path in sorted(paths) if fnmatchcase(path, pattern)
        ]
        served = "\n".join(found) if found else both("nothing", "无，须自行准备")
        rows.append((part.name, served, part.people))
    return Table(
        "filing",
        both("What a filing asks for", "备案材料对照表"),
        both(
            "By pages about filings; the local office's own list decides.",
            "依据关于备案实务的公开资料整理，以属地网信部门的清单为准。",
        ),
        (
            Column(both("part", "材料"), apart=True),
            Column(both("files of this folder", "本目录中的文件"), lines=True),
            Column(both("what people add", "须由人补充"), apart=True),
        ),
        tuple(rows),
    )


def left_to_do(result: AuditResult) -> Table:
    """A row for each clause that is not met or was not checked, the most binding first."""
    left = [entry for entry in result.clauses if entry.status in _OPEN]
    left.sort(key=lambda entry: (LEVELS.index(entry.clause.level), _OPEN.index(entry.status)))
    return Table(
        "left_to_do",
        both("Left to do", "待办清单"),
        both(
            "Clauses that are not met or were not checked, the most binding first; who and until "
            "when is for people to fill in.",
            "不符合与未检查的条款，按约束程度排列；责任人与完成日期由申报单位填写。",
        ),
        (
            Column(both("number", "序号")),
            Column(both("clause", "条款编号")),
            Column(both("requirement", "要求"), apart=True),
            Column(both("level", "约束程度")),
            Column(both("result", "结果")),
            Column(both("what to do", "办理事项"), said=True, apart=True),
            Column(both("who", "责任人")),
            Column(both("until", "完成日期")),
        ),
        (*_left(left), *_unread(result, len(left) + 1)),
    )


def _left(entries: list[ClauseResult]) -> Iterator[tuple[Cell, ...]]:
    for number, entry in enumerate(entries, 1):
        clause = entry.clause
        yield (
            number,
            clause.id,
            clause.title,
            LEVEL_WORDS[clause.level],
            STATUS_WORDS[entry.status],
            _todo(entry),
            None,
            None,
        )


def _unread(result: AuditResult, number: int) -> Iterator[tuple[Cell, ...]]:
    """That wordings which rest on no text in force have to be compared with it, met or not."""
    resting = [one.clause for one in result.clauses if one.clause.basis in _UNREAD]
    if resting:
        unsure = sum(not clause.confirmed for clause in resting)
        todo = both(
            f"{len(resting)} clauses rest on a draft or on pages about the text, {unsure} of them "
            "are not confirmed: compare wording and figures with the text in force",
            f"{len(resting)} 条的依据为征求意见稿或二手资料，其中 {unsure} 条未经核实："
            "与正式文本核对表述与数值",
        )
        asked = both("Compare with the text in force", "与正式文本核对")
        yield number, None, asked, None, None, todo, None, None


def _todo(entry: ClauseResult) -> Words:
    """What closes a clause."""
    clause, settings = entry.clause, entry.clause.settings
    if clause.check == "manual_sample" and entry.status == "not_checked":
        each = "_by_kind" if settings.get("per_kind") else ""
        file = f"samples/{settings['aspect']}{each}.xlsx"
        return both(
            f"read the sample {file}, fill it in, hand it in with --results",
            f"审阅并填写 {file}，以 --results 提交",
        )
    if clause.check == "documents_handed" and entry.status == "not_checked":
        names = ", ".join(settings["names"]).replace("|", " / ")
        return both(f"hand in with --documents: {names}", f"编写并以 --documents 提交：{names}")
    said = clause.mend or both("see the findings", "见问题清单")
    if entry.status == "fail":
        return both(f"{said.en} ({entry.findings} findings)", f"{said.zh}（{entry.findings} 处）")
    return both(f"{entry.measured.en}: {said.en}", f"{entry.measured.zh}：{said.zh}")
