"""A project as Label Studio takes it: the labelling page (XML), tasks with suggestions (JSON).

Enters: a `Project`, its question set and tasks.  Leaves: bytes and plain values.
Text of documents is data alone: none of it enters the page's markup, and Label Studio shows it as
text (`valueType="text"`), never as HTML and never fetched as an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from corpus_pipeline.model import digest
from corpus_pipeline.products.annotation.project import Answer, Project, Question, Task
from corpus_pipeline.products.annotation.question_set import AskedQuestion, QuestionSet

#: The name of the text on the page, which every answer is about.
TEXT = "text"
#: Who suggested an answer, as Label Studio calls it.
MODEL = "corpus-pipeline"


def config(content: QuestionSet, project: Project) -> str:
    """The labelling page: title, text, what is shown beside it, questions in both languages."""
    view = ET.Element("View")
    _add(view, "Header", value=_both(content.title.zh, content.title.en), size="4")
    _add(view, "Header", value="$title", size="5")
    _add(view, "Text", name=TEXT, value="$text", valueType="text")
    _add(view, "Text", name="shown", value="$shown", valueType="text")
    known = {question.name: question for question in project.questions}
    for asked, question in zip(content.questions, project.questions, strict=True):
        part = _add(view, "View", **_when(asked, known))
        _add(part, "Header", value=_both(question.zh, question.en), size="5")
        _ask(part, asked, question)
    ET.indent(view)
    return ET.tostring(view, encoding="unicode") + "\n"


def _add(parent: ET.Element, tag: str, **attributes: str) -> ET.Element:
    return ET.SubElement(parent, tag, attributes)


def _both(zh: str, en: str) -> str:
    return f"{zh} {en}"


def _when(asked: AskedQuestion, known: Mapping[str, Question]) -> dict[str, str]:
    """Where a question waits for an answer to another: what shows it."""
    for name, value in asked.when.items():
        label = next(label for label in known[name].labels if label.value == value)
        return {
            "visibleWhen": "choice-selected",
            "whenTagName": name,
            "whenChoiceValue": _shown(label.value, label.zh, label.en),
        }
    return {}


def _shown(value: str, zh: str, en: str) -> str:
    """A label as people read it; a comma would part several of them."""
    code = f"{value} " if value[:1].isupper() else ""
    return f"{code}{zh} {en}".replace(",", "，")


def _ask(part: ET.Element, asked: AskedQuestion, question: Question) -> None:
    needed = "true" if question.required else "false"
    named = {"name": question.name, "toName": TEXT, "required": needed}
    if question.type == "number":
        bounds = {"min": question.least, "max": question.most}
        limits = {key: f"{value:g}" for key, value in bounds.items() if value is not None}
        _add(part, "Number", **named, **limits)
        return
    single = question.type == "choice"
    choices = _add(part, "Choices", **named, choice="single" if single else "multiple")
    for label, told in zip(question.labels, asked.labels, strict=True):
        shown = _shown(label.value, label.zh, label.en)
        hint = _both(told.means.zh, told.means.en)
        _add(choices, "Choice", value=shown, alias=label.value, hint=hint)


def task_data(project: Project, task: Task) -> dict[str, Any]:
    """A task with what our columns suggest as its prediction."""
    shown = "\n".join(f"{name}: {value}" for name, value in task.shown.items())
    data = {
        "project": project.project,
        "task": task.task,
        "title": task.title,
        "text": task.text,
        "shown": shown,
    }
    results = [
        _result(project.question(name), task, answer) for name, answer in task.suggested.items()
    ]
    if not results:
        return {"data": data}
    return {"data": data, "predictions": [{"model_version": MODEL, "result": results}]}


def _result(question: Question, task: Task, answer: Answer) -> dict[str, Any]:
    return {
        "id": digest([task.task, question.name])[:10],
        "from_name": question.name,
        "to_name": TEXT,
        "type": "number" if question.type == "number" else "choices",
        "value": value_of(question, answer),
    }


def value_of(question: Question, answer: Answer) -> dict[str, Any]:
    """An answer as Label Studio keeps it."""
    if question.type == "number":
        return {"number": answer}
    return {"choices": list(answer) if isinstance(answer, tuple) else [answer]}
