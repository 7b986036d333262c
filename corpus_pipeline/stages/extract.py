"""Reduce a web page to its main text: navigation, advertisements and footers are removed.

Enters: documents whose `media_type` is HTML, or is null, XML or plain text while the text is an
HTML page (or, where null, a fragment of one); all others pass unchanged, with null in the stage's
columns.
Leaves: `text` (the main text, with obfuscation against scrapers undone), `title` where it was null,
and the metadata that the page states, in `extract_*`.  A page without main text is dropped
(`no_main_content`).
Refuses: to invent metadata, to fail on any markup, and to fill `license`, which is the source's
statement, from a page.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import orjson
import polars as pl
from ahocorasick_rs import BytesAhoCorasick
from selectolax.lexbor import LexborHTMLParser

from corpus_pipeline.model import Asset, Options, Schema, Stage, drop
from corpus_pipeline.rules.extract import load_pages, load_words
from corpus_pipeline.text.html import aigc, formulas, kept_breaks, licence, metadata, obfuscation
from corpus_pipeline.text.html.aigc import MARK_VERBS, mark_of
from corpus_pipeline.text.html.formulas import figures_as_text
from corpus_pipeline.text.html.hidden import remove_hidden
from corpus_pipeline.text.html.kept_breaks import keep_breaks
from corpus_pipeline.text.html.licence import LICENSE_WORDS, license_id, worded_license
from corpus_pipeline.text.html.main_text import MainText, main_text
from corpus_pipeline.text.html.metadata import page_meta, with_lead, with_text
from corpus_pipeline.text.html.obfuscation import (
    Places,
    kinds_of,
    undo_source,
    undo_text,
    undo_tree,
)
from corpus_pipeline.text.html.parse import parse

#: What metadata, obfuscation and figures show in the source, found in one pass.
CLUES = (
    *metadata.CLUES,
    *licence.CLUES,
    *aigc.CLUES,
    *obfuscation.CLUES,
    *formulas.CLUES,
    *kept_breaks.CLUES,
)
_MEDIA = r"^\s*(?:text/html|application/(?:vnd\.wap\.)?xhtml(?:\+xml)?)\b"
_PLAINLY = re.compile(r"text/html(?:;|$)")  # the usual type, tested without a Polars expression
#: What null says in what a page may say of itself.
_UNSAID = "Null: the page does not say it, or the document is no page."
_XML = r"^\s*(?:text|application)/xml\b"
#: A text without a stated type, or of type XML, is a page when it begins as one.
_LOOKS = (
    r"(?i)^[\s\u{feff}]*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,500}-->\s*)*"
    r"<(?:!doctype\s+html|html|head|body)[\s>]"
)
#: A text of a type that servers give to anything is one when it also ends as one, or when the head
#: of a page follows.
_ANYTHING = r"^\s*(?:text/plain|application/octet-stream)\b"
_WHOLE = r"(?i)</(?:html|body)\s*>\s*(?:<!--[^>]{0,500}-->\s*)*$"
_HEADED = r"(?i)<html[^>]{0,500}>\s*<head[^>]{0,200}>\s*<(?:meta|title|link|script|style|base)[\s>]"
#: So is a piece of one, which begins and ends with a block.
_BLOCK = "(?:div|p|article|section|main|table|h[1-6]|ul|ol)"
_OPENS, _CLOSES = rf"(?i)^\s*<(?:{_BLOCK}|title|meta)[\s>]", rf"(?i)</{_BLOCK}>\s*$"
_BEGINNING, _ENDING = 2000, 200
#: Places of a verb at which a notice of generation is looked for.
_MOST_VERBS = 50
_READ = ("text", "url", "title", "response_headers", "fetched_at")


class ExtractOptions(Options):
    """Where the packs lie."""

    pack: str = "package:rules/packs/extract.yaml"
    """The pack of bounds and hints that tell main text from the rest of a page."""

    words: str = "package:rules/packs/extract_meta.yaml"
    """The pack of words that mark licences and generated content."""


class Extracted(NamedTuple):
    """The values of one page: the edited columns, the stage's own, and the verdict."""

    text: str
    title: str | None
    extract_title: str | None
    extract_author: str | None
    extract_date: str | None
    extract_site: str | None
    extract_links: float
    extract_license: str | None
    extract_license_id: str | None
    extract_robots: str | None
    extract_tdm: bool | None
    extract_tdm_policy: str | None
    extract_aigc: str | None
    extract_undone: int
    extract_obfuscation: str | None
    extract_method: str
    extract_confidence: float
    rule: str | None
    evidence: str | None


