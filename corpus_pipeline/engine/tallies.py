"""Tallies of a split or a run, made from the verdicts of its documents.

Enters: frames of documents and of quarantine.  Leaves: the `counts` of a manifest: numbers of
documents and bytes, and documents by rule, by reason and by source.  Adding makes a new tally.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

Counts = dict[str, Any]

_NUMBERS = ("read", "kept", "dropped", "quarantined", "input_bytes", "text_bytes_kept")
_TALLIES = ("by_rule", "by_quarantine")


def nothing() -> Counts:
    """The tally of no documents."""
    return {**dict.fromkeys(_NUMBERS, 0), **{name: {} for name in _TALLIES}, "by_source": {}}


def count(docs: pl.DataFrame, quarantine: pl.DataFrame, input_bytes: int) -> Counts:
    """The tally of finished documents (with verdicts) and quarantined records."""
    dropped = docs.filter(pl.col("dropped_by").is_not_null())
    kept = docs.filter(pl.col("dropped_by").is_null())
    rules = dropped.group_by(rule=pl.col("dropped_by") + "/" + pl.col("drop_rule")).len()
    reasons = quarantine.group_by(rule=pl.col("stage") + "/" + pl.col("reason")).len()
    by_source: dict[str, dict[str, int]] = {}
    for state, frame in (("kept", kept), ("dropped", dropped), ("quarantined", quarantine)):
        for source, rows in frame.group_by("source").len().iter_rows():
            by_source.setdefault(source or "", {})[state] = rows
    return {
        "read": docs.height + quarantine.height,
        "kept": kept.height,
        "dropped": dropped.height,
        "quarantined": quarantine.height,
        "input_bytes": input_bytes,
        "text_bytes_kept": int(kept.get_column("text").str.len_bytes().sum() or 0),
        "by_rule": dict(sorted(rules.iter_rows())),
        "by_quarantine": dict(sorted(reasons.iter_rows())),
        "by_source": {
            name: {state: states.get(state, 0) for state in ("kept", "dropped", "quarantined")}
            for name, states in sorted(by_source.items())
        },
    }


def _added(tallies: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for tally in tallies:
        total.update(tally)
    return dict(sorted(total.items()))


def add(parts: Iterable[Counts]) -> Counts:
    """The sum of tallies."""
    parts = list(parts)
    sources = sorted({name for part in parts for name in part["by_source"]})
    return {
        **{name: sum(part[name] for part in parts) for name in _NUMBERS},
        **{name: _added(part[name] for part in parts) for name in _TALLIES},
        "by_source": {
            name: {
                state: sum(part["by_source"].get(name, {}).get(state, 0) for part in parts)
                for state in ("kept", "dropped", "quarantined")
            }
            for name in sources
        },
    }


def conserved(counts: Counts) -> bool:
    """The law: what was read is kept, dropped or in quarantine, and nothing is counted twice."""
    in_all: int = counts["kept"] + counts["dropped"] + counts["quarantined"]
    return bool(counts["read"] == in_all)
