"""Tallies of a split or a run, made from the verdicts of its documents.

Enters: frames of documents and of quarantine.  Leaves: the `counts` of a manifest: numbers of
documents, bytes and characters, documents and characters by rule, documents by reason and by
source.  Adding makes a new tally.  Also: stages that drop few documents with many characters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

Counts = dict[str, Any]

_NUMBERS = (
    *("read", "kept", "dropped", "quarantined", "input_bytes", "text_bytes_kept"),
    *("characters_kept", "characters_dropped"),
)
_TALLIES = ("by_rule", "characters_by_rule", "by_quarantine")
#: A stage that drops more than a tenth of the characters, and four times the share that its
#: documents are, drops books: three histories were 17 % of the characters of 25 novels.
LONG_LOSS, LONG_TIMES = 0.1, 4


def nothing() -> Counts:
    """The tally of no documents."""
    return {**dict.fromkeys(_NUMBERS, 0), **{name: {} for name in _TALLIES}, "by_source": {}}


def count(docs: pl.DataFrame, quarantine: pl.DataFrame, input_bytes: int) -> Counts:
    """The tally of finished documents (with verdicts) and quarantined records."""
    dropped = docs.filter(pl.col("dropped_by").is_not_null())
    kept = docs.filter(pl.col("dropped_by").is_null())
    rules = dropped.group_by(rule=pl.col("dropped_by") + "/" + pl.col("drop_rule")).agg(
        pl.len(), characters=pl.col("text").str.len_chars().sum()
    )
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
        "characters_kept": int(kept.get_column("text").str.len_chars().sum() or 0),
        "characters_dropped": int(rules.get_column("characters").sum() or 0),
        "by_rule": dict(sorted(rules.select("rule", "len").iter_rows())),
        "characters_by_rule": dict(sorted(rules.select("rule", "characters").iter_rows())),
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


def long_losses(counts: Counts) -> list[dict[str, object]]:
    """An alarm for each stage that drops a far larger share of the characters than of documents."""
    characters: Counter[str] = Counter()
    documents: Counter[str] = Counter()
    for total, tally in ((documents, "by_rule"), (characters, "characters_by_rule")):
        for rule, number in counts[tally].items():
            total[rule.partition("/")[0]] += number
    whole = counts["characters_kept"] + counts["characters_dropped"]
    rows = counts["kept"] + counts["dropped"]
    return [
        {
            "stage": stage,
            "alarm": "characters",
            "subject": f"{documents[stage]} of {rows} documents",
            "value": round(number / whole, 4),
            "limit": LONG_LOSS,
        }
        for stage, number in sorted(characters.items())
        if number > LONG_LOSS * whole
        and number / whole > LONG_TIMES * documents[stage] / max(rows, 1)
    ]


def conserved(counts: Counts) -> bool:
    """The law: what was read is kept, dropped or in quarantine, and nothing is counted twice."""
    in_all: int = counts["kept"] + counts["dropped"] + counts["quarantined"]
    return bool(counts["read"] == in_all)
