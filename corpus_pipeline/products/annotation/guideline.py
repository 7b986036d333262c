"""The guideline that annotators get: one offline HTML page, and the same as Markdown.

Enters: a question set and the annotators that a task is to have.  Leaves: bytes, in Chinese and
English.  No text of a document, no name of a person, no script and no request are in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from corpus_pipeline.products.annotation.project import QuestionType
from corpus_pipeline.products.annotation.question_set import (
    AskedLabel,
    AskedQuestion,
    QuestionSet,
)
from corpus_pipeline.products.audit.words import Language, Words, both

_TEMPLATES = Path(__file__).parent / "templates"
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|])")

#: Headings and rules that hold for every set of questions.
WORDS = {
    "guideline": both("Guideline for annotators", "标注指南"),
    "example": both("Example", "例"),
    "when": both("Only where the answer above is", "仅当上一问的答案为"),
    "doubt": both("When in doubt", "拿不准怎么办"),
    "pay": both("How you are paid", "怎样计酬"),
    "privacy": both("Personal data", "个人信息"),
}
TYPES: dict[QuestionType, Words] = {
    "choice": both("one answer", "单选"),
    "choices": both("any number of answers", "多选"),
    "number": both("a number", "填数字"),
}
_PRIVACY = both(
    "Personal data in the texts is masked (<姓名>, <手机号>). Do not try to find out who is meant, "
    "do not copy texts elsewhere. If you see personal data that was not masked, do not repeat it: "
    "skip the task and tell whoever gave it to you its number. Your own answers are kept under a "
    "number, not under your name.",
    "文本中的个人信息已遮盖（<姓名>、<手机号>）。不要设法查明其人，不要把文本抄到别处。"
    "若看到未遮盖的个人信息，不要转述：跳过该条，并把任务编号告诉发放任务的人。"
    "您的答案以编号而非姓名保存。",
)


def _pay(overlap: int) -> Words:
    """How work is paid; rates stand on the rate card alone."""
    one = both("one annotator", "1 名标注员")
    people = one if overlap == 1 else both(f"{overlap} annotators", f"{overlap} 名标注员")
    return both(
        f"Each task is answered by {people.en}. You are paid by accepted item at the rate of the "
        "rate card that you were given before the work began; a rejected item comes with its "
        "reason, and you may object. Among the tasks are control items whose answers are known; "
        "skill on them may raise your rate. Answers given faster than a text can be read are "
        "looked at by a person before anything is rejected. Who annotates an item never reviews "
        "it. Unsure is an honest answer and costs nothing where it is offered.",
        f"每条任务由 {people.zh}作答。按验收合格的条目计酬，单价以开工前发给您的价目表为准；"
        "退回的条目附理由，您可以申诉。任务中混有答案已知的质控题，质控表现好可提高单价。"
        "快于正常阅读速度的作答，会先由人查看，再决定是否退回。标注与审核不由同一人担任。"
        "有“拿不准”选项时，如实选择不扣酬。",
    )


def page(content: QuestionSet, overlap: int) -> bytes:
    """The guideline as one HTML page."""
    rendered: str = _template().render(
        content=content,
        named=named(content),
        words=WORDS,
        types=TYPES,
        pay=_pay(overlap),
        privacy=_PRIVACY,
        languages=("zh", "en"),
        called=_called,
    )
    return rendered.encode()


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("guideline.html.j2")


def named(content: QuestionSet) -> dict[str, dict[str, Words]]:
    """Question → value → the name of the label."""
    return {
        question.name: {label.value: both(label.en, label.zh) for label in question.labels}
        for question in content.asked
    }


def _called(label: AskedLabel, name: Words, language: Language) -> str:
    """A label's name, with its code where it has one."""
    return f"{label.value} {name.of(language)}" if label.value[:1].isupper() else name.of(language)


def markdown(content: QuestionSet, overlap: int) -> bytes:
    """The guideline as Markdown, Chinese first."""
    languages: tuple[Language, ...] = ("zh", "en")
    lines = [line for language in languages for line in _markdown(content, overlap, language)]
    return ("\n".join(lines) + "\n").encode()


def _markdown(content: QuestionSet, overlap: int, language: Language) -> Iterator[str]:
    title = f"{content.title.of(language)}: {WORDS['guideline'].of(language)}"
    yield from (f"# {_plain(title)}", "", _plain(content.about.of(language)), "")
    names = named(content)
    for asked in content.questions:
        yield f"## {_plain(asked.title.of(language))} ({TYPES[asked.type].of(language)})"
        yield ""
        yield from _labels(asked, names, language)
    for key, said in (
        ("doubt", content.doubt),
        ("pay", _pay(overlap)),
        ("privacy", _PRIVACY),
    ):
        yield from (f"## {WORDS[key].of(language)}", "", _plain(said.of(language)), "")


def _labels(
    asked: AskedQuestion, names: dict[str, dict[str, Words]], language: Language
) -> Iterator[str]:
    for name, value in asked.when.items():
        yield f"{WORDS['when'].of(language)}: {_plain(names[name][value].of(language))}"
        yield ""
    for label in asked.labels:
        called = _called(label, names[asked.name][label.value], language)
        yield (
            f"- **{_plain(called)}** — {_plain(label.means.of(language))} "
            f"{WORDS['example'].of(language)}: {_plain(label.example.of(language))}"
        )
    yield ""


def _plain(text: str) -> str:
    """A text without markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
