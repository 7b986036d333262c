"""`annotate`: people's judgement about a run, out and back.

Enters: arguments.  Leaves: the commands of the group.
"""

from __future__ import annotations

import typer

from corpus_pipeline.cli.annotate_export import export, pull, push
from corpus_pipeline.cli.annotate_import import import_


def register(app: typer.Typer) -> None:
    """Add the group to the app."""
    group = typer.Typer(
        no_args_is_help=True, help="Ask people about a run, and read their answers."
    )
    for command in (export, push, pull):
        group.command()(command)
    group.command("import")(import_)
    app.add_typer(group, name="annotate")
