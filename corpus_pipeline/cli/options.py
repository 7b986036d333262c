"""The arguments and options that several commands share, as typer reads them.

Enters: nothing.  Leaves: annotated types.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def located(given: str) -> Path:
    """A place that a user typed: a local path, or a URL of a store."""
    from corpus_pipeline.io.fs import place

    return place(given)


Inputs = Annotated[
    list[str],
    typer.Argument(
        help="Files, folders, globs, @lists, - (standard input), or a stage's output.", metavar="IN"
    ),
]
InputOption = Annotated[
    list[str],
    typer.Option(
        "--input",
        "-i",
        help="Files, folders, globs, @lists or - (standard input); repeatable.",
        metavar="PATH",
    ),
]
MoreInputs = Annotated[
    list[str] | None,
    typer.Argument(help="More inputs, as the shell's glob gives them.", metavar="PATH"),
]
Run = Annotated[
    Path, typer.Argument(help="The folder of a finished run.", metavar="RUN", parser=located)
]
RunsOrIndexes = Annotated[
    list[str], typer.Argument(help="Folders of finished runs, or of indexes.", metavar="RUN")
]
Sealed = Annotated[
    Path,
    typer.Argument(
        help="The folder of a run, an index or a dataset.", metavar="RUN", parser=located
    ),
]
Output = Annotated[
    Path,
    typer.Option("--output", "-o", help="The folder to write.", metavar="FOLDER", parser=located),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="A YAML config.", metavar="CONFIG", parser=located),
]
ConfigArgument = Annotated[
    Path, typer.Argument(help="A YAML config.", metavar="CONFIG", parser=located)
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        help="A value over the config, e.g. near_dedup.threshold=0.8; repeatable.",
        metavar="KEY=VALUE",
    ),
]
StageSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        help="An option of this command, or a whole key of a config; repeatable.",
        metavar="KEY=VALUE",
    ),
]
Against = Annotated[
    list[Path] | None,
    typer.Option(
        "--against",
        help="An index; documents that it holds are dropped. Repeatable.",
        metavar="INDEX",
        parser=located,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="The result as JSON on standard output.")]
