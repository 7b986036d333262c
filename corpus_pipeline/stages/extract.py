"""A web page becomes its main text: navigation, advertisement and footers go, the article stays.

Enters: documents whose `media_type` is HTML, or is not stated while the text plainly is a page
or a piece of one; all others pass untouched.  Leaves: the main text without what was put into it
against programs, and what the page says of itself.
A page without main content is dropped (`no_main_content`).
Refuses: to invent metadata; to fail on any markup; to fill `license`, which the source answers
for, with what a page claims.

Null = the page does not say it.  `extract_links`: share of the kept characters that are links;
high means a list.  `extract_date`: ISO 8601, as exact as stated.  `extract_license`: as stated;
`extract_license_id`: its SPDX identifier.  `extract_robots`: all wishes, `gptbot:noindex` for one
robot.  `extract_tdm`: rights to mine are reserved (TDMRep).  `extract_aigc`: the label of
GB 45438-2025 (1, 2, 3), `iptc:` and the source type, `meta:` and a declaration, or `mark:` and
the words of the page.  `extract_undone`: how often obfuscation was undone, `extract_obfuscation`:
of which kinds (see `text/obfuscation`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

import orjson
import polars as pl
from ahocorasick_rs import BytesAhoCorasick

from corpus_pipeline.model import Asset, Options, Schema, Stage, drop
from corpus_pipeline.rules.extract import load_pages, load_words
from corpus_pipeline.text.html import metadata as html_meta
from corpus_pipeline.text.html import obfuscation
from corpus_pipeline.text.html import rights as html_rights
from corpus_pipeline.text.html.main_text import main_text
from corpus_pipeline.text.html.metadata import page_meta, with_lead, with_text
from corpus_pipeline.text.html.obfuscation import kinds_of, undo_source, undo_text, undo_tree
from corpus_pipeline.text.html.parse import parse
from corpus_pipeline.text.html.rights import (
    LICENSE_WORDS,
    MARK_VERBS,
    license_id,
    mark_of,
    worded_license,
)

#: What metadata and obfuscation show in the source, found in one pass.
CLUES = (*html_meta.CLUES, *html_rights.CLUES, *obfuscation.CLUES)
_MEDIA = r"^\s*(?:text/html|application/(?:vnd\.wap\.)?xhtml(?:\+xml)?)\b"
_PLAINLY = re.compile(r"text/html(?:;|$)")  # what most pages say, told without an expression
#: What null says in what a page may say of itself.
_UNSAID = "Null: the page does not say it, or the document is no page."
_XML = r"^\s*(?:text|application)/xml\b"
#: A text without a stated type, or of type XML, is a page when it begins as one.
_LOOKS = (
    r"(?i)^[\s\u{feff}]*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,500}-->\s*)*"
    r"<(?:!doctype\s+html|html|head|body)[\s>]"
)
#: So is a piece of one, which begins and ends with a block.
_BLOCK = "(?:div|p|article|section|main|table|h[1-6]|ul|ol)"
_OPENS, _CLOSES = rf"(?i)^\s*<(?:{_BLOCK}|title|meta)[\s>]", rf"(?i)</{_BLOCK}>\s*$"
_BEGINNING, _ENDING = 2000, 200
_READ = ("text", "url", "title", "response_headers", "fetched_at")


class ExtractOptions(Options):
    """Where the packs lie."""

    pack: str = "package:rules/packs/extract.yaml"
    words: str = "package:rules/packs/extract_meta.yaml"


class Extract(Stage):
    """Markup to main text."""

    name = "extract"
    version = 2
    columns: ClassVar[Schema] = {
        "extract_title": pl.String(),
        "extract_author": pl.String(),
        "extract_date": pl.String(),
        "extract_site": pl.String(),
        "extract_links": pl.Float32(),
        "extract_license": pl.String(),
        "extract_license_id": pl.String(),
        "extract_robots": pl.String(),
        "extract_tdm": pl.Boolean(),
        "extract_tdm_policy": pl.String(),
        "extract_aigc": pl.String(),
        "extract_undone": pl.UInt32(),
        "extract_obfuscation": pl.String(),
    }
    describes: ClassVar[Mapping[str, str]] = {
        "extract_title": f"Title of the article, not of the site. {_UNSAID}",
        "extract_author": f"Who wrote it. {_UNSAID}",
        "extract_date": f"When it was published, ISO 8601, as exact as stated. {_UNSAID}",
        "extract_site": f"Name of the site. {_UNSAID}",
        "extract_links": "Share of the kept characters that are links; high in a list. "
        "Null: the document is no page.",
        "extract_license": f"Licence of the page as stated. {_UNSAID}",
        "extract_license_id": f"Its SPDX identifier. {_UNSAID}",
        "extract_robots": "Wishes to robots, `gptbot:noindex` where one is named, joined by "
        f"commas. {_UNSAID}",
        "extract_tdm": f"Whether rights to mine text are reserved (TDMRep). {_UNSAID}",
        "extract_tdm_policy": f"Address of the policy on text mining. {_UNSAID}",
        "extract_aigc": "Label of generated content: 1, 2, 3 of GB 45438-2025, `iptc:` and the "
        f"source type, `meta:` and a declaration, `mark:` and words of the page. {_UNSAID}",
        "extract_undone": "How often obfuscation was undone. Null: the document is no page.",
        "extract_obfuscation": "Its kinds (see `text/html/obfuscation.py`), joined by commas. "
        "Null: there was none, or the document is no page.",
    }
    edits = ("text", "title")
    takes = ("response_headers",)
    OptionsModel = ExtractOptions

    def __init__(self, options: ExtractOptions, assets: Mapping[str, Asset]) -> None:
        """Load the packs."""
        super().__init__(options, assets)
        self.pages = load_pages(assets["pack"])
        self.words = load_words(assets["words"])
        self.finder = BytesAhoCorasick([clue.encode() for clue in CLUES])

    @classmethod
    def asset_refs(cls, options: ExtractOptions) -> Mapping[str, str]:
        """The packs."""
        return {"pack": options.pack, "words": options.words}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Extract the pages of the batch."""
        is_page = _pages_among(docs)
        chosen = docs if is_page is None else docs.filter(is_page)
        nothing = [None] * chosen.height
        read = (chosen.get_column(n).to_list() if n in docs.columns else nothing for n in _READ)
        rows = [self.extracted(*row) for row in zip(*read, strict=True)]
        schema = {"text": pl.String(), "title": pl.String(), **self.columns}
        values = list(zip(*rows, strict=True)) or [()] * (len(schema) + 2)
        # Series, not expressions: those of one batch cost as much as a short page.
        written = [
            pl.Series(name, column, dtype)
            for (name, dtype), column in zip(schema.items(), values[:-2], strict=True)
        ]
        rule, evidence = (pl.Series(column, dtype=pl.String) for column in values[-2:])
        if is_page is not None:
            count = is_page.cast(pl.UInt32).cum_sum()
            place = pl.select(pl.when(is_page).then(count - 1)).to_series()
            rule, evidence, *spread = (s.gather(place) for s in (rule, evidence, *written))
            kept = {name: docs.get_column(name) for name in self.edits}
            written = [
                one.zip_with(is_page, kept[one.name]) if one.name in kept else one for one in spread
            ]
            written[0] = written[0].fill_null("")
        gone = [name for name in docs.columns if name in schema]
        docs = docs.select(pl.exclude(gone)).hstack(written)
        found = any(values[-2])
        return drop(docs, self.name, pl.lit(rule), pl.lit(evidence)) if found else docs

    def extracted(
        self,
        text: str | None,
        url: str | None,
        known: str | None,
        response: str | None,
        visit: str | None,
    ) -> tuple[Any, ...]:
        """Text, title, the stage's columns, rule and evidence of one page."""
        pages, words, undone = self.pages, self.words, Counter[str]()
        source = text or ""
        page = source.encode()
        found = {CLUES[i] for i, _, _ in self.finder.find_matches_as_indexes(page)}
        mended = undo_source(source, undone, found)
        if mended is not source:
            source, page = mended, mended.encode()
        tree = parse(page)
        meta = page_meta(tree, _headers(response), source, found)
        undo_tree(tree, page, undone, found)
        # Several people write on a forum's page, and all that they write is its text.
        about = f"{url or ''} {meta.whole_title} {meta.generator}"
        thread = pages.thread.search(about) is not None
        main = main_text(tree, pages.bounds, pages.hints, title=meta.whole_title, thread=thread)
        text = undo_text(main.text, undone)
        title = undo_text(meta.title, undone) if meta.title else None
        meta = with_text(with_lead(meta, main.lead), text, source, found, visit)
        verbs, anchors = (sorted(found.intersection(said)) for said in (MARK_VERBS, LICENSE_WORDS))
        mark = mark_of(text, main.lead[:500], page, words, verbs)
        stated = meta.license or worded_license(source, words, anchors)
        size = len("".join(text.split()))
        if thread and title and title not in text[:1000]:
            text = f"{title}\n{text}"
        rule = evidence = None
        if size < pages.min_main:
            rule, evidence = "no_main_content", f"main_characters={size} < {pages.min_main}"
        return (
            *(text, known or title),
            *(title, meta.author, meta.date, meta.site, main.links),
            *(stated, stated and license_id(stated), meta.robots, meta.tdm, meta.tdm_policy),
            *(meta.aigc or (mark and f"mark:{mark}"), undone.total(), kinds_of(undone)),
            *(rule, evidence),
        )


def _pages_among(docs: pl.DataFrame) -> pl.Series | None:
    """Which rows are pages; nothing where all are, as their type says."""
    if all(map(_PLAINLY.match, docs.get_column("media_type").fill_null("").to_list())):
        return None
    media = pl.col("media_type").str.to_lowercase()
    begins, ends = pl.col("text").str.head(_BEGINNING), pl.col("text").str.tail(_ENDING)
    looks = begins.str.contains(_LOOKS)
    piece = begins.str.contains(_OPENS) & ends.str.contains(_CLOSES)
    stated = media.str.contains(_MEDIA) | (media.str.contains(_XML) & looks)
    found = docs.select(pl.when(media.is_null()).then(looks | piece).otherwise(stated))
    return found.to_series().fill_null(value=False)


def _headers(text: str | None) -> Mapping[str, str]:
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        found = {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
