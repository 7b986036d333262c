"""Seeded samples of a finished run, by strata.

Enters: a finished run, what makes a stratum, how many documents, a seed.  Leaves: a frame with a
row for each drawn document: its stratum, the size of that stratum and the weight by which it counts
in the corpus, its verdict and its text, personal data masked.
Errors: `PipelineError` for a stratum whose columns the run does not have.

A document is drawn by the hash of seed and id: neither parts nor order decide, and a larger sample
holds the smaller one.  Of a stratum no more rows are held than may be drawn of it, and of a bound
two numbers a document.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl
import xxhash

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.runs import DROPPED, KEPT, Run, batches, columns_of, rows_at
from corpus_pipeline.products.strata import BORDER, Stratum, source_kind, strata_of
from corpus_pipeline.products.tune.bounds import Tunable
from corpus_pipeline.products.tune.effect import Mask, distance, needed

#: Near is the nearest share of the documents on each side, and at least so many.
NEAR, LEAST_NEAR = 0.05, 20
#: Rows that are gathered before those that cannot be drawn are let go.
_GATHERED = 50_000
#: Columns that every part has and that strata are made of.
_VERDICT = ("source", "dropped_by", "drop_rule")
#: What parts the strata of a document that is divided by several, and the one of those undivided.
_AND, _UNDIVIDED = " | ", "all"

#: The end of a file's name → how Polars writes such a file.
WRITERS = {".jsonl": "write_ndjson", ".csv": "write_csv", ".parquet": "write_parquet"}


@dataclass(frozen=True, slots=True)
class Draw:
    """How a sample is drawn: `size` documents in all, equal shares or those of the corpus.

    `each`: `size` documents of each stratum instead.  `bound`: that of the stratum `border`.
    `kept`: of what was kept alone.  `kinds`: of these kinds of sources alone; all, where empty.
    """

    by: tuple[str, ...] = ("state",)
    size: int = 100
    seed: int = 0
    proportional: bool = False
    bound: Tunable | None = None
    each: bool = False
    kept: bool = False
    kinds: tuple[str, ...] = ()


def sample(run: Run, draw: Draw, mask: Mask) -> pl.DataFrame:
    """The sample: `id`, `stratum`, `stratum_size`, `weight`, `source`, verdict, `text`.

    `mask` is asked where the run had no stage `pii`.
    """
    drawn = chosen(run, draw)
    if drawn.is_empty():
        of_kinds = f" of sources of kind {', '.join(draw.kinds)}" if draw.kinds else ""
        raise PipelineError(f"{run.root.name} has no documents{of_kinds} to draw from")
    return texts_of(run, drawn, mask)


def texts_of(run: Run, drawn: pl.DataFrame, mask: Mask) -> pl.DataFrame:
    """Chosen documents with source, verdict and masked text."""
    rows = with_columns(run, drawn, (*_VERDICT, "drop_evidence", "text"))
    texts = rows.get_column("text").fill_null("")
    if not run.is_masked:  # evidence may name what a page says
        texts = pl.Series("text", mask(texts.to_list()), dtype=pl.String)
        rows = rows.with_columns(pl.col("drop_evidence").map_elements(concealed, pl.String))
    told = ("id", "stratum", *_VERDICT, "drop_evidence", "stratum_size", "weight")
    return rows.select(*told, texts.alias("text"))


def chosen(run: Run, draw: Draw) -> pl.DataFrame:
    """Which documents are drawn: `id`, `stratum` and, of each name of `draw.by`, `by_<name>`.

    Beside them `stratum_size`, `weight`, and where the document lies: `part`, `row`.
    In the order of strata, and in each of hashes.  None where the run has no such documents.
    """
    if draw.size < 1:
        raise PipelineError("a sample has at least one document")
    if BORDER in draw.by and draw.bound is None:
        raise PipelineError("the stratum border is that of a rule: --rule")
    rows, sizes = _pooled(run, draw)
    if rows.is_empty():
        return pl.DataFrame(schema={"id": pl.String})
    counts, stratum = _shares(sizes, draw), pl.col("stratum")
    wanted = stratum.replace_strict(counts, return_dtype=pl.Int64)
    size = stratum.replace_strict(sizes, return_dtype=pl.Int64)
    place = pl.int_range(pl.len()).over("stratum")
    drawn = rows.sort("stratum", "hash", "id").filter(place < wanted)
    return drawn.with_columns(stratum_size=size).with_columns(
        weight=pl.col("stratum_size") / pl.len().over("stratum")
    )


def _pooled(run: Run, draw: Draw) -> tuple[pl.DataFrame, dict[str, int]]:
    """The documents that may be drawn, and how many each stratum has."""
    cuts = _cuts(run, draw) if BORDER in draw.by else {}
    sizes: Counter[str] = Counter()
    held: list[pl.DataFrame] = []
    rows = 0
    for frame in _frames(run, draw):
        ready = _bordered(frame, cuts).drop("away", "is_kept")
        sizes.update(dict(ready.group_by("stratum").len().iter_rows()))
        held.append(ready)
        rows += ready.height
        if rows > _GATHERED:
            held, rows = [_first(held, draw.size)], 0
    return _first(held, draw.size), dict(sorted(sizes.items()))


def _first(frames: Sequence[pl.DataFrame], most: int) -> pl.DataFrame:
    """Of each stratum the rows of the smallest hashes."""
    if not frames:
        return pl.DataFrame()
    rows = pl.concat(frames).sort("hash", "id")
    return rows.filter(pl.int_range(pl.len()).over("stratum") < most)


def _frames(run: Run, draw: Draw) -> Iterator[pl.DataFrame]:
    """The documents that may be drawn: stratum, hash, place, distance from the bound.

    Without those of which the bound's rule was not asked.
    """
    for folder in (KEPT,) if draw.kept else (KEPT, DROPPED):
        for part in run.parts(folder):
            have = columns_of(run.root / part)
            ways = strata_of(run, draw.by, have)
            columns = ["id", *_VERDICT, *(way[0] for way in ways.values() if way[0] is not None)]
            columns += needed(draw.bound, have) if draw.bound else []
            start = 0
            for frame in batches(run.root / part, list(dict.fromkeys(columns))):
                rows = _placed(frame, draw, ways, part, start)
                wanted = source_kind(run).is_in(draw.kinds) if draw.kinds else pl.lit(value=True)
                yield rows.filter(frame.select(wanted).to_series()).drop_nulls("away")
                start += frame.height


def _placed(
    frame: pl.DataFrame, draw: Draw, ways: Mapping[str, Stratum], part: str, start: int
) -> pl.DataFrame:
    hashes = [xxhash.xxh3_64_intdigest(f"{draw.seed}:{one}".encode()) for one in frame["id"]]
    strata = [way[1] for way in ways.values()]
    return frame.select(
        "id",
        pl.concat_str(strata, separator=_AND).alias("stratum")
        if strata
        else pl.lit(_UNDIVIDED).alias("stratum"),
        *(way[1].alias(f"by_{name}") for name, way in ways.items()),
        hash=pl.Series(hashes, dtype=pl.UInt64),
        part=pl.lit(part),
        row=pl.int_range(start, start + frame.height, dtype=pl.Int64),
        away=distance(frame, draw.bound) if draw.bound else pl.lit(0.0),
        is_kept=pl.col("dropped_by").is_null(),
    )


def _cuts(run: Run, draw: Draw) -> dict[bool, tuple[float, int]]:
    """Kept or not → distance and hash of the last document that counts as near to the bound."""
    sides: dict[bool, list[pl.DataFrame]] = {True: [], False: []}
    for frame in _frames(run, replace(draw, by=())):
        for side, found in sides.items():
            found.append(frame.filter(pl.col("is_kept") == side).select("away", "hash"))
    cuts = {}
    for side, found in sides.items():
        rows = pl.concat(found) if found else pl.DataFrame()
        if rows.height:
            last = min(max(int(rows.height * NEAR), LEAST_NEAR), rows.height) - 1
            cuts[side] = rows.sort("away", "hash").row(last)
    return cuts


def _bordered(frame: pl.DataFrame, cuts: Mapping[bool, tuple[float, int]]) -> pl.DataFrame:
    """The rows with `near` or `far` added to their stratum, where a bound has cuts."""
    if not cuts:
        return frame
    near = pl.lit(value=False)
    for side, (away, place) in cuts.items():
        closer = pl.col("away") < away
        as_close = (pl.col("away") == away) & (pl.col("hash") <= pl.lit(place, dtype=pl.UInt64))
        near |= (pl.col("is_kept") == side) & (closer | as_close)
    word = pl.when(near).then(pl.lit(" near")).otherwise(pl.lit(" far"))
    return frame.with_columns(pl.col("stratum", f"by_{BORDER}") + word)


def _shares(sizes: dict[str, int], draw: Draw) -> dict[str, int]:
    """Documents of each stratum; what a small stratum lacks goes to the others, in their order.

    >>> _shares({"a": 2, "b": 50, "c": 50}, Draw(size=30))
    {'a': 2, 'b': 14, 'c': 14}
    """
    whole = sum(sizes.values())
    if draw.each:
        return {name: min(draw.size, size) for name, size in sizes.items()}
    if draw.proportional:
        exact = {name: draw.size * size / max(whole, 1) for name, size in sizes.items()}
        counts = {name: min(int(value), sizes[name]) for name, value in exact.items()}
        rest = min(draw.size, whole) - sum(counts.values())
        for name in sorted(exact, key=lambda n: (int(exact[n]) - exact[n], n))[:rest]:
            counts[name] += counts[name] < sizes[name]
        return counts
    counts = dict.fromkeys(sizes, 0)
    left = min(draw.size, whole)
    while left:
        for name in counts:
            if left and counts[name] < sizes[name]:
                counts[name] += 1
                left -= 1
    return counts


def with_columns(run: Run, drawn: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The drawn documents with more of their columns, in the same order."""
    found = []
    for [part], rows in drawn.group_by("part", maintain_order=True):
        wanted = sorted(rows.get_column("row"))
        more = rows_at(run.root / str(part), wanted, columns)
        found.append(more.with_columns(part=pl.lit(part), row=pl.Series(wanted, dtype=pl.Int64)))
    if not found:
        return drawn
    return drawn.join(pl.concat(found), on=["part", "row"], how="left", maintain_order="left")


def rendered(rows: pl.DataFrame, suffix: str) -> bytes:
    """A sample as the bytes of a file with this ending."""
    buffer = io.BytesIO()
    getattr(rows, WRITERS[suffix])(buffer)
    return buffer.getvalue()
