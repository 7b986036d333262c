"""`run`, `plan`, `index`, `ingest`, and one command per stage.

Enters: paths, a config, settings.  Leaves: a folder in the layout of every stage, and exit codes.
The commands hand values to the application and print what it returns.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from corpus_pipeline.cli.engine_options import on_engine
from corpus_pipeline.cli.options import (
    Against,
    ConfigArgument,
    ConfigOption,
    InputOption,
    Inputs,
    Json,
    MoreInputs,
    Output,
    RunsOrIndexes,
    Settings,
    StageSettings,
)
from corpus_pipeline.stages import STAGES

if TYPE_CHECKING:
    from corpus_pipeline.app.how import How
    from corpus_pipeline.app.results import Run


#: Where a reader of the help finds the names of options and what they mean.
_SCHEMA = "`corpus-pipeline config --schema` describes them."
_INGEST = f"Options of this command are the keys of `ingest:` in a config; {_SCHEMA}"
_STAGE = (
    "`corpus-pipeline config --set 'stages=[{0}]'` prints the options of this stage with their "
    f"defaults; {_SCHEMA}"
)


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(name="run")(on_engine(run, "ray", overwrites=True))
    app.command()(plan)
    ingest = app.command(name="ingest", help="Read raw input into documents.", epilog=_INGEST)
    ingest(_command(None))
    for info in STAGES.values():
        name, epilog = info.name.replace("_", "-"), _STAGE.format(info.name)
        app.command(name=name, help=info.help, epilog=epilog)(_command(info.name))
    app.command(name="index")(on_engine(index, overwrites=True))


def run(
    config: ConfigArgument,
    output: Output,
    inputs: InputOption,
    how: How,
    more: MoreInputs = None,
    settings: Settings = None,
    against: Against = None,
    as_json: Json = False,
) -> int:
    """The whole pipeline: raw data to a dataset."""
    from corpus_pipeline.app.config import load
    from corpus_pipeline.app.execute import run_pipeline
    from corpus_pipeline.cli.progress import Progress

    loaded = load(config, settings or ())
    paths = [*inputs, *(more or [])]
    with Progress() as progress:
        finished = run_pipeline(
            loaded, paths, output, how, against=against or (), on_done=progress.on_done
        )
    return _reported(finished, as_json)


def plan(
    config: ConfigArgument,
    inputs: InputOption,
    more: MoreInputs = None,
    settings: Settings = None,
    as_json: Json = False,
) -> int:
    """Say what a run would do and cost, and do nothing."""
    from corpus_pipeline.app.config import load
    from corpus_pipeline.app.plan import preview, render
    from corpus_pipeline.cli.report import print_json, print_result

    figures = preview(load(config, settings or ()), [*inputs, *(more or [])])
    if as_json:
        print_json(figures, indent=1)
    else:
        print_result(render(figures))
    return 0


def index(
    inputs: RunsOrIndexes,
    output: Output,
    how: How,
    config: ConfigOption = None,
    settings: Settings = None,
    as_json: Json = False,
) -> int:
    """Index what earlier runs kept, for `--against`; or make one index of several.

    Later deliveries drop what is in it.  Give the options (`--config`, `--set`) of the runs that
    will be compared with it.  Where the inputs are indexes they are merged, and one is compacted.
    """
    from corpus_pipeline.app.config import load
    from corpus_pipeline.app.execute import make_index
    from corpus_pipeline.cli.progress import Progress
    from corpus_pipeline.cli.report import print_json, say

    asked = load(config, settings or ()) if config or settings else None
    with Progress() as progress:
        built = make_index(asked, inputs, output, how, on_done=progress.on_done)
    if as_json:
        print_json({"output": str(built.root), "seal": built.seal, "documents": built.documents})
    say(f"{built.root}: an index of {built.documents:,} documents")
    return 0


def _command(name: str | None) -> Callable[..., int]:
    """The command of one stage (None: of reading only)."""
    stage = name or "ingest"

    def command(
        inputs: Inputs,
        output: Output,
        how: How,
        config: ConfigOption = None,
        settings: StageSettings = None,
        against: Against = None,
        as_json: Json = False,
    ) -> int:
        from corpus_pipeline.app.config import for_section, load
        from corpus_pipeline.app.execute import run_stage
        from corpus_pipeline.cli.progress import Progress

        loaded = load(config, for_section(stage, settings or ()), stage)
        old = against or ()
        with Progress() as progress:
            finished = run_stage(
                loaded, inputs, output, how, stage=stage, against=old, on_done=progress.on_done
            )
        return _reported(finished, as_json)

    typed = on_engine(command, overwrites=True)
    if name is None or STAGES[name].kind != "pair":
        # A stage that compares no documents has no such option.
        signature = inspect.signature(typed)
        others = [p for p in signature.parameters.values() if p.name != "against"]
        typed.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]  # PEP 362
    return typed


def _reported(run: Run, as_json: bool) -> int:
    """Print the summary of a run; its exit code."""
    from corpus_pipeline.cli.report import report

    return report(run, as_json=as_json)
