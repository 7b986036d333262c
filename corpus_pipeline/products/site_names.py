"""The names of sites that a run found in other people's pages, as a dated list.

Enters: a finished run with the stage `spam` or `spam_names`.  Leaves: a row for each name, most
hosts first: documents, hosts, first and last day on which a page with it was fetched.
Errors: `PipelineError` for a run without these stages.

The list is what the option `spam.names` of a later run reads: tab-separated, UTF-8, one header.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.runs import DROPPED, KEPT, Run, batches, columns_of

HEADER = ("name", "documents", "hosts", "first_seen", "last_seen")
#: Column → the expression that gives its names.
_NAMES = {
    "spam_names": pl.col("spam_names"),
    "spam_names_shared": pl.col("spam_names_shared").list.eval(pl.element().struct.field("name")),
}


def site_names(run: Run) -> pl.DataFrame:
    """The list: `HEADER`; dates are the first ten characters of `fetched_at`, empty if unknown."""
    parts = []
    for part in (*run.parts(KEPT), *run.parts(DROPPED)):
        present = [name for name in _NAMES if name in columns_of(run.root / part)]
        for frame in batches(run.root / part, ["id", "url", "fetched_at", *present]):
            parts += [_rows(frame, _NAMES[name]) for name in present]
    if not parts:
        raise PipelineError(f"{run.root} has no names: neither spam nor spam_names ran")
    if not run.is_masked:
        parts = [
            part.with_columns(pl.col("name").map_elements(concealed, pl.String)) for part in parts
        ]
    rows = pl.concat(parts).unique(["name", "id"], keep="first", maintain_order=True)
    counted = rows.group_by("name").agg(
        documents=pl.len().cast(pl.Int64),
        hosts=pl.col("host").drop_nulls().n_unique().cast(pl.Int64),
        first_seen=pl.col("day").min().fill_null(""),
        last_seen=pl.col("day").max().fill_null(""),
    )
    return counted.select(HEADER).sort("hosts", "documents", "name", descending=[True, True, False])


def _rows(frame: pl.DataFrame, names: pl.Expr) -> pl.DataFrame:
    host = pl.col("url").str.extract(r"^[a-z]+://(?:[^/@]*@)?(?:www\.)?([^/:?#]+)")
    chosen = frame.select("id", host=host, day=pl.col("fetched_at").str.slice(0, 10), name=names)
    return chosen.explode("name").drop_nulls("name")


def as_tsv(names: pl.DataFrame) -> str:
    """The list as the option `spam.names` reads it."""
    lines: list[tuple[Any, ...]] = [HEADER, *names.iter_rows()]
    return "".join("\t".join(map(str, line)) + "\n" for line in lines)
