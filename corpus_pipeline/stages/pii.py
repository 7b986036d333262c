"""Replace personal data, by a policy for each type; drops a document only where a policy says so.

Enters: all documents, dropped ones too.
Leaves: text and every other column of words (rules/pii/carried.py) with `<手机号>`, `<身份证号>`, …
in place of what the rule pack finds, or with `138****0000` or a keyed code; `pii_spans`, where that
was in the text before masking (code points), with type and tier; whether what was found is
sensitive under two standards.  No column and no message holds a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from corpus_pipeline.model import Asset, Options, PipelineError, Schema, Stage, drop
from corpus_pipeline.model.rows import on_kept
from corpus_pipeline.rules.pii.carried import CARRIED, carried, masked_column
from corpus_pipeline.rules.pii.detector import Finding, load_detector
from corpus_pipeline.rules.pii.masking import mask
from corpus_pipeline.rules.pii.pack import Policy
from corpus_pipeline.rules.pii.replacement import STAYS, Replacement, load_key

SPAN = pl.Struct({"start": pl.UInt32, "end": pl.UInt32, "type": pl.String, "tier": pl.UInt8})


class PiiOptions(Options):
    """Which pack, and what else than the pack's own policy to do with a type."""

    pack: str = "package:rules/packs/pii.yaml"
    """The types and rules of personal data."""

    policy: dict[str, Policy] = Field(default_factory=dict)
    """Type → `tag` (recorded only), `redact` (a placeholder), `mask` (138****0000), `pseudonym` (a
    keyed code), `drop` (a placeholder, and the document goes) or `keep`, over the pack's own."""

    key_file: str | None = None
    """A file that holds the key of pseudonyms; it is read and never recorded."""

    key_env: str | None = None
    """The name of an environment variable that holds the key of pseudonyms."""

    raw_dropped: bool = False
    """Leave documents that an earlier stage dropped as they are.  Whoever sets it has raw personal
    data in `dropped/`; products mask it all the same."""


