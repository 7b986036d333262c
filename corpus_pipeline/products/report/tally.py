"""What the rows of a run add up to: counts by category, sketches of measures, in one pass.

Enters: the parts of a finished run, one row group at a time, only the columns that are counted and
the text, for its length.  Leaves: a `Tally`.  Memory does not grow with the run: a category of more
than `MANY` values (hosts) keeps its largest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from corpus_pipeline.io.parquet import schema_of
from corpus_pipeline.products.report.sketch import Sketch
from corpus_pipeline.products.runs import DROPPED, KEPT, Run, batches, columns_of

#: Values of a category that are held at most; beyond, the rarer half is given up.
MANY = 200_000
#: Equal parts of the score in the picture of scores by register.
SCORE_CELLS = 20
#: Name of a category → its column, and the expression of its values (a list: several a document).
HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:\[\]]+|\[[^\]]*\])"
_REGISTER = pl.col("heuristics_register")
_RULE = pl.concat_str("dropped_by", pl.lit("/"), "drop_rule")
_REGISTER_RULE = pl.concat_str(_REGISTER.fill_null(""), pl.lit("|"), _RULE)
_CELL = (pl.col("quality_score") * SCORE_CELLS).floor().clip(0, SCORE_CELLS - 1).cast(pl.Int64)
CATEGORIES: Mapping[str, tuple[tuple[str, ...], pl.Expr]] = {
    "rule": (("drop_rule",), _RULE),
    "source": (("source",), pl.col("source")),
    "license": (("license",), pl.col("license")),
    "host": (("url",), pl.col("url").str.extract(HOST).str.to_lowercase()),
    "language": (("langid_label",), pl.col("langid_label")),
    "script": (("normalize_script",), pl.col("normalize_script")),
    "charset": (("decode_charset",), pl.col("decode_charset")),
    "repair": (("decode_repaired",), pl.col("decode_repaired").str.split(",")),
    "method": (("extract_method",), pl.col("extract_method")),
    "obfuscation": (("extract_obfuscation",), pl.col("extract_obfuscation").str.split(",")),
    "register": (("heuristics_register",), _REGISTER),
    "register_rule": (("heuristics_register",), _REGISTER_RULE),
    "register_score": (
        ("heuristics_register", "quality_score"),
        pl.concat_str(_REGISTER, pl.lit("|"), _CELL.cast(pl.String)),
    ),
    "bucket": (("quality_bucket",), pl.col("quality_bucket").cast(pl.String)),
    "pii": (("pii_spans",), pl.col("pii_spans").list.eval(pl.element().struct.field("type"))),
    "risk": (
        ("compliance_hits",),
        pl.col("compliance_hits").list.eval(
            pl.concat_str(
                pl.element().struct.field("risk"),
                pl.lit("|"),
                pl.element().struct.field("rule"),
            )
        ),
    ),
    "spam": (("spam_hits",), pl.col("spam_hits").list.eval(pl.element().struct.field("kind"))),
    "benchmark": (
        ("decontaminate_hits",),
        pl.col("decontaminate_hits").list.eval(pl.element().struct.field("benchmark")),
    ),
    "exact_size": (("exact_dedup_cluster_size",), pl.col("exact_dedup_cluster_size")),
    "near_size": (("near_dedup_cluster_size",), pl.col("near_dedup_cluster_size")),
    "domain": (("domain_label",), pl.col("domain_label")),
}
#: Columns whose values are added up.
SUMS = ("decode_replaced", "decode_repaired_chars", "normalize_changed", "spam_cut", "langid_cut")
MORE_SUMS = ("line_dedup_lines", "line_dedup_cut", "line_dedup_repeated")
#: Of a category's value: kept and dropped documents, their characters, and how often it occurs.
COUNTS = ("kept", "dropped", "kept_chars", "dropped_chars", "hits")


@dataclass(slots=True)
class Tally:
    """Everything that is counted; `pruned`: categories that gave up their rarest values."""

    categories: dict[str, pl.DataFrame] = field(default_factory=dict)
    measures: dict[str, Sketch] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=dict)
    touched: dict[str, int] = field(default_factory=dict)
    kept_chars: int = 0
    dropped_chars: int = 0
    pruned: set[str] = field(default_factory=set)

    def rows(self, category: str) -> list[dict[str, Any]]:
        """The values of a category with their counts, those of most documents first."""
        frame = self.categories.get(category)
        if frame is None:
            return []
        order = frame.sort(pl.col("kept") + pl.col("dropped"), "value", descending=[True, False])
        return order.to_dicts()


def tally(run: Run) -> Tally:
    """Count all documents of a run."""
    found = Tally()
    for folder in (KEPT, DROPPED):
        for part in run.parts(folder):
            path = run.root / part
            have = columns_of(path)
            floats = _floats(schema_of(path), have)
            for frame in batches(path, _needed(have, floats)):
                _add(found, frame, floats)
    return found


def _floats(schema: pq.ParquetSchema, have: list[str]) -> list[str]:
    """The columns of Float32: every measure of every stage is one."""
    return [name for name in have if str(schema.field(name).type) == "float"]


def _needed(have: list[str], floats: list[str]) -> list[str]:
    wanted = {name for columns, _ in CATEGORIES.values() for name in columns}
    wanted |= {*floats, *SUMS, *MORE_SUMS, "text", "dropped_by", "drop_rule"}
    return [name for name in have if name in wanted]


def _add(found: Tally, frame: pl.DataFrame, floats: list[str]) -> None:
    frame = frame.with_columns(
        is_kept=pl.col("dropped_by").is_null(),
        characters=pl.col("text").str.len_chars().fill_null(0).cast(pl.Int64),
    )
    chars = frame.group_by("is_kept").agg(pl.col("characters").sum())
    sizes: dict[bool, int] = dict(chars.iter_rows())
    found.kept_chars += sizes.get(True, 0)
    found.dropped_chars += sizes.get(False, 0)
    for name, (columns, values) in CATEGORIES.items():
        if set(columns) <= set(frame.columns):
            _count(found, name, frame.with_columns(value=values))
    kept = frame["is_kept"].to_numpy()
    for name in floats:
        known = frame[name].is_not_null().to_numpy()
        values_of = frame[name].drop_nulls().to_numpy()
        found.measures.setdefault(name, Sketch()).add(values_of, kept[known])
    for name in {*SUMS, *MORE_SUMS} & set(frame.columns):
        found.sums[name] = found.sums.get(name, 0) + int(frame[name].sum() or 0)
        touched = int((frame[name].fill_null(0) > 0).sum())
        found.touched[name] = found.touched.get(name, 0) + touched


def _count(found: Tally, name: str, frame: pl.DataFrame) -> None:
    """Add a frame's documents by the column `value`; a list counts a document once a value."""
    rows = frame.select("value", "is_kept", "characters", hits=pl.lit(1, dtype=pl.Int64))
    if isinstance(rows.schema["value"], pl.List):
        rows = rows.with_row_index("row").explode("value", empty_as_null=True)
        rows = rows.group_by("row", "value").agg(
            pl.col("is_kept", "characters").first(), pl.col("hits").sum()
        )
    kept, size = pl.col("is_kept"), pl.col("characters")
    added = (
        rows.drop_nulls("value")
        .group_by(pl.col("value").cast(pl.String))
        .agg(
            kept=kept.sum().cast(pl.Int64),
            dropped=(~kept).sum().cast(pl.Int64),
            kept_chars=size.filter(kept).sum(),
            dropped_chars=size.filter(~kept).sum(),
            hits=pl.col("hits").sum(),
        )
    )
    before = found.categories.get(name)
    if before is not None:
        added = pl.concat([before, added]).group_by("value").agg(pl.col(COUNTS).sum())
    if added.height > MANY:
        most = pl.col("kept") + pl.col("dropped")
        added = added.sort(most, "value", descending=[True, False]).head(MANY // 2)
        found.pruned.add(name)
    found.categories[name] = added
