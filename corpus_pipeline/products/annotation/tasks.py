"""Tasks out of a run: documents that were drawn, masked, with what our columns suggest.

Enters: a finished run, a draw or a profile's needs, a question set, gold answers.
Leaves: a `Project`, its `Task`s in the order of their ids, which says nothing about strata or gold,
and its `Gold`.  Texts, titles and what is shown are masked again, whatever the run did.
Refuses: a draw without a document, a gold answer about a document that the run does not have or
that its question does not know (`PipelineError`, one line).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.annotation.gold import GoldRow
from corpus_pipeline.products.annotation.project import (
    Answer,
    Gold,
    Project,
    Question,
    Task,
    project_id,
    task_id,
)
from corpus_pipeline.products.annotation.question_set import QuestionSet, suggestions
from corpus_pipeline.products.evidence.needs import Need
from corpus_pipeline.products.runs import DROPPED, KEPT, Run, batches, columns_of
from corpus_pipeline.products.sample import Draw, chosen, with_columns
from corpus_pipeline.products.strata import strata_of
from corpus_pipeline.products.tune.effect import Mask

#: Characters of a text that a task holds: nobody reads more to answer one question.
LONGEST = 20_000
#: Columns of every task.
_ALWAYS = ("source", "title", "text")
#: Characters in which an address shows that it is one.
_SCHEME = 12
#: What no text needs and what could turn a line around: controls, and marks of direction.
_HARMFUL = dict.fromkeys(
    [
        *range(9),
        11,
        12,
        *range(14, 32),
        *range(127, 160),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    ],
    "\ufffd",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a project is to be: draws, questions, known answers, annotators a task.

    `needs`: those of a profile's clauses, instead of `draw`.  `blind`: without suggestions.
    """

    questions: QuestionSet
    draw: Draw
    needs: tuple[Need, ...] = ()
    profile: str | None = None
    gold: tuple[GoldRow, ...] = ()
    overlap: int = 1
    blind: bool = False
    asked: tuple[Question, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Make the questions once: there are as many looks at them as documents."""
        object.__setattr__(self, "asked", self.questions.asked)

    @property
    def drawing(self) -> dict[str, Any]:
        """What decided the draw beside the run and the seed."""
        if self.needs:
            needs = [[need.aspect, need.least, need.per_kind, *need.clauses] for need in self.needs]
            return {"profile": self.profile, "needs": needs, "blind": self.blind}
        draw = self.draw
        bound = None if draw.bound is None else f"{draw.bound.rule} {draw.bound.column}"
        return {
            "by": list(draw.by),
            "size": draw.size,
            "proportional": draw.proportional,
            "kept": draw.kept,
            "bound": bound,
            "blind": self.blind,
        }


def tasks_of(run: Run, wanted: Wanted, mask: Mask) -> tuple[Project, list[Task], list[Gold]]:
    """The project, its tasks and the answers that are known."""
    known = _known(wanted)
    drawn = _drawn(run, wanted)
    drawn = _with_gold(run, wanted, drawn, known)
    if drawn.is_empty():
        raise PipelineError(f"{run.root.name} has no documents to draw from: the sample is empty")
    asked = [question.model_dump(mode="json") for question in wanted.asked]
    said = sorted((name, {**answers}) for name, answers in known.items())
    seal = str(run.manifest["seal"])
    key = project_id(seal, asked, wanted.draw.seed, wanted.drawing, said)
    tasks = sorted(_tasks(run, wanted, drawn, key, mask), key=lambda task: task.task)
    gold = sorted((task_id(key, name), answers) for name, answers in known.items())
    project = Project(
        project=key,
        run=seal,
        seed=wanted.draw.seed,
        drawing=wanted.drawing,
        question_set=wanted.questions.pack,
        questions=wanted.asked,
        overlap=wanted.overlap,
        tasks=len(tasks),
        gold=len(gold),
        passing=wanted.questions.passing,
    )
    return project, tasks, [Gold(task, answers) for task, answers in gold]


def _known(wanted: Wanted) -> dict[str, dict[str, Answer]]:
    """Document → known answers, each as its question keeps it."""
    questions = {question.name: question for question in wanted.asked}
    known: dict[str, dict[str, Answer]] = {}
    for row in wanted.gold:
        if row.document in known:
            raise PipelineError(f"{row.where}: the document stands twice")
        unknown = sorted(set(row.answers) - set(questions))
        if unknown:
            said = f"{wanted.questions.pack} asks no question {unknown[0]!r}"
            raise PipelineError(f"{row.where}: {said}: {', '.join(questions)}")
        try:
            answers = {name: questions[name].answer(given) for name, given in row.answers.items()}
        except ValueError as error:
            raise PipelineError(f"{row.where}: {error}") from None
        known[row.document] = answers
    return known


def _drawn(run: Run, wanted: Wanted) -> pl.DataFrame:
    """Where each document lies that was drawn, with its strata; each once."""
    draws = [need.draw(wanted.draw.seed) for need in wanted.needs] or [wanted.draw]
    frames = [frame for frame in (chosen(run, draw) for draw in draws) if frame.height]
    if not frames:
        return pl.DataFrame()
    return pl.concat(frames, how="diagonal").unique("id", keep="first", maintain_order=True)


def _with_gold(
    run: Run, wanted: Wanted, drawn: pl.DataFrame, known: Mapping[str, object]
) -> pl.DataFrame:
    """The drawn documents and those whose answers are known."""
    have = set(drawn.get_column("id")) if drawn.height else set()
    missing = set(known) - have
    if not missing:
        return drawn
    places = _places(run, wanted, missing)
    found = set(places.get_column("id")) if places.height else set()
    lost = [row for row in wanted.gold if row.document in missing - found]
    if lost:
        said = f"{run.root.name} has no document {concealed(lost[0].document)!r}"
        raise PipelineError(f"{lost[0].where}: {said}")
    return pl.concat([frame for frame in (drawn, places) if frame.height], how="diagonal")


def _places(run: Run, wanted: Wanted, ids: set[str]) -> pl.DataFrame:
    """Where some documents lie, with the strata that divide the sample."""
    by = () if wanted.needs else wanted.draw.by
    keys = pl.Series(sorted(ids), dtype=pl.String)
    found = []
    for part in (*run.parts(KEPT), *run.parts(DROPPED)):
        ways = strata_of(run, by, columns_of(run.root / part))
        columns = ["id", "source", "dropped_by", "drop_rule"]
        columns += [way[0] for way in ways.values() if way[0] is not None]
        start = 0
        for frame in batches(run.root / part, list(dict.fromkeys(columns))):
            placed = frame.select(
                "id",
                *(way[1].alias(f"by_{name}") for name, way in ways.items()),
                part=pl.lit(part),
                row=pl.int_range(start, start + frame.height, dtype=pl.Int64),
            )
            found.append(placed.filter(pl.col("id").is_in(keys.implode())))
            start += frame.height
    return pl.concat(found) if found else pl.DataFrame()


def _tasks(run: Run, wanted: Wanted, drawn: pl.DataFrame, key: str, mask: Mask) -> Iterable[Task]:
    parts = run.parts(KEPT) or run.parts(DROPPED)
    have = columns_of(run.root / parts[0])
    asked = [name for name in wanted.questions.columns if name in have]
    rows = with_columns(run, drawn, list(dict.fromkeys([*_ALWAYS, *asked])))
    shown = [name for name in wanted.questions.shown if name in have]
    said = _masked(rows, ("title", "text", *shown), mask)
    strata = [name for name in rows.columns if name.startswith("by_")]
    for number, row in enumerate(rows.iter_rows(named=True)):
        text = said["text"][number]
        yield Task(
            task=task_id(key, row["id"]),
            document=row["id"],
            source=row["source"] or "",
            stratum={name[3:]: row[name] for name in strata if row[name] is not None},
            title=" ".join(said["title"][number].split()),
            text=f"{text[:LONGEST]}…" if len(text) > LONGEST else text,
            shown={name: said[name][number] for name in shown},
            suggested={} if wanted.blind else suggestions(wanted.questions, wanted.asked, row),
        )


def _masked(rows: pl.DataFrame, names: Sequence[str], mask: Mask) -> dict[str, list[str]]:
    """Columns as texts without personal data; control characters become U+FFFD."""
    found = {}
    for name in dict.fromkeys(names):
        texts = [_plain(value) for value in rows.get_column(name)]
        kinds = sorted(set(texts))
        done = dict(zip(kinds, mask(kinds), strict=True))
        found[name] = [
            concealed(done[text]) if "://" in text[:_SCHEME] else done[text] for text in texts
        ]
    return found


def _plain(value: object) -> str:
    if isinstance(value, pl.Series | list | tuple):
        return ", ".join(_plain(one) for one in value)
    return "" if value is None else str(value).translate(_HARMFUL)
