"""Bytes become text: the charset is found, declared or not, and every character saved.

Enters: `payload` (null where a reader already had text) and `declared_charset`.
Leaves: `text`, the charset with its confidence, what was declared, how many bytes were lost;
bytes that are no text at all are dropped (`undecodable`).
Refuses: to trust a declaration against the bytes, and to lose a page over a few bad ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl

from corpus_pipeline.model import Asset, Options, Schema, Stage, drop
from corpus_pipeline.rules.charsets import load_char_costs, load_decoding
from corpus_pipeline.text.charset import detect, page_says
from corpus_pipeline.text.lossless import big5_name, decode

#: Bytes that no text needs; a terminal's escape and form feeds do occur in old files.
_CONTROLS = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1b") + b"\x7f"


class DecodeOptions(Options):
    """Where the character table and the bounds lie."""

    table: str = "package:assets/char_costs.tsv"
    pack: str = "package:rules/packs/decode.yaml"


class Decode(Stage):
    """Payload to text."""

    name = "decode"
    version = 1
    columns: ClassVar[Schema] = {
        "decode_charset": pl.String(),
        "decode_confidence": pl.Float32(),
        "decode_replaced": pl.UInt32(),
        "decode_declared": pl.String(),
    }
    edits = ("text",)
    # `response_headers` stays for `extract`, which reads X-Robots-Tag and takes it away.
    takes = ("payload", "declared_charset")
    OptionsModel = DecodeOptions

    def __init__(self, options: DecodeOptions, assets: Mapping[str, Asset]) -> None:
        """Load the table and the bounds."""
        super().__init__(options, assets)
        self.costs = load_char_costs(assets["table"])
        self.rules = load_decoding(assets["pack"])

    @classmethod
    def asset_refs(cls, options: DecodeOptions) -> Mapping[str, str]:
        """The character table and the pack."""
        return {"table": options.table, "pack": options.pack}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Decode the rows that have a payload; the others are text already."""
        none = pl.lit(None, dtype=pl.String)
        if "declared_charset" not in docs.columns:
            docs = docs.with_columns(declared_charset=none)
        docs = docs.with_columns(
            pl.col("text").fill_null("").str.replace_all("\0", "", literal=True),
            decode_charset=pl.lit("utf-8"),
            decode_confidence=pl.lit(1.0, dtype=pl.Float32),
            decode_replaced=pl.lit(0, dtype=pl.UInt32),
            decode_declared=pl.col("declared_charset"),
        )
        if "payload" not in docs.columns or docs.get_column("payload").null_count() == docs.height:
            return docs
        has = docs.get_column("payload").is_not_null()
        rows = docs.filter(has)
        found = pl.DataFrame(
            [
                self.decoded(payload, declared)
                for payload, declared in zip(
                    rows.get_column("payload"), rows.get_column("declared_charset"), strict=True
                )
            ],
            schema={"text": pl.String(), **self.columns, "finding": pl.String()},
            orient="row",
        )
        place = (has.cast(pl.UInt32).cum_sum().cast(pl.Int64) - 1).clip(0)
        spread = found.select(pl.all().gather(place))
        docs = docs.with_columns(
            *(
                pl.when(has).then(spread.get_column(name)).otherwise(name).alias(name)
                for name in ("text", *self.columns)
            ),
            finding=pl.when(has).then(spread.get_column("finding")),
        )
        rule = pl.when(pl.col("finding").is_not_null()).then(pl.lit("undecodable"))
        return drop(docs, self.name, rule, pl.col("finding")).drop("finding")

    def decoded(self, payload: bytes, declared: str | None) -> tuple[Any, ...]:
        """Text, charset, confidence, lost bytes, declaration and finding of one document."""
        # An empty tail is what a crash leaves of a file; it says nothing about the rest.
        data = payload.rstrip(b"\0") if payload.endswith(b"\0\0\0\0") else payload
        said = (declared or page_says(data) or "").strip().lower() or None
        signature = self.rules.signature_of(data)
        if signature:
            return "", None, 0.0, 0, said, f"signature={signature}"
        answer = detect(data, declared, self.costs)
        text, replaced = decode(data, answer.name)
        name = big5_name(text) if answer.name == "big5" else answer.name
        if name.startswith(("utf-16", "utf-32")):
            size, controls = len(text), sum(text.count(chr(b)) for b in _CONTROLS)
        else:
            size, controls = len(data), len(data) - len(data.translate(None, _CONTROLS))
        share = (replaced + controls) / max(size, 1)
        finding = None
        if share > self.rules.max_bad_share and replaced + controls >= self.rules.min_bad_bytes:
            finding = f"replaced={share:.2f} > {self.rules.max_bad_share:g}"
        confidence = answer.confidence * (1 - min(share, 1))
        return text.replace("\0", ""), name, confidence, replaced, said, finding
