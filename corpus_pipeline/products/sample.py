"""Seeded samples of a finished run, by strata.

Enters: a finished run, what makes a stratum, how many documents, a seed.  Leaves: a frame with a
row for each drawn document: its stratum, the size of that stratum and the weight by which it counts
in the corpus, its verdict and its text, personal data masked.
Errors: `PipelineError` for a stratum whose columns the run does not have.

A document is drawn by the hash of seed and id: neither parts nor order decide, and a larger sample
holds the smaller one.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import xxhash

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.runs import DROPPED, KEPT, Run, batches, columns_of, rows_between
from corpus_pipeline.products.tune.bounds import Tunable
from corpus_pipeline.products.tune.effect import Mask, distance, needed

_KEPT = pl.col("dropped_by").is_null()
_SCORE = pl.col("quality_score")
#: What a stratum is made of: name → column it needs (none: always there), expression.
STRATA: dict[str, tuple[str | None, pl.Expr]] = {
    "state": (
        None,
        pl.when(pl.col("dropped_by").is_null()).then(pl.lit("kept")).otherwise(pl.lit("dropped")),
    ),
    "rule": (None, pl.concat_str("dropped_by", pl.lit("/"), "drop_rule").fill_null("kept")),
    "source": (None, pl.col("source").fill_null("")),
    "register": ("heuristics_register", pl.col("heuristics_register").fill_null("not measured")),
    "language": ("langid_label", pl.col("langid_label").fill_null("not measured")),
    "domain": ("domain_label", pl.col("domain_label").fill_null("none")),
    "score": (
        "quality_score",
        pl.when(pl.col("quality_score").is_null())
        .then(pl.lit("not scored"))
        .otherwise(
            ((pl.col("quality_score") * 10).floor().clip(0, 9) / 10).round(1).cast(pl.String)
        ),
    ),
}
#: The stratum of a bound: which side, and whether near to it.
BORDER = "border"
#: Near is the nearest share of the documents on each side, and at least so many.
NEAR, LEAST_NEAR = 0.05, 20


#: The end of a file's name → how Polars writes such a file.
WRITERS = {".jsonl": "write_ndjson", ".csv": "write_csv", ".parquet": "write_parquet"}


@dataclass(frozen=True, slots=True)
class Draw:
    """How a sample is drawn: `size` documents in all, equal shares or those of the corpus.

    `bound`: that of the stratum `border`.
    """

    by: tuple[str, ...] = ("state",)
    size: int = 100
    seed: int = 0
    proportional: bool = False
    bound: Tunable | None = None


def sample(run: Run, draw: Draw, mask: Mask) -> pl.DataFrame:
    """The sample: `id`, `stratum`, `stratum_size`, `weight`, `source`, verdict, `text`.

    `mask` is asked where the run had no stage `pii`.
    """
    if draw.size < 1:
        raise PipelineError("a sample has at least one document")
    rows = _rows(run, draw)
    sizes = dict(rows.group_by("stratum").len().sort("stratum").iter_rows())
    wanted = _shares(sizes, draw)
    parts = []
    for stratum, count in wanted.items():
        chosen = rows.filter(pl.col("stratum") == stratum).sort("hash", "id").head(count)
        size = sizes[stratum]
        parts.append(
            chosen.with_columns(
                stratum_size=pl.lit(size, dtype=pl.Int64),
                weight=pl.lit(size / max(chosen.height, 1), dtype=pl.Float64),
            )
        )
    drawn = pl.concat(parts) if parts else rows.with_columns(stratum_size=0, weight=0.0)
    texts = _texts(run, drawn, mask)
    if not run.is_masked:  # evidence may name what a page says
        drawn = drawn.with_columns(pl.col("drop_evidence").map_elements(concealed, pl.String))
    return drawn.drop("hash", "part", "row").with_columns(text=pl.Series(texts, dtype=pl.String))


def _rows(run: Run, draw: Draw) -> pl.DataFrame:
    unknown = [name for name in draw.by if name not in STRATA and name != BORDER]
    if unknown:
        raise PipelineError(f"no stratum {unknown[0]!r}: {', '.join([*STRATA, BORDER])}")
    if BORDER in draw.by and draw.bound is None:
        raise PipelineError("the stratum border is that of a rule: --rule")
    parts = [_of_part(run, part, draw) for part in (*run.parts(KEPT), *run.parts(DROPPED))]
    if not parts:
        raise PipelineError(f"{run.root.name} has no documents to draw from")
    rows = pl.concat(parts)
    return _bordered(rows) if BORDER in draw.by else rows.drop("away")


def _bordered(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows on either side of the bound, `near` or `far` added to their stratum."""
    rows = rows.drop_nulls("away")
    side = pl.col("dropped_by").is_null()
    rank, size = pl.col("away").rank("ordinal").over(side), pl.len().over(side)
    near = (
        pl.when(rank <= (size * NEAR).clip(LEAST_NEAR))
        .then(pl.lit("near"))
        .otherwise(pl.lit("far"))
    )
    return (
        rows.sort("away", "id")
        .with_columns(stratum=pl.concat_str("stratum", near, separator=" "))
        .drop("away")
    )


