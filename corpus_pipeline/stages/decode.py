"""Decode bytes to text, and repair text that was decoded with the wrong charset before.

Enters: `payload` (bytes; null where a reader already filled `text`) and `declared_charset`.
Leaves: `text`; the charset that was read with its confidence, the declared one, and the number of
bytes without a character.  Pairs of a Chinese charset that a lost byte put out of step are read in
step.  Texts and titles, also those of a reader, that an earlier program decoded wrongly are
repaired; lines of nothing but 锟斤拷 or U+FFFD are cut.  Bytes that are no text are dropped
(`undecodable`), and so are documents most of which is lost (`lost_characters`).
Refuses: to believe a declaration or a byte order mark that the bytes contradict, and to drop a page
for a few bad bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl

from corpus_pipeline.model import PAYLOAD, Asset, Options, Schema, Stage, drop
from corpus_pipeline.rules.decode import load_char_costs, load_decoding
from corpus_pipeline.text.charset.decode import UNREADABLE, big5_name, decode
from corpus_pipeline.text.charset.detect import declaration, detect, without_mark
from corpus_pipeline.text.charset.pairs import plain_utf8
from corpus_pipeline.text.charset.steps import Steps
from corpus_pipeline.text.mojibake.garbage_lines import cuts
from corpus_pipeline.text.mojibake.repair import repairs
from corpus_pipeline.text.mojibake.tables import tables
from corpus_pipeline.text.unicode.utf8 import replaced

#: Bytes that no text needs; a terminal's escape and form feeds do occur in old files.
_CONTROLS = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1b") + b"\x7f"
#: The columns of decoding and those of repair; see `Decode.describes`.
_CHARSET: Schema = {
    "decode_charset": pl.String(),
    "decode_confidence": pl.Float32(),
    "decode_replaced": pl.UInt32(),
    "decode_declared": pl.String(),
}
_REPAIRS: Schema = {
    "decode_repaired": pl.String(),
    "decode_repaired_chars": pl.UInt32(),
    "decode_unrepaired": pl.UInt32(),
}


class DecodeOptions(Options):
    """Where the character table and the bounds lie."""

    table: str = "package:assets/char_costs.tsv"
    """The table of character costs that charset detection and repair read (TSV)."""

    pack: str = "package:rules/packs/decode.yaml"
    """The pack of file signatures and of bounds on lost bytes and characters."""


class Decode(Stage):
    """Payload to text."""

    name = "decode"
    version = 3
    columns: ClassVar[Schema] = {**_CHARSET, **_REPAIRS, "decode_lost_lines": pl.UInt32()}
    describes: ClassVar[Mapping[str, str]] = {
        "decode_charset": "Charset that was read, by its WHATWG or Python name; `utf-8` for what "
        "came as text. Null: the bytes are no text (an image, an archive).",
        "decode_confidence": "How sure that is, 0 to 1, less the share of bytes that were lost.",
        "decode_replaced": "Bytes without a character, each now U+FFFD.",
        "decode_declared": "Charset that the page or its server declared. Null: none.",
        "decode_repaired": "Wrong readings that were undone in text and title, such as "
        "`utf8-as-gbk`, joined by commas. Null: none.",
        "decode_repaired_chars": "Characters that the repair brought back.",
        "decode_unrepaired": "Characters of repaired text that could not be brought back.",
        "decode_lost_lines": "Lines of nothing but 锟斤拷, 烫烫烫 or U+FFFD that were cut.",
    }
    edits = ("text", "title")
    # `response_headers` stays for `extract`, which reads X-Robots-Tag and takes it away.
    takes = ("payload", "declared_charset")
    OptionsModel = DecodeOptions

    def __init__(self, options: DecodeOptions, assets: Mapping[str, Asset]) -> None:
        """Load the table and the bounds."""
        super().__init__(options, assets)
        self.costs = load_char_costs(assets["table"])
        self.rules = load_decoding(assets["pack"])
        self.steps = Steps(self.costs["steps"], self.rules.steps)
        self.repair_tables = tables(self.costs)

    @classmethod
    def asset_refs(cls, options: DecodeOptions) -> Mapping[str, str]:
        """The character table and the pack."""
        return {"table": options.table, "pack": options.pack}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Decode the rows that have a payload, then repair what was decoded wrongly before."""
        docs = docs.with_columns(
            pl.col("text").fill_null("").str.replace_all("\0", "", literal=True)
        )
        return self.without_lost_lines(self.repaired(self.with_payload(docs)))

    def with_payload(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Decode the rows that have a payload; the others are text already."""
        for name in ("payload", "declared_charset"):
            if name not in docs.columns:
                docs = docs.with_columns(pl.lit(None, dtype=PAYLOAD[name]).alias(name))
        payloads = docs.get_column("payload")
        declared = docs.get_column("declared_charset").to_list()
        charsets: list[Any] = [("utf-8", 1.0, 0, name, None) for name in declared]
        rows = payloads.is_not_null().arg_true().to_list()
        quick = plain_utf8(payloads.gather(rows))
        missing = quick.is_null().to_list()
        texts = replaced(docs.get_column("text"), rows, quick)
        slow: dict[int, str] = {}
        for place, row in enumerate(rows):
            if missing[place]:
                slow[row], *charsets[row] = self.decoded(payloads[row], declared[row])
            else:
                known = declaration(payloads[row], declared[row])
                charsets[row] = ("utf-8", 1.0, 0, known, None)
        schema = {**_CHARSET, "finding": pl.String()}
        columns = zip(*charsets, strict=True)
        docs = docs.with_columns(
            replaced(texts, [*slow], [*slow.values()]),
            *(pl.Series(n, c, dtype=schema[n]) for n, c in zip(schema, columns, strict=True)),
        )
        rule = pl.when(pl.col("finding").is_not_null()).then(pl.lit("undecodable"))
        return drop(docs, self.name, rule, pl.col("finding")).drop("finding")

    def repaired(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Undo wrong decoding in texts and titles where the result is clearly better."""
        notes: list[tuple[str | None, int, int]] = [(None, 0, 0)] * docs.height
        for column in ("text", "title"):
            texts = docs.get_column(column)
            made = repairs(texts, self.repair_tables, self.rules.mojibake)
            docs = docs.with_columns(replaced(texts, [*made], [m.text for m in made.values()]))
            for row, repair in made.items():
                kinds, characters, lost = notes[row]
                names = {*repair.kinds, *(kinds.split(",") if kinds else ())}
                notes[row] = (
                    ",".join(sorted(names)),
                    characters + repair.characters,
                    lost + repair.lost,
                )
        columns = zip(_REPAIRS.items(), zip(*notes, strict=True), strict=True)
        return docs.with_columns(pl.Series(n, c, dtype=t) for (n, t), c in columns)

    def without_lost_lines(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Cut lines of nothing but 锟斤拷 and the like; drop documents most of which was cut."""
        bounds = self.rules.lost
        pieces = cuts(docs, bounds)
        lines = [pieces[row].lines if row in pieces else 0 for row in range(docs.height)]
        evidence = [
            f"lost_share={pieces[row].share:.2f} > {bounds.max_lost_text:g}"
            if row in pieces
            and pieces[row].share > bounds.max_lost_text
            and pieces[row].characters >= bounds.min_lost_text
            else None
            for row in range(docs.height)
        ]
        # A document that is dropped keeps its text, as evidence.
        cut = [row for row in pieces if evidence[row] is None]
        docs = docs.with_columns(
            replaced(docs.get_column("text"), cut, [pieces[row].text for row in cut]),
            decode_lost_lines=pl.Series(lines, dtype=pl.UInt32),
            finding=pl.Series(evidence, dtype=pl.String),
        )
        rule = pl.when(pl.col("finding").is_not_null()).then(pl.lit("lost_characters"))
        return drop(docs, self.name, rule, pl.col("finding")).drop("finding")

    def decoded(self, payload: bytes, declared: str | None) -> tuple[Any, ...]:
        """Text, charset, confidence, lost bytes, declaration and finding of one document."""
        # A crash can leave NUL bytes at the end of a file; the rest is judged without them.
        data = payload.rstrip(b"\0") if payload.endswith(b"\0\0\0\0") else payload
        stated = declaration(data, declared)
        signature = self.rules.signature_of(data)
        if signature:
            return "", None, 0.0, 0, stated, f"signature={signature}"
        answer = detect(data, declared, self.costs)
        if answer.name in UNREADABLE:
            return "", answer.name, answer.confidence, 0, stated, f"charset={answer.name}"
        text, lost = decode(without_mark(data), answer.name, self.steps)
        name = big5_name(text) if answer.name == "big5" else answer.name
        if name.startswith(("utf-16", "utf-32")):
            size, controls = len(text), sum(text.count(chr(b)) for b in _CONTROLS)
        else:
            size, controls = len(data), len(data) - len(data.translate(None, _CONTROLS))
        share, bounds = (lost + controls) / max(size, 1), self.rules.bad_bytes
        finding = None
        if share > bounds.max_share and lost + controls >= bounds.min_bytes:
            finding = f"replaced={share:.2f} > {bounds.max_share:g}"
        confidence = answer.confidence * (1 - min(share, 1))
        return text.replace("\0", ""), name, confidence, lost, stated, finding
