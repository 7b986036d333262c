"""Question sets: what people are asked about documents, as data.

Enters: the name of a packaged set, or the path of a YAML file.  Leaves: a `QuestionSet`.
Refuses: unknown keys, a label without a name, a suggestion that contradicts its own examples, an
answer that passes and is none (`PipelineError`, one line).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.annotation.project import (
    Answer,
    Label,
    Passing,
    Question,
    QuestionType,
)
from corpus_pipeline.products.audit.profile import risk_names
from corpus_pipeline.products.audit.words import Words
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import Name, Pack, PackError, Text, load
from corpus_pipeline.rules.settings import Strict

_PACKAGED = Path(__file__).parent / "questions"


class AskedLabel(Strict):
    """An answer: its value in files, its names, a sentence about it, and an example.

    `zh`, `en`: absent where the labels are those of a taxonomy.
    """

    value: Text
    zh: str = ""
    en: str = ""
    means: Words
    example: Words


class Step(Strict):
    """From this number on, this answer."""

    least: float
    answer: str


class Shown(Strict):
    """A value of the column, and the suggestion that must come of it."""

    given: Any
    becomes: str | tuple[str, ...] | float | None


class Suggest(Strict):
    """How a column suggests an answer.

    `field`: of the structs of a list.  `values`: what a value suggests that is no label itself.
    `steps`: what a number does, the highest step that it reaches.  `some`, `none`: what a list does
    that holds something, or nothing.
    """

    column: Text
    field: str | None = None
    values: Mapping[str, str] = Field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    some: str | None = None
    none: str | None = None
    examples: tuple[Shown, ...] = Field(min_length=1)


class AskedQuestion(Strict):
    """A question as its file writes it; `when`: the answer to an earlier one that makes it asked.

    `names`: `risks` takes labels and their names from the 31 risks of GB/T 45654, each once.
    """

    name: Name
    type: QuestionType
    title: Words
    required: bool = True
    when: Mapping[str, str] = Field(default_factory=dict)
    names: Literal["risks"] | None = None
    labels: tuple[AskedLabel, ...] = ()
    least: float | None = None
    most: float | None = None
    suggest: tuple[Suggest, ...] = ()

    @model_validator(mode="after")
    def _labels_suit_the_type(self) -> AskedQuestion:
        if (self.type == "number") == bool(self.labels):
            raise ValueError("a choice has labels, a number has none")
        values = [label.value for label in self.labels]
        if len(set(values)) < len(values):
            raise ValueError("a label stands twice")
        return self


class QuestionSet(Pack):
    """A file of questions.

    `about`: what is asked and why; `doubt`: what to do where one is not sure.  `shown`: columns
    beside the text; `by`: the strata of its sample where none are asked for.
    """

    noun: ClassVar[str] = "question set"

    title: Words
    about: Words
    doubt: Words
    by: tuple[Name, ...] = ("state",)
    shown: tuple[Name, ...] = ()
    passing: Passing | None = None
    questions: tuple[AskedQuestion, ...] = Field(min_length=1)

    @property
    def asked(self) -> tuple[Question, ...]:
        """The questions as a project has them."""
        return tuple(_question(asked) for asked in self.questions)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are shown or that suggest answers."""
        wanted = [suggest.column for asked in self.questions for suggest in asked.suggest]
        return tuple(dict.fromkeys([*self.shown, *wanted]))


def packaged_sets() -> list[str]:
    """The names of the packaged question sets."""
    return sorted(path.stem for path in _PACKAGED.glob("*.yaml"))


def load_question_set(name: str | Path) -> QuestionSet:
    """A packaged question set by its name, or the one in a YAML file."""
    known = packaged_sets()
    if str(name) in known:
        return load(resolve(str(_PACKAGED / f"{name}.yaml"), Path()), QuestionSet, _checked)
    if Path(name).suffix not in {".yaml", ".yml"}:
        raise PipelineError(
            f"no question set {str(name)!r}{nearest(str(name), known)}, and no YAML file"
        )
    return load(resolve(str(name), Path.cwd()), QuestionSet, _checked)


