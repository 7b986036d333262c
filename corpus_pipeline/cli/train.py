"""`train`: models of one's own for the stages quality, langid, domain, spam and compliance.

Enters: labelled files.  Leaves: a folder with the model and its card; the options that use it on
standard output.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corpus_pipeline.cli.options import Output

_FILE = "A file of JSON lines or Parquet with the column `text`; repeatable."
_RISK = "What compliance is to find: a risk of GB/T 45654 (A2e), or a class of them (A2)."
_STAGES = "quality, langid, domain, spam or compliance."


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(train)


def train(
    task: Annotated[str, typer.Argument(help=_STAGES, metavar="STAGE")],
    output: Output,
    good: Annotated[
        list[Path] | None, typer.Option("--good", help=f"Good texts.  {_FILE}", metavar="FILE")
    ] = None,
    bad: Annotated[
        list[Path] | None, typer.Option("--bad", help=f"Bad texts.  {_FILE}", metavar="FILE")
    ] = None,
    data: Annotated[
        list[Path] | None, typer.Option("--data", help=f"Labelled texts.  {_FILE}", metavar="FILE")
    ] = None,
    label: Annotated[
        str | None, typer.Option("--label", help="The column of labels.", metavar="COLUMN")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the split and the training.")] = 0,
    least: Annotated[
        int | None,
        typer.Option("--least", help="Texts that each class must have.", metavar="N", min=1),
    ] = None,
    risk: Annotated[str | None, typer.Option("--risk", help=_RISK, metavar="RISK")] = None,
) -> int:
    """Train a model for a stage on labelled texts.

    Whole sources are held out and measured; the card in FOLDER says how good the model is on them.
    """
    from corpus_pipeline.app.masking import masked
    from corpus_pipeline.cli.report import print_result, say
    from corpus_pipeline.engine import folder
    from corpus_pipeline.io.concealed import concealed
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.training import labelled
    from corpus_pipeline.training.command import Order
    from corpus_pipeline.training.command import train as run

    files = (tuple(map(place, some or ())) for some in (good, bad, data))
    good_files, bad_files, data_files = files
    target = place(output)
    order = Order(
        task, good_files, bad_files, data_files, label, target, seed,
        labelled.LEAST if least is None else least, risk, masked, concealed,
    )  # fmt: skip
    with folder.lock(target):
        done = run(order)
    say(f"{done.summary}; see {done.card}")
    print_result(done.options.removesuffix("\n"))
    return 0
