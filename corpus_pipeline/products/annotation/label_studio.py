"""A project as Label Studio takes it: the page that annotators see, and the tasks.

Enters: a question set, tasks.  Leaves: the labelling config (XML) and the tasks (JSON) with what
our columns suggest as predictions.  Labels are shown in Chinese and English; an export holds their
values.  Text of documents stands in `$text` and `$title`, which Label Studio shows as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from xml.etree import ElementTree as ET

import orjson

from corpus_pipeline.products.annotation.project import Answer, Project, Question, Task
from corpus_pipeline.products.annotation.question_set import AskedQuestion, QuestionSet

#: The element whose text is judged, and the one that holds what else is shown.
TEXT, SHOWN, REMARK = "text", "shown", "remark"
#: What predictions say that they come from.
MODEL = "corpus-pipeline"


def config(questions: QuestionSet) -> bytes:
    """The labelling config: title, text, what is shown beside it, the questions, a remark."""
    view = ET.Element("View")
    about = f"{questions.title.zh} · {questions.title.en}"
    ET.SubElement(view, "Header", value=about, size="4")
    ET.SubElement(view, "Header", value="$title", size="5")
    ET.SubElement(view, "Text", name=TEXT, value="$text", granularity="symbol")
    if questions.shown:
        ET.SubElement(view, "Text", name=SHOWN, value=f"${SHOWN}")
    for asked, question in zip(questions.questions, questions.asked, strict=True):
        _ask(view, asked, question)
    ET.SubElement(view, "Header", value="备注（可不填） · Remark (optional)", size="6")
    ET.SubElement(view, "TextArea", name=REMARK, toName=TEXT, rows="2", maxSubmissions="1")
    ET.indent(view, "  ")
    return str(ET.tostring(view, "unicode")).encode() + b"\n"


def _ask(view: ET.Element, asked: AskedQuestion, question: Question) -> None:
    """One question; one that hangs on an earlier answer is shown when that was given."""
    place = view
    for other, value in asked.when.items():
        condition = {"visibleWhen": "choice-selected", "whenTagName": other}
        place = ET.SubElement(place, "View", {**condition, "whenChoiceValue": value})
    ET.SubElement(place, "Header", value=f"{question.zh} · {question.en}", size="5")
    known: dict[str, str] = {
        "name": question.name,
        "toName": TEXT,
        "required": str(question.required).lower(),
    }
    if question.type == "number":
        ends = {"min": question.least, "max": question.most}
        known |= {name: f"{end:g}" for name, end in ends.items() if end is not None}
        ET.SubElement(place, "Number", known)
        return
    kind = "single" if question.type == "choice" else "multiple"
    choices = ET.SubElement(place, "Choices", {**known, "choice": kind, "layout": "inline"})
    for label, told in zip(question.labels, asked.labels, strict=True):
        hint = f"{told.means.zh} {told.means.en}"
        names = f"{escape(label.zh)} <small>{escape(label.en)}</small>"
        ET.SubElement(choices, "Choice", value=label.value, html=names, hint=hint)


def tasks(project: Project, given: Sequence[Task]) -> bytes:
    """The tasks as a file to import; none says of what stratum it is, or whether it is gold."""
    made = [task(project, one) for one in given]
    return orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def task(project: Project, given: Task) -> dict[str, Any]:
    """One task, with the suggested answers as its prediction."""
    shown = "\n".join(f"{name}: {value}" for name, value in given.shown.items() if value)
    data = {
        "project": project.project,
        "task": given.task,
        "title": given.title or "—",
        TEXT: given.text,
        SHOWN: shown or "—",
    }
    result = [_result(project.question(name), answer) for name, answer in given.suggested.items()]
    predictions = [{"model_version": MODEL, "result": result}] if result else []
    return {"data": data, "predictions": predictions}


def _result(question: Question, answer: Answer) -> dict[str, Any]:
    """An answer as Label Studio writes one."""
    value: Mapping[str, Any]
    if question.type == "number":
        kind, value = "number", {"number": answer}
    else:
        kind = "choices"
        value = {"choices": list(answer) if isinstance(answer, tuple) else [answer]}
    return {"from_name": question.name, "to_name": TEXT, "type": kind, "value": value}
