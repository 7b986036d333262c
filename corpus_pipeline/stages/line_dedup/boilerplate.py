"""The lines of a batch: their rows for the shuffle, and the lines that are cut.

Enters: documents; then the rows of `match` for their lines.
Leaves: a row for each distinct line of a document; the ranges of bytes that are boilerplate, all of
them lines that `match` named for the document.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import xxhash

from corpus_pipeline.rules.line_dedup import LineBounds, LineRules
from corpus_pipeline.stages.line_dedup.counting import HOST, NAMES, REPEAT
from corpus_pipeline.text.arrays import I64, U64, Bool
from corpus_pipeline.text.dedup.key import KeyTable
from corpus_pipeline.text.dedup.line_keys import END, START, line_keys, neighbours, split_lines

_HOST = r"^(?i)(?:[a-z][a-z0-9+.-]*:)?//(?:[^/?#@]*@)?(?:www\.)?(\[[^\]/?#]*\]|[^/?#:\[]+)"
#: Han characters of a line of verse; entries of menus mostly have four.
_CLAUSES = (5, 7)
#: Lines of verse in a row that make a stanza: without a mark at their ends, and with one.
_BARE, _MARKED = 4, 2


class LineTable:
    """The lines of a batch with their keys; lines that differ in a counter only have the same key.

    `frame`: a row for each line: `row` (u32, its document), `key` (u64), `size` (key characters),
    `chars` (code points), `before` and `after` (u32, the neighbouring lines), `text` (stripped).
    `raw`: the keys before counters were removed.  `counts`: Boolean, the lines that are counted.
    """

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
        # Not lines of digits alone, nor long ones, nor the only line of a document.
        alone = (before == START) & (after == END)
        self.counts = (key != 0) & wordy & ~alone & (chars <= longest).to_numpy()


def line_rows(lines: LineTable, ranks: U64) -> pl.DataFrame:
    """One row for each distinct line of a document (its first); see `LineDedup.sketch`."""
    rows = lines.frame.drop("text", "chars").filter(pl.Series(lines.counts))
    rows = rows.unique(["row", "key"], keep="first", maintain_order=True)
    doc = rows.get_column("row").to_numpy()
    return rows.select(
        "row",
        "key",
        pl.col("size").clip(0, 255).cast(pl.UInt8),
        host=pl.Series(hosts(lines.docs.get_column("url"))[doc], dtype=pl.UInt64),
        rank=pl.Series(ranks[doc], dtype=pl.UInt64),
        before="before",
        after="after",
    )


def hosts(urls: pl.Series) -> U64:
    """The XXH3 hash (u64) of the host of each URL; 0 where there is none."""
    names = urls.cast(pl.String).str.extract(_HOST).str.to_lowercase().str.strip_chars_end(".")
    distinct = names.unique().drop_nulls().to_list()
    codes = [xxhash.xxh3_64_intdigest(name.encode()) for name in distinct]
    coded = names.replace_strict(distinct, codes, default=0, return_dtype=pl.UInt64)
    return coded.fill_null(0).to_numpy()


def cut_lines(lines: LineTable, matches: pl.DataFrame, rules: LineRules) -> pl.DataFrame:
    """The lines to cut: `doc`, `begin` and `end` (bytes of the batch), `rule`, `documents`.

    `matches`: the rows of `LineDedup.match` for these documents, with `row` in place of `doc`.
    """
    recurring = matches.filter(pl.col("rule") != REPEAT)
    some = (
        lines.frame.with_row_index("line")
        .filter(pl.Series(lines.counts))
        .join(recurring, on=["row", "key"], how="inner", maintain_order="left")
    )
    bounds = rules.bounds
    some = some.join(_shapes(some, rules), on="text", how="left", maintain_order="left")
    same_before = pl.col("often_before") == pl.col("before")
    same_after = pl.col("often_after") == pl.col("after")
    beside_line = (same_before & (pl.col("before") > END)) | (same_after & (pl.col("after") > END))
    common = (pl.col("size") >= bounds.corpus_least) | (pl.col("rule") == HOST)
    unplaced = ~beside_line & pl.col("closing") & ~pl.col("worded")
    placed = (same_before | same_after) & ~unplaced & common & ~pl.col("spared")
    stays = pl.col("quote") | (pl.col("survivor") & pl.col("sentence"))
    some = some.filter((placed | pl.col("named")) & ~stays)
    at = some.get_column("line").to_numpy()
    # A line that is boilerplate by its words is no line of a poem, not even below its last line.
    named = some.get_column("named").to_numpy()
    free = around(lines, at, bounds.prose_least) & ~near_verse(lines, at, rules)
    free = (named | free[at]) & ~fenced(lines)[at]
    # Where it stands is not enough: a title stands above every judgment of a court.
    free &= named | some.get_column("worded").to_numpy() | menus(lines, some, bounds)
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
    """Each distinct `text` with the Boolean results of the pack's patterns; there are few texts."""
    line, short = pl.col("text"), pl.col("chars") <= rules.bounds.closing_longest
    return (
        lines.select("text", "chars")
        .unique("text")
        .select(
            "text",
            named=rules.is_a("site", line) | rules.counts(line),
            worded=rules.is_a("page", line),
            closing=rules.is_a("closing", line) & short,
            spared=rules.is_a("spared", line),
            quote=rules.is_a("quote", line),
            sentence=rules.is_a("sentence", line),
        )
    )