class Extract(Stage):
    """Markup to main text."""

    name = "extract"
    version = 5
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
        "extract_method": pl.String(),
        "extract_confidence": pl.Float32(),
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
        "extract_method": "`article`, `thread`, or `visible`: the main text was too short, and all "
        "lines outside of navigation were taken. Null: the document is no page.",
        "extract_confidence": "Share of the page's sentences outside of links and boilerplate that "
        "the text holds; half of it under `visible`. Null: the document is no page.",
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
        columns = zip(*rows, strict=True) if rows else ((),) * len(Extracted._fields)
        values = dict(zip(Extracted._fields, columns, strict=True))
        # Series, not expressions: those of one batch cost as much as a short page.
        written = [pl.Series(name, values[name], dtype) for name, dtype in schema.items()]
        rule, evidence = (pl.Series(values[n], dtype=pl.String) for n in ("rule", "evidence"))
        if is_page is not None:
            count = is_page.cast(pl.UInt32).cum_sum()
            place = pl.select(pl.when(is_page).then(count - 1)).to_series()
            rule, evidence, *spread = (s.gather(place) for s in (rule, evidence, *written))
            kept = {name: docs.get_column(name) for name in self.edits}
            written = [
                column.zip_with(is_page, kept[column.name]) if column.name in kept else column
                for column in spread
            ]
            written[0] = written[0].fill_null("")
        replaced_columns = [name for name in docs.columns if name in schema]
        docs = docs.select(pl.exclude(replaced_columns)).hstack(written)
        dropped = any(values["rule"])
        return drop(docs, self.name, pl.lit(rule), pl.lit(evidence)) if dropped else docs

    def extracted(
        self,
        text: str | None,
        url: str | None,
        known_title: str | None,
        response: str | None,
        visit: str | None,
    ) -> Extracted:
        """One page: its source, address, known title, response headers (JSON), day of the visit."""
        undone = Counter[str]()
        source, page, present = self._source(text or "", undone)
        tree = parse(page, bare=present.keys().isdisjoint(licence.CLUES))  # they need addresses
        meta = page_meta(tree, _headers(response), source, present)
        undo_tree(tree, page, undone, present)
        # Several people write on a forum's page, and all that they write is its text.
        thread = self.pages.thread.search(f"{url or ''} {meta.whole_title} {meta.generator}")
        main = self._main_text(tree, meta.whole_title, page, present, thread=thread is not None)
        text = undo_text(main.text, undone)
        title = undo_text(meta.title, undone) if meta.title else None
        meta = with_text(with_lead(meta, main.lead), text, source, present, visit)
        mark = self._mark(main, text, page, present)
        anchors = sorted(present.keys() & LICENSE_WORDS)
        stated = meta.license or worded_license(source, self.words, anchors)
        rule, evidence = self._verdict(text)
        whole = f"{title}\n{text}" if thread and title and not _told(title, text) else text
        return Extracted(
            text=whole,
            title=known_title or title,
            extract_title=title,
            extract_author=meta.author,
            extract_date=meta.date,
            extract_site=meta.site,
            extract_links=main.links,
            extract_license=stated,
            extract_license_id=stated and license_id(stated),
            extract_robots=meta.robots,
            extract_tdm=meta.tdm,
            extract_tdm_policy=meta.tdm_policy,
            extract_aigc=meta.aigc or (mark and f"mark:{mark}"),
            extract_undone=undone.total(),
            extract_obfuscation=kinds_of(undone),
            extract_method=main.method,
            extract_confidence=main.confidence,
            rule=rule,
            evidence=evidence,
        )

    def _main_text(
        self, tree: LexborHTMLParser, title: str, page: bytes, present: Places, *, thread: bool
    ) -> MainText:
        """The main content of what a page shows, with raised figures as text."""
        remove_hidden(tree, page, present.keys())
        if not present.keys().isdisjoint(formulas.CLUES):
            figures_as_text(tree)
        if not present.keys().isdisjoint(kept_breaks.CLUES):
            keep_breaks(tree, page, present)
        pages = self.pages
        return main_text(
            tree, pages.bounds, pages.hints, title=title, thread=thread, least=pages.min_main
        )

    def _mark(self, main: MainText, text: str, page: bytes, present: Places) -> str | None:
        """The words of the page that mark its text as generated."""
        verbs = [at for verb in sorted(MARK_VERBS) for at in present.get(verb, ())[:_MOST_VERBS]]
        return mark_of(text, main.lead[:500], page, self.words, verbs)

    def _source(self, source: str, undone: Counter[str]) -> tuple[str, bytes, Places]:
        """The source with its references mended, its bytes, and where in them the clues are."""
        page = source.encode()
        found = self._clues(page)
        mended = undo_source(source, undone, found)
        if mended is source:
            return source, page, found
        page = mended.encode()
        return mended, page, self._clues(page)

    def _clues(self, page: bytes) -> dict[str, list[int]]:
        """Where the clues in a page begin, in bytes."""
        found: dict[str, list[int]] = defaultdict(list)
        for clue, start, _ in self.finder.find_matches_as_indexes(page):
            found[CLUES[clue]].append(start)
        return dict(found)

    def _verdict(self, text: str) -> tuple[str | None, str | None]:
        """Rule and evidence where the text is too short, and neither sentence nor verse."""
        least, readable = self.pages.min_main, self.pages.min_readable
        if len("".join(text[:_BEGINNING].split())) >= least:
            return None, None  # the beginning of a text is enough to know that it is long
        size = len("".join(text.split()))
        if size >= least or _readable(text) >= readable:
            return None, None
        return "no_main_content", f"main_characters={size} < {least}"


