"""The lines of a batch: what is counted of them, and which of them go.

Enters: documents, and what `match` said of their lines.  Leaves: rows for the shuffle; the
stretches of bytes that hold boilerplate.
Refuses: to touch a line that `match` did not name for this document.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import xxhash

from corpus_pipeline.rules.line_dedup import LineRules
from corpus_pipeline.stages.line_dedup.counting import HOST, NAMES, REPEAT
from corpus_pipeline.text.arrays import I64, U64, Bool
from corpus_pipeline.text.dedup.key import KeyTable
from corpus_pipeline.text.dedup.line_keys import END, START, line_keys, neighbours, split_lines

_HOST = r"^(?i)(?:[a-z][a-z0-9+.-]*:)?//(?:[^/?#@]*@)?(?:www\.)?(\[[^\]/?#]*\]|[^/?#:\[]+)"
#: Lengths of clauses that stand alone in a line; menus have four characters and no full stop.
_CLAUSES = (5, 7)
_BARE, _MARKED = 4, 2


class LineTable:
    """The lines of a batch with their keys; lines that differ in a counter have the same."""

    def __init__(self, docs: pl.DataFrame, table: KeyTable, rules: LineRules, longest: int) -> None:
        """Split, fold and hash."""
        self.docs = docs
        self.parts = split_lines(docs.get_column("text"))
        self.raw = line_keys(self.parts.texts, table)
        key, size, wordy = self.raw.key.copy(), self.raw.size, self.raw.wordy.copy()
        text = self.parts.texts.str.strip_chars()
        chars = text.str.len_chars()
        some = pl.DataFrame({"text": text, "chars": chars}).with_row_index("line")
        varied = rules.masked(some.filter((pl.col("chars") <= longest) & pl.Series(key != 0)))
        if varied.height:
            at = varied.get_column("line").to_numpy()
            masked = line_keys(varied.get_column("text"), table)
            key[at], size[at], wordy[at] = masked.key, masked.size, masked.wordy
        before, after = neighbours(key, self.parts.doc)
        self.frame = pl.DataFrame(
            {
                "row": self.parts.doc.astype(np.uint32),
                "key": key,
                "size": size,
                "chars": chars,
                "before": before,
                "after": after,
                "text": text,
            }
        )
        #: Not digits alone, not too long, and not all that the document says.
        alone = (before == START) & (after == END)
        self.counts = (key != 0) & wordy & ~alone & (chars <= longest).to_numpy()


def line_rows(lines: LineTable, merits: U64) -> pl.DataFrame:
    """One row for each line that a document has, where it has it first."""
    rows = lines.frame.drop("text", "chars").filter(pl.Series(lines.counts))
    rows = rows.unique(["row", "key"], keep="first", maintain_order=True)
    doc = rows.get_column("row").to_numpy()
    return rows.select(
        "row",
        "key",
        pl.col("size").clip(0, 255).cast(pl.UInt8),
        host=pl.Series(hosts(lines.docs.get_column("url"))[doc], dtype=pl.UInt64),
        merit=pl.Series(merits[doc], dtype=pl.UInt64),
        before="before",
        after="after",
    )


def hosts(urls: pl.Series) -> U64:
    """A number for the host of each URL; 0 where there is none."""
    names = urls.cast(pl.String).str.extract(_HOST).str.to_lowercase().str.strip_chars_end(".")
    known = names.unique().drop_nulls().to_list()
    codes = [xxhash.xxh3_64_intdigest(name.encode()) for name in known]
    coded = names.replace_strict(known, codes, default=0, return_dtype=pl.UInt64)
    return coded.fill_null(0).to_numpy()


def cut_lines(lines: LineTable, found: pl.DataFrame, rules: LineRules) -> pl.DataFrame:
    """The lines that go: `doc`, `begin` and `end` in bytes, `rule`, `documents`."""
    recurring = found.filter(pl.col("rule") != REPEAT)
    some = (
        lines.frame.with_row_index("line")
        .filter(pl.Series(lines.counts))
        .join(recurring, on=["row", "key"], how="inner", maintain_order="left")
    )
    bounds = rules.bounds
    some = some.join(_shapes(some, rules), on="text", how="left", maintain_order="left")
    beside = pl.col("often_before") == pl.col("before")
    beneath = pl.col("often_after") == pl.col("after")
    known = (beside & (pl.col("before") > END)) | (beneath & (pl.col("after") > END))
    common = (pl.col("size") >= bounds.corpus_least) | (pl.col("rule") == HOST)
    # A first line of one short word that different lines follow is a title.
    title = (pl.col("chars") == pl.col("size")) & (pl.col("size") < bounds.corpus_least)
    title &= beside & (pl.col("before") == START)
    alone = ~known & (pl.col("closing") | title)
    placed = (beside | beneath) & ~alone & common & ~pl.col("spared")
    stays = pl.col("quote") | (pl.col("keeper") & pl.col("sentence"))
    some = some.filter((placed | pl.col("named")) & ~stays)
    at = some.get_column("line").to_numpy()
    # A line that is boilerplate by its words is no line of a poem, not even below its last line.
    named = some.get_column("named").to_numpy()
    free = around(lines, at, bounds.prose_least) & ~near_verse(lines, at, rules)
    free = (named | free[at]) & ~fenced(lines)[at]
    at, some = at[free], some.filter(pl.Series(free))
    return pl.DataFrame(
        {
            "doc": lines.parts.doc[at],
            "begin": lines.parts.bounds[at],
            "end": lines.parts.bounds[at + 1],
            "rule": some.get_column("rule").replace_strict(NAMES, return_dtype=pl.String),
            "documents": some.get_column("documents"),
        }
    )


def _shapes(lines: pl.DataFrame, rules: LineRules) -> pl.DataFrame:
    """What the pack says of each line; they recur, so there are few different ones."""
    line, short = pl.col("text"), pl.col("chars") <= rules.bounds.closing_longest
    return (
        lines.select("text", "chars")
        .unique("text")
        .select(
            "text",
            named=rules.is_a("site", line) | rules.counts(line),
            closing=rules.is_a("closing", line) & short,
            spared=rules.is_a("spared", line),
            quote=rules.is_a("quote", line),
            sentence=rules.is_a("sentence", line),
        )
    )


def around(lines: LineTable, at: I64, least: int) -> Bool:
    """Lines before the first and after the last line of prose; the lines `at` are none."""
    text = pl.col("text")
    prose = lines.frame.select(text.str.contains("[。；]") | (pl.col("chars") >= least))
    flags = prose.to_series().to_numpy().copy()
    flags[at] = False
    spots, doc = np.flatnonzero(flags), lines.parts.doc
    first = np.full(lines.docs.height, len(doc), dtype=np.int64)
    last = np.full(lines.docs.height, -1, dtype=np.int64)
    np.minimum.at(first, doc[spots], spots)
    np.maximum.at(last, doc[spots], spots)
    number = np.arange(len(doc))
    outside: Bool = (number < first[doc]) | (number > last[doc])
    return outside


def fenced(lines: LineTable) -> Bool:
    """Lines of code between two fences."""
    fence = pl.col("text").str.contains(r"^(?:`{3}|~{3})").cast(pl.Int32)
    inside = lines.frame.select(fence.cum_sum().over("row") % 2 == 1).to_series()
    return inside.to_numpy()


def near_verse(lines: LineTable, at: I64, rules: LineRules) -> Bool:
    """Lines of verse, and those within reach of one; asked only around the lines `at`."""
    reach, doc = rules.bounds.verse_reach, lines.parts.doc
    flags = np.zeros(len(doc), dtype=np.bool_)
    flags[at] = True
    asked = np.flatnonzero(_spread(flags, doc, reach))
    verse = stanzas(lines)
    text = lines.frame.get_column("text").gather(asked).to_frame()
    clause = rules.is_a("verse", pl.col("text")) | rules.is_a("song", pl.col("text"))
    verse[asked] |= text.select(clause).to_series().to_numpy()
    return _spread(verse, doc, reach)


def stanzas(lines: LineTable) -> Bool:
    """Lines of one clause of five or seven Han: two in a row with a mark at the end, or four."""
    size, chars = lines.raw.size, lines.frame.get_column("chars").to_numpy()
    # Three bytes a character; the line feed beside.
    even = (np.diff(lines.parts.bounds) // 3 == chars) & np.isin(size, _CLAUSES)
    marked = chars == size + 1
    even &= marked | (chars == size)
    code = pl.Series(np.where(even, size + 8 * marked, 0) + lines.parts.doc * 16)
    run = pl.DataFrame({"run": code.rle_id()}).select(pl.len().over("run")).to_series().to_numpy()
    found: Bool = even & (run >= np.where(marked, _MARKED, _BARE))
    return found


def _spread(flags: Bool, doc: I64, reach: int) -> Bool:
    """The flags, and the lines of the same document within reach of one."""
    out = flags.copy()
    for step in range(1, reach + 1):
        alike = doc[step:] == doc[:-step]
        out[step:] |= flags[:-step] & alike
        out[:-step] |= flags[step:] & alike
    return out
