"""Why documents of both releases have another verdict or another text.

Enters: the documents that `join` found changed, both releases, what their manifests say.
Leaves: the same rows with `cause`, `about`, and the values of the measure that decided.
What is asked, in this order: did the stage run in one release only; was the source refused; what
became of the document that this one was like; does the measure have the same value in both (then
the bound moved, or the register did); did the input change; and which changes are left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from corpus_pipeline.products.diff.elimination import Cause, by_stage, of_text
from corpus_pipeline.products.diff.join import Joined, worded
from corpus_pipeline.products.diff.records import Change, Records
from corpus_pipeline.products.diff.spill import CATEGORIES, S_DROPPED, S_KEPT, Known, Rows
from corpus_pipeline.products.runs import DROPPED, KEPT, Run, batches, columns_of

_PAIR: Final = ("change", "state", "rule", "state_b", "rule_b", "measure", "measure_b")
#: How near two values are that are the same number, measured twice.
_NEAR: Final = 1e-6
#: What the column of registers, and those of the measures that are judged by register, begin with.
_REGISTERS: Final = CATEGORIES["register"].removesuffix("register")
#: Bounds that are named of one side.
_BOUNDS: Final = 3


#: Whether a case holds, its cause, and what that is about.
Case = tuple[pl.Expr, pl.Expr, pl.Expr]


@dataclass(frozen=True, slots=True)
class Side:
    """One release: the run, its compact rows, and the ending of its columns in the pairs."""

    run: Run
    rows: Rows
    suffix: str


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a pair of verdicts says before any row is looked at.

    `late`: whether the second release made the verdict that decides, not the first.
    `sure`: a cause that holds for all its documents.  `left`: the one that elimination leaves.
    `moved`: the one where the measure is the same in both.  `measure`: the column that decided.
    `option`: the change of the bound that a config sets for this measure.
    """

    late: bool
    stage: str
    measure: int
    sure: Cause | None
    left: Cause
    moved: Cause
    option: Change | None = None


def explained(out: Joined, before: Side, after: Side, pieces: int) -> pl.DataFrame:
    """The changed rows with their causes."""
    known = out.known
    rows = worded(out.changed, known)
    if not rows.height:
        nothing = {"cause": pl.String, "about": pl.String}
        values = dict.fromkeys(("value_before", "value_after"), pl.Float32)
        return rows.with_columns(
            pl.lit(None, kind).alias(k) for k, kind in (nothing | values).items()
        )
    rows = rows.join(_judged(rows, out), on=_PAIR, maintain_order="left")
    rows = _with_survivors(rows, before, after, pieces)
    rows = _with_values(rows, before, after, known)
    decided = pl.when("late").then("value_after").otherwise("value_before")
    return _caused(rows.with_columns(decided=decided), known)


def _judged(rows: pl.DataFrame, out: Joined) -> pl.DataFrame:
    """A row a pair of verdicts, with what `Verdicts` says of it."""
    pairs = rows.select(_PAIR).unique(maintain_order=True)
    said = [_verdicts(pair, out) for pair in pairs.iter_rows(named=True)]
    measures = out.known.codes["measure"].names
    return pairs.with_columns(
        pl.Series("late", [one.late for one in said], pl.Boolean),
        pl.Series("of_stage", [out.kinds.sees_others(one.stage) for one in said], pl.Boolean),
        pl.Series("measure_name", [str(measures[one.measure] or "") for one in said], pl.String),
        pl.Series("by", [one.measure for one in said], pl.UInt32),
        pl.Series(
            "option", [None if (c := one.option) is None else str(c) for one in said], pl.String
        ),
        *(
            pl.Series(name, [_number(one.option, name) for one in said], pl.Float64)
            for name in ("before", "after")
        ),
        *(
            pl.Series(f"{name}_{part}", [_part(getattr(one, name), at) for one in said], pl.String)
            for name in ("sure", "left", "moved")
            for at, part in enumerate(("cause", "about"))
        ),
    )


def _part(cause: Cause | None, at: int) -> str | None:
    return None if cause is None else cause[at]


def _number(option: Change | None, side: str) -> float | None:
    """What a config sets on one side, where it is a number."""
    try:
        return None if option is None else float(getattr(option, side))
    except ValueError:
        return None


def _option(records: Records, stage: str, column: str) -> Change | None:
    """The change of the option that bounds this measure: it has its name, or is the threshold."""
    names = (f"{stage}.{column.removeprefix(f'{stage}_')}", f"{stage}.threshold")
    found = [one for name in names for one in records.changes if one.what == name]
    return found[0] if found else None


