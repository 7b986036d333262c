"""`sample`: a seeded sample of a run, by strata or as the clauses of a profile ask for it.

Enters: the folder of a run and how to draw.  Leaves: a table of documents, personal data masked.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus_pipeline.cli.options import Run

if TYPE_CHECKING:
    import polars as pl

    from corpus_pipeline.products import runs
    from corpus_pipeline.products.sample import Draw

By = Annotated[
    str | None,
    typer.Option("--by", help="Strata: rule, register, risk, border …, joined by commas; state."),
]
Rule = Annotated[
    str | None, typer.Option("--rule", help="The rule of the stratum border.", metavar="RULE")
]
Measure = Annotated[
    str | None, typer.Option("--measure", help="One measure of it.", metavar="MEASURE")
]
Size = Annotated[int | None, typer.Option("--size", "-n", help="Documents in all; 100.")]
Seed = Annotated[int, typer.Option("--seed", help="Another seed, another sample.")]
Proportional = Annotated[
    bool, typer.Option("--proportional", help="Shares of the corpus instead of equal ones.")
]
Kept = Annotated[bool, typer.Option("--kept", help="Of what was kept alone.")]
ForProfile = Annotated[
    str | None,
    typer.Option(
        "--for",
        help="The samples that the clauses of this profile ask for, instead.",
        metavar="PROFILE",
    ),
]


def sample(
    run: Run,
    by: By = None,
    rule: Rule = None,
    measure: Measure = None,
    size: Size = None,
    seed: Seed = 0,
    proportional: Proportional = False,
    kept: Kept = False,
    profile: ForProfile = None,
    aspect: Annotated[
        str | None,
        typer.Option("--aspect", help="One of those samples alone.", metavar="ASPECT"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A .jsonl, .csv or .parquet file.", metavar="FILE"),
    ] = None,
) -> int:
    """Draw a seeded sample of a run by strata, with weights, personal data masked.

    With --for one draw for each sample that clauses of a profile ask for, with their ids.
    """
    from corpus_pipeline.cli.report import print_result
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.io.storage import commit_bytes
    from corpus_pipeline.model import PipelineError
    from corpus_pipeline.products.runs import open_run
    from corpus_pipeline.products.sample import WRITERS, rendered

    suffix = ".jsonl" if output is None else output.suffix
    if suffix not in WRITERS:
        raise PipelineError(f"--output: {suffix or 'no ending'} is none of {', '.join(WRITERS)}")
    if profile is None and aspect is not None:
        raise PipelineError("--aspect is one of the samples of --for")
    finished = open_run(run)
    if profile is None:
        rows = _by_strata(
            finished, draw_of(finished, by, rule, measure, size, seed, proportional, kept)
        )
    else:
        ways = (by, rule, measure, size, proportional or None, kept or None)
        rows = _for_clauses(finished, profile, aspect, seed, ways)
    data = rendered(rows, suffix)
    if output is None:
        print_result(data.decode().removesuffix("\n"))
    else:
        commit_bytes(place(output), data)
    return 0


def draw_of(
    run: runs.Run,
    by: str | None,
    rule: str | None,
    measure: str | None,
    size: int | None,
    seed: int,
    proportional: bool,
    kept: bool,
) -> Draw:
    """How options say that a sample is drawn."""
    from corpus_pipeline.products.sample import Draw
    from corpus_pipeline.products.tune.bounds import only

    names = tuple(name.strip() for name in (by or "state").split(","))
    bound = only(run, rule, measure) if rule else None
    return Draw(names, 100 if size is None else size, seed, proportional, bound, kept=kept)


def _by_strata(run: runs.Run, draw: Draw) -> pl.DataFrame:
    from corpus_pipeline.app.masking import masked
    from corpus_pipeline.products.sample import sample as drawn

    return drawn(run, draw, masked)


def _for_clauses(
    run: runs.Run, name: str, aspect: str | None, seed: int, ways: tuple[object, ...]
) -> pl.DataFrame:
    from corpus_pipeline.app.masking import masked
    from corpus_pipeline.model import PipelineError
    from corpus_pipeline.products.audit.profile import load_profile
    from corpus_pipeline.products.evidence.needs import asked, needs_of

    if any(way is not None for way in ways):
        raise PipelineError("--for draws as its clauses ask: no strata or size beside it")
    return asked(run, needs_of(load_profile(name), aspect), seed, masked)
