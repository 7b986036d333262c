"""The mixture of a dataset: which kept documents go into which split, and how often.

Enters: a finished run and a recipe.  Leaves: a `Mixture`: for each kept row its split and its
copies, and the facts: what each step left out, shares before and after, the curves.
Copies are whole: the part behind the point is decided by the hash of the id, so the same run and
recipe give the same mixture, however the run is cut into parts.
Refuses: a column that the run lacks or that the recipe cannot compare, and a recipe that leaves
nothing (`PipelineError`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.draw import drawn
from corpus_pipeline.products.export import curve as curves
from corpus_pipeline.products.export.recipe import Condition, Recipe, Weight
from corpus_pipeline.products.runs import KEPT, Run, batches, columns_of, no_rows, rows_between

#: Where the mixture lies in a dataset: a file a kept part, a row a row.
FOLDER = "mix"
#: A split of the mixture file: none, training, held out.
NONE, TRAIN, HELD_OUT = 0, 1, 2
#: Clusters, the closest first.
_CLUSTERS = ("near_dedup_cluster", "exact_dedup_cluster", "id")
#: Values of a column whose shares are told; a source a document would fill the manifest.
TOLD = 200
_COPIES_MOST = 65_535
#: The steps after the filter, as the card calls them.
WEIGHT, SHARE, CURVE, ROUNDED = "weight 0", "share 0", "below the curve", "rounded to no copy"


@dataclass(frozen=True, slots=True)
class Mixture:
    """Kept part → `split` (u8), `copies` (u16) and `bytes` (u32) of each of its rows; the facts."""

    parts: dict[str, pl.DataFrame]
    facts: dict[str, Any]

    @property
    def rows(self) -> int:
        """Documents of the dataset, copies included."""
        return sum(int(part.get_column("copies").sum()) for part in self.parts.values())


def mixed(run: Run, recipe: Recipe, training: str) -> Mixture:
    """The mixture of a run's kept documents; `training`: what the split for training is called."""
    if recipe.validation is not None and recipe.validation.name == training:
        raise PipelineError(
            f"recipe: validation.name is {training!r}, the split that is trained on"
        )
    parts = run.parts(KEPT)
    if not parts:
        raise PipelineError(f"nothing to export: {run.root} has no kept/ part")
    wanted = _columns(run.root / parts[0], recipe)
    frames = {part: _facts(run.root / part, recipe, wanted) for part in parts}
    rows, fitted = _expected(pl.concat(frames.values()), recipe)
    rows = _rounded(rows, recipe)
    _refuse_nothing(rows)
    slim, start, by_part = rows.select("split", "copies", "bytes"), 0, {}
    for part, frame in frames.items():
        by_part[part] = slim.slice(start, frame.height)
        start += frame.height
    return Mixture(
        by_part,
        {
            "steps": _steps(rows, recipe),
            "splits": _splits(rows, recipe, training),
            "copies": _repeats(rows),
            "shares": {name: _told(rows, name) for name in _labels(recipe, wanted)},
            "curves": fitted,
        },
    )


def write(mixture: Mixture, folder: Path) -> None:
    """Write the mixture into a dataset's folder."""
    for part, rows in mixture.parts.items():
        path = folder / FOLDER / part.rpartition("/")[2]
        write_shard(path, [rows.select("split", "copies")], size_by="")


def chosen(folder: Path, part: str, first: int, rows: int, *which: int) -> pl.Series:
    """Of a range of rows of a kept part, those that a split has in a turn, as the mixture says.

    `folder`: of the dataset; `which`: the split, and the turn: the first copies are in turn 0.
    """
    split, turn = which
    path = folder / FOLDER / part.rpartition("/")[2]
    frame = pl.concat(list(rows_between(path, first, rows, ["split", "copies"])))
    there = (pl.col("split") == split) & (pl.col("copies") > turn)
    return frame.select(there.alias("there")).to_series()


def filtered(frames: Iterator[pl.DataFrame], there: pl.Series) -> Iterator[pl.DataFrame]:
    """The chosen rows of frames, `there` for all of them end to end."""
    start = 0
    for frame in frames:
        yield frame.filter(there.slice(start, frame.height))
        start += frame.height


