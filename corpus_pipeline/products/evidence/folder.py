"""The evidence folder: what a filing needs of a run, for people to read, sign and hand in.

Enters: a finished run, its audit, what was handed in, and the function that masks personal data.
Leaves: a folder with a page, a workbook, tables, samples, the audit in its formats, and a sealed
list of all of it.  The same run, profile, day and seed give the same bytes.
Refuses: a folder that is not one of these, one in which a file was changed since (filled-in samples
are somebody's work), and a place inside the run (`PipelineError`, one line).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from corpus_pipeline import __version__
from corpus_pipeline.io import manifest
from corpus_pipeline.io.storage import commit_bytes, is_free, sha256_file
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.documents_file import documents_of
from corpus_pipeline.products.audit.formats import FILES, FORMATS, LEVEL_WORDS, render
from corpus_pipeline.products.audit.keyword_library import KeywordFile, covered, keyword_files
from corpus_pipeline.products.audit.profile import Profile, document_names
from corpus_pipeline.products.audit.result import MET, NOT_MET, STATUS_WORDS, AuditResult
from corpus_pipeline.products.audit.results_file import read_results
from corpus_pipeline.products.audit.second_engine import BLIND
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.evidence import (
    clauses,
    filing,
    keywords,
    personal,
    record,
    risks,
    sources,
)
from corpus_pipeline.products.evidence.files import About, as_csv, as_markdown
from corpus_pipeline.products.evidence.masked import masked_audit
from corpus_pipeline.products.evidence.packs import model_card
from corpus_pipeline.products.evidence.page import as_draft, as_page
from corpus_pipeline.products.evidence.samples import samples
from corpus_pipeline.products.evidence.scale import scale
from corpus_pipeline.products.evidence.table import Cell, Column, Mask, Table, finished
from corpus_pipeline.products.evidence.workbook import as_workbook
from corpus_pipeline.products.runs import Run, open_run

#: The sealed list of the folder's files, written last, and what it says it is.
LIST, KIND = "manifest.json", "evidence"

NOTES = both(
    "This folder is evidence for an audit or a filing, made by a program from one run. It is no "
    "certificate, no audit under the law and no legal advice. What was not checked is not met. "
    "Clauses whose basis is a draft or a secondary source have to be compared with the final text.",
    "本材料由程序依据一次运行生成，是审计或备案的证据，不是认证、法定审计或法律意见。"
    "未检查不等于符合；依据为草案或二手资料的条款，须与正式文本核对。",
)


#: Files that the page and the list of a filing name before they are written.
_ABOUT_FILES: Mapping[str, Words] = {
    "evidence.xlsx": both("all tables in one workbook", "全部表格（工作簿）"),
    "evidence.md": both("all tables as Markdown", "全部表格（Markdown）"),
    "index.html": both("this page", "本页"),
    "annex1_draft.html": both("annex 1, a draft to complete", "附件1 安全评估报告（语料部分）草稿"),
    "annex4_keywords.xlsx": both("annex 4 as a form", "附件4 拦截关键词列表"),
}
_SAMPLES = ("technical_sample", "manual_sample")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a folder is made of: a run, its audit, what was handed in, and a seed for samples.

    `results`: files of what people found in samples; `documents`: an index of documents.
    """

    root: Path
    result: AuditResult
    results: Sequence[Path] = ()
    documents: Path | None = None
    seed: int = 0


def write_evidence(made_of: Evidence, folder: Path, mask: Mask) -> list[str]:
    """Write the folder; the paths of its files, in order."""
    earlier = replaceable(folder, made_of.root)
    run = open_run(made_of.root)
    made_of = replace(made_of, result=masked_audit(made_of.result, mask))
    content = _files(run, made_of, mask)
    try:
        _write(folder, content, earlier)
    except OSError as error:
        raise PipelineError(f"cannot write {folder}: {error.strerror or error}") from None
    entries = [manifest.file_entry(folder, folder / path) for path in sorted(content)]
    result = made_of.result
    said = {"kind": KIND, "run": result.seal, "profile": result.profile.profile}
    said |= {"day": result.day.isoformat(), "tool": __version__}
    manifest.write(folder / LIST, {**said, "seed": made_of.seed, "files": entries})
    return sorted(content)


