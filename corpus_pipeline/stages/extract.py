"""A web page becomes its main text: navigation, advertisement and footers go, the article stays.

Enters: documents whose `media_type` is HTML, or is not stated while the text plainly is a page;
all others pass untouched.  Leaves: the main text, and what the page says of itself.
A page without main content is dropped (`no_main_content`).
Refuses: to invent metadata; to fail on any markup.

`extract_links` is the share of the kept characters that are links: high means a list.
`extract_aigc` holds the metadata label of GB 45438-2025, or `mark:` and the words of the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson
import polars as pl

from corpus_pipeline.model import Asset, Options, Schema, Stage, drop
from corpus_pipeline.rules.pages import load_pages
from corpus_pipeline.text.html import main_text
from corpus_pipeline.text.html_meta import page_meta, with_lead
from corpus_pipeline.text.html_parse import parse

_MEDIA = r"^\s*(?:text/html|application/xhtml\+xml)\b"
#: A text without a stated type is a page when it begins as one.
_LOOKS = (
    r"(?i)^\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,500}-->\s*)*"
    r"<(?:!doctype\s+html|html|head|body)[\s>]"
)
_BEGINNING = 2000


class ExtractOptions(Options):
    """Where the pack lies."""

    pack: str = "package:rules/packs/extract.yaml"


class Extract(Stage):
    """Markup to main text."""

    name = "extract"
    version = 1
    columns: ClassVar[Schema] = {
        "extract_title": pl.String(),
        "extract_author": pl.String(),
        "extract_date": pl.String(),
        "extract_site": pl.String(),
        "extract_links": pl.Float32(),
        "extract_license": pl.String(),
        "extract_robots": pl.String(),
        "extract_aigc": pl.String(),
    }
    edits = ("text", "title")
    takes = ("response_headers",)
    OptionsModel = ExtractOptions

    def __init__(self, options: ExtractOptions, assets: Mapping[str, Asset]) -> None:
        """Load the pack."""
        super().__init__(options, assets)
        self.pages = load_pages(assets["pack"])

    @classmethod
    def asset_refs(cls, options: ExtractOptions) -> Mapping[str, str]:
        """The pack."""
        return {"pack": options.pack}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Extract the pages of the batch."""
        if "response_headers" not in docs.columns:
            docs = docs.with_columns(response_headers=pl.lit(None, dtype=pl.String))
        media = pl.col("media_type").str.to_lowercase()
        looks = pl.col("text").str.head(_BEGINNING).str.contains(_LOOKS)
        is_page = (
            docs.select(pl.when(media.is_null()).then(looks).otherwise(media.str.contains(_MEDIA)))
            .to_series()
            .fill_null(value=False)
        )
        rows = docs.filter(is_page).select("text", "url", "title", "response_headers")
        schema = {"text": pl.String(), "title": pl.String(), **self.columns, "rule": pl.String()}
        found = pl.DataFrame(
            [self.extracted(*row) for row in rows.iter_rows()],
            schema={**schema, "evidence": pl.String()},
            orient="row",
        )
        if not found.height:
            empty = [pl.lit(None, dtype=dtype).alias(n) for n, dtype in self.columns.items()]
            return docs.with_columns(pl.col("text").fill_null(""), *empty)
        place = (is_page.cast(pl.Int64).cum_sum() - 1).clip(0)
        spread = found.select(pl.all().gather(place))
        docs = docs.with_columns(
            pl.when(is_page)
            .then(spread.get_column("text"))
            .otherwise(pl.col("text").fill_null(""))
            .alias("text"),
            pl.when(is_page).then(spread.get_column("title")).otherwise("title").alias("title"),
            *(
                pl.when(is_page).then(spread.get_column(name)).alias(name)
                for name in (*self.columns, "rule", "evidence")
            ),
        )
        return drop(docs, self.name, pl.col("rule"), pl.col("evidence")).drop("rule", "evidence")

    def extracted(
        self, page: str | None, url: str | None, title: str | None, headers: str | None
    ) -> tuple[Any, ...]:
        """Text, title, the stage's columns, rule and evidence of one page."""
        pages = self.pages
        tree = parse(page or "")
        meta = page_meta(tree, _headers(headers))
        # Several people write on a forum's page, and all that they write is its text.
        thread = pages.thread.search(f"{url or ''} {meta.whole_title} {meta.generator}") is not None
        main = main_text(tree, pages.bounds, pages.hints, title=meta.whole_title, thread=thread)
        meta = with_lead(meta, main.lead)
        text = main.text
        if thread and meta.title and meta.title not in text[:1000]:
            text = f"{meta.title}\n{text}"
        edges = (main.text[:200], main.text[-200:], main.lead[:500])
        mark = next((m for edge in edges if (m := pages.aigc.search(edge))), None)
        aigc = meta.aigc or (f"mark:{mark[0].strip()}" if mark else None)
        size = len("".join(main.text.split()))
        rule = evidence = None
        if size < pages.min_main:
            rule, evidence = "no_main_content", f"main_characters={size} < {pages.min_main}"
        return (
            *(text, title or meta.title),
            *(meta.title, meta.author, meta.date, meta.site, main.links),
            *(meta.license, meta.robots, aigc),
            *(rule, evidence),
        )


def _headers(text: str | None) -> Mapping[str, str]:
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        found = {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
