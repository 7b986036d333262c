"""`register`: the register of audits under supervision, read and checked.

Enters: a register that `audit --register` wrote.  Leaves: its entries; exit code 1 where a line was
changed, taken out or put in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corpus_pipeline.cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("register")(show)


def show(
    path: Annotated[Path, typer.Argument(help="The register.", metavar="FILE")],
    head: Annotated[
        str | None,
        typer.Option(
            "--head", help="A digest that was kept elsewhere: it must stand there.", metavar="HEX"
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Show the register of audits under supervision, and check that no line was changed.

    Exit code 1 where one was.
    """
    from corpus_pipeline.cli.report import print_json, print_result
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.products.audit.register import read_register, render
    from corpus_pipeline.text.unicode.escape import escaped

    found = read_register(place(path))
    problem = found.problem
    if problem is None and head not in {None, *(one["digest"] for one in found.entries)}:
        problem = f"no entry has the digest {head}: lines are missing"
    if as_json:
        print_json({"entries": list(found.entries), "head": found.head, "problem": problem})
    else:
        lines = render(found).splitlines()
        verdict = "sound" if problem is None else f"CHANGED: {problem}"
        print_result("\n".join(map(escaped, [*lines, verdict])))
    return 0 if problem is None else 1