def menus(lines: LineTable, some: pl.DataFrame, bounds: LineBounds) -> Bool:
    """Flags: the rows of `some` (lines that recur at one place) in runs long enough for a menu."""
    at = some.get_column("line").to_numpy()
    # Lines without a key, blank ones mostly, do not end a run.
    place = np.cumsum(lines.raw.key != 0)[at]
    item = ~pl.col("text").str.contains("[。；]") & (pl.col("chars") <= bounds.menu_longest)
    label = item | pl.col("named") | pl.col("worded")
    runs = some.select("row", label=label, place=pl.Series(place))
    runs = runs.with_columns(beside=pl.col("place") - pl.col("label").cum_sum())
    long = pl.len().over("row", "beside", "label") >= bounds.menu_least
    menu: Bool = runs.select(pl.col("label") & long).to_series().to_numpy()
    return menu


def around(lines: LineTable, at: I64, least: int) -> Bool:
    """Flags: lines before the first and after the last line of prose; lines `at` are not prose."""
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
    """Flags: lines of code between two fences, the first fence included."""
    fence = pl.col("text").str.contains(r"^(?:`{3}|~{3})").cast(pl.Int32)
    inside = lines.frame.select(fence.cum_sum().over("row") % 2 == 1).to_series()
    return inside.to_numpy()


def near_verse(lines: LineTable, at: I64, rules: LineRules) -> Bool:
    """Flags: lines of verse and those near one; exact only around the lines `at`."""
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
    """Flags: lines of five or seven Han, two or more in a row with a mark at the end, or four."""
    size, chars = lines.raw.size, lines.frame.get_column("chars").to_numpy()
    # Three bytes a character; the line feed adds less than three.
    even = (np.diff(lines.parts.bounds) // 3 == chars) & np.isin(size, _CLAUSES)
    marked = chars == size + 1
    even &= marked | (chars == size)
    code = pl.Series(np.where(even, size + 8 * marked, 0) + lines.parts.doc * 16)
    run = pl.DataFrame({"run": code.rle_id()}).select(pl.len().over("run")).to_series().to_numpy()
    verse: Bool = even & (run >= np.where(marked, _MARKED, _BARE))
    return verse


def _spread(flags: Bool, doc: I64, reach: int) -> Bool:
    """The flags, spread to the lines of the same document at a distance of up to `reach`."""
    out = flags.copy()
    for step in range(1, reach + 1):
        alike = doc[step:] == doc[:-step]
        out[step:] |= flags[:-step] & alike
        out[:-step] |= flags[step:] & alike
    return out