def _write(folder: Path, content: Mapping[str, bytes], earlier: set[str]) -> None:
    """Put the files there, and take away those of an earlier folder that are none of these."""
    for path in sorted(earlier - content.keys()):
        (folder / path).unlink(missing_ok=True)
    (folder / LIST).unlink(missing_ok=True)
    for path, data in content.items():
        commit_bytes(folder / path, data)


def replaceable(folder: Path, root: Path) -> set[str]:
    """The files of an earlier evidence folder here, which may be replaced; none where it is new.

    Raises `PipelineError` where something else is there, or the place is inside the run.
    """
    if folder.resolve().is_relative_to(root.resolve()):
        raise PipelineError(f"{folder} lies inside the run: name a folder beside it")
    if is_free(folder):
        return set()
    content = manifest.read_if_sound(folder / LIST) if folder.is_dir() else None
    if content is None or content.get("kind") != KIND:
        raise PipelineError(f"{folder} is there and is no evidence folder: name another")
    for entry in content["files"]:
        path = folder / entry["path"]
        if not path.resolve().is_relative_to(folder.resolve()):
            raise PipelineError(f"{folder}: its list names {entry['path']}, which lies outside")
        if path.is_file() and sha256_file(path) != entry["sha256"]:
            raise PipelineError(
                f"{folder}: {entry['path']} was changed since it was written: name another folder, "
                "or take it out"
            )
    return {str(entry["path"]) for entry in content["files"]}


def _files(run: Run, made_of: Evidence, mask: Mask) -> dict[str, bytes]:
    """Path → content of every file but the list."""
    result, about = made_of.result, _about(run, made_of)
    words = keyword_files(run)
    drawn = finished(samples(run, result.profile, made_of.seed), mask)
    content = {f"samples/{table.name}.csv": as_csv(table) for table in drawn}
    content |= {f"samples/{table.name}.xlsx": as_workbook([table]) for table in drawn}
    content |= {FILES[form]: render(result, form, "zh").encode() for form in FORMATS}
    content |= _cards(run)
    annex = finished([keywords.annex(words)], mask)
    content |= {"annex4_keywords.xlsx": as_workbook(annex)}
    made = {table.name: table for table in finished(_tables(run, made_of, words), mask)}
    planned = {f"tables/{name}.csv" for name in ("filing", *made)} | {*_ABOUT_FILES}
    parts = finished([filing.parts({*content, *planned})], mask)
    tables = [*parts, *made.values()]
    content |= {f"tables/{table.name}.csv": as_csv(table) for table in (*tables, *annex)}
    content["evidence.xlsx"] = as_workbook(tables, about)
    content["evidence.md"] = as_markdown(about, tables)
    content["annex1_draft.html"] = as_draft(about, tables, _facts(result, words))
    names = _named([*tables, *annex, *drawn])
    listed = [(path, names.get(path, both("", ""))) for path in sorted({*content, *_ABOUT_FILES})]
    content["index.html"] = as_page(about, tables, listed)
    return content


def _tables(run: Run, made_of: Evidence, words: Sequence[KeywordFile]) -> list[Table]:
    """Every table but the samples and the parts of a filing, in the order of the page."""
    result, size = made_of.result, scale(run)
    documents = documents_of(run, made_of.documents, document_names(result.profile), result.day)
    return [
        filing.left_to_do(result),
        sources.composition(run, size),
        sources.sources(run, size, result),
        sources.hosts(size),
        clauses.clauses(result),
        clauses.findings(result),
        personal.personal(run, size, result),
        _blind(),
        risks.found(size),
        risks.checked(size),
        keywords.coverage(words),
        keywords.lists(words, result.day),
        sources.licences(size),
        sources.rights(size),
        record.ledger(run),
        record.methods(run),
        clauses.handed(documents.values(), read_results(made_of.results)),
        record.digests(run),
    ]


def _cards(run: Run) -> dict[str, bytes]:
    """The cards of the packaged models that the run used."""
    assets = [
        asset for stage in run.manifest["stages"] for asset in stage.get("assets", {}).values()
    ]
    found = [model_card(str(asset["ref"]), str(asset["sha256"])) for asset in assets]
    return {f"models/{card[0]}": card[1].encode() for card in found if card is not None}


