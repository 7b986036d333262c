"""`annotate export`, `push`, `pull`: a sample as tasks for people, to a server and back.

Enters: a run, a question set, how to draw; an address and where its token is.  Leaves: a project
folder; tasks on a server; answers in the folder.  What was done stands on standard output.
"""

from __future__ import annotations

import os
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
    from corpus_pipeline.products.annotation.server import Server
    from corpus_pipeline.products.annotation.tasks import Wanted
    from corpus_pipeline.products.evidence.needs import Need
    from corpus_pipeline.products.sample import Draw

Questions = Annotated[
    str,
    typer.Option(
        "--questions",
        "-q",
        help="content_safety, quality, domain, ip_record, metadata, pii_left, or a YAML file.",
        metavar="NAME",
    ),
]
GoldFile = Annotated[
    Path | None,
    typer.Option(
        "--gold", help="Known answers (JSON lines or CSV), to be mixed in.", metavar="FILE"
    ),
]
Overlap = Annotated[int, typer.Option("--overlap", help="Annotators of each task.", min=1)]
Blind = Annotated[bool, typer.Option("--blind", help="Suggest no answers.")]
ProjectFolder = Annotated[
    Path, typer.Argument(help="The folder of an annotation project.", metavar="PROJECT")
]
Url = Annotated[str, typer.Option("--url", help="The address of the server.", metavar="URL")]
TokenEnv = Annotated[
    str | None,
    typer.Option(
        "--token-env", help="The environment variable that holds the token.", metavar="NAME"
    ),
]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help="A file that holds the token.", metavar="FILE")
]
Reviews = Annotated[
    bool, typer.Option("--reviews", help="The project of the reviewers, apart from the other.")
]
Timeout = Annotated[
    float, typer.Option("--timeout", help="Seconds that a request may take.", min=0.1, max=86_400)
]


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
    overlap: Overlap = 1,
    blind: Blind = False,
    as_json: Json = False,
) -> int:
    """Write a sample of a run as an annotation project.

    Label Studio, doccano, CSV, a guideline; personal data is masked again.
    """
    from corpus_pipeline.app.masking import masked
    from corpus_pipeline.cli.report import print_json, print_result
    from corpus_pipeline.engine import folder
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.model import PipelineError
    from corpus_pipeline.products.annotation.export import export as write
    from corpus_pipeline.products.annotation.question_set import load_question_set
    from corpus_pipeline.products.runs import open_run

    finished, asked = open_run(place(run)), load_question_set(questions)
    if profile is not None and any((by, rule, measure, size, proportional, kept)):
        raise PipelineError("--for draws as its clauses ask: no strata or size beside it")
    strata = ",".join(asked.by) if by is None and profile is None else by
    draw = draw_of(finished, strata, rule, measure, size, seed, proportional, kept)
    wanted = _wanted(asked, draw, profile, gold, overlap, blind)
    target = place(output)
    with folder.lock(target):
        project = write(finished, wanted, target, masked)
    figures = {"project": project.project, "tasks": project.tasks, "gold": project.gold}
    if as_json:
        print_json(figures)
    else:
        print_result("{}: project {project}, {tasks} tasks, {gold} gold".format(output, **figures))
    return 0


def _wanted(
    asked: QuestionSet,
    draw: Draw,
    profile: str | None,
    gold: Path | None,
    overlap: int,
    blind: bool,
) -> Wanted:
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.products.annotation.gold import read_gold_file
    from corpus_pipeline.products.annotation.tasks import Wanted

    needs = () if profile is None else _needs(profile, asked)
    known = () if gold is None else read_gold_file(place(gold))
    return Wanted(asked, draw, needs, profile, known, overlap, blind)


def _needs(profile: str, asked: QuestionSet) -> tuple[Need, ...]:
    """The samples of a profile that this question set answers."""
    from corpus_pipeline.model import PipelineError
    from corpus_pipeline.products.audit.profile import load_profile
    from corpus_pipeline.products.evidence.needs import needs_of

    if asked.passing is None:
        raise PipelineError(
            f"question set {asked.pack} answers no clause: it says what no audit asks"
        )
    return tuple(needs_of(load_profile(profile), asked.passing.aspect))


def push(
    folder: ProjectFolder,
    url: Url,
    token_env: TokenEnv = None,
    token_file: TokenFile = None,
    reviews: Reviews = False,
    timeout: Timeout = 120.0,
    as_json: Json = False,
) -> int:
    """Put the tasks of a project on a Label Studio server; those that are there already stay."""
    from corpus_pipeline.cli.report import print_json, print_result, say
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.products.annotation import exchange

    server = _server(url, token_env, token_file, timeout)
    done = exchange.push(
        place(folder),
        server,
        "reviewer" if reviews else "annotator",
        lambda sent, whole: say(f"{sent:,} of {whole:,} tasks sent"),
    )
    if as_json:
        print_json({"number": done.number, "sent": done.sent, "there": done.there})
    else:
        print_result(
            f"{server.url}/projects/{done.number}: {done.sent:,} tasks sent, "
            f"{done.there:,} were there"
        )
    return 0


def pull(
    folder: ProjectFolder,
    url: Url,
    token_env: TokenEnv = None,
    token_file: TokenFile = None,
    reviews: Reviews = False,
    timeout: Timeout = 120.0,
    as_json: Json = False,
) -> int:
    """Bring the answers of a project from a Label Studio server to PROJECT/results."""
    from corpus_pipeline.cli.report import print_json, print_result
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.products.annotation import exchange

    server = _server(url, token_env, token_file, timeout)
    done = exchange.pull(place(folder), server, "reviewer" if reviews else "annotator")
    if as_json:
        said = {"path": str(done.path), "tasks": done.tasks, "annotations": done.annotations}
        print_json(said)
    else:
        print_result(f"{done.path}: {done.tasks:,} tasks, {done.annotations:,} annotations")
    return 0


def _server(url: str, token_env: str | None, token_file: Path | None, timeout: float) -> Server:
    """The server and its token, which comes from the environment or from a file alone."""
    from corpus_pipeline.io.fs import place
    from corpus_pipeline.model import PipelineError
    from corpus_pipeline.products.annotation.server import Server, checked_token, server_address

    address = server_address(url)
    if (token_env is None) == (token_file is None):
        raise PipelineError("name the token with --token-env NAME or --token-file FILE")
    if token_env is not None:
        given, where = os.environ.get(token_env), "the variable of --token-env"
        if given is None:
            raise PipelineError(f"{where} is not set")
    else:
        where = "the file of --token-file"
        try:
            given = place(token_file or "").read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "not a line of text"
            raise PipelineError(f"{where} cannot be read: {why}") from None
    return Server(address, checked_token(given, where), timeout)
