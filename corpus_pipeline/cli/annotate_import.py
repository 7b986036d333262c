"""`annotate import`: answers of people read back.

Enters: an annotation project and files of answers.  Leaves: a folder; figures on standard output.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from corpus_pipeline.cli.options import Json, Output

ProjectFolder = Annotated[
    Path, typer.Argument(help="The folder of an annotation project.", metavar="PROJECT")
]
ResultFiles = Annotated[
    list[Path],
    typer.Argument(
        help="Answers: Label Studio JSON, doccano JSON lines, or CSV.", metavar="RESULTS"
    ),
]
RateCard = Annotated[
    Path | None, typer.Option("--rates", help="A rate card (YAML): payouts.", metavar="FILE")
]
Method = Annotated[
    str,
    typer.Option("--method", help="majority, wawa or dawid-skene.", metavar="METHOD"),
]
ReviewFiles = Annotated[
    list[Path] | None,
    typer.Option("--reviews", help="Answers of reviewers; repeatable.", metavar="FILE"),
]
Day = Annotated[
    str | None,
    typer.Option(
        "--date", help="The day of answers that have no time, for the hand samples.", metavar="DAY"
    ),
]


def import_(
    project: ProjectFolder,
    results: ResultFiles,
    output: Output,
    rates: RateCard = None,
    method: Method = "majority",
    reviews: ReviewFiles = None,
    day: Day = None,
    as_json: Json = False,
) -> int:
    """Read the answers of annotators and reviewers back.

    Writes one answer a question, agreement, everybody's standing, payouts, and what `audit` and
    `train` take.
    """
    from corpus_pipeline.cli.report import print_json, print_result, say
    from corpus_pipeline.engine import folder
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.products.annotation.imported import Options
    from corpus_pipeline.products.annotation.results import import_results
    from corpus_pipeline.products.audit.results_file import day_of

    options = Options(
        method,
        place(rates) if rates else None,
        [place(path) for path in reviews or ()],
        day_of(day, "--date") if day else None,
    )
    files = [place(path) for path in results]
    target = place(output)
    with folder.lock(target):
        said = import_results(place(project), files, target, options)
    for line in said.pop("told"):
        say(line)
    if as_json:
        print_json({"output": str(output), **said})
    else:
        print_result("\n".join(_lines(said)))
    say(f"wrote {output}")
    return 0


def _lines(said: Mapping[str, Any]) -> list[str]:
    """The figures of an import for people."""
    people, votes = said["people"], said["votes"]
    counted = [f"{votes[role]:,} answers of {people[role]} {role}s" for role in votes]
    lines = [
        f"{said['tasks']:,} tasks: {', '.join(counted)}, by {said['method']}",
        "answers: " + ", ".join(f"{name} {number:,}" for name, number in said["answers"].items()),
    ]
    for name, (value, low, high) in said["agreement"].items():
        between = "" if low is None else f" ({low:.3f} to {high:.3f})"
        lines.append(
            f"{name}: alpha " + ("not defined" if value is None else f"{value:.3f}{between}")
        )
    passing = said["passing"]
    if passing and passing["total"]:
        lines.append(
            f"{passing['question']}: {passing['right']:,} of {passing['total']:,} pass, "
            f"{passing['share']:.1%} ({passing['low']:.1%} to {passing['high']:.1%})"
        )
    for person, flags in said["flagged"].items():
        lines += [f"{person}: {name}: {why}" for name, why in flags.items()]
    if "payout" in said:
        pay = said["payout"]
        lines.append(
            f"{pay['card']} version {pay['version']}: {pay['accepted']:,} of {pay['items']:,} "
            f"items accepted, {pay['amount']} {pay['currency']}"
        )
    return lines
