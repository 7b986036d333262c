"""Cut lines that recur in many documents of a host or of the run; count or cut long repeats.

Enters: kept documents.
Leaves: their texts without boilerplate (menus, footers, licence numbers, links to the next page);
how many lines and characters were cut; how many characters occur in other documents too; where each
cut was (code points of the text before the cuts) and why.  A document with little left is dropped
(`only_boilerplate`).
Refuses: to cut a line for its frequency alone, or for its place.  In half of its documents, and in
this one, it must have the same neighbouring line or stand at the same edge of the text, and speak
of a page or be an item of a menu; or else be boilerplate by its words alone.  Titles, headings of
statutes, verse, quotations, code and tables are spared, and one copy of each sentence stays.

A host is the host name in `url` without `www`: a site repeats its lines under one host name, and a
list of public suffixes would change the result with each of its editions.

sketch: a row for each distinct line of up to `longest_line` characters, and for each fingerprint.
match: the keys of enough documents, with their number and the neighbours that most of them have.
apply: cuts the lines with those neighbours, and repeats, except in the best document with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from corpus_pipeline.model import Asset, CountStage, Options, Schema, drop
from corpus_pipeline.rules.dedup_key import KEY_TABLE, load_key_table
from corpus_pipeline.rules.line_dedup import LINE_RULES, load_line_rules
from corpus_pipeline.stages.line_dedup import counting
from corpus_pipeline.stages.line_dedup.boilerplate import LineTable, cut_lines, line_rows
from corpus_pipeline.stages.line_dedup.duplicate_passages import Repeats
from corpus_pipeline.text.dedup import union_find as clusters
from corpus_pipeline.text.dedup.spans import characters, merged, without
from corpus_pipeline.text.unicode.utf8 import replaced

EVIDENCE = pl.Struct(
    {"start": pl.UInt32(), "end": pl.UInt32(), "rule": pl.String(), "documents": pl.UInt32()}
)


class LineDedupOptions(Options):
    """How often a line must recur, and what becomes of long repeats."""

    host_documents: int = Field(default=10, ge=2)
    """Documents of one host in which a line must stand (rule B2 of docs/recipes.md)."""

    corpus_documents: int = Field(default=50, ge=2)
    """Documents of the whole run in which a line must stand (rule B2 as well)."""

    longest_line: int = Field(default=120, ge=1, le=255)
    """Characters: a longer line is a paragraph, which `repeats` looks at (rule B2 as well)."""

    repeats: Literal["off", "count", "cut"] = "count"
    """Long passages of other documents; `off` saves most of the disk that this stage needs."""

    shortest_repeat: int = Field(default=50, ge=20)
    """Key characters; every repeat of so many is found, and some of up to `window` - 1 fewer."""

    pack: str = LINE_RULES
    """The rules of lines: which words vary, which lines are boilerplate, which are spared."""


class LineDedup(CountStage):
    """Counts lines and fingerprints in all documents, then cuts in each of them."""

    name = "line_dedup"
    version = 3
    columns: ClassVar[Schema] = {
        "line_dedup_lines": pl.UInt32(),
        "line_dedup_cut": pl.UInt32(),
        "line_dedup_repeated": pl.UInt32(),
        "line_dedup_evidence": pl.List(EVIDENCE),
    }
    describes: ClassVar[Mapping[str, str]] = {
        "line_dedup_lines": "Recurring lines that were cut.",
        "line_dedup_cut": "Characters that were cut, of lines and of repeats.",
        "line_dedup_repeated": "Characters of long passages that other documents have too.",
        "line_dedup_evidence": "Each cut: code points of the text before it, the rule, and in how "
        "many documents the line or passage stands.",
    }
    edits = ("text",)
    needs = ("text",)
    lone_keys = False  # nine in ten rows are fingerprints that stand nowhere else
    OptionsModel: ClassVar[type[Options]] = LineDedupOptions
    options: LineDedupOptions

    def __init__(self, options: Options, assets: Mapping[str, Asset]) -> None:
        """Load the key's character table and the pack."""
        super().__init__(options, assets)
        self.table = load_key_table(assets["key_table"])
        self.rules = load_line_rules(assets["pack"])
        self.repeats = Repeats(
            self.options.shortest_repeat, self.rules.bounds.window, self.table, self.rules
        )

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The character table decides which lines are equal, the pack which are boilerplate."""
        return {"key_table": KEY_TABLE, "pack": options.pack}

    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        """A row for each distinct line and each fingerprint of a document.

        Columns beside `row` and `key`: `size` (u8: key characters of the line, 0 for a
        fingerprint), `host` (u64, 0: none), `rank` (u64, the highest survives), and `before` and
        `after` (u32: the neighbouring lines, 0 for a fingerprint).
        """
        ranks = clusters.rank_keys(docs)
        lines = LineTable(docs, self.table, self.rules, self.options.longest_line)
        parts = [line_rows(lines, ranks)]
        if self.options.repeats != "off":
            parts.append(self.repeats.rows(lines, ranks))
        return pl.concat(parts)

    def match(self, keys: pl.DataFrame) -> pl.DataFrame:
        """The lines and fingerprints of one key range that recur, for each document that has them.

        Columns beside `doc` and `key`: see `counting.lines`.
        """
        options, share = self.options, self.rules.bounds.context_share
        frames = [
            counting.lines(keys, options.host_documents, options.corpus_documents, share),
            counting.repeats(keys),
        ]
        return pl.concat(frames).sort("key", "doc", "rule")

    def apply(self, docs: pl.DataFrame, matches: pl.DataFrame) -> pl.DataFrame:
        """The documents without recurring lines; without long repeats if `repeats` is `cut`."""
        rows = matches.get_column("row").unique().sort()
        edited = docs[rows]
        matches = matches.with_columns(
            row=rows.search_sorted(matches.get_column("row")).cast(pl.UInt32)
        )
        lines = LineTable(edited, self.table, self.rules, self.options.longest_line)
        cuts = [cut_lines(lines, matches, self.rules)]
        repeated, ranges = self.repeats.cuts(lines, matches, cut=self.options.repeats == "cut")
        cuts.append(ranges)
        texts, facts = self._edited(edited, lines, pl.concat(cuts).sort("doc", "begin", "end"))
        facts = facts.with_columns(line_dedup_repeated=repeated)
        out = docs.with_columns(
            text=replaced(docs.get_column("text"), rows.to_list(), texts).alias("text"),
        ).with_columns(_spread(facts, rows, docs.height))
        return self._judged(out)

    def _edited(
        self, docs: pl.DataFrame, lines: LineTable, cuts: pl.DataFrame
    ) -> tuple[pl.Series, pl.DataFrame]:
        """The new texts; for each document `doc` and the columns of lines, cuts and evidence.

        `cuts`: as `cut_lines` returns them, sorted by `doc`, `begin` and `end`.
        """
        parts = lines.parts
        doc, begin, end = (cuts.get_column(name).to_numpy() for name in ("doc", "begin", "end"))
        offsets = parts.bounds[parts.docs]
        # Stretches of one document are in order; those of lines and repeats may overlap.
        apart = merged(doc, begin, end)
        texts = without(parts.data, offsets, *apart)
        by_end = cuts.with_row_index("i").sort("doc", "end")
        ends = characters(parts.data, offsets, by_end["doc"].to_numpy(), by_end["end"].to_numpy())
        placed = pl.concat(
            [
                cuts.select("doc", "rule", "documents").with_row_index("i"),
                pl.DataFrame({"start": characters(parts.data, offsets, doc, begin)}),
            ],
            how="horizontal",
        ).join(by_end.select("i").with_columns(end=pl.Series(ends)), on="i")
        entry = pl.struct("start", "end", "rule", "documents").cast(EVIDENCE)
        evidence = (
            placed.sort("i")
            .group_by("doc", maintain_order=True)
            .agg(
                line_dedup_evidence=entry,
                line_dedup_lines=(pl.col("rule") != "repeat").sum().cast(pl.UInt32),
            )
        )
        length = docs.get_column("text").fill_null("").str.len_chars()
        facts = pl.DataFrame({"doc": pl.int_range(docs.height, eager=True)}).with_columns(
            line_dedup_cut=length - texts.str.len_chars()
        )
        return texts, facts.join(evidence, on="doc", how="left", maintain_order="left")

    def _judged(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Drop documents of which little is left, and more was cut."""
        left = pl.col("text").str.len_chars().fill_null(0)
        least = self.rules.bounds.least_left
        bare = (left < least) & (left < pl.col("line_dedup_cut"))
        rule = pl.when(bare).then(pl.lit("only_boilerplate"))
        evidence = pl.format("left={} < {} cut={}", left, pl.lit(least), "line_dedup_cut")
        return drop(docs, self.name, rule, evidence)


def _spread(facts: pl.DataFrame, rows: pl.Series, height: int) -> list[pl.Series]:
    """The stage's columns for all `height` documents: `facts` at `rows`, zeros and [] elsewhere."""
    whole = pl.DataFrame({"row": pl.int_range(height, dtype=pl.UInt32, eager=True)}).join(
        facts.with_columns(row=rows.cast(pl.UInt32)), on="row", how="left", maintain_order="left"
    )
    columns = []
    for name, dtype in LineDedup.columns.items():
        default: Any = [] if isinstance(dtype, pl.List) else 0
        columns.append(whole.get_column(name).cast(dtype).fill_null(pl.lit(default, dtype=dtype)))
    return columns
