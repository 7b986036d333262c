"""One answer to each question of each task: that of the votes, of a review, or the known one.

Enters: a project, its tasks and gold answers, the votes.  Leaves: `Settled` answers, each with a
confidence and the way in which it came about; no answer, and why, where the votes do not give one.
Numbers have no labels to be voted on: their answer is the median, without a confidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from corpus_pipeline.products.annotation.aggregation import Fit, aggregated
from corpus_pipeline.products.annotation.panel import (
    CHOSEN,
    NOT_CHOSEN,
    UNSURE,
    Panel,
    panel_of,
    tied,
)
from corpus_pipeline.products.annotation.project import Answer, Project, Question
from corpus_pipeline.products.annotation.votes import Vote

#: How an answer came about where the votes did not give it.
REVIEW, GOLD = "review", "gold"
#: Between the task and the label of a unit of a question with several answers.
_OF = "\x1f"
#: Task → answers by question.
Known = Mapping[str, Mapping[str, Answer]]


@dataclass(frozen=True, slots=True)
class Settled:
    """The answer to a question about a task; None, and `why`, where there is none.

    `by`: the method, `review` or `gold`.  `votes`: how many annotators answered.
    """

    task: str
    question: str
    answer: Answer | None
    confidence: float | None
    votes: int
    by: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """A question, its panel (None for numbers), what the method made of it, the settled answers."""

    question: Question
    panel: Panel | None
    fit: Fit | None
    settled: tuple[Settled, ...]


def panel_for(question: Question, votes: Iterable[Vote]) -> Panel:
    """The votes about one question as a panel; of several answers, those ever chosen have units."""
    if question.type != "choices":
        rows = ((vote.task, vote.annotator, str(vote.answer)) for vote in votes)
        return panel_of(rows, question.values)
    given = [
        (vote, vote.answer if isinstance(vote.answer, tuple) else (str(vote.answer),))
        for vote in votes
    ]
    labels = sorted({label for _, answer in given for label in answer})
    split = (
        (f"{vote.task}{_OF}{label}", vote.annotator, CHOSEN if label in answer else NOT_CHOSEN)
        for vote, answer in given
        for label in labels
    )
    return panel_of(split, (NOT_CHOSEN, CHOSEN))


def units_of(panel: Panel) -> int:
    """Units that a task has in a panel: one, or one a label."""
    return max(len({unit.partition(_OF)[2] for unit in panel.units}), 1)


def known_units(question: Question, panel: Panel, known: Known) -> dict[str, str]:
    """The known label of units of a panel."""
    out = {}
    for unit in panel.units:
        task, _, label = unit.partition(_OF)
        answer = known.get(task, {}).get(question.name)
        if answer is None:
            continue
        out[unit] = str(answer) if not label else CHOSEN if label in _set(answer) else NOT_CHOSEN
    return out


def _set(answer: Answer) -> tuple[str, ...]:
    return answer if isinstance(answer, tuple) else (str(answer),)


def tallies(
    project: Project, tasks: Sequence[str], votes: Sequence[Vote], known: Known, method: str
) -> list[Tally]:
    """Every question's tally."""
    by_question: dict[tuple[str, str], list[Vote]] = {}
    for vote in votes:
        by_question.setdefault((vote.question, vote.role), []).append(vote)
    out = []
    for question in project.questions:
        given = by_question.get((question.name, "annotator"), [])
        reviews = _reviews(question, by_question.get((question.name, "reviewer"), []))
        panel = fit = None
        if question.type == "number":
            found = _medians(given)
        else:
            panel = panel_for(question, given)
            fit = aggregated(panel, method, known_units(question, panel, known))
            found = _voted(question, panel, fit)
        counts = _people(given)
        settled = (
            _settle(
                question,
                task,
                found.get(task),
                votes=counts.get(task, 0),
                method=method,
                reviews=reviews,
                known=known,
            )
            for task in tasks
        )
        out.append(Tally(question, panel, fit, tuple(settled)))
    return out


def _people(votes: Iterable[Vote]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for vote in votes:
        counts[vote.task] = counts.get(vote.task, 0) + 1
    return counts


def _reviews(question: Question, votes: Sequence[Vote]) -> dict[str, Answer | None]:
    """What reviewers say of each task; None where they do not agree."""
    said: dict[str, list[Answer]] = {}
    for vote in votes:
        said.setdefault(vote.task, []).append(vote.answer)
    if question.type == "number":
        return {task: float(median(map(_number, answers))) for task, answers in said.items()}
    return {task: answers[0] if len(set(answers)) == 1 else None for task, answers in said.items()}


def _number(answer: Answer) -> float:
    return answer if isinstance(answer, float) else float("nan")


def _medians(votes: Sequence[Vote]) -> dict[str, tuple[Answer | None, float | None]]:
    numbers: dict[str, list[float]] = {}
    for vote in votes:
        numbers.setdefault(vote.task, []).append(_number(vote.answer))
    return {task: (float(median(values)), None) for task, values in numbers.items()}


def _voted(
    question: Question, panel: Panel, fit: Fit
) -> dict[str, tuple[Answer | None, float | None]]:
    """By task the most probable answer and its probability; no answer where it is a tie."""
    if not panel.size:
        return {}
    best, even = fit.chances.argmax(axis=1).tolist(), tied(fit.chances).tolist()
    sure = fit.chances.max(axis=1).tolist()
    rows = zip(panel.units, best, even, sure, strict=True)
    if question.type == "choice":
        return {
            unit: (None if tie else panel.labels[label], None if tie else chance)
            for unit, label, tie, chance in rows
        }
    chosen: dict[str, list[str]] = {}
    sureness: dict[str, float | None] = {}
    for unit, label, tie, chance in rows:
        task, _, name = unit.partition(_OF)
        held = sureness.get(task, 1.0)
        sureness[task] = None if tie or held is None else min(held, chance)
        chosen.setdefault(task, []).extend([name] * (label == 1))
    return {
        task: (None if sureness[task] is None else question.answer(names), sureness[task])
        for task, names in chosen.items()
    }


def _settle(
    question: Question,
    task: str,
    found: tuple[Answer | None, float | None] | None,
    *,
    votes: int,
    method: str,
    reviews: Mapping[str, Answer | None],
    known: Known,
) -> Settled:
    """The answer about one task: known, reviewed, or voted."""
    name = question.name
    if (right := known.get(task, {}).get(name)) is not None:
        return Settled(task, name, right, 1.0, votes, GOLD)
    if task in reviews:
        answer = reviews[task]
        why = "" if answer is not None else "reviewers_disagree"
        if answer == UNSURE:
            answer, why = None, UNSURE
        return Settled(task, name, answer, None if why else 1.0, votes, REVIEW, why)
    if found is None:
        return Settled(task, name, None, None, votes, method, "no_votes")
    answer, chance = found
    if answer == UNSURE:
        return Settled(task, name, None, None, votes, method, UNSURE)
    return Settled(task, name, answer, chance, votes, method, "tie" if answer is None else "")
