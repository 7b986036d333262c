"""`audit`: a run against a profile of clauses, with what people hand in beside it.

Enters: the folder of a run, a profile, files of results, documents and waivers.  Leaves: the audit
in one format or several; exit code 0 met, 1 not met, 3 not checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus_pipeline.cli.options import Run

if TYPE_CHECKING:
    from corpus_pipeline.products.audit.result import AuditResult
    from corpus_pipeline.products.audit.words import Language

Profile = Annotated[
    str,
    typer.Option(
        "--profile", "-p", help="The packaged profile, or a YAML file.", metavar="PROFILE"
    ),
]
Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        help="text, json, sarif, junit or oscal; for several, --output is a folder.",
        metavar="FORMAT",
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="A file to write instead of standard output.", metavar="FILE"
    ),
]
SpokenLanguage = Annotated[
    str, typer.Option("--language", help="Of the text: en or zh.", metavar="LANGUAGE")
]
ResultFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--results",
        help="What people found in samples: CSV, XLSX, JSON lines of id, verdict, reviewer, date.",
        metavar="FILE",
    ),
]
DocumentIndex = Annotated[
    Path | None,
    typer.Option(
        "--documents", help="An index of documents that clauses ask for (YAML).", metavar="FILE"
    ),
]
WaiverFile = Annotated[
    Path | None,
    typer.Option(
        "--waivers", help="Waivers, equivalent measures and plans (YAML).", metavar="FILE"
    ),
]
BaselineFile = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        help="An earlier audit (JSON or SARIF): only new findings fail.",
        metavar="FILE",
    ),
]
SupervisionMode = Annotated[
    str | None,
    typer.Option(
        "--supervision",
        help="pilot: findings pass with a plan; release: every finding blocks.",
        metavar="MODE",
    ),
]
PlanOption = Annotated[
    Path | None,
    typer.Option("--plan", help="The pilot and its plans (YAML).", metavar="FILE"),
]
RegisterFile = Annotated[
    Path | None,
    typer.Option(
        "--register", help="The register to enter the audit in (JSON lines).", metavar="FILE"
    ),
]
FailOn = Annotated[
    str,
    typer.Option(
        "--fail-on",
        help="The least binding level that counts: required, should or practice.",
        metavar="LEVEL",
    ),
]
Day = Annotated[
    str | None,
    typer.Option(
        "--date",
        help="The day on which documents and waivers must be in force; today.",
        metavar="DAY",
    ),
]
EvidenceFolder = Annotated[
    Path | None,
    typer.Option(
        "--evidence",
        help="A folder to write what a filing needs: tables, samples, digests.",
        metavar="FOLDER",
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Another seed, other samples.")]


def audit(
    run: Run,
    profile: Profile = "house",
    formats: Formats = None,
    output: OutputFile = None,
    language: SpokenLanguage = "en",
    results: ResultFiles = None,
    documents: DocumentIndex = None,
    waivers: WaiverFile = None,
    baseline: BaselineFile = None,
    supervision: SupervisionMode = None,
    plan: PlanOption = None,
    register: RegisterFile = None,
    fail_on: FailOn = "required",
    day: Day = None,
    evidence: EvidenceFolder = None,
    seed: Seed = 0,
) -> int:
    """Check a run against a profile of clauses.

    Exit code 0 where all are met, 1 where one is not, 3 where one was not checked.
    """
    from corpus_pipeline.cli.report import say
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.products.audit.formats import checked_formats, spoken

    wanted, tongue = checked_formats(formats or ["text"], alone=output is None), spoken(language)
    target = None if output is None else place(output)
    papers: dict[str, Any] = {
        "results": results or (),
        "documents": documents,
        "waivers": waivers,
        "baseline": baseline,
        "supervision": supervision,
        "plan": plan,
        "register": register,
        "fail_on": fail_on,
        "day": day,
    }
    result = _audited(run, profile, evidence, seed, papers)
    _show(result, wanted, tongue, target, run)
    if result.supervision is not None and result.supervision.entry is not None:
        say(f"entry {result.supervision.entry} of {register}")
    return result.exit_code


def _audited(
    run: Path, profile: str, evidence: Path | None, seed: int, papers: Mapping[str, Any]
) -> AuditResult:
    """The audit, and where it is asked for the folder of evidence."""
    from corpus_pipeline.app import api

    if evidence is None:
        return api.audit(run, profile, **papers)
    from corpus_pipeline.app.filing import audit_with_evidence
    from corpus_pipeline.cli.report import say

    result = audit_with_evidence(run, profile, evidence, seed, **papers)
    say(f"wrote {evidence}")
    return result


def _show(
    result: AuditResult, forms: Sequence[str], tongue: Language, target: Path | None, run: Path
) -> None:
    """Print the audit, or write its formats."""
    from corpus_pipeline.cli.report import print_result
    from corpus_pipeline.products.audit.formats import FILES, render

    shown = {form: render(result, form, tongue) for form in forms}
    if target is None:
        for text in shown.values():
            print_result(text.removesuffix("\n"))
    elif len(forms) == 1:
        _write(target, shown[forms[0]], run)
    else:
        from corpus_pipeline.engine import folder

        with folder.lock(target):
            for form, text in shown.items():
                _write(target / FILES[form], text, run)


def _write(path: Path, content: str, run: Path) -> None:
    """Write a file; `PipelineError` inside the run, whose manifests name every file."""
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.io.storage import commit_bytes
    from corpus_pipeline.model import PipelineError

    if path.resolve().is_relative_to(place(run).resolve()):
        raise PipelineError(f"--output {path}: `verify` would find a file more in the run")
    try:
        commit_bytes(path, content.encode())
    except OSError as error:
        raise PipelineError(f"cannot write {path}: {error.strerror or error}") from None