#: Share of a title's pieces of four characters in the beginning of a text that tells it already.
_TOLD, _PIECE = 0.6, 4


def _told(title: str, text: str) -> bool:
    """Whether the beginning of a text says what its title says, as where a post is its title.

    >>> _told("慢半拍：“今年的雨水多，小河涨了水”", "今年的雨水多，小河涨了水，孩子们去看鱼。")
    True
    """
    begins = "".join(text[:1000].split())
    short = "".join(title.split())
    pieces = [short[i : i + _PIECE] for i in range(max(len(short) - _PIECE + 1, 1))]
    return sum([piece in begins for piece in pieces]) >= _TOLD * len(pieces)


#: Lines of a poem without marks: Han alone, so many of them.
_VERSE = re.compile(r"[\u4e00-\u9fff]{4,12}")
_SENTENCE_MARKS = re.compile(r"[，。！？；,!?;]")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def _readable(text: str) -> int:
    """The Han of a text in lines with a mark, and in its lines of verse if most are that."""
    lines = [line for part in text.split("\n") if (line := part.strip())]
    verse = [line for line in lines if _VERSE.fullmatch(line)]
    spoken = [line for line in lines if _SENTENCE_MARKS.search(line)]
    even = len({len(line) for line in verse}) == 1 and len(set(verse)) > len(lines) // 2
    return sum(len(_HAN.findall(line)) for line in [*spoken, *(verse if even else ())])


def _pages_among(docs: pl.DataFrame) -> pl.Series | None:
    """Which rows are pages (Boolean); None where every `media_type` is HTML."""
    if all(map(_PLAINLY.match, docs.get_column("media_type").fill_null("").to_list())):
        return None
    media = pl.col("media_type").str.to_lowercase()
    begins, ends = pl.col("text").str.head(_BEGINNING), pl.col("text").str.tail(_ENDING)
    looks = begins.str.contains(_LOOKS)
    piece = begins.str.contains(_OPENS) & ends.str.contains(_CLOSES)
    whole = looks & (ends.str.contains(_WHOLE) | begins.str.contains(_HEADED))
    stated = (
        media.str.contains(_MEDIA)
        | (media.str.contains(_XML) & looks)
        | (media.str.contains(_ANYTHING) & whole)
    )
    is_page = docs.select(pl.when(media.is_null()).then(looks | piece).otherwise(stated))
    return is_page.to_series().fill_null(value=False)


def _headers(text: str | None) -> Mapping[str, str]:
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        found = {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
