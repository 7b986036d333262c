"""Drop documents that hold the questions of evaluation benchmarks.

Enters: kept documents; benchmark files named in the config.
Leaves: `decontaminate_hits`, a list of the benchmark items in each document with the share of the
item that is there (empty where there are none, and without benchmarks), and the verdict
`benchmark_contamination`, whose evidence names the item, the overlap and the part that showed it.
Refuses: to drop for the passage a question is about: passages are public works, and a statute or
an encyclopedia that a question quotes is no question.

Questions and documents are compared as key texts (`text.dedup.key`) without LaTeX commands, so
that differences of script, width, punctuation, spaces and formula markup do not count.  Two parts
of an item lead to a verdict.  *question*: the stem occurs with its interrogative words; a stem
that ends in a blank (…的首都是) must be left open in the document too; an item without
interrogative words and choices is a text to keep out as it is.  *question+options*: stem and
choices in any order, for stems with too few distinctive characters (下列说法正确的是).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from corpus_pipeline.model import Asset, Options, Schema, Stage, drop
from corpus_pipeline.rules.benchmarks import load_items
from corpus_pipeline.rules.decontaminate import PACK, load_recognition, seeds_each
from corpus_pipeline.rules.dedup_key import KEY_TABLE, load_key_table
from corpus_pipeline.text.arrays import F64, I64, Bool, Integers
from corpus_pipeline.text.contamination.index import Candidates, ItemIndex, Plan
from corpus_pipeline.text.contamination.passages_kernel import (
    CHOICES_SEEN,
    HAN,
    LABELLED,
    MARK_AT,
    MARK_OFF,
)
from corpus_pipeline.text.contamination.question import left_open, without_commands
from corpus_pipeline.text.dedup.key import fold

HITS = pl.List(pl.Struct({"benchmark": pl.String, "item": pl.String, "overlap": pl.Float32}))


class DecontaminateOptions(Options):
    """The benchmarks, and the overlap that reports or drops; the pack records the sweeps."""

    benchmarks: tuple[str, ...] = ()
    """Benchmark files, or folders of them (JSONL, JSON, CSV, TSV; .gz, .zst)."""

    ngram: int = Field(default=10, ge=2, le=64)
    """Distinctive characters from which a question is evidence without its choices; three letters
    count as one character."""

    shortest: int = Field(default=8, ge=2)
    """Characters of the shortest question that is reported where the whole of it occurs; below
    `ngram` distinctive characters it never drops."""

    common: int = Field(default=20, ge=1)
    """An n-gram in more benchmark items than this is not distinctive."""

    report: float = Field(default=0.7, gt=0, le=1)
    """Overlap (share of the item that is in the document) from which a hit is reported."""

    threshold: float = Field(default=0.8, gt=0, le=1)
    """Overlap from which the document is dropped: Llama 2 (arXiv 2307.09288, A.6) calls it dirty
    there."""

    pack: str = PACK
    """The pack of bounds and of words that ask."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """The candidates that are reported, one entry each; `part` is "" where nothing is dropped."""

    doc: I64
    item: I64
    overlap: F64
    part: Integers


class Decontaminate(Stage):
    """The stage."""

    name = "decontaminate"
    version = 2
    columns: ClassVar[Schema] = {"decontaminate_hits": HITS}
    describes: ClassVar[Mapping[str, str]] = {
        "decontaminate_hits": "Benchmark items found in the text, with the share of the item that "
        "is there; empty where there are none."
    }
    OptionsModel: ClassVar[type[Options]] = DecontaminateOptions
    options: DecontaminateOptions

    def __init__(self, options: Options, assets: Mapping[str, Asset]) -> None:
        """Read and index the benchmarks."""
        super().__init__(options, assets)
        self.table = load_key_table(assets["key_table"])
        recognition = load_recognition(assets["pack"])
        self.bounds = recognition.bounds
        self.items = load_items(assets[n] for n in sorted(set(assets) - {"key_table", "pack"}))
        seeds = seeds_each(self.bounds.seeds, len(self.items))
        plan = Plan(self.bounds.seed, self.bounds.gram, self.options.common, seeds)
        self.index = ItemIndex(recognition.taken(self.items), self.table, plan)
        sizes, ends = self.index.sizes, self.index.marks >= 0
        # Items that are texts to keep out: no interrogative words and no choices.
        self.plain: Bool = (ends | (sizes.asking == 0)) & (sizes.choices == 0)

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The benchmarks (a folder stands for the files in it), the key's table and the pack."""
        own = {"key_table": KEY_TABLE, "pack": options.pack}
        return own | {f"benchmark:{ref}": ref for ref in options.benchmarks}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Report the items in each document; drop documents that hold a question."""
        hits = self._named([])
        if self.items:
            texts = without_commands(docs.get_column("text").fill_null(""))
            search = self.index.search(self.bounds.seed_share)
            hits = self._named(
                [self._judged(search.find(keys), texts) for keys in fold(texts, self.table)]
            )
        per_document = hits.group_by("__row", maintain_order=True).agg(
            pl.struct("benchmark", "item", "overlap").alias("decontaminate_hits"),
            __worst=pl.col("evidence").drop_nulls().first(),
        )
        docs = docs.with_row_index("__row").join(
            per_document, on="__row", how="left", maintain_order="left"
        )
        docs = docs.with_columns(pl.col("decontaminate_hits").fill_null([]).cast(HITS))
        rule = pl.when(pl.col("__worst").is_not_null()).then(pl.lit("benchmark_contamination"))
        return drop(docs, self.name, rule, pl.col("__worst")).drop("__worst", "__row")

    def _judged(self, candidates: Candidates, texts: pl.Series) -> _Judged:
        """The candidates that are reported, with overlap and the part that drops the document."""
        sizes, bounds, chosen = self.index.sizes, self.bounds, self.options
        item, covered, shares = candidates.item, candidates.covered, self.index.shares(candidates)
        telling, stem = sizes.telling[item], sizes.stem[item]
        report, enough = min(chosen.report, chosen.threshold), HAN * chosen.ngram
        # A stem that ends in a blank asks where its end occurs, one edited character aside.
        asked = np.where(
            self.index.marks[item] >= 0,
            covered[:, MARK_AT] >= 0,
            (sizes.asking[item] > 0) & (shares.asking >= bounds.asking),
        )
        asked |= self.plain[item]
        printed = covered[:, CHOICES_SEEN] >= np.maximum(bounds.choices, sizes.countable[item] / 2)
        printed &= shares.stem >= bounds.choices_stem
        printed &= telling + sizes.choices_telling[item] >= enough
        labelled = covered[:, LABELLED] >= bounds.choices
        alone, whole = telling >= enough, shares.stem >= bounds.whole
        whole &= (stem >= HAN * chosen.shortest) & (3 * telling >= stem)
        question, every = shares.telling, shares.every
        shown = (question >= report) & asked & (alone | whole)
        shown |= (question >= max(bounds.unasked, report)) & alone
        both = (every >= report) & printed & (asked | labelled)
        kept = np.flatnonzero(shown | both)
        doc = candidates.doc[kept]
        by_question = asked & alone & (question >= chosen.threshold)
        by_both = both & (every >= chosen.threshold)
        unsure = (by_question | (by_both & ~labelled))[kept]
        opened = asked[kept] & self._opened(doc, item[kept], covered[kept], texts, unsure)
        part = np.where(by_both[kept] & (opened | labelled[kept]), "question+options", "")
        part = np.where(by_question[kept] & opened, "question", part)
        overlap = np.maximum(np.where(shown, question, 0.0), np.where(both, every, 0.0))[kept]
        return _Judged(doc, item[kept], overlap, part)

    def _opened(self, doc: I64, item: I64, covered: I64, texts: pl.Series, unsure: Bool) -> Bool:
        """Which candidates are left open in the document; true for stems that end in no blank."""
        index, ends, off = self.index, covered[:, MARK_AT], covered[:, MARK_OFF]
        across = index.across[item]
        opened: Bool = (index.marks[item] < 0) | (across & (off >= 2)) | self.plain[item]
        for row in np.flatnonzero(unsure & ~opened & ~across & (ends >= 0)).tolist():
            mark = index.marks[item[row]]
            left = index.codes[mark - off[row] : mark]
            opened[row] = left_open(texts[int(doc[row])], int(ends[row]), left, self.table)
        return opened

    def _named(self, judged: list[_Judged]) -> pl.DataFrame:
        """One row for each item of each document (`__row`), most complete first.

        `evidence` is null where the item does not drop the document.
        """
        doc, item, overlap, part = (
            np.concatenate([[], *(getattr(one, name) for one in judged)])
            for name in ("doc", "item", "overlap", "part")
        )
        named = [self.items[int(i)] for i in item]
        shown = pl.format("benchmark={} item={} overlap={}", "benchmark", "item", "share")
        frame = pl.DataFrame(
            {
                "__row": doc.astype(np.uint32),
                "number": item.astype(np.int64),
                "benchmark": pl.Series([one.benchmark for one in named], dtype=pl.String),
                "item": pl.Series([one.item for one in named], dtype=pl.String),
                "overlap": overlap.astype(np.float32),
                "share": pl.Series([f"{share:.2f}" for share in overlap], dtype=pl.String),
                "part": pl.Series(part.tolist(), dtype=pl.String),
            }
        )
        evidence = pl.when(pl.col("part") != "").then(pl.format("{} part={}", shown, "part"))
        frame = frame.with_columns(evidence=evidence).sort(
            pl.col("part") == "", "overlap", descending=[False, True], maintain_order=True
        )
        best = frame.unique(["__row", "number"], keep="first", maintain_order=True)
        return best.sort("__row", "overlap", "number", descending=[False, True, False])
