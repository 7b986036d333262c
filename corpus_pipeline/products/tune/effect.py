"""What a bound does to a run, and what others would do: counts, a histogram, texts at the border.

Enters: a finished run and a `Tunable`.  Leaves: an `Effect` of plain numbers.
Only the columns that the rule needs are read, and the texts of the few documents at the border,
masked by the caller's function where the run had no stage `pii`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from corpus_pipeline.products.runs import DROPPED, KEPT, Run, batches, columns_of, rows_between
from corpus_pipeline.products.tune.bounds import EVERY, Tunable
from corpus_pipeline.rules.bounds import Range

#: Shares of the measured documents at which other bounds are tried.
SHARES = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
BARS = 20
#: Documents shown on either side of the bound, and characters of each.
SHOWN, CHARACTERS = 3, 80


#: The columns that say which range holds.
_KIND = ("heuristics_shape", "heuristics_registers")
#: Texts → the same texts, personal data masked.
Mask = Callable[[Sequence[str]], list[str]]


@dataclass(frozen=True, slots=True)
class Choice:
    """A bound and what it drops of the documents that the rule was asked about."""

    bound: float
    documents: int
    characters: int
    document_share: float
    character_share: float
    present: bool


@dataclass(frozen=True, slots=True)
class Bordering:
    """A document whose value lies next to the bound."""

    id: str
    value: float
    register: str
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Effect:
    """One measure of one rule over a run.

    `asked`: documents that reached the stage and to which the rule applies; `histogram`: lower
    edge, kept, dropped by any rule; `registers`: register → documents, bound, dropped by this rule.
    """

    rule: str
    measure: str
    option: str
    side: str
    asked: int
    characters: int
    choices: list[Choice]
    registers: dict[str, dict[str, Any]]
    histogram: list[tuple[float, int, int]]
    border: list[Bordering]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def effect(run: Run, one: Tunable, mask: Mask) -> Effect:
    """The effect of one measure of a rule; documents that the stage never saw are left out."""
    rows = _rows(run, one)
    shared = ~pl.col("register").is_in(list(one.own))
    common = rows.filter(shared)
    bound = _bound(one.common, one.side)
    choices = [_choice(common, one.side, value, bound) for value in _candidates(common, one, bound)]
    return Effect(
        rule=one.rule,
        measure=one.column.split("_", 1)[1],
        option=one.option,
        side=one.side,
        asked=rows.height,
        characters=int(rows["characters"].sum()),
        choices=choices,
        registers=_registers(rows, one),
        histogram=_histogram(rows),
        border=[] if bound is None else list(_border(run, common, one.side, bound, mask)),
    )


def _rows(run: Run, one: Tunable) -> pl.DataFrame:
    """Value, register, characters, state and place of each document that the rule was asked of."""
    parts = []
    names = ["id", "dropped_by", one.column, *one.when]
    for folder in (KEPT, DROPPED):
        for part in run.parts(folder):
            have = columns_of(run.root / part)
            extra = [name for name in _KIND if name in have]
            length = "heuristics_length" in have
            extra += ["heuristics_length"] * length
            wanted = list(dict.fromkeys([*names, *extra, *([] if length else ["text"])]))
            start = 0
            for frame in batches(run.root / part, wanted):
                parts.append(_asked(frame, one, part, start))
                start += frame.height
    return pl.concat(parts) if parts else _nothing()


def _asked(frame: pl.DataFrame, one: Tunable, part: str, start: int) -> pl.DataFrame:
    applies = pl.col(one.column).is_not_null()
    for column, span in one.when.items():
        applies &= _holds(pl.col(column), span)
    length = "heuristics_length" in frame.columns
    size = pl.col("heuristics_length") if length else pl.col("text").str.len_chars()
    return (
        frame.with_row_index("row", start)
        .filter(applies)
        .select(
            "id",
            value=pl.col(one.column).cast(pl.Float32),
            register=_kind(frame, one),
            characters=size.fill_null(0).cast(pl.Int64),
            dropped=pl.col("dropped_by").is_not_null(),
            part=pl.lit(part),
            row=pl.col("row").cast(pl.Int64),
        )
    )


def _kind(frame: pl.DataFrame, one: Tunable) -> pl.Expr:
    """The shape or register whose range holds for each document: the first of `one.own`."""
    kind = pl.lit(EVERY)
    if not set(_KIND) <= set(frame.columns):
        return kind
    shape, registers = (pl.col(name) for name in _KIND)
    shape = pl.format("{} (shape)", shape)
    for name in reversed(list(one.own)):
        is_it = (shape == name) | registers.list.contains(name)
        kind = pl.when(is_it).then(pl.lit(name)).otherwise(kind)
    return kind


def needed(one: Tunable, have: Sequence[str]) -> list[str]:
    """The columns that `distance` reads, beside the verdict; `have`: those of the run."""
    return [one.column, *one.when, *(name for name in _KIND if name in have)]


def distance(frame: pl.DataFrame, one: Tunable) -> pl.Expr:
    """How far each document's value lies from its bound, on either side.

    Null where the rule is not asked, and for documents that another rule dropped.
    """
    bound = pl.lit(_bound(one.common, one.side), dtype=pl.Float64)
    kind = _kind(frame, one)
    for name, span in one.own.items():
        own = pl.lit(_bound(span, one.side), dtype=pl.Float64)
        bound = pl.when(kind == name).then(own).otherwise(bound)
    mine = (pl.col("dropped_by") == one.stage) & (pl.col("drop_rule") == one.rule)
    asked = pl.col("dropped_by").is_null() | mine
    for column, span in one.when.items():
        asked &= _holds(pl.col(column), span)
    return pl.when(asked).then((pl.col(one.column) - bound).abs())


def _nothing() -> pl.DataFrame:
    schema = {"id": pl.String, "value": pl.Float32, "register": pl.String}
    more = {"characters": pl.Int64, "dropped": pl.Boolean, "part": pl.String, "row": pl.Int64}
    return pl.DataFrame(schema={**schema, **more})


def _holds(value: pl.Expr, span: Range) -> pl.Expr:
    holds = pl.lit(value=True)
    if span.min is not None:
        holds &= value >= pl.lit(span.min, dtype=pl.Float32)
    if span.max is not None:
        holds &= value <= pl.lit(span.max, dtype=pl.Float32)
    return holds


def _bound(span: Range | None, side: str) -> float | None:
    value = None if span is None else getattr(span, side)
    return None if value is None or np.isinf(value) else float(value)


def _candidates(rows: pl.DataFrame, one: Tunable, bound: float | None) -> list[float]:
    """The present bound, and those that drop round shares of the documents."""
    if rows.is_empty():
        return [] if bound is None else [bound]
    values = np.sort(rows["value"].to_numpy())
    places = [min(int(share * values.size), values.size - 1) for share in SHARES]
    picked = [float(values[at if one.side == "min" else -1 - at]) for at in places]
    rounded = {float(f"{value:.3g}") for value in picked}
    return sorted(rounded | ({bound} if bound is not None else set()))


def _choice(rows: pl.DataFrame, side: str, value: float, bound: float | None) -> Choice:
    edge = pl.lit(value, dtype=pl.Float32)
    out = rows.filter(pl.col("value") < edge if side == "min" else pl.col("value") > edge)
    documents, characters = out.height, int(out["characters"].sum())
    whole = max(int(rows["characters"].sum()), 1)
    return Choice(
        bound=value,
        documents=documents,
        characters=characters,
        document_share=documents / max(rows.height, 1),
        character_share=characters / whole,
        present=value == bound,
    )


def _registers(rows: pl.DataFrame, one: Tunable) -> dict[str, dict[str, Any]]:
    """Register → documents, its bound, and how many this measure drops at it."""
    found = {}
    for (name,), group in sorted(rows.group_by("register"), key=lambda pair: str(pair[0][0])):
        span = one.own.get(str(name), one.common) if str(name) in one.own else one.common
        bound = _bound(span, one.side)
        hit = 0 if bound is None else _choice(group, one.side, bound, bound).documents
        found[str(name)] = {"documents": group.height, "bound": bound, "dropped": hit}
    return found


def _histogram(rows: pl.DataFrame) -> list[tuple[float, int, int]]:
    """Between the 1st and the 99th percentile, what lies beyond in the outer bars."""
    if rows.is_empty():
        return []
    values, gone = rows["value"].to_numpy(), rows["dropped"].to_numpy()
    low, high = np.quantile(values, [0.01, 0.99])
    edges = np.linspace(low, high if high > low else low + 1, BARS + 1)
    bars = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, BARS - 1)
    kept, dropped = (np.bincount(bars[mask], minlength=BARS) for mask in (~gone, gone))
    return [(float(edges[n]), int(kept[n]), int(dropped[n])) for n in range(BARS)]


def _border(
    run: Run, rows: pl.DataFrame, side: str, bound: float, mask: Mask
) -> Iterator[Bordering]:
    """The documents next to the bound: those just inside it, then those just outside."""
    value, edge = pl.col("value"), pl.lit(bound, dtype=pl.Float32)
    inside = value >= edge if side == "min" else value <= edge
    near = rows.with_columns(away=(value - edge).abs(), inside=inside)
    for group in (near.filter("inside"), near.filter(~pl.col("inside"))):
        chosen = group.sort("away", "id").head(SHOWN)
        texts = beginnings(run, [(row["part"], row["row"]) for row in chosen.to_dicts()], mask)
        for row, text in zip(chosen.to_dicts(), texts, strict=True):
            state = "dropped" if row["dropped"] else "kept"
            yield Bordering(row["id"], float(row["value"]), row["register"], state, text)


def beginnings(run: Run, places: Sequence[tuple[str, int]], mask: Mask) -> list[str]:
    """The beginnings of texts at these places (part, row), on one line, personal data masked."""
    texts = []
    for part, row in places:
        [frame] = rows_between(run.root / part, row, 1, ["text"])
        texts.append(frame.get_column("text").fill_null("")[0])
    if texts and not run.is_masked:
        texts = mask([text[: 4 * CHARACTERS] for text in texts])
    return [" ".join(text[: 2 * CHARACTERS].split())[:CHARACTERS] for text in texts]
