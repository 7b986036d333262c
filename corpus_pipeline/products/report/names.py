"""What identifiers are called in pages that people read.

Enters: a kind of identifier (`stages`, `rules`, `languages`, `pii` …) and an identifier.
Leaves: its name in English and Chinese, from words.yaml, which is refused where it lacks a reason
of quarantine or names one that nobody gives.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from corpus_pipeline.model import REASONS, PipelineError

_WORDS = Path(__file__).parent / "words.yaml"


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    loaded: dict[str, dict[str, list[str]]] = yaml.safe_load(_WORDS.read_text("utf-8"))
    odd = REASONS ^ loaded["reasons"].keys()
    if odd:
        raise PipelineError(f"{_WORDS.name}: reasons: not those of model/reasons.py: {sorted(odd)}")
    return loaded


def name_of(kind: str, identifier: object) -> list[str] | None:
    """English and Chinese of an identifier, or None.

    >>> name_of("stages", "pii")
    ['Personal data', '个人信息脱敏']
    """
    return _words().get(kind, {}).get(str(identifier))
