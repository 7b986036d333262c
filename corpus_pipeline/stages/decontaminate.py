"""Drop documents that hold the questions of evaluation benchmarks.

Enters: documents; benchmark files named in the config.  Leaves: `decontaminate_hits` (which items,
how much of each) and the verdict `benchmark_contamination`.  Refuses: to call a document clean of
benchmarks it was not given (without any, the hits are empty), and to drop for passages, which are
public works, or for a set phrase shorter than one n-gram.

Questions and documents are compared as key texts (`text.dedup_key`), so that traditional script,
full-width forms and other punctuation hide nothing.  The overlap is the share of the question's
n-grams that the document holds, in any order and place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from corpus_pipeline.model import Asset, Options, PipelineError, Schema, Stage, drop
from corpus_pipeline.rules.benchmarks import (
    BenchmarkError,
    Item,
    benchmark_files,
    load_benchmark,
)
from corpus_pipeline.rules.key_table import KEY_TABLE, load_key_table
from corpus_pipeline.text.dedup_key import fold, key_text
from corpus_pipeline.text.overlap import ItemIndex, Numbers

HITS = pl.List(pl.Struct({"benchmark": pl.String, "item": pl.String, "overlap": pl.Float32}))

_FOUND = {
    "__row": pl.UInt32,
    "benchmark": pl.String,
    "item": pl.String,
    "overlap": pl.Float32,
    "evidence": pl.String,
}


class DecontaminateOptions(Options):
    """What to keep out, and how much of it is too much."""

    #: Files or folders (JSONL, JSON, CSV, TSV; .gz, .zst).
    benchmarks: tuple[str, ...] = ()
    #: 13 characters are 7–8 Chinese words.  Of 5,149 ordinary documents 17 share 30 % of a question
    #: at 13, 40 at 10, 99 at 8; questions copied, re-punctuated or put into traditional script are
    #: found alike at all three (394 to 400 of 400).
    ngram: int = Field(default=13, ge=2, le=64)
    #: Shorter questions are compared whole from here on; they are reported and never drop.
    shortest: int = Field(default=8, ge=2)
    #: A gram in more items than this is a phrase of the benchmark ("which of the following").
    common: int = Field(default=20, ge=1)
    #: Overlap from which a hit is reported: below it stand questions that quote a statute or poem.
    report: float = Field(default=0.5, gt=0, le=1)
    #: Overlap from which the document goes: where Llama 2 (arXiv 2307.09288, A.6) calls a sample
    #: dirty.  In the same sweep 2 documents reach it, both statutes that a question quotes in full;
    #: at .7 the code of civil procedure would go too.
    threshold: float = Field(default=0.8, gt=0, le=1)


class Decontaminate(Stage):
    """Finds benchmark questions in documents."""

    name = "decontaminate"
    version = 1
    columns: ClassVar[Schema] = {"decontaminate_hits": HITS}
    OptionsModel: ClassVar[type[Options]] = DecontaminateOptions
    options: DecontaminateOptions

    def __init__(self, options: Options, assets: Mapping[str, Asset]) -> None:
        """Read and index the benchmarks."""
        super().__init__(options, assets)
        self.table = load_key_table(assets["key_table"].path)
        self.items: list[Item] = []
        try:
            given = [assets[name].path for name in sorted(set(assets) - {"key_table"})]
            for name, path in benchmark_files(given).items():
                self.items += load_benchmark(name, path)
        except BenchmarkError as error:
            raise PipelineError(str(error)) from error
        chosen = self.options
        texts = [self._asked(item) for item in self.items]
        self.index = ItemIndex(texts, self.table, chosen.ngram, chosen.shortest, chosen.common)

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The benchmarks (a folder stands for the files in it) and the key's table."""
        return {"key_table": KEY_TABLE} | {f"benchmark:{ref}": ref for ref in options.benchmarks}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Report what each document holds, drop where it is a whole question."""
        hits = pl.DataFrame(schema=_FOUND)
        if self.items:
            texts = fold(docs.get_column("text"), self.table)
            parts = [self.index.find(keys) for keys in texts]
            hits = self._named(*(np.concatenate(part) for part in zip(*parts, strict=True)))
        fields = pl.struct("benchmark", "item", "overlap")
        per_document = hits.group_by("__row", maintain_order=True).agg(
            fields.alias("decontaminate_hits"), __worst=pl.col("evidence").drop_nulls().first()
        )
        docs = docs.with_row_index("__row").join(
            per_document, on="__row", how="left", maintain_order="left"
        )
        docs = docs.with_columns(pl.col("decontaminate_hits").fill_null([]).cast(HITS))
        rule = pl.when(pl.col("__worst").is_not_null()).then(pl.lit("benchmark_contamination"))
        return drop(docs, self.name, rule, pl.col("__worst")).drop("__worst", "__row")

    def _named(self, doc: Numbers, item: Numbers, shared: Numbers) -> pl.DataFrame:
        """The items that are in each document, most complete first; evidence where it must go."""
        overlap = shared / self.index.sizes[item]
        order = np.lexsort((item, -overlap, doc))
        order = order[overlap[order] >= self.options.report]
        item = item[order]
        named = [self.items[i] for i in item.tolist()]
        whole = overlap[order] >= self.options.threshold
        whole &= self.index.lengths[item] >= self.options.ngram
        evidence = pl.format("benchmark={} item={} overlap={}", "benchmark", "item", "shown")
        return pl.DataFrame(
            {
                "__row": doc[order],
                "benchmark": [one.benchmark for one in named],
                "item": [one.item for one in named],
                "overlap": overlap[order],
                "whole": whole,
                "shown": [f"{share:.2f}" for share in overlap[order]],
            },
            schema_overrides={"benchmark": pl.String, "item": pl.String, "shown": pl.String},
        ).select(
            pl.col("__row").cast(pl.UInt32),
            "benchmark",
            "item",
            pl.col("overlap").cast(pl.Float32),
            evidence=pl.when("whole").then(evidence),
        )

    def _asked(self, item: Item) -> str:
        """The question; with its choices where it would be too short to recognise."""
        short = len(key_text(item.text, self.table)) < self.options.ngram
        return f"{item.text}\n{item.choices}" if short and item.choices else item.text
