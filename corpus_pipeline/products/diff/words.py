"""What changes, causes and categories are called in pages and tables that people read.

Enters: a kind (`documents`, `causes`, `shares`, `kinds`, `totals`) and an identifier.  Leaves: its
name in English and Chinese, from words.yaml.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import yaml

_WORDS = Path(__file__).parent / "words.yaml"


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    loaded: dict[str, dict[str, list[str]]] = yaml.safe_load(_WORDS.read_text("utf-8"))
    return loaded


def words_of(kind: str, identifier: str) -> list[str]:
    """English and Chinese of an identifier.

    >>> words_of("causes", "not_known")
    ['not known', '未知']
    """
    return _words()[kind][identifier]


def in_chinese(details: str) -> str:
    """Details of a cause with the phrases that the code writes in Chinese; names stay.

    >>> in_chinese("han_ratio: bound not seen → 0.9"), in_chinese("stage_x.threshold 1 → 2")
    ('han_ratio: 界限未见 → 0.9', 'stage_x.threshold 1 → 2')
    """
    for english, chinese in _phrases().items():
        details = re.sub(rf"(?<![\w.]){re.escape(english)}(?![\w.])", chinese, details)
    return details


@cache
def _phrases() -> dict[str, str]:
    loaded: dict[str, dict[str, str]] = yaml.safe_load(_WORDS.read_text("utf-8"))
    return loaded["phrases"]


def names(kind: str) -> list[str]:
    """The identifiers of a kind, in the order in which they are shown."""
    return list(_words()[kind])