def _facts(result: AuditResult, words: Sequence[KeywordFile]) -> dict[str, Any]:
    """What the draft of a report says beside its tables."""
    return {
        "sampled": [one for one in result.clauses if one.clause.method in _SAMPLES],
        "statuses": STATUS_WORDS,
        "keywords": covered(words).total,
    }


def _blind() -> Table:
    """What the second engine does not look for."""
    return Table(
        "not_looked_for",
        both("What the second engine does not see", "第二引擎的盲区"),
        both(
            "The residual check is made by another engine than the one that masked; these it "
            "cannot find, so people have to look for them in the samples.",
            "残留复检由另一套引擎完成；下列内容它无法发现，须在人工抽检中查看。",
        ),
        (Column(both("not looked for", "未覆盖"), apart=True),),
        tuple((both(english, chinese),) for english, chinese in BLIND.items()),
    )


def _named(tables: Sequence[Table]) -> Mapping[str, Words]:
    """What the files are, for the page."""
    named = {
        **_ABOUT_FILES,
        "audit.txt": both("the audit, to read, in Chinese", "审计结果（文本）"),
        "audit.json": both("the audit, for programs", "审计结果（JSON）"),
        "audit.sarif": both("the audit as SARIF 2.1.0", "审计结果（SARIF 2.1.0）"),
        "audit.oscal.json": both("the audit as OSCAL results", "审计结果（OSCAL）"),
        "audit.junit.xml": both("the audit as JUnit XML", "审计结果（JUnit XML）"),
        "models/langid.md": both("card of the language model", "语种识别模型说明"),
        "models/quality.md": both("card of the quality model", "质量评分模型说明"),
    }
    for table in tables:
        for path in (f"tables/{table.name}.csv", f"samples/{table.name}.csv"):
            named[path] = table.title
        named[f"samples/{table.name}.xlsx"] = table.title
    return named


def _about(run: Run, made_of: Evidence) -> About:
    """What the folder is about, in short."""
    result, profile, counts = made_of.result, made_of.result.profile, run.counts
    title = both(*(f"{word} ({profile.profile} {profile.version})" for word in _pair(profile)))
    kept, read = counts["kept"], counts["read"]
    facts: list[tuple[Words, Cell]] = [
        (both("run", "运行"), result.run),
        (both("seal of the run", "运行清单封印"), result.seal),
        (both("profile", "审计依据"), title),
        (both("what of it was read", "所读文本"), profile.reading),
        (both("in force from", "生效日期"), _day(profile.effective_from)),
        (both("day", "审计日期"), result.day.isoformat()),
        (
            both("documents", "条数"),
            both(f"{kept:,} kept of {read:,} read", f"读入 {read:,}，保留 {kept:,}"),
        ),
        (both("characters kept", "保留字数"), f"{counts.get('characters_kept', 0):,}"),
        (both("clauses", "条款"), _tally(result)),
        (both("tool", "工具"), f"corpus-pipeline {__version__}"),
        (both("seed of the samples", "抽样种子"), str(made_of.seed)),
    ]
    mark, outcome = _outcome(result)
    return About(facts, NOTES, outcome, mark)


def _pair(profile: Profile) -> tuple[str, str]:
    return profile.title.en, profile.title.zh


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _tally(result: AuditResult) -> Words:
    """How many clauses have each result."""
    counts = {
        status: sum(entry.status == status for entry in result.clauses) for status in STATUS_WORDS
    }
    english = ", ".join(f"{STATUS_WORDS[status].en} {count}" for status, count in counts.items())
    chinese = "，".join(f"{STATUS_WORDS[status].zh} {count}" for status, count in counts.items())
    return both(english, chinese)


def _outcome(result: AuditResult) -> tuple[str, Words]:
    """The audit's outcome as a class of the page and a sentence."""
    level = LEVEL_WORDS[result.fail_on]
    if result.exit_code == MET:
        return "pass", both(
            f"All clauses of level {level.en} are met", f"“{level.zh}”级条款全部符合"
        )
    if result.exit_code == NOT_MET:
        return "fail", both(
            f"Not all clauses of level {level.en} are met", f"“{level.zh}”级条款有不符合项"
        )
    return "open", both(
        f"Some clauses of level {level.en} were not checked", f"“{level.zh}”级条款有未检查项"
    )