class Pii(Stage):
    """Mask personal data in every column that carries words of the input."""

    name = "pii"
    version = 5
    columns: ClassVar[Schema] = {
        "pii_spans": pl.List(SPAN),
        "pii_sensitive_35273": pl.Boolean(),
        "pii_sensitive_45574": pl.Boolean(),
    }
    describes: ClassVar[Mapping[str, str]] = {
        "pii_spans": "Where personal data stood: code points of the text before masking, type and "
        "tier of the rule; never the value.",
        "pii_sensitive_35273": "Whether a type found in text or title is sensitive under GB/T "
        "35273-2020, Annex B.",
        "pii_sensitive_45574": "Whether a type found in text or title is sensitive under GB/T "
        "45574-2025.",
    }
    edits = ("text", *CARRIED)
    sees_dropped = True
    OptionsModel: ClassVar[type[Options]] = PiiOptions
    options: PiiOptions

    def __init__(self, options: PiiOptions, assets: Mapping[str, Asset]) -> None:
        """Load the pack; `PipelineError` for a policy about an unknown type."""
        super().__init__(options, assets)
        self._detector = load_detector(assets["pack"])
        types = self._detector.pack.types
        for name in options.policy:
            if name not in types:
                names = ", ".join(sorted(types))
                raise PipelineError(f"pii: policy names the unknown type {name!r}; known: {names}")
        self._policy: dict[str, Policy] = {
            name: options.policy.get(name, kind.policy) for name, kind in types.items()
        }
        key = load_key(options.key_file, options.key_env)
        self._replacement = Replacement(self._detector.pack, self._policy, key)
        self._left = {name for name, policy in self._policy.items() if policy in STAYS}

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The rule pack."""
        return {"pack": options.pack}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Mask every row; record the spans of the text; drop where told to."""
        if self.options.raw_dropped:
            return on_kept(docs, self.name, self.columns, lambda kept, _places: self._done(kept))
        return self._done(docs)

    def _done(self, docs: pl.DataFrame) -> pl.DataFrame:
        """All rows masked."""
        texts, spans = self._masked(docs.get_column("text"))
        _, in_titles = self._masked(docs.get_column("title"))
        others = [
            masked_column(docs.get_column(name), self._words, self._detector, self._left)
            for name in carried(docs)
        ]
        kinds = {
            row: {finding.type for finding in (*spans.get(row, ()), *in_titles.get(row, ()))}
            for row in {*spans, *in_titles}
        }
        out = docs.with_columns(
            texts, *others, _span_column(spans, docs.height), *self._sensitive(kinds, docs.height)
        )
        return self._dropped(out, kinds)

    def _words(self, column: pl.Series) -> pl.Series:
        """A column beside the text, masked; its spans are nobody's."""
        return self._masked(column)[0]

    def _sensitive(self, kinds: Mapping[int, set[str]], height: int) -> Iterator[pl.Series]:
        """One column for each standard."""
        for standard, flag in (("35273", "gbt35273_sensitive"), ("45574", "gbt45574_sensitive")):
            names = {n for n, kind in self._detector.pack.types.items() if getattr(kind, flag)}
            flags = np.zeros(height, dtype=np.bool_)
            flags[[row for row, found in kinds.items() if found & names]] = True
            yield pl.Series(f"pii_sensitive_{standard}", flags)

    def _dropped(self, docs: pl.DataFrame, kinds: Mapping[int, set[str]]) -> pl.DataFrame:
        """The documents with the verdict of types whose policy is `drop`."""
        dropping = {name for name, policy in self._policy.items() if policy == "drop"}
        if not dropping:
            return docs
        found = [sorted(kinds.get(row, set()) & dropping) for row in range(docs.height)]
        rules = pl.Series(
            [f"personal_{names[0]}" if names else None for names in found], dtype=pl.String
        )
        shown = pl.Series([f"types={','.join(names)}" for names in found], dtype=pl.String)
        return drop(docs, self.name, pl.lit(rules), pl.lit(shown))

    def _masked(self, column: pl.Series) -> tuple[pl.Series, dict[int, list[Finding]]]:
        """The column with placeholders, and the findings by row; most rows have none."""
        changed: dict[int, str] = {}
        findings: dict[int, list[Finding]] = {}
        for row, text, anchors in self._candidates(column):
            masked, found = mask(text, self._detector, self._policy, anchors, self._replacement)
            if found:
                findings[row] = found
            if masked != text:
                changed[row] = masked
        if not changed:
            return column, findings
        rows = sorted(changed)
        new = pl.Series([changed[row] for row in rows], dtype=pl.String)
        return column.scatter(rows, new), findings

    def _candidates(self, column: pl.Series) -> Iterator[tuple[int, str, dict[str, str]]]:
        """(row, text, anchors seen in it: name → pattern) for the rows that have an anchor."""
        if column.null_count() == len(column):
            return
        gate = pl.col("text").str.contains(self._detector.pack.gate)
        texts = pl.DataFrame({"text": column}).with_row_index("row").with_columns(gate=gate)
        tests = [pl.col("text").str.contains(pattern) for pattern in self._detector.pretests]
        hot = texts.filter(pl.any_horizontal("gate", *tests))
        for gated, side in hot.group_by("gate", maintain_order=True):
            anchors = self._detector.anchors if gated[0] else self._detector.plain_anchors
            tests = [pl.col("text").str.contains(p).alias(name) for name, p in anchors.items()]
            seen = side.select("row", "text", *tests).filter(pl.any_horizontal(list(anchors)))
            for row, text, *flags in seen.iter_rows():
                yield (
                    row,
                    text,
                    {
                        name: pattern
                        for (name, pattern), flag in zip(anchors.items(), flags, strict=True)
                        if flag
                    },
                )


def _span_column(findings: Mapping[int, list[Finding]], height: int) -> pl.Series:
    flat = [(row, f.start, f.end, f.type, f.tier) for row, found in findings.items() for f in found]
    schema = {"row": pl.UInt32, **dict(SPAN.to_schema())}
    spans = pl.DataFrame(flat, schema=schema, orient="row")
    lists = spans.group_by("row", maintain_order=True).agg(pii_spans=pl.struct(*SPAN.to_schema()))
    numbered = pl.DataFrame({"row": pl.Series(range(height), dtype=pl.UInt32)})
    joined = numbered.join(lists, on="row", how="left", maintain_order="left")
    return joined.get_column("pii_spans").fill_null(pl.Series([[]], dtype=pl.List(SPAN)))
