"""The guideline of a project: what is asked, what each label means, what to do in doubt.

Enters: a question set and how many people answer each task.  Leaves: one offline HTML page and the
same as Markdown, both in Chinese and English.  Neither holds anything of the run.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from corpus_pipeline.products.annotation.project import Label
from corpus_pipeline.products.annotation.question_set import QuestionSet
from corpus_pipeline.products.audit.words import Words

_HERE = Path(__file__).parent


def guideline(questions: QuestionSet, overlap: int) -> dict[str, bytes]:
    """`guideline.html` and `guideline.md`."""
    asked = list(zip(questions.questions, questions.asked, strict=True))
    labels = {(one.name, label.value): label for one in questions.asked for label in one.labels}

    def named(name: str, value: str) -> Label:
        return labels[name, value]

    known = {"set": questions, "questions": asked, "rules": _rules(overlap), "named": named}
    return {
        name: _templates().get_template(f"{name}.j2").render(known, zip=zip).encode()
        for name in ("guideline.html", "guideline.md")
    }


def _rules(overlap: int) -> list[Words]:
    content = yaml.safe_load((_HERE / "rules_of_work.yaml").read_text("utf-8"))
    return [
        Words(**{key: text.replace("{overlap}", str(overlap)) for key, text in rule.items()})
        for rule in content
    ]


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = lambda text: str(text).replace("|", "\\|")
    return environment
