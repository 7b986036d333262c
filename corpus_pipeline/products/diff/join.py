"""The rows of two releases side by side, piece by piece: what became of each document.

Enters: the compact rows of both (`spill`), and what their manifests say differently.  Leaves: a
`Joined`: totals, shares by category, groups of documents that came or went with the cause, and a
frame of the documents of both whose verdict or text is another, whose causes `causes` finds.
Memory holds one piece of each release, and the documents of that frame.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl

from corpus_pipeline.products.diff.elimination import Kinds
from corpus_pipeline.products.diff.records import Records
from corpus_pipeline.products.diff.spill import (
    CATEGORIES,
    S_DROPPED,
    S_ERASED,
    S_KEPT,
    S_QUARANTINED,
    Known,
    Rows,
    hashed,
)

#: States and what they are called.
STATES: Final = {
    S_KEPT: "kept",
    S_DROPPED: "dropped",
    S_QUARANTINED: "quarantined",
    S_ERASED: "erased",
}
#: Changes of documents, in the order in which they are shown.
CHANGES: Final = (
    "added",
    "removed",
    "erased",
    "came_back",
    "kept_to_dropped",
    "dropped_to_kept",
    "other_rule",
    "quarantined",
    "read_again",
    "text",
)
#: Examples of a group.
EXAMPLES: Final = 3
#: The columns by which documents are grouped.
GROUP: Final = ("change", "was", "now", "cause", "about")
_IDS: Final = ("hi", "lo")
_MOVED: Final = ("added", "removed", "erased", "came_back")

Sink = Callable[[pl.DataFrame], None]


@dataclass(slots=True)
class Joined:
    """What the rows say, beside what both releases share and their manifests say.

    `states`: documents and characters by side and state.  `shares`: by category, value and side.
    `same_text`: documents added that have the text of one that was removed.  `changed`: documents
    of both, one row each, without a cause yet.  `groups`: those that came or went.  `bounds`: those
    that evidence shows, by rule, measure and side.
    """

    known: Known
    records: Records
    kinds: Kinds

    states: dict[str, Counter[str]] = field(default_factory=dict)
    shares: dict[tuple[str, int, str], Counter[str]] = field(default_factory=dict)
    same: int = 0
    same_text: int = 0
    changed: pl.DataFrame = field(default_factory=pl.DataFrame)
    groups: list[pl.DataFrame] = field(default_factory=list)
    bounds: dict[tuple[int, int, str], set[float]] = field(default_factory=dict)


def join(out: Joined, before: Rows, after: Rows, pieces: int, sink: Sink) -> None:
    """Join both releases by id; `sink` is given the rows that came or went."""
    inputs = _inputs(out.records)
    parts = []
    digests: dict[str, list[Any]] = {"text": [], "text_b": []}
    for number in range(pieces):
        old, new = before.piece(number), after.piece(number)
        for side, frame in (("before", old), ("after", new)):
            _tally(out, side, frame)
        # Rows that say the same of themselves are the bulk, and need no closer look.
        pairs = old.join(new, on=_IDS, how="full", coalesce=True, suffix="_b")
        pairs = _named(pairs)
        out.same += pairs.get_column("change").null_count()
        pairs = pairs.filter(pl.col("change").is_not_null())
        moved = _moved(pairs.filter(pl.col("change").is_in(_MOVED)), inputs, out)
        if moved.height:
            sink(moved)
            out.groups.append(grouped(moved))
        for name, change in (("text", "removed"), ("text_b", "added")):
            gone = moved.filter((pl.col("change") == change) & (pl.col(name) > 0))
            digests[name].append(gone.get_column(name).to_numpy())
        parts.append(pairs.filter(~pl.col("change").is_in(_MOVED)))
    out.same_text = _common(*(np.concatenate(found) for found in digests.values()))
    changed = pl.concat(parts)
    out.changed = changed.join(inputs, on="input", how="left", maintain_order="left")


def _common(left: Any, right: Any) -> int:
    """How many values of one array stand in the other, each as often as in both."""
    sides = [np.unique(side, return_counts=True) for side in (left, right)]
    _, first, second = np.intersect1d(sides[0][0], sides[1][0], return_indices=True)
    return int(np.minimum(sides[0][1][first], sides[1][1][second]).sum())


def _tally(out: Joined, side: str, frame: pl.DataFrame) -> None:
    """Add the rows of one piece to totals and shares."""
    sizes = {"documents": pl.len(), "characters": pl.col("characters").cast(pl.UInt64).sum()}
    counted = frame.group_by("state").agg(**sizes)
    for state, documents, characters in counted.sort("state").iter_rows():
        total = out.states.setdefault(side, Counter())
        total[STATES[state]] += documents
        total[f"{STATES[state]}_characters"] += characters
    kept = frame.filter(pl.col("state") == S_KEPT)
    dropped = frame.filter(pl.col("state") == S_DROPPED)
    for name in (*CATEGORIES, "rule"):
        rows = dropped if name == "rule" else kept
        for code, documents, characters in rows.group_by(name).agg(**sizes).iter_rows():
            share = out.shares.setdefault((name, code, side), Counter())
            share.update(documents=documents, characters=characters)
    bounds = dropped.filter((pl.col("measure") > 0) & pl.col("bound").is_not_nan())
    for rule, measure, bound in bounds.select("rule", "measure", "bound").unique().iter_rows():
        out.bounds.setdefault((rule, measure, side), set()).add(bound)


def _named(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with what changed; null where nothing did."""
    old, new = pl.col("state"), pl.col("state_b")
    verdict = (old != new) | (pl.col("rule") != pl.col("rule_b"))
    text = (pl.col("text") != pl.col("text_b")) & (pl.col("text") > 0) & (pl.col("text_b") > 0)
    change = (
        pl.when(old.is_null())
        .then(pl.when(new != S_ERASED).then(pl.lit("added")))
        .when(new.is_null())
        .then(pl.when(old != S_ERASED).then(pl.lit("removed")))
        .when((old == S_ERASED) & (new == S_ERASED))
        .then(pl.lit(None, dtype=pl.String))
        .when(new == S_ERASED)
        .then(pl.lit("erased"))
        .when(old == S_ERASED)
        .then(pl.lit("came_back"))
        .when((old == S_KEPT) & (new == S_DROPPED))
        .then(pl.lit("kept_to_dropped"))
        .when((old == S_DROPPED) & (new == S_KEPT))
        .then(pl.lit("dropped_to_kept"))
        .when((old != new) & (new == S_QUARANTINED))
        .then(pl.lit("quarantined"))
        .when((old != new) & (old == S_QUARANTINED))
        .then(pl.lit("read_again"))
        .when(verdict)
        .then(pl.lit("other_rule"))
        .when(text)
        .then(pl.lit("text"))
    )
    return pairs.with_columns(change=change, other_text=text.fill_null(value=False))


