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

from corpus_pipeline.model import NO_DAMAGE, unread_share

Counts = dict[str, Any]

_NUMBERS = (
    *("read", "kept", "dropped", "quarantined", "input_bytes", "text_bytes_kept"),
    *("characters_kept", "characters_dropped"),
    *("quarantined_bytes", "quarantined_characters"),
)
_TALLIES = (
    *("by_rule", "characters_by_rule", "by_quarantine"),
    *("bytes_by_quarantine", "bytes_by_source", "unread_by_source"),
)
#: A stage that drops more than a tenth of the characters, and four times the share that its
#: documents are, drops books: three histories were 17 % of the characters of 25 novels.
LONG_LOSS, LONG_TIMES = 0.1, 4


def nothing() -> Counts:
    """The tally of no documents."""
    return {**dict.fromkeys(_NUMBERS, 0), **{name: {} for name in _TALLIES}, "by_source": {}}


def count(
    docs: pl.DataFrame,
    quarantine: pl.DataFrame,
    input_bytes: int,
    sources: Mapping[str, int] | None = None,
) -> Counts:
    """The tally of finished documents (with verdicts) and quarantined records.

    `sources`: bytes of the inputs by source, read or not.
    """
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
        **weights(quarantine),
        "bytes_by_source": {name: size for name, size in sorted((sources or {}).items()) if size},
        "by_source": {
            name: {state: states.get(state, 0) for state in ("kept", "dropped", "quarantined")}
            for name, states in sorted(by_source.items())
        },
    }


def weights(quarantine: pl.DataFrame) -> Counts:
    """Bytes and characters of quarantined records: in all, by reason, and by source the damage."""
    reason = pl.col("stage").fill_null("") + "/" + pl.col("reason").fill_null("")
    rows = quarantine.select(
        reason.alias("reason"),
        pl.col("source").fill_null(""),
        pl.col("bytes").fill_null(0),
        pl.col("characters").fill_null(0),
    ).filter((pl.col("bytes") > 0) | (pl.col("characters") > 0))
    by_reason = rows.group_by("reason").agg(pl.col("bytes").sum())
    damage = rows.filter(~pl.col("reason").is_in(list(NO_DAMAGE)))
    by_source = damage.group_by("source").agg(pl.col("bytes").sum())
    return {
        "quarantined_bytes": int(rows.get_column("bytes").sum() or 0),
        "quarantined_characters": int(rows.get_column("characters").sum() or 0),
        "bytes_by_quarantine": dict(sorted(by_reason.iter_rows())),
        "unread_by_source": dict(sorted(by_source.iter_rows())),
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


def unread(counts: Counts, limit: float) -> list[dict[str, object]]:
    """An alarm for each source of whose bytes more than this share became no document."""
    return [
        {
            "stage": "ingest",
            "alarm": "unread",
            "subject": f"{lost / 1e6:,.1f} of {counts['bytes_by_source'].get(name, 0) / 1e6:,.1f} "
            f"MB of {name or 'the input'} were not read",
            "value": round(unread_share(counts, name), 4),
            "limit": limit,
        }
        for name, lost in counts["unread_by_source"].items()
        if unread_share(counts, name) > limit
    ]


def conserved(counts: Counts) -> bool:
    """The law: what was read is kept, dropped or in quarantine, and nothing is counted twice."""
    in_all: int = counts["kept"] + counts["dropped"] + counts["quarantined"]
    return bool(counts["read"] == in_all)