def _columns(path: Path, recipe: Recipe) -> list[str]:
    """The columns that the recipe reads; `PipelineError` for one that the run lacks."""
    available = columns_of(path)
    held = recipe.validation
    cluster = None if held is None else held.by or next(n for n in _CLUSTERS if n in available)
    curve = recipe.curve
    wanted = [
        *(one.column for one in recipe.filter),
        *(one.column for one in recipe.weights),
        *([recipe.shares.column] if recipe.shares else []),
        *([curve.column] if curve else []),
        *([curve.within] if curve and curve.within else []),
        *([cluster] if cluster else []),
        "source",
    ]
    for name in wanted:
        if name not in available:
            raise PipelineError(f"recipe: the run has no column {name!r}")
    return list(dict.fromkeys(wanted))


def _facts(path: Path, recipe: Recipe, wanted: Sequence[str]) -> pl.DataFrame:
    """One row a kept document: the step that leaves it out, weight, sizes, labels; no text."""
    columns = list(dict.fromkeys(["id", "text", *wanted]))
    schema = no_rows(path, columns).schema
    left: pl.Expr = pl.lit(None, pl.String)
    for condition in reversed(recipe.filter):
        left = pl.when(_holds(condition, schema)).then(left).otherwise(pl.lit(str(condition)))
    weight = pl.lit(1.0)
    for one in recipe.weights:
        weight *= _weight(one, schema)
    curve = recipe.curve
    if curve and not schema[curve.column].is_numeric():
        raise PipelineError(f"recipe: curve: the column {curve.column!r} holds no numbers")
    value = pl.col(curve.column).cast(pl.Float64) if curve else pl.lit(None, pl.Float64)
    labels = _labels(recipe, wanted)
    for name in labels:
        _plain(schema, name)
    frames = []
    for frame in batches(path, columns):
        facts = frame.select(
            "id",
            left=left,
            weight=weight.cast(pl.Float64),
            value=value,
            characters=pl.col("text").str.len_chars().fill_null(0).cast(pl.Int64),
            bytes=pl.col("text").str.len_bytes().fill_null(0).cast(pl.UInt32),
            **{f"label {name}": pl.col(name).cast(pl.String) for name in labels},
        )
        frames.append(facts.with_columns(held_out=_held_out(frame, recipe, schema)))
    return pl.concat(frames)


def _plain(schema: Mapping[str, pl.DataType], name: str) -> None:
    if schema[name].is_nested():
        raise PipelineError(f"recipe: the column {name!r} holds lists, which have no one value")