def _of_part(run: Run, part: str, draw: Draw) -> pl.DataFrame:
    have = columns_of(run.root / part)
    # Near or far is known when all documents are.
    ways = {**STRATA, BORDER: STRATA["state"]}
    for name in draw.by:
        column = ways[name][0]
        if column is not None and column not in have:
            raise PipelineError(f"stratum {name}: {run.root.name} has no column {column}")
    wanted = [ways[name][0] for name in draw.by]
    columns = ["id", "source", "dropped_by", "drop_rule", "drop_evidence", *filter(None, wanted)]
    columns += needed(draw.bound, have) if draw.bound else []
    frames, start = [], 0
    stratum = pl.concat_str([ways[name][1] for name in draw.by], separator=" | ")
    for frame in batches(run.root / part, list(dict.fromkeys(columns))):
        hashes = [xxhash.xxh3_64_intdigest(f"{draw.seed}:{one}".encode()) for one in frame["id"]]
        frames.append(
            frame.with_row_index("row", start).select(
                "id",
                stratum=stratum,
                source="source",
                dropped_by="dropped_by",
                drop_rule="drop_rule",
                drop_evidence="drop_evidence",
                hash=pl.Series(hashes, dtype=pl.UInt64),
                part=pl.lit(part),
                row=pl.col("row").cast(pl.Int64),
                away=distance(frame, draw.bound) if draw.bound else pl.lit(0.0),
            )
        )
        start += frame.height
    return pl.concat(frames) if frames else _of_nothing()


def _of_nothing() -> pl.DataFrame:
    names = ("id", "stratum", "source", "dropped_by", "drop_rule", "drop_evidence")
    more = {"hash": pl.UInt64, "part": pl.String, "row": pl.Int64, "away": pl.Float64}
    return pl.DataFrame(schema={**dict.fromkeys(names, pl.String), **more})


def _shares(sizes: dict[str, int], draw: Draw) -> dict[str, int]:
    """Documents of each stratum; what a small stratum lacks goes to the others, in their order.

    >>> _shares({"a": 2, "b": 50, "c": 50}, Draw(size=30))
    {'a': 2, 'b': 14, 'c': 14}
    """
    whole = sum(sizes.values())
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


def _texts(run: Run, drawn: pl.DataFrame, mask: Mask) -> Sequence[str]:
    texts = []
    for part, row in drawn.select("part", "row").iter_rows():
        [frame] = rows_between(run.root / part, row, 1, ["text"])
        texts.append(frame.get_column("text").fill_null("")[0])
    return texts if run.is_masked or not texts else mask(texts)


def rendered(rows: pl.DataFrame, suffix: str) -> bytes:
    """A sample as the bytes of a file with this ending."""
    buffer = io.BytesIO()
    getattr(rows, WRITERS[suffix])(buffer)
    return buffer.getvalue()
