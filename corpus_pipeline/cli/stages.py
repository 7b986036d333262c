"""`run`, `plan`, `index`, `ingest`, and one command per stage.

Enters: paths, a config, settings.  Leaves: a folder in the layout of every stage.
Refuses: to know what a stage does; it hands values to the engine.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from corpus_pipeline.stages import STAGES

Inputs = Annotated[
    list[str], typer.Argument(help="Files, folders, globs, @lists, or a stage's output folder.")
]
InputOption = Annotated[
    list[str], typer.Option("--input", "-i", help="Files, folders, globs or @lists; repeatable.")
]
MoreInputs = Annotated[
    list[str] | None, typer.Argument(help="More inputs, as the shell's glob gives them.")
]
Output = Annotated[Path, typer.Option("--output", "-o", help="The folder to write.")]
ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="A YAML config.")]
ConfigArgument = Annotated[Path, typer.Argument(help="A YAML config.", metavar="CONFIG")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", "-s", help="key=value over the config; repeatable.")
]
EngineName = Annotated[str, typer.Option("--engine", help="ray or local.")]
Workers = Annotated[int | None, typer.Option("--workers", "-w", min=1, help="Tasks at once.")]
Address = Annotated[str | None, typer.Option("--address", help="A running Ray cluster.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier, other run.")]
Against = Annotated[
    list[Path] | None,
    typer.Option("--against", help="An index; what it holds is dropped here. Repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="The result as JSON on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(run)
    app.command()(plan)
    app.command(name="ingest", help="Read raw input into document batches.")(_command(None))
    for info in STAGES.values():
        app.command(name=info.name.replace("_", "-"), help=info.help)(_command(info.name))
    app.command()(index)


def run(
    config: ConfigArgument,
    output: Output,
    inputs: InputOption,
    more: MoreInputs = None,
    settings: Settings = None,
    engine: EngineName = "ray",
    workers: Workers = None,
    address: Address = None,
    overwrite: Overwrite = False,
    against: Against = None,
    as_json: Json = False,
) -> int:
    """Run the whole pipeline: raw data to a dataset with its manifest."""
    from corpus_pipeline.app import jobs

    loaded = jobs.load_config(config, settings)
    how = jobs.How(engine, workers, address, overwrite, as_json, tuple(against or ()))
    return jobs.execute(loaded, [*inputs, *(more or [])], output, how, export=True)


def plan(
    config: ConfigArgument,
    inputs: InputOption,
    more: MoreInputs = None,
    settings: Settings = None,
    as_json: Json = False,
) -> int:
    """Say what a run would do and cost, and do nothing."""
    from corpus_pipeline.app import jobs

    loaded = jobs.load_config(config, settings)
    return jobs.preview(loaded, [*inputs, *(more or [])], as_json)


def index(
    inputs: Inputs,
    output: Output,
    config: ConfigOption = None,
    settings: Settings = None,
    engine: EngineName = "local",
    workers: Workers = None,
    address: Address = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> int:
    """Index what earlier runs kept, for `--against`: later deliveries drop what is in it."""
    from corpus_pipeline.app import jobs

    loaded = jobs.load_config(config, settings)
    how = jobs.How(engine, workers, address, overwrite, as_json)
    return jobs.make_index(loaded, inputs, output, how)


def _command(name: str | None) -> Callable[..., int]:
    """The command of one stage (None: of reading only)."""

    def command(
        inputs: Inputs,
        output: Output,
        config: ConfigOption = None,
        settings: Settings = None,
        engine: EngineName = "local",
        workers: Workers = None,
        address: Address = None,
        overwrite: Overwrite = False,
        against: Against = None,
        as_json: Json = False,
    ) -> int:
        from corpus_pipeline.app import jobs

        loaded = jobs.load_config(config, jobs.for_stage(name, settings), name or "ingest")
        how = jobs.How(engine, workers, address, overwrite, as_json, tuple(against or ()))
        return jobs.execute(loaded, inputs, output, how, stage=name or "ingest")

    if name is None or STAGES[name].kind != "pair":
        # A stage that compares no documents has no such option.
        whole = inspect.signature(command, eval_str=True)
        fewer = [p for p in whole.parameters.values() if p.name != "against"]
        command.__signature__ = whole.replace(parameters=fewer)  # type: ignore[attr-defined]  # PEP 362
    return command