def _holds(condition: Condition, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """Whether the condition holds; a null passes `!=`, `not in` and `is null` only."""
    name, op, value = condition.column, condition.op, condition.value
    column = pl.col(name)
    if op in {"is null", "is not null"}:
        return column.is_null() if op == "is null" else column.is_not_null()
    _plain(schema, name)
    values = list(value) if isinstance(value, tuple) else [value]
    dtype = schema[name]
    for one in values:
        number = isinstance(one, int | float) and not isinstance(one, bool)
        fits = (
            number if dtype.is_numeric() else isinstance(one, bool if dtype == pl.Boolean else str)
        )
        if not fits:
            raise PipelineError(f"recipe: {condition}: the column holds {dtype}, not {one!r}")
    if op in {"in", "not in"}:
        among = pl.any_horizontal([pl.lit(value=False), *(column == one for one in values)])
        among = among.fill_null(value=False)
        return among if op == "in" else ~among
    (one,) = values
    holds = {
        "==": column == one,
        "!=": column != one,
        "<": column < one,
        "<=": column <= one,
        ">": column > one,
        ">=": column >= one,
    }[op]
    return holds.fill_null(value=op == "!=")


def _weight(weight: Weight, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    _plain(schema, weight.column)
    column = pl.col(weight.column)
    chosen = pl.lit(weight.otherwise, pl.Float64)
    if weight.steps:
        if not schema[weight.column].is_numeric():
            raise PipelineError(f"recipe: weights: {weight.column!r} holds no numbers for steps")
        for start, value in sorted(weight.steps.items()):
            chosen = pl.when(column >= start).then(pl.lit(value)).otherwise(chosen)
        return chosen
    names = column.cast(pl.String)
    for name, value in weight.values.items():
        chosen = pl.when(names == name).then(pl.lit(value)).otherwise(chosen)
    return chosen


def _labels(recipe: Recipe, wanted: Sequence[str]) -> list[str]:
    """The columns of which shares are told: what the recipe mixes by, and the source."""
    curve, shares = recipe.curve, recipe.shares
    names = [one.column for one in recipe.weights if one.values]
    names += [shares.column] if shares else []
    names += [curve.within] if curve and curve.within else []
    return [name for name in dict.fromkeys([*names, "source"]) if name in wanted]


def _held_out(frame: pl.DataFrame, recipe: Recipe, schema: Mapping[str, pl.DataType]) -> pl.Series:
    """The documents of the clusters that are held out; one without a cluster is its own."""
    held = recipe.validation
    if held is None:
        return pl.Series([False] * frame.height, dtype=pl.Boolean)
    name = held.by or next(one for one in _CLUSTERS if one in schema)
    _plain(schema, name)
    clusters = frame.select(pl.coalesce(pl.col(name).cast(pl.String), "id")).to_series()
    return pl.Series(drawn(clusters, recipe.seed, "split") < held.share)


def _grouped(rows: pl.DataFrame, recipe: Recipe) -> pl.DataFrame:
    """The rows with `share` and `group`, what a weight or a share of 0 leaves out marked so."""
    shares, curve = recipe.shares, recipe.curve
    share = f"label {shares.column}" if shares else None
    within = f"label {curve.within}" if curve and curve.within else None
    columns = dict.fromkeys(name for name in (share, within) if name)
    names = [pl.col(name).fill_null("none") for name in columns]
    rows = rows.with_columns(
        share=pl.col(share).fill_null("none") if share else pl.lit("all"),
        group=pl.concat_str(names, separator=" / ") if names else pl.lit("all"),
    )
    given = shares.values if shares else {}
    nothing = pl.col("share").is_in([name for name, part in given.items() if not part])
    if sum(given.values()) > 1 - 1e-9:
        nothing |= ~pl.col("share").is_in(list(given))
    free = pl.col("left").is_null() & ~pl.col("held_out")
    return rows.with_columns(
        left=pl.when(free & (pl.col("weight") == 0))
        .then(pl.lit(WEIGHT))
        .when(free & nothing)
        .then(pl.lit(SHARE))
        .otherwise("left")
    )


def _means(rows: pl.DataFrame, recipe: Recipe) -> dict[str, float]:
    """The mean copies of each group's documents, weights aside, by target and shares."""
    mass = rows.group_by("share", "group", maintain_order=True).agg(pl.col("mass").sum())
    whole = float(mass.get_column("mass").sum())
    target = recipe.target_characters or whole
    if recipe.shares is None or not whole:
        return dict.fromkeys(mass.get_column("group"), target / whole if whole else 0.0)
    given = recipe.shares.values
    of = dict(mass.group_by("share").agg(pl.col("mass").sum()).iter_rows())
    for name, part in given.items():
        if part and not of.get(name):
            raise PipelineError(
                f"recipe: shares: no document for training has {recipe.shares.column} {name!r}"
            )
    rest = sum(one for name, one in of.items() if name not in given)
    left = 1 - sum(given.values())
    factor = {
        name: target * (given[name] / one if name in given else left / rest)
        for name, one in of.items()
        if one
    }
    return {group: factor.get(name, 0.0) for name, group, _ in mass.iter_rows()}


def _expected(
    rows: pl.DataFrame, recipe: Recipe
) -> tuple[pl.DataFrame, dict[str, dict[str, float]]]:
    """The rows with `copies` on average, and the curve of each group."""
    rows = _grouped(rows, recipe)
    trains = pl.col("left").is_null() & ~pl.col("held_out")
    mass = pl.when(trains).then(pl.col("characters") * pl.col("weight")).otherwise(0.0)
    rows = rows.with_columns(mass=mass, trains=trains, copies=pl.lit(0.0)).with_row_index("at")
    means, fitted = _means(rows.filter("trains"), recipe), {}
    copies, curve = np.zeros(rows.height), recipe.curve
    trained = rows.filter("trains").select("at", "group", "mass", "weight", "value")
    for (name,), some in trained.group_by(["group"], maintain_order=True):
        group = str(name)
        average = np.full(some.height, means[group])
        if curve is not None and means[group]:
            held = some.get_column("mass").to_numpy()
            values = some.get_column("value").fill_null(-np.inf).to_numpy()
            places = curves.places_of(values, held)
            found = curves.fit(places, held, means[group], curve, group)
            average = found.copies(places, curve)
            fitted[group] = {**found._asdict(), "mean": means[group]}
        copies[some.get_column("at").to_numpy()] = average * some.get_column("weight").to_numpy()
    left = (
        pl.when(pl.col("trains") & (pl.Series(copies) == 0)).then(pl.lit(CURVE)).otherwise("left")
    )
    return rows.with_columns(copies=pl.Series(copies), left=left), fitted


def _rounded(rows: pl.DataFrame, recipe: Recipe) -> pl.DataFrame:
    """The rows with whole copies and their split; a held-out document is there once."""
    average = rows.get_column("copies").to_numpy()
    copies = np.floor(average).astype(np.int64)
    copies += drawn(rows.get_column("id"), recipe.seed, "copies") < average - copies
    if copies.max(initial=0) > _COPIES_MOST:
        raise PipelineError(f"recipe: {copies.max():,} copies of one document are too many")
    held = pl.col("held_out") & pl.col("left").is_null()
    rows = rows.with_columns(copies=pl.when(held).then(1).otherwise(pl.Series(copies)))
    there = pl.col("copies") > 0
    unlucky = ~there & pl.col("left").is_null()
    return rows.with_columns(
        copies=pl.col("copies").cast(pl.UInt16),
        split=pl.when(held).then(HELD_OUT).when(there).then(TRAIN).otherwise(NONE).cast(pl.UInt8),
        left=pl.when(unlucky).then(pl.lit(ROUNDED)).otherwise("left"),
    )


def _refuse_nothing(rows: pl.DataFrame) -> None:
    if not rows.select((pl.col("split") == TRAIN).any()).item():
        worst = rows.get_column("left").drop_nulls().value_counts(sort=True)
        why = (
            f"; {worst.item(0, 'left')!r} leaves out {worst.item(0, 'count'):,}"
            if worst.height
            else ""
        )
        raise PipelineError(f"recipe: of {rows.height:,} kept documents none is for training{why}")


def _steps(rows: pl.DataFrame, recipe: Recipe) -> list[dict[str, Any]]:
    """What was kept, and what each step left out, in documents and characters."""
    tally = {
        name: (documents, characters)
        for name, documents, characters in rows.group_by("left")
        .agg(pl.len(), pl.col("characters").sum())
        .iter_rows()
    }
    names = [*dict.fromkeys(map(str, recipe.filter)), WEIGHT, SHARE, CURVE, ROUNDED]
    found = [{"step": "kept", "documents": rows.height}]
    found[0]["characters"] = int(rows.get_column("characters").sum())
    for name in names:
        if name in tally:
            documents, characters = tally[name]
            found.append({"step": name, "documents": -documents, "characters": -characters})
    return found


def _splits(rows: pl.DataFrame, recipe: Recipe, training: str) -> dict[str, dict[str, int]]:
    """Split → documents, rows with copies, characters with copies."""
    held = {} if recipe.validation is None else {recipe.validation.name: HELD_OUT}
    return {
        name: _amount(rows.filter(pl.col("split") == number))
        for name, number in {training: TRAIN, **held}.items()
    }


def _amount(rows: pl.DataFrame) -> dict[str, int]:
    with_copies = (pl.col("characters") * pl.col("copies").cast(pl.Int64)).sum()
    return {
        "documents": rows.height,
        "rows": int(rows.select(pl.col("copies").cast(pl.Int64).sum()).item()),
        "characters": int(rows.select(with_copies).item()),
    }


def _repeats(rows: pl.DataFrame) -> dict[str, int]:
    """Copies → documents for training that are there so often."""
    counted = rows.filter(pl.col("split") == TRAIN).group_by("copies").len().sort("copies")
    return {str(copies): number for copies, number in counted.iter_rows()}


def _told(rows: pl.DataFrame, name: str) -> dict[str, dict[str, float]]:
    """Value of a column → characters among the kept and in training, and its shares of both."""
    weighed = pl.when(pl.col("split") == TRAIN).then(
        pl.col("characters") * pl.col("copies").cast(pl.Int64)
    )
    counted = (
        rows.group_by(value=pl.col(f"label {name}").fill_null("none"))
        .agg(kept=pl.col("characters").sum(), training=weighed.sum())
        .sort("training", "kept", "value", descending=[True, True, False])
    )
    before, after = (max(int(counted[one].sum()), 1) for one in ("kept", "training"))
    return {
        value: {
            "kept": kept,
            "training": training,
            "share_kept": round(kept / before, 6),
            "share_training": round(training / after, 6),
        }
        for value, kept, training in counted.head(TOLD).iter_rows()
    }
