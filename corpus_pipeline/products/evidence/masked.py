"""An audit without personal data: people write names and numbers into reasons and plans.

Enters: an audit and the function that masks.  Leaves: the same audit with what people said masked;
results, figures, digests and fingerprints' subjects are as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from corpus_pipeline.products.audit.result import (
    AuditResult,
    ClauseResult,
    Evidence,
    Statement,
    Waiver,
)
from corpus_pipeline.products.audit.words import Words, both
from corpus_pipeline.products.evidence.table import Mask


def masked_audit(result: AuditResult, mask: Mask) -> AuditResult:
    """The audit, masked in one pass."""
    said = sorted({text for text in _texts(result) if text})
    told = dict(zip(said, mask(said), strict=True)) if said else {}
    clauses = tuple(_clause(entry, told) for entry in result.clauses)
    return replace(result, run=told.get(result.run, result.run), clauses=clauses)


def _texts(result: AuditResult) -> Iterator[str]:
    """Everything that people or files may have said."""
    yield result.run
    for entry in result.clauses:
        for words in (entry.measured, entry.reason, *(one.said for one in entry.evidence)):
            if words is not None:
                yield from (words.en, words.zh)
        yield from (one.path for one in entry.evidence)
        yield from _strings(entry.facts)
        yield from (text or "" for text in (entry.equivalent_measure, entry.plan))
        for waiver in (entry.waiver, entry.expired):
            if waiver is not None:
                yield from (waiver.justification, waiver.approver)


def _clause(entry: ClauseResult, told: Mapping[str, str]) -> ClauseResult:
    statement = Statement(_text(entry.equivalent_measure, told), _text(entry.plan, told))
    return replace(
        entry,
        measured=_words(entry.measured, told),
        reason=None if entry.reason is None else _words(entry.reason, told),
        evidence=tuple(_evidence(one, told) for one in entry.evidence),
        facts=_facts(entry.facts, told),
        statement=statement,
        waiver=_waiver(entry.waiver, told),
        expired=_waiver(entry.expired, told),
    )


def _strings(value: object) -> Iterator[str]:
    """Every text in plain values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from (str(key), *_strings(one))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)


def _facts(value: Any, told: Mapping[str, str]) -> Any:
    """Plain values with their texts masked, keys too: some are names of sources."""
    if isinstance(value, str):
        return told.get(value, value)
    if isinstance(value, Mapping):
        return {told.get(str(key), key): _facts(one, told) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_facts(one, told) for one in value]
    return value


def _words(words: Words, told: Mapping[str, str]) -> Words:
    return both(told.get(words.en, words.en), told.get(words.zh, words.zh))


def _text(text: str | None, told: Mapping[str, str]) -> str | None:
    return None if text is None else told.get(text, text)


def _evidence(one: Evidence, told: Mapping[str, str]) -> Evidence:
    return replace(one, path=told.get(one.path, one.path), said=_words(one.said, told))


def _waiver(waiver: Waiver | None, told: Mapping[str, str]) -> Waiver | None:
    if waiver is None:
        return None
    said = told.get(waiver.justification, waiver.justification)
    return replace(waiver, justification=said, approver=told.get(waiver.approver, waiver.approver))