def _inputs(records: Records) -> pl.DataFrame:
    """A row an input: `input` (its number) and `fate`: gone, new, moved, renamed, changed, same."""
    both = records.inputs
    digests = [
        {str(entry["sha256"]) for entry in side.values()} for side in (both.after, both.before)
    ]
    fates: dict[str, str] = {}
    for name in sorted({*both.before, *both.after}):
        old, new = both.before.get(name), both.after.get(name)
        if old is None or new is None:
            one, others = (old, digests[0]) if new is None else (new, digests[1])
            known = one is not None and str(one["sha256"]) in others
            fates[name] = "moved" if known else "gone" if new is None else "new"
        elif old["sha256"] != new["sha256"]:
            fates[name] = "changed"
        else:
            fates[name] = "same" if old.get("source") == new.get("source") else "renamed"
    frame = {"input": hashed(fates), "fate": pl.Series(list(fates.values()), dtype=pl.String)}
    return pl.DataFrame(frame).unique("input", keep="first", maintain_order=True)


def _moved(pairs: pl.DataFrame, inputs: pl.DataFrame, out: Joined) -> pl.DataFrame:
    """Documents that came, went or were erased, with the cause."""
    records, came = out.records, pl.col("change") == "added"
    place = pl.when(came).then(pl.col("input_b")).otherwise(pl.col("input"))
    pairs = pairs.with_columns(place=place).join(
        inputs, left_on="place", right_on="input", how="left", maintain_order="left"
    )
    reading = [str(one) for one in records.changes if one.stage == "ingest"]
    handed = records.made_from & (pl.col("change") == "removed") & (pl.col("state") != S_KEPT)
    plain = pl.when(pl.lit(bool(reading))).then(pl.lit("option_changed"))
    cause = (
        pl.when(pl.col("change") == "erased")
        .then(pl.lit("erased"))
        .when(pl.col("change") == "came_back")
        .then(pl.lit("not_known" if records.made_from else "not_made_from"))
        .when(pl.col("fate").is_in(["gone", "new", "moved", "renamed", "changed"]))
        .then(pl.format("input_{}", "fate"))
        .when(handed)
        .then(pl.lit("not_handed_on"))
        .when(pl.col("fate") == "same")
        .then(plain.otherwise(pl.lit("not_known")))
        .otherwise(pl.lit("not_known"))
    )
    shown = pl.lit("; ".join(reading) if len(reading) <= EXAMPLES else f"{len(reading)} of ingest")
    told = pairs.with_columns(cause=cause)
    about = pl.when(pl.col("cause") == "option_changed").then(shown).otherwise(pl.lit(""))
    return worded(told.with_columns(about=about), out.known)


