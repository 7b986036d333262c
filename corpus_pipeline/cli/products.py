"""`export`, `verify`, `audit`, `explain`, `report`, `tune`, `sample`, `names`, `config`.

Enters: the folder of a run, or a config.  Leaves: a dataset, findings, stories; exit code 1 where
a verification or an audit found something.  The run itself is never changed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus_pipeline.cli.audit import audit
from corpus_pipeline.cli.engine_options import on_engine
from corpus_pipeline.cli.options import (
    ConfigOption,
    Json,
    Output,
    Run,
    Sealed,
    Settings,
    StageSettings,
)
from corpus_pipeline.cli.sample import sample

if TYPE_CHECKING:
    from corpus_pipeline.app.how import How


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    for command in (export, verify, audit, explain, report, tune, sample, names, config):
        work: Callable[..., int] = command
        if command in {export, tune}:
            work = on_engine(command, overwrites=command is export)
        app.command(name=command.__name__)(work)


def export(
    run: Run,
    output: Output,
    how: How,
    config: ConfigOption = None,
    settings: StageSettings = None,
    as_json: Json = False,
) -> int:
    """Write the dataset of a finished run.

    Shards, card, Croissant and manifest go to FOLDER/dataset; an earlier dataset of the same run is
    replaced there, that of another with --overwrite.
    """
    from corpus_pipeline.app.config import for_section, load
    from corpus_pipeline.app.execute import export_run
    from corpus_pipeline.cli.progress import Progress
    from corpus_pipeline.cli.report import print_json, say
    from corpus_pipeline.io import manifest

    loaded = load(config, for_section("export", settings or ()), "export")
    with Progress() as progress:
        folder = export_run(loaded, run, output, how, on_done=progress.on_done)
    if as_json:
        made = manifest.read(folder / "manifest.json")
        told = {key: made[key] for key in ("seal", "counts", "shards")}
        print_json({"dataset": str(folder), **told})
    say(f"wrote {folder}")
    return 0


def verify(
    run: Sealed,
    inputs: Annotated[
        Path | None,
        typer.Option("--inputs", help="Hash the inputs below this folder too.", metavar="FOLDER"),
    ] = None,
    keys: Annotated[
        list[Path] | None,
        typer.Option(
            "--key",
            help="A public key, one of which must have signed; repeatable.",
            metavar="PUBLIC",
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Recompute every digest and count, parent runs included; check signatures.

    Exit code 1 where something differs.
    """
    from corpus_pipeline.app import api
    from corpus_pipeline.cli.report import print_json, print_result
    from corpus_pipeline.text.unicode.escape import escaped

    findings = api.verify(run, inputs, keys=keys or ())
    if as_json:
        print_json([{"path": f.path, "problem": f.problem} for f in findings])
    else:
        about = "" if findings else _about_signature(run, keys) + _about_dataset(run)
        verdict = f"{'FAILED' if findings else 'verified'}: {run}{about}"
        print_result("\n".join(escaped(line) for line in [*map(str, findings), verdict]))
    return 1 if findings else 0


def _about_signature(run: Path, keys: list[Path] | None) -> str:
    """What a verdict says of signatures: nothing where there are none and none were asked for."""
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.products.signing import signature_of

    path = place(run)
    if keys:
        return " (signatures checked)"
    sealed = path / "manifest.json" if path.is_dir() else path
    return " (its signature was not checked: --key)" if signature_of(sealed).exists() else ""


def _about_dataset(run: Path) -> str:
    """What a verdict says of the dataset that a run exports: nothing where it was verified too."""
    from corpus_pipeline.io import manifest
    from corpus_pipeline.io.fs import place

    path = place(run)
    if not path.is_dir() or (path / "dataset").exists():
        return ""
    content = manifest.read_if_sound(path / "manifest.json") or {}
    exports = content.get("kind") == "run" and "export" in content["config"]
    return " (no dataset/ is in it: exported elsewhere, moved or not yet made)" if exports else ""


def explain(
    run: Run,
    key: Annotated[
        str,
        typer.Argument(
            help="An id, its beginning, a locator, a URL, or the input's own id.", metavar="ID"
        ),
    ],
    text: Annotated[bool, typer.Option("--text", help="Show the beginning of the text.")] = False,
    as_json: Json = False,
) -> int:
    """The life of one document, a line per stage."""
    from corpus_pipeline.app import api
    from corpus_pipeline.cli.report import print_json, print_result
    from corpus_pipeline.products.explain.story import render

    story = api.open_run(run).explain(key, text=text)
    if as_json:
        print_json(story.to_dict())
    else:
        print_result(render(story))
    return 0


