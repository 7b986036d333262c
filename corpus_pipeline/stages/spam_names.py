"""Find names of sites that unrelated pages of many hosts show: the lists of next week.

Enters: kept documents.  Leaves: `spam_names_shared` (the names that this page shows, each with the
number of hosts and of titles that show it), and the verdict `shared_name_spam`.
Refuses: to count a name that the page speaks of, a name that no page puts before site words, and
pages that differ in nothing but the host: copies of one article have one title.

sketch: a row for each name that a page shows in title, bracket or key words and does not speak of.
match: the names of enough hosts under enough different titles, framed by site words often enough.
apply: writes the names, and drops the pages.
A document without a URL is a host of its own.  `corpus-pipeline names RUN` writes the list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl
import xxhash
from pydantic import Field

from corpus_pipeline.model import Asset, CountStage, Options, Schema, drop
from corpus_pipeline.rules.dedup_key import KEY_TABLE
from corpus_pipeline.rules.spam import SPAM, load_spam

SHARED = pl.Struct({"name": pl.String(), "hosts": pl.UInt32(), "titles": pl.UInt32()})
_ROWS: Schema = {
    "row": pl.UInt32(),
    "key": pl.UInt64(),
    "host": pl.UInt64(),
    "topic": pl.UInt64(),
    "framed": pl.Boolean(),
}


class SpamNamesOptions(Options):
    """From how many hosts and titles on a name is no site's own."""

    hosts: int = Field(default=5, ge=2)
    """Different hosts that show the name.  A site's own name stands on one host or a few; a name
    that is sold stands on as many as were hijacked."""

    titles: int = Field(default=5, ge=2)
    """Different titles, the name apart: copies of one article do not count twice."""

    framed: float = Field(default=0.3, ge=0, le=1)
    """Share of these pages in which site words follow the name (官网, app下载): what merely recurs
    in titles (a channel, a column) has none."""

    drop: bool = True
    """Whether the pages are dropped; false only writes the names."""

    pack: str = SPAM
    """The pack of frames."""


class SpamNames(CountStage):
    """Counts names that pages show and do not speak of, by host and by title."""

    name = "spam_names"
    version = 1
    columns: ClassVar[Schema] = {"spam_names_shared": pl.List(SHARED)}
    describes: ClassVar[Mapping[str, str]] = {
        "spam_names_shared": "Names that this page and unrelated pages of other hosts show, with "
        "the number of those hosts and titles."
    }
    needs = ("url", "title", "text")
    OptionsModel: ClassVar[type[Options]] = SpamNamesOptions
    options: SpamNamesOptions

    def __init__(self, options: Options, assets: Mapping[str, Asset]) -> None:
        """Load the pack."""
        super().__init__(options, assets)
        self.book = load_spam(assets["pack"], assets["key_table"])

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The pack of frames, and the table that simplifies characters."""
        return {"pack": options.pack, "key_table": KEY_TABLE}

    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        """A row for each name that a document shows and does not speak of.

        Columns beside `row` and `key`: `host` (u64), `topic` (u64: the title without the name) and
        `framed` (Boolean: whether site words follow).
        """
        rows = []
        for row, host, title, text in _seen(docs):
            for name, framed in self.book.shown(title, text).items():
                topic = _hash(title.lower().replace(name, "")[:40] or text[:40])
                rows.append((row, _hash(name), _hash(host), topic, framed))
        return pl.DataFrame(rows, schema=dict(_ROWS), orient="row")

    def match(self, keys: pl.DataFrame) -> pl.DataFrame:
        """The rows of names that are shared, with `hosts` and `titles` (u32)."""
        chosen = self.options
        counted = keys.with_columns(
            hosts=pl.col("host").n_unique().over("key").cast(pl.UInt32),
            titles=pl.col("topic").n_unique().over("key").cast(pl.UInt32),
            share=pl.col("framed").mean().over("key"),
        )
        shared = counted.filter(
            (pl.col("hosts") >= chosen.hosts)
            & (pl.col("titles") >= chosen.titles)
            & (pl.col("share") >= chosen.framed)
        )
        return shared.select("doc", "key", "hosts", "titles")

    def apply(self, docs: pl.DataFrame, matches: pl.DataFrame) -> pl.DataFrame:
        """The documents with the shared names that they show."""
        found = matches.select("row", "key", "hosts", "titles").iter_rows()
        counts = {(row, key): (hosts, titles) for row, key, hosts, titles in found}
        shown: list[tuple[int, str, int, int]] = []
        marked = docs.with_row_index("__at").filter(
            pl.col("__at").is_in(sorted({row for row, _ in counts}))
        )
        places = marked.get_column("__at").to_list()
        for at, _, title, text in _seen(marked.drop("__at")):
            for name in self.book.shown(title, text):
                found_at = (places[at], _hash(name))
                if found_at in counts:
                    shown.append((places[at], name, *counts[found_at]))
        out = docs.with_columns(_shared(shown, docs.height))
        first = pl.col("spam_names_shared").list.first()
        named = pl.col("spam_names_shared").list.len() > 0
        rule = pl.when(named & self.options.drop).then(pl.lit("shared_name_spam"))
        evidence = pl.format(
            "name={} hosts={} titles={}",
            first.struct.field("name"),
            first.struct.field("hosts"),
            first.struct.field("titles"),
        )
        return drop(out, self.name, rule, evidence)


def _shared(shown: Sequence[tuple[int, str, int, int]], height: int) -> pl.Series:
    """The column of shared names, from (row, name, hosts, titles); most rows have none.

    Polars takes 80 microseconds a row to make lists of structs from Python's, empty ones too.
    """
    schema = {"row": pl.UInt32(), **SHARED.to_schema()}
    lists = (
        pl.DataFrame(shown, schema=schema, orient="row")
        .group_by("row", maintain_order=True)
        .agg(spam_names_shared=pl.struct(*SHARED.to_schema()))
    )
    rows = pl.DataFrame({"row": pl.arange(height, dtype=pl.UInt32, eager=True)})
    column = rows.join(lists, on="row", how="left", maintain_order="left")
    none = pl.Series([[]], dtype=pl.List(SHARED))
    return column.get_column("spam_names_shared").fill_null(none)


def _seen(docs: pl.DataFrame) -> list[tuple[int, str, str, str]]:
    """Row, host (its id where there is none), title, text of documents that may show a name."""
    host = pl.col("url").str.extract(r"^[a-z]+://(?:[^/@]*@)?(?:www\.)?([^/:?#]+)")
    title, text = pl.col("title").fill_null(""), pl.col("text").fill_null("")
    shows = title.str.contains(r"[_|—–\-－｜丨]") | text.str.contains(
        r"^\s*【|(?i)关键[词字]|标签|tag|keyword"
    )
    some = (
        docs.with_row_index("__row")
        .filter(shows)
        .select(
            "__row",
            pl.coalesce(host.str.to_lowercase(), "id"),
            title,
            text,
        )
    )
    return [(int(row), *rest) for row, *rest in some.iter_rows()]


def _hash(text: str) -> int:
    return int(np.uint64(xxhash.xxh3_64_intdigest(text.encode())))
