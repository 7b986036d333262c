"""`sources check`: a registry of sources, before any run.

Enters: a config or a folder of sources, inputs.  Leaves: what each source lacks and what is wrong;
exit code 1 where something is.
"""

from __future__ import annotations

from typing import Annotated

import typer

from corpus_pipeline.cli.options import Json

Place = Annotated[
    str, typer.Argument(help="A YAML config, or a folder of sources.", metavar="CONFIG")
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        help="Inputs of a run to come: files, folders, globs or @lists; repeatable.",
        metavar="PATH",
    ),
]
Today = Annotated[
    str | None,
    typer.Option("--today", help="The day of the check, as 2026-01-31; today.", metavar="DAY"),
]

sources = typer.Typer(
    name="sources", help="The registry of sources.", no_args_is_help=True, rich_markup_mode=None
)


def register(app: typer.Typer) -> None:
    """Add the group of commands to the app."""
    app.add_typer(sources)


@sources.callback()
def group() -> None:
    """The registry of sources."""


@sources.command()
def check(place: Place, inputs: Inputs = None, today: Today = None, as_json: Json = False) -> int:
    """Say what is wrong with the sources of a config, and which records they lack.

    Exit code 1 where there is a problem: a file of a record that is not there, a registration that
    expired, a source that refused, one that matches nothing, two that claim one file.
    """
    from corpus_pipeline.app.source_check import checked_sources
    from corpus_pipeline.cli.report import print_json, print_result
    from corpus_pipeline.products.sources.render import render

    checked = checked_sources(place, inputs or (), today)
    if as_json:
        print_json(checked.to_dict(), indent=1)
    else:
        print_result(render(checked))
    return 1 if checked.problems else 0