def _verdicts(pair: Mapping[str, Any], out: Joined) -> Verdicts:
    known, records = out.known, out.records
    if pair["change"] == "text":
        cause = of_text(records, out.kinds)
        return Verdicts(late=True, stage="", measure=0, sure=None, left=cause, moved=cause)
    names = known.codes["rule"].names
    rules = [str(names[pair[key]] or "") for key in ("rule", "rule_b")]
    stages = [rule.partition("/")[0] for rule in rules]
    late = _is_late(pair, stages, records.order)
    stage, rule = stages[late], rules[late]
    measure = pair["measure_b"] if late else pair["measure"]
    left = by_stage(records, out.kinds, stage)
    column = str(known.codes["measure"].names[measure] or "")
    return Verdicts(
        late=late,
        stage=stage,
        measure=measure,
        sure=_sure(stage, rule, records, late=late),
        left=left,
        moved=_moved(stage, pair["rule_b"] if late else pair["rule"], measure, out),
        option=_option(records, stage, column) if column else None,
    )


def _is_late(pair: Mapping[str, Any], stages: list[str], order: list[str]) -> bool:
    """Whether the verdict of the second release decides: the one that comes first in the order."""
    if pair["state"] == S_KEPT or not stages[0]:
        return True
    if pair["state_b"] == S_KEPT or not stages[1]:
        return False
    places = [order.index(stage) if stage in order else -1 for stage in stages]
    return places[1] <= places[0]


def _sure(stage: str, rule: str, records: Records, *, late: bool) -> Cause | None:
    kinds = {"stage_added": True, "stage_removed": False}
    for change in records.changes:
        if change.stage == stage and kinds.get(change.kind) is late:
            return change.kind, change.what
    if rule.endswith("/source_refused"):
        return "source_refused" if late else "source_admitted", ""
    return None


def _moved(stage: str, rule: int, measure: int, out: Joined) -> Cause:
    """The cause where the measure has the same value in both releases."""
    seen = [out.bounds.get((rule, measure, side), set()) for side in ("before", "after")]
    cause, about = by_stage(out.records, out.kinds, stage, alone=True)
    if seen[0] == seen[1]:
        return cause, about
    column = str(out.known.codes["measure"].names[measure] or "")
    shown = " → ".join(map(_bounds, seen))
    through = f" ({about})" if about else ""
    return "threshold_moved", f"{column.removeprefix(f'{stage}_')}: bound {shown}{through}"


def _bounds(seen: set[float]) -> str:
    """Bounds as evidence shows them; none where no document fell by the rule."""
    if not seen:
        return "not seen"
    named = "/".join(f"{bound:.4g}" for bound in sorted(seen)[:_BOUNDS])
    return named if len(seen) <= _BOUNDS else f"{named}/…"


def _with_survivors(rows: pl.DataFrame, before: Side, after: Side, pieces: int) -> pl.DataFrame:
    """The rows with what the other release says of the document that each is like.

    `like_state` is null where it does not know it; `like_own`: there it gives way to this one.
    """
    late = pl.col("late")
    rows = rows.with_columns(
        like_hi=pl.when(late).then("of_hi_b").otherwise("of_hi").fill_null(0),
        like_lo=pl.when(late).then("of_lo_b").otherwise("of_lo").fill_null(0),
    )
    found = []
    for is_late, side in ((True, before), (False, after)):
        wanted = rows.filter((late == is_late) & (pl.col("like_hi") > 0))
        ids = wanted.select("like_hi", "like_lo").unique()
        for number in range(pieces if ids.height else 0):
            piece = side.rows.piece(number).select("hi", "lo", "state", "rule", "of_hi", "of_lo")
            hits = ids.join(piece, left_on=["like_hi", "like_lo"], right_on=["hi", "lo"])
            found.append(
                hits.select(
                    "like_hi",
                    "like_lo",
                    late=pl.lit(is_late),
                    like_state="state",
                    like_rule="rule",
                    like_of_hi="of_hi",
                    like_of_lo="of_lo",
                )
            )
    keys = ["like_hi", "like_lo", "late"]
    kinds = {"like_state": pl.UInt8, "like_rule": pl.UInt32}
    nothing = {**kinds, "like_of_hi": pl.UInt64, "like_of_lo": pl.UInt64}
    if not found:
        return rows.with_columns(pl.lit(None, kind).alias(name) for name, kind in nothing.items())
    return rows.join(pl.concat(found), on=keys, how="left", maintain_order="left")


def _with_values(rows: pl.DataFrame, before: Side, after: Side, known: Known) -> pl.DataFrame:
    """The rows with the measure that decided, as both releases measured it."""
    names = known.codes["measure"].names
    for name, side in (("value_before", before), ("value_after", after)):
        wanted = rows.select(
            state=f"state{side.suffix}", row=f"row{side.suffix}", measure="by"
        ).with_row_index("at")
        values = np.full(rows.height, np.nan, np.float32)
        for state, folder in ((S_KEPT, KEPT), (S_DROPPED, DROPPED)):
            chosen = wanted.filter((pl.col("state") == state) & (pl.col("measure") > 0))
            for (measure,), some in chosen.sort("measure", "row").group_by(
                "measure", maintain_order=True
            ):
                column = str(names[int(str(measure))])
                picked = _picked(side.run, folder, column, some.get_column("row").to_numpy())
                values[some.get_column("at").to_numpy()] = picked
        rows = rows.with_columns(pl.Series(name, values, nan_to_null=True))
    return rows


