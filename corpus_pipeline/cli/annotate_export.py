"""`annotate export`: a sample of a run as tasks for people.

Enters: the folder of a run, a question set, how to draw.  Leaves: the folder of a project.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus_pipeline.cli.options import Json, Output, Run
from corpus_pipeline.cli.sample import (
    By,
    ForProfile,
    Kept,
    Measure,
    Proportional,
    Rule,
    Seed,
    Size,
    draw_of,
)

if TYPE_CHECKING:
    from corpus_pipeline.products.annotation.question_set import QuestionSet
    from corpus_pipeline.products.annotation.tasks import Wanted
    from corpus_pipeline.products.evidence.needs import Need
    from corpus_pipeline.products.sample import Draw

Questions = Annotated[
    str, typer.Option("--questions", help="A packaged question set, or a YAML file.")
]
GoldFile = Annotated[
    Path | None,
    typer.Option("--gold", help="Known answers, JSON lines or CSV.", metavar="FILE"),
]
Overlap = Annotated[int, typer.Option("--overlap", min=1, help="Annotators that each task has.")]
Blind = Annotated[bool, typer.Option("--blind", help="Without the answers that we would suggest.")]


def export(
    run: Run,
    questions: Questions,
    output: Output,
    by: By = None,
    rule: Rule = None,
    measure: Measure = None,
    size: Size = None,
    seed: Seed = 0,
    proportional: Proportional = False,
    kept: Kept = False,
    profile: ForProfile = None,
    gold: GoldFile = None,
    overlap: Overlap = 3,
    blind: Blind = False,
    as_json: Json = False,
) -> int:
    """Draw a sample of a run and write it for Label Studio, doccano and spreadsheets.

    Personal data is masked again.  The folder has a guideline page, in Chinese and English.
    """
    from corpus_pipeline.app.masking import masked
    from corpus_pipeline.cli.report import print_json, print_result, say
    from corpus_pipeline.io.places import local_path
    from corpus_pipeline.products.annotation.export import export_project
    from corpus_pipeline.products.annotation.question_set import load_question_set
    from corpus_pipeline.products.runs import open_run

    asked = load_question_set(questions)
    finished = open_run(local_path(run))
    names = by or (",".join(asked.by) if rule is None else None)
    draw = draw_of(finished, names, rule, measure, size, seed, proportional, kept)
    wanted = _wanted(asked, draw, profile, gold, overlap, blind=blind)
    project = export_project(finished, wanted, local_path(output), masked)
    if as_json:
        print_json({"output": str(output), **project.model_dump(mode="json")})
    else:
        print_result(
            f"project {project.project}: {project.tasks:,} tasks of {project.question_set}, "
            f"{project.gold:,} with known answers, {project.overlap} annotators each"
        )
    say(f"wrote {output}")
    return 0


def _wanted(
    asked: QuestionSet,
    draw: Draw,
    profile: str | None,
    gold: Path | None,
    overlap: int,
    *,
    blind: bool,
) -> Wanted:
    """What the options ask for; of a profile's samples those that the questions are about."""
    from corpus_pipeline.io.places import local_path
    from corpus_pipeline.model import PipelineError
    from corpus_pipeline.products.annotation.gold import read_gold_file
    from corpus_pipeline.products.annotation.tasks import Wanted
    from corpus_pipeline.products.audit.profile import load_profile
    from corpus_pipeline.products.evidence.needs import needs

    known = read_gold_file(local_path(gold)) if gold else ()
    wished: tuple[Need, ...] = ()
    if profile is not None:
        if asked.passing is None:
            raise PipelineError(f"--for: {asked.pack} answers no clause of a profile")
        every = needs(load_profile(profile))
        wished = tuple(need for need in every if need.aspect == asked.passing.aspect)
        if not wished:
            about = ", ".join(sorted({need.aspect for need in every}))
            raise PipelineError(
                f"--for {profile}: no clause asks for a sample of {asked.passing.aspect} ({about})"
            )
    return Wanted(asked, draw, wished, profile, known, overlap, blind)
