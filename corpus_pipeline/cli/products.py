"""`export`, `verify`, `audit`, `explain`, `config`: readers of finished runs.

Enters: the folder of a run.  Leaves: a dataset, findings, stories; exit code 1 where a verification
or an audit found something.  Refuses: to change a run.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from corpus_pipeline.cli.stages import (
    Address,
    ConfigOption,
    EngineName,
    Json,
    Output,
    Settings,
    Workers,
)

Run = Annotated[Path, typer.Argument(help="The folder of a finished run.", metavar="RUN")]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    for command in (export, verify, audit, explain, config):
        app.command()(command)


def export(
    run: Run,
    output: Output,
    config: ConfigOption = None,
    settings: Settings = None,
    engine: EngineName = "local",
    workers: Workers = None,
    address: Address = None,
) -> int:
    """Write the dataset of a finished run: shards, card, Croissant, manifest."""
    from corpus_pipeline.app import jobs

    loaded = jobs.load_config(config, jobs.for_stage("export", settings), "export")
    return jobs.export_only(loaded, run, output, jobs.How(engine, workers, address))


def verify(
    run: Run,
    inputs: Annotated[
        Path | None, typer.Option("--inputs", help="Hash the inputs below this folder too.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Recompute every digest, re-add every count, walk to the parents."""
    from corpus_pipeline.products.verify.chain import verify as verify_run

    findings = verify_run(run, inputs)
    if as_json:
        found = [{"path": f.path, "problem": f.problem} for f in findings]
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        for finding in findings:
            sys.stdout.write(f"{finding.path}: {finding.problem}\n")
        sys.stdout.write(f"{'FAILED' if findings else 'verified'}: {run}\n")
    return 1 if findings else 0


def audit(
    run: Run,
    profile: Annotated[str, typer.Option("--profile", "-p", help="house, or a YAML file.")] = (
        "house"
    ),
    form: Annotated[str, typer.Option("--format", help="text, json, sarif or junit.")] = "text",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file.")] = None,
) -> int:
    """Check a run against a profile of clauses; exit code 1 when a clause fails."""
    from corpus_pipeline.products.audit.formats import render
    from corpus_pipeline.products.audit.run import audit as audit_run

    result = audit_run(run, profile)
    text = render(result, form)
    if output is None:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
    else:
        from corpus_pipeline.io.storage import commit_bytes

        commit_bytes(output, text.encode())
    return 0 if result.passed else 1


def explain(
    run: Run,
    key: Annotated[str, typer.Argument(help="An id, its beginning, a locator or a URL.")],
    text: Annotated[bool, typer.Option("--text", help="Show the beginning of the text.")] = False,
    as_json: Json = False,
) -> int:
    """The life of one document, a line per stage."""
    from corpus_pipeline.products.explain.story import explain as story_of
    from corpus_pipeline.products.explain.story import render

    story = story_of(run, key, text=text)
    if as_json:
        sys.stdout.write(json.dumps(story.to_dict(), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(render(story) + "\n")
    return 0


def config(
    path: Annotated[Path | None, typer.Argument(help="A YAML config.", metavar="[CONFIG]")] = None,
    settings: Settings = None,
    as_json: Json = False,
) -> int:
    """Check a config and print it with every default spelled out."""
    import yaml

    from corpus_pipeline.app.config import load

    record = load(path, settings or []).record()
    if as_json:
        sys.stdout.write(json.dumps(record, ensure_ascii=False, indent=1) + "\n")
    else:
        yaml.safe_dump(record, sys.stdout, allow_unicode=True, sort_keys=False)
    return 0
