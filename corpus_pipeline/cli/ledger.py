"""`ledger`: who delivered what, what survived, and how a sum is divided by that.

Enters: folders of releases, oldest first, and a rule.  Leaves: a ledger's folder and a summary;
with `--check`, whether a ledger that is made again agrees, exit code 1 where it does not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corpus_pipeline.cli.options import Json

Releases = Annotated[
    list[Path], typer.Argument(help="Folders of releases, oldest first.", metavar="RUN")
]
LedgerOutput = Annotated[
    Path | None, typer.Option("--output", "-o", help="The folder to write.", metavar="FOLDER")
]
RuleFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The rule of the shares (YAML).", metavar="FILE"),
]
Checked = Annotated[
    Path | None,
    typer.Option(
        "--check", help="A ledger to make again from the releases and compare.", metavar="FOLDER"
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(ledger)


def ledger(
    runs: Releases,
    output: LedgerOutput = None,
    config: RuleFile = None,
    check: Checked = None,
    as_json: Json = False,
) -> int:
    """Count what each source and contributor gave to a chain of releases; divide a sum by it.

    With --check nothing is written; exit code 1 where the ledger does not agree.
    """
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.model import PipelineError

    if (output is None) == (check is None):
        raise PipelineError("ledger wants --output FOLDER, or --check FOLDER for one that exists")
    folders = [place(run) for run in runs]
    if check is not None:
        return _checked(place(check), folders, config, as_json=as_json)
    from corpus_pipeline.cli.report import print_json, print_result, say
    from corpus_pipeline.engine import folder
    from corpus_pipeline.io.storage import disk_errors
    from corpus_pipeline.products.ledger.folder import write_ledger
    from corpus_pipeline.products.ledger.page import page
    from corpus_pipeline.products.ledger.rule import rule_of

    target = place(output or Path())
    with folder.lock(target), disk_errors(target):
        made, cost = write_ledger(folders, rule_of(config), target)
    if as_json:
        print_json({"output": str(target), **made.content, "compute": cost})
    else:
        print_result(page(made.content, cost))
    say(f"wrote {target}")
    return 0


def _checked(folder: Path, folders: list[Path], config: Path | None, *, as_json: bool) -> int:
    """Make a ledger again and say what differs."""
    from corpus_pipeline.cli.report import print_json, print_result
    from corpus_pipeline.products.ledger.folder import check
    from corpus_pipeline.text.unicode.escape import escaped

    lines = check(folder, folders, config)
    if as_json:
        print_json({"agrees": not lines, "differences": lines})
    else:
        verdict = f"{'DIFFERS' if lines else 'agrees'}: {folder}"
        print_result("\n".join(escaped(line) for line in [*lines, verdict]))
    return 1 if lines else 0
