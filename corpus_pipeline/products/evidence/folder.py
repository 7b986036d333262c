"""The evidence folder: what a filing needs of a run, for people to read, sign and hand in.

Enters: a finished run, its audit, what was handed in, and the function that masks personal data.
Leaves: a folder with a page, a workbook, tables, samples, the audit in its formats, and a sealed
list of all of it.  The same run, profile, day and seed give the same bytes.
Refuses: a folder that is not one of these, one in which a file was changed since (filled-in samples
are somebody's work), and a place inside the run (`PipelineError`, one line).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus_pipeline import __version__
from corpus_pipeline.io import manifest
from corpus_pipeline.io.storage import commit_bytes, sha256_file
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.documents_file import documents_of
from corpus_pipeline.products.audit.formats import FILES, FORMATS, render
from corpus_pipeline.products.audit.profile import document_names
from corpus_pipeline.products.audit.result import MET, NOT_MET, STATUS_WORDS, AuditResult
from corpus_pipeline.products.audit.results_file import read_results
from corpus_pipeline.products.audit.second_engine import BLIND
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.evidence import clauses, keywords, personal, record, sources
from corpus_pipeline.products.evidence.files import as_csv, as_markdown, as_page, as_workbook
from corpus_pipeline.products.evidence.samples import samples
from corpus_pipeline.products.evidence.scale import scale
from corpus_pipeline.products.evidence.table import Column, Mask, Table, finished
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
    tables = finished(_tables(run, made_of), mask)
    drawn = finished(samples(run, made_of.result.profile, made_of.seed), mask)
    content = _files(run, made_of, tables, drawn)
    for path in sorted(earlier - content.keys()):
        (folder / path).unlink(missing_ok=True)
    (folder / LIST).unlink(missing_ok=True)
    for path, data in content.items():
        commit_bytes(folder / path, data)
    entries = [manifest.file_entry(folder, folder / path) for path in sorted(content)]
    result = made_of.result
    said = {"kind": KIND, "run": result.seal, "profile": result.profile.profile}
    said |= {"day": result.day.isoformat(), "tool": __version__}
    manifest.write(folder / LIST, {**said, "seed": made_of.seed, "files": entries})
    return sorted(content)


def replaceable(folder: Path, root: Path) -> set[str]:
    """The files of an earlier evidence folder here, which may be replaced; none where it is new.

    Raises `PipelineError` where something else is there, or the place is inside the run.
    """
    if folder.resolve().is_relative_to(root.resolve()):
        raise PipelineError(f"{folder} lies inside the run: name a folder beside it")
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return set()
    content = manifest.read_if_sound(folder / LIST) if folder.is_dir() else None
    if content is None or content.get("kind") != KIND:
        raise PipelineError(f"{folder} is there and is no evidence folder: name another")
    for entry in content["files"]:
        path = folder / entry["path"]
        if path.is_file() and sha256_file(path) != entry["sha256"]:
            raise PipelineError(
                f"{folder}: {entry['path']} was changed since it was written: name another folder, "
                "or take it out"
            )
    return {str(entry["path"]) for entry in content["files"]}


def _tables(run: Run, made_of: Evidence) -> list[Table]:
    """Every table but the samples, in the order of the page."""
    result, size = made_of.result, scale(run)
    words = keywords.library(run)
    documents = documents_of(run, made_of.documents, document_names(result.profile), result.day)
    return [
        sources.sources(run, size),
        clauses.clauses(result),
        clauses.findings(result),
        personal.personal(run, size, result),
        _blind(),
        keywords.coverage(words),
        keywords.lists(words),
        sources.licences(size),
        sources.rights(size),
        record.ledger(run),
        record.methods(run),
        clauses.handed(documents.values(), read_results(made_of.results)),
        record.digests(run),
        keywords.annex(words),
    ]


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
        (Column(both("not looked for", "未覆盖")),),
        tuple((line,) for line in BLIND),
    )


def _files(
    run: Run, made_of: Evidence, tables: Sequence[Table], drawn: Sequence[Table]
) -> dict[str, bytes]:
    """Path → content of every file but the list."""
    result = made_of.result
    annex = next(table for table in tables if table.name == "annex4_keywords")
    content = {f"tables/{table.name}.csv": as_csv(table) for table in tables}
    content |= {f"samples/{table.name}.csv": as_csv(table) for table in drawn}
    content |= {f"samples/{table.name}.xlsx": as_workbook([table]) for table in drawn}
    content |= {FILES[form]: render(result, form).encode() for form in FORMATS}
    content["evidence.xlsx"] = as_workbook(tables)
    content["annex4_keywords.xlsx"] = as_workbook([annex])
    about = _about(run, made_of)
    paged = [table for table in tables if table is not annex]
    content["evidence.md"] = as_markdown(about, NOTES, paged)
    names = _named([*tables, *drawn])
    listed = [(path, names.get(path, both("", ""))) for path in sorted(content)]
    content["index.html"] = as_page(about, NOTES, _verdict(result), paged, listed)
    return content


def _named(tables: Sequence[Table]) -> Mapping[str, Words]:
    """What the files are, for the page."""
    named = {
        "evidence.xlsx": both("all tables in one workbook", "全部表格（工作簿）"),
        "evidence.md": both("all tables as Markdown", "全部表格（Markdown）"),
        "annex4_keywords.xlsx": both("annex 4 as a form", "附件4 拦截关键词列表"),
        "audit.txt": both("the audit, to read", "审计结果（文本）"),
        "audit.json": both("the audit, for programs", "审计结果（JSON）"),
        "audit.sarif": both("the audit as SARIF 2.1.0", "审计结果（SARIF 2.1.0）"),
        "audit.oscal.json": both("the audit as OSCAL results", "审计结果（OSCAL）"),
        "audit.junit.xml": both("the audit as JUnit XML", "审计结果（JUnit XML）"),
    }
    for table in tables:
        for path in (f"tables/{table.name}.csv", f"samples/{table.name}.csv"):
            named[path] = table.title
        named[f"samples/{table.name}.xlsx"] = table.title
    return named


def _about(run: Run, made_of: Evidence) -> list[tuple[Words, str]]:
    """What the folder is about, in short."""
    result, profile, counts = made_of.result, made_of.result.profile, run.counts
    tally = {
        status: sum(entry.status == status for entry in result.clauses) for status in STATUS_WORDS
    }
    totals = ", ".join(f"{STATUS_WORDS[status].zh} {count}" for status, count in tally.items())
    return [
        (both("run", "运行"), result.run),
        (both("seal of the run", "运行清单封印"), result.seal),
        (both("profile", "审计依据"), f"{profile.title.zh} ({profile.profile} {profile.version})"),
        (both("what of it was read", "所读文本"), f"{profile.reading.zh} / {profile.reading.en}"),
        (both("day", "审计日期"), result.day.isoformat()),
        (both("documents", "条数"), f"{counts['kept']:,} / {counts['read']:,}"),
        (both("characters kept", "保留字数"), f"{counts.get('characters_kept', 0):,}"),
        (both("clauses", "条款"), totals),
        (both("tool", "工具"), f"corpus-pipeline {__version__}"),
        (both("seed of the samples", "抽样种子"), str(made_of.seed)),
    ]


def _verdict(result: AuditResult) -> tuple[str, Words]:
    """The audit's outcome as a class of the page and a sentence."""
    level = clauses.LEVEL_WORDS[result.fail_on]
    if result.exit_code == MET:
        return "pass", both(
            f"All clauses of level {level.en} are met",
            f"“{level.zh}”级条款全部符合",
        )
    if result.exit_code == NOT_MET:
        return "fail", both(
            f"Not all clauses of level {level.en} are met", f"“{level.zh}”级条款有不符合项"
        )
    return "open", both(
        f"Some clauses of level {level.en} were not checked", f"“{level.zh}”级条款有未检查项"
    )