def report(
    run: Run,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The file to write; report.html in RUN.", metavar="FILE"
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Write one offline HTML page about a finished run, in Chinese and English.

    Personal data is masked.  With --json the page's figures go to standard output too.
    """
    from corpus_pipeline.app.masking import masked
    from corpus_pipeline.cli.report import print_json, say
    from corpus_pipeline.io.concealed import concealed_values
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.io.storage import commit_bytes
    from corpus_pipeline.products.report.page import page
    from corpus_pipeline.products.report.page import place as page_place

    target = page_place(run, None if output is None else place(output))
    content, facts = page(run, masked)
    commit_bytes(target, content)
    if as_json:
        figures = concealed_values(facts.to_dict())
        print_json({"output": str(target), "bytes": len(content), **figures})
    say(f"wrote {target}")
    return 0


def tune(
    run: Run,
    how: How,
    rule: Annotated[
        str | None, typer.Option("--rule", help="The rule to look at.", metavar="RULE")
    ] = None,
    measure: Annotated[
        str | None, typer.Option("--measure", help="One measure of it.", metavar="MEASURE")
    ] = None,
    changes: Annotated[
        Path | None,
        typer.Option("--apply", help="A YAML file with the options to change.", metavar="FILE"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The run to write.", metavar="FOLDER")
    ] = None,
    as_json: Json = False,
) -> int:
    """Show what another bound of a rule would keep, or judge a run again under other options.

    Nothing is read but the columns of the run: no raw input, and no text but a few at the border.
    Without --rule the rules are listed.
    """
    from corpus_pipeline.model import PipelineError

    if (changes is None) != (output is None):
        raise PipelineError("--apply and --output belong together")
    if changes is None or output is None:
        return _shown(run, rule, measure, as_json=as_json)
    from corpus_pipeline.app.tune import rejudge
    from corpus_pipeline.cli.progress import Progress
    from corpus_pipeline.cli.report import report

    with Progress() as progress:
        done = rejudge(run, changes, output, how, on_done=progress.on_done)
    return report(done, as_json=as_json)


def _shown(run: Path, rule: str | None, measure: str | None, *, as_json: bool) -> int:
    """Print the rules of a run, or the effect of one."""
    from corpus_pipeline.app.masking import masked
    from corpus_pipeline.cli.report import print_json, print_result
    from corpus_pipeline.products.runs import open_run
    from corpus_pipeline.products.tune.bounds import tunable, tunables
    from corpus_pipeline.products.tune.effect import effect
    from corpus_pipeline.products.tune.render import render

    finished = open_run(run)
    if rule is None:
        known = tunables(finished)
        rules = {name: [one.column for one in every] for name, every in known.items()}
        lines = [f"{name}: {', '.join(columns)}" for name, columns in rules.items()]
        print_json(rules) if as_json else print_result("\n".join(lines))
        return 0
    effects = [effect(finished, one, masked) for one in tunable(finished, rule, measure)]
    if as_json:
        print_json([one.to_dict() for one in effects])
    else:
        print_result("\n".join(map(render, effects)).rstrip())
    return 0


def names(
    run: Run,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="A file to write instead of standard output.", metavar="FILE"
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """List the site names that were put into pages of a run, with hosts and days.

    The option `spam.names` of a later run reads the list.
    """
    from corpus_pipeline.cli.report import print_json, print_result
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.io.storage import commit_bytes
    from corpus_pipeline.products.runs import open_run
    from corpus_pipeline.products.site_names import as_tsv, site_names

    target = None if output is None else place(output)
    found = site_names(open_run(run))
    if as_json:
        print_json(found.to_dicts())
    elif target is None:
        print_result(as_tsv(found).removesuffix("\n"))
    else:
        commit_bytes(target, as_tsv(found).encode())
    return 0


def config(
    path: Annotated[Path | None, typer.Argument(help="A YAML config.", metavar="[CONFIG]")] = None,
    settings: Settings = None,
    as_json: Json = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of configs, for editors.")
    ] = False,
) -> int:
    """Check a config, and that the files it names are there; print it with every default."""
    import yaml

    from corpus_pipeline.app.config import json_schema, load
    from corpus_pipeline.cli.report import print_json

    if schema:
        print_json(json_schema(), indent=1)
        return 0
    checked = load(path, settings or ())
    checked.specs()
    checked.documents_record()
    record = checked.record()
    if as_json:
        print_json(record, indent=1)
    else:
        yaml.safe_dump(record, sys.stdout, allow_unicode=True, sort_keys=False)
    return 0