def worded(pairs: pl.DataFrame, known: Known) -> pl.DataFrame:
    """The pairs with verdicts in words: `was` and `now`."""
    names = pl.Series(known.codes["rule"].names, dtype=pl.String)

    def verdict(suffix: str) -> pl.Expr:
        state, rule = pl.col(f"state{suffix}"), pl.col(f"rule{suffix}").fill_null(0)
        called = pl.lit(names).gather(rule)
        return (
            pl.when(state.is_null())
            .then(pl.lit("absent"))
            .when(state == S_KEPT)
            .then(pl.lit("kept"))
            .when(state == S_ERASED)
            .then(pl.format("erased: {}", called))
            .when(state == S_QUARANTINED)
            .then(pl.format("quarantined: {}", called))
            .otherwise(called.fill_null("dropped"))
        )

    return pairs.with_columns(was=verdict(""), now=verdict("_b"))


def grouped(rows: pl.DataFrame) -> pl.DataFrame:
    """A row a group: documents, characters, the range of the measure, the first ids."""
    value = pl.col("decided") if "decided" in rows.columns else pl.lit(None, pl.Float32)
    sizes = pl.max_horizontal("characters", "characters_b").cast(pl.UInt64)
    rows = rows.with_columns(value=value.cast(pl.Float64), size=sizes, key=pl.struct("hi", "lo"))
    return (
        rows.sort("hi", "lo")
        .group_by(*GROUP, maintain_order=True)
        .agg(
            documents=pl.len().cast(pl.UInt64),
            characters=pl.col("size").sum(),
            least=pl.col("value").min(),
            most=pl.col("value").max(),
            ids=pl.col("key").head(EXAMPLES),
        )
    )


def merged(groups: list[pl.DataFrame]) -> list[dict[str, Any]]:
    """Groups of all pieces as plain values, the order of changes first, then the largest."""
    if not groups:
        return []
    frame = (
        pl.concat(groups)
        .group_by(*GROUP, maintain_order=True)
        .agg(
            pl.col("documents", "characters").sum(),
            pl.col("least").min(),
            pl.col("most").max(),
            pl.col("ids").list.explode(keep_nulls=False, empty_as_null=False).head(EXAMPLES),
        )
    )
    rows = [_plain(row) for row in frame.iter_rows(named=True)]
    return sorted(rows, key=lambda row: (CHANGES.index(row["change"]), -row["documents"], str(row)))


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "ids": [hex_id(one["hi"], one["lo"]) for one in row["ids"]]}


def hex_id(hi: int, lo: int) -> str:
    """An id of its halves.

    >>> hex_id(1, 255)
    '000000000000000100000000000000ff'
    """
    return f"{hi:016x}{lo:016x}"
