"""`diff`: what differs between two releases, and why.

Enters: the folders of two finished runs.  Leaves: tables or JSON on standard output, where they are
asked for an HTML page and a Parquet file of rows; exit code 0, and with `--exit-code` 1 where
anything differs.  Neither release is changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corpus_pipeline.cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(diff)


def diff(
    first: Annotated[
        Path, typer.Argument(help="The folder of the older release.", metavar="RELEASE1")
    ],
    second: Annotated[
        Path, typer.Argument(help="The folder of the newer release.", metavar="RELEASE2")
    ],
    as_json: Json = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="An offline page to write, in two languages.", metavar="FILE"),
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option("--rows", help="A Parquet file to write: a row a document.", metavar="FILE"),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 where anything differs.")
    ] = False,
) -> int:
    """Explain two releases: documents, inputs, sources, rules, shares, and why.

    No text and no title is shown.  Exit code 0, whatever differs, but for --exit-code.
    """
    from corpus_pipeline.app.releases import diff as compared
    from corpus_pipeline.cli.report import print_json, print_result, say
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.io.storage import commit_bytes
    from corpus_pipeline.products.diff.page import page
    from corpus_pipeline.products.diff.place import check_place
    from corpus_pipeline.products.diff.render import render

    folders = place(first), place(second)
    target = None if html is None else place(html)
    if target is not None:
        check_place(target, folders)
    found = compared(*folders, rows=rows)
    if as_json:
        print_json(found.to_dict())
    else:
        print_result(render(found))
    if target is not None:
        commit_bytes(target, page(found))
        say(f"wrote {html}")
    if rows is not None:
        say(f"wrote {rows}")
    return 1 if exit_code and found.differs else 0