def _picked(run: Run, folder: str, column: str, rows: Any) -> Any:
    """The values of a column at these rows of a folder, which ascend; NaN where there is none."""
    values = np.full(len(rows), np.nan, np.float32)
    for first, frame in _numbered(run, folder, column, rows):
        low, high = np.searchsorted(rows, [first, first + frame.height])
        found = frame.get_column(column).cast(pl.Float32).fill_null(float("nan"))
        values[low:high] = found.to_numpy()[rows[low:high] - first]
    return values


def _numbered(run: Run, folder: str, column: str, rows: Any) -> Iterator[tuple[int, pl.DataFrame]]:
    """Frames of the parts that hold one of these rows, with the number of their first row."""
    sizes = {entry["path"]: int(entry["rows"]) for entry in run.manifest["files"]}
    first = 0
    for part in run.parts(folder):
        last = first + sizes[part]
        low, high = np.searchsorted(rows, [first, last])
        path: Path = run.root / part
        if high > low and column in columns_of(path):
            at = first
            for frame in batches(path, [column]):
                if frame.schema[column].is_numeric():
                    yield at, frame
                at += frame.height
        first = last


def _caused(rows: pl.DataFrame, known: Known) -> pl.DataFrame:
    """The rows with the first cause that holds, and what it is about."""
    changed_input = (pl.col("fate") == "changed") & (
        pl.col("other_text") | pl.col("change").is_in(["quarantined", "read_again"])
    )
    cases = [
        (pl.col("sure_cause").is_not_null(), pl.col("sure_cause"), pl.col("sure_about")),
        *_like(known),
        *_measured(known),
        (changed_input, pl.lit("input_changed"), pl.lit("")),
    ]
    cause, about = pl.col("left_cause"), pl.col("left_about")
    for holds, name, what in reversed(cases):
        cause = pl.when(holds).then(name).otherwise(cause)
        about = pl.when(holds).then(what).otherwise(about)
    return rows.with_columns(cause=cause, about=about.fill_null(""))


def _like(known: Known) -> Iterator[Case]:
    """Cases of documents that are like another one, which the other release does not keep."""
    names = pl.Series(known.codes["rule"].names, dtype=pl.String)
    late, state = pl.col("late"), pl.col("like_state")
    is_like = (pl.col("like_hi") > 0) & pl.col("of_stage")
    gave_way = (pl.col("like_of_hi") == pl.col("hi")) & (pl.col("like_of_lo") == pl.col("lo"))
    won = pl.lit("other_document_won")
    yield is_like & gave_way.fill_null(value=False), won, pl.lit("the two changed places")
    absent = (
        pl.when(late)
        .then(pl.lit("by one that the first release does not have"))
        .otherwise(pl.lit("the one that it was like is not in the second release"))
    )
    yield is_like & state.is_null(), won, absent
    fell = pl.format(
        "the one that it is like: {} in the {} release",
        pl.lit(names).gather(pl.col("like_rule").fill_null(0)).fill_null("not kept"),
        pl.when(late).then(pl.lit("first")).otherwise(pl.lit("second")),
    )
    yield is_like & (state != S_KEPT).fill_null(value=False), won, fell
    value = pl.col("decided")
    low, high = pl.min_horizontal("before", "after"), pl.max_horizontal("before", "after")
    between = pl.col("before").is_not_null() & pl.col("after").is_not_null()
    between &= (value >= low - _NEAR) & (value < high)
    yield is_like & between.fill_null(value=False), pl.lit("threshold_moved"), pl.col("option")


def _measured(known: Known) -> Iterator[Case]:
    """Cases of documents of which both releases measured the same."""
    names = pl.Series(known.codes["register"].names, dtype=pl.String).fill_null("–")
    old, new = pl.col("value_before"), pl.col("value_after")
    span = _NEAR * pl.max_horizontal(pl.lit(1.0), old.abs())
    is_same = ((old - new).abs() <= span).fill_null(value=False)
    registers = pl.col("register"), pl.col("register_b")
    is_other = (registers[0] != registers[1]) & (registers[0] > 0) & (registers[1] > 0)
    # Bounds of a register are those of the stage that tells registers.
    by_register = pl.col("measure_name").str.starts_with(_REGISTERS)
    called = (pl.lit(names).gather(one.fill_null(0)) for one in registers)
    yield (
        is_same & is_other & by_register,
        pl.lit("register_changed"),
        pl.format("{} → {}", *called),
    )
    yield is_same, pl.col("moved_cause"), pl.col("moved_about")