def _question(asked: AskedQuestion) -> Question:
    risks = risk_names() if asked.names == "risks" else {}
    labels = tuple(
        Label(
            value=label.value,
            zh=label.zh or risks[label.value].zh,
            en=label.en or risks[label.value].en,
        )
        for label in asked.labels
    )
    return Question(
        name=asked.name,
        type=asked.type,
        labels=labels,
        required=asked.required and not asked.when,
        zh=asked.title.zh,
        en=asked.title.en,
        least=asked.least,
        most=asked.most,
    )


def _checked(content: QuestionSet) -> QuestionSet:
    """The set; `PackError` where it contradicts itself."""
    earlier: dict[str, Question] = {}
    for asked in content.questions:
        where = f"question {asked.name}"
        if asked.name in earlier:
            raise PackError(f"{where}: stands twice")
        _names_are_known(asked, where)
        question = _question(asked)
        for other, value in asked.when.items():
            if other not in earlier or value not in earlier[other].values:
                raise PackError(f"{where}: no earlier question has the answer {other}: {value}")
        for suggest in asked.suggest:
            _prove(question, suggest, where)
        earlier[asked.name] = question
    if content.passing is not None:
        judged = earlier.get(content.passing.question)
        if judged is None or set(content.passing.values) - set(judged.values):
            raise PackError("passing: names an answer that no question has")
    return content


def _names_are_known(asked: AskedQuestion, where: str) -> None:
    values = {label.value for label in asked.labels}
    if asked.names == "risks" and values != set(risk_names()):
        odd = sorted(values ^ set(risk_names()))
        raise PackError(f"{where}: its labels are not the 31 risks: {', '.join(odd)}")
    for label in asked.labels:
        if asked.names is None and not (label.zh and label.en):
            raise PackError(f"{where}, label {label.value}: has no name in both languages")


def _prove(question: Question, suggest: Suggest, where: str) -> None:
    """`PackError` where a suggestion is no answer, or disagrees with its examples."""
    answers = [*suggest.values.values(), *(step.answer for step in suggest.steps)]
    answers += [value for value in (suggest.some, suggest.none) if value is not None]
    unknown = [value for value in answers if value not in question.values]
    if unknown:
        raise PackError(f"{where}: suggests {unknown[0]!r}, which is no answer")
    for example in suggest.examples:
        found = suggestion(question, suggest, example.given)
        if found != example.becomes:
            said = f"{suggest.column} {example.given!r} becomes {found!r}, not {example.becomes!r}"
            raise PackError(f"{where}: {said}")


def suggestion(question: Question, suggest: Suggest, value: object) -> Answer | None:
    """The answer that a value of the column suggests; None where it says nothing."""
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return _of_list(question, suggest, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if question.type == "number":
            return float(value)
        reached = [step for step in suggest.steps if value >= step.least]
        return max(reached, key=lambda step: step.least).answer if reached else None
    return _label(question, suggest, str(value))


def _of_list(question: Question, suggest: Suggest, value: Sequence[Any]) -> Answer | None:
    items = [one[suggest.field] if suggest.field else one for one in value]
    if question.type == "choice":
        return suggest.some if items else suggest.none
    found = {_label(question, suggest, str(item)) for item in items}
    chosen = tuple(one for one in question.values if one in found)
    return chosen or None


def _label(question: Question, suggest: Suggest, value: str) -> str | None:
    chosen = suggest.values.get(value, value)
    return chosen if chosen in question.values else None


def suggestions(
    content: QuestionSet, questions: Sequence[Question], row: Mapping[str, Any]
) -> dict[str, Answer]:
    """What the columns of a document suggest, by question; the first column that says something.

    `questions`: those of the set, as `asked` gives them.
    """
    found = {}
    for asked, question in zip(content.questions, questions, strict=True):
        for suggest in asked.suggest:
            answer = suggestion(question, suggest, row.get(suggest.column))
            if answer is not None:
                found[asked.name] = answer
                break
    return found
