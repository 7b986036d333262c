"""Find pages that sell, lure or were hijacked, by how they are written and not by a list of names.

Enters: kept documents.  Leaves: `spam_kind` and `spam_score` (in thresholds: 1 and more is spam),
`spam_hits` (start and end in code points of the text before a cut, kind, weight), `spam_names` (the
names that were put into the page), `spam_cut` (characters taken out), and the verdicts
`<kind>_spam`.
Refuses: to judge by a single word, and texts that report, explain or forbid what others offer.

Two things are looked for.  A stretch that is dense with the vocabulary of one kind of offer
(`text.spam.density`).  And names of sites in the frames that search engines read, in a page that is
about something else (`text.spam.names`); of such a page the names can be cut and the body kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from corpus_pipeline.model import Asset, Options, PipelineError, Schema, Stage, drop
from corpus_pipeline.rules.dedup_key import KEY_TABLE
from corpus_pipeline.rules.fasttext_model import labels_of, load_fasttext, predict
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.spam import HIJACKED, SPAM, Found, listed_names, load_spam
from corpus_pipeline.text.tokens.quality import features_of
from corpus_pipeline.text.unicode.utf8 import replaced

#: The kind of what only the model calls spam, and the model's label of it.
MODEL, SPAM_LABEL = "model", "spam"
HIT = pl.Struct(
    {"kind": pl.String(), "start": pl.UInt32(), "end": pl.UInt32(), "weight": pl.Float32()}
)


class SpamOptions(Options):
    """The pack, which kinds only mark, and what becomes of a hijacked page."""

    pack: str = SPAM
    """The vocabulary of each kind of offer, the frames of names, the thresholds."""

    names: tuple[str, ...] = ()
    """Lists of site names, as `corpus-pipeline names RUN` writes them: they count like names that
    their endings tell, with or without site words."""

    mark: tuple[str, ...] = ()
    """Kinds that are marked and not dropped, beside those that the pack only marks."""

    model: str | None = None
    """A fastText model with the labels `good` and `spam` beside the pack, as `corpus-pipeline train
    spam` writes it: what it is sure of is of the kind `model`."""

    model_least: float = Field(default=0.95, gt=0, le=1)
    """Chance of `spam` from which a text is of the kind `model`; the model's card shows what other
    values would drop."""

    hijacked: Literal["drop", "cut"] = "drop"
    """What becomes of a page with injected names: `cut` takes them out and keeps the body, where
    enough of it is left and it is nothing else that is dropped."""

    thresholds: dict[str, float] = Field(default_factory=dict)
    """Kind → factor of its thresholds: 0.5 finds more, 2 less."""


class Spam(Stage):
    """Judge each document by its densest stretch and by the names in it."""

    name = "spam"
    version = 1
    columns: ClassVar[Schema] = {
        "spam_kind": pl.String(),
        "spam_score": pl.Float32(),
        "spam_hits": pl.List(HIT),
        "spam_names": pl.List(pl.String()),
        "spam_cut": pl.UInt32(),
    }
    describes: ClassVar[Mapping[str, str]] = {
        "spam_kind": "The kind of spam that the text is most of. Null: of none.",
        "spam_score": "Its score in thresholds of that kind, at least 1; 0 where there is none.",
        "spam_hits": "What it rests on: kind, place in the text before cuts (code points), weight.",
        "spam_names": "Names of sites that were put into the page.",
        "spam_cut": "Characters that were cut out of the text.",
    }
    edits = ("text",)
    OptionsModel = SpamOptions

    def __init__(self, options: SpamOptions, assets: Mapping[str, Asset]) -> None:
        """Load and prove the pack."""
        super().__init__(options, assets)
        self.book = load_spam(assets["pack"], assets["key_table"])
        lists = [asset for name, asset in sorted(assets.items()) if name.startswith("names_")]
        if lists:
            self.book = self.book.knowing(listed_names(lists))
        self.model = load_fasttext(assets["model"]) if "model" in assets else None
        if self.model is not None and SPAM_LABEL not in labels_of(self.model):
            raise PipelineError(f"spam.model has no label {SPAM_LABEL!r}")
        self.least = options.model_least
        known = sorted([*self.book.kinds, HIJACKED, MODEL])
        for kind in (*options.mark, *options.thresholds):
            if kind not in known:
                raise PipelineError(f"spam: there is no kind {kind!r}{nearest(kind, known)}")
        self.marked, self.cuts = frozenset(options.mark), options.hijacked == "cut"
        self.factors = options.thresholds

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The pack, the table that simplifies characters, and the lists of names."""
        own = {f"names_{number:04d}": ref for number, ref in enumerate(options.names, 1)}
        model = {} if options.model is None else {"model": options.model}
        return {"pack": options.pack, "key_table": KEY_TABLE, **own, **model}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Find, cut where asked to, drop."""
        # A hijacked page names its site as the site's name, and `extract` puts it there.
        heads = [name for name in ("title", "extract_site") if name in docs.columns]
        titles = docs.select(pl.concat_str(heads, separator="\n", ignore_nulls=True)).to_series()
        texts = docs.get_column("text").fill_null("")
        found = self.book.found(titles.to_list(), texts, self.factors)
        found += self._told(texts, {one.row for one in found})
        salvaged = self._salvaged(found, texts) if self.cuts else {}
        out = self._written(docs, found, salvaged)
        out = out.with_columns(
            text=replaced(docs["text"], [*salvaged], [*salvaged.values()]).alias("text")
        )
        rules: list[str | None] = [None] * docs.height
        for one in found:
            if one.drops and one.kind not in self.marked and one.row not in salvaged:
                rules[one.row] = f"{one.kind}_spam"
        rule = pl.lit(pl.Series("rule", rules, dtype=pl.String))
        places = pl.col("spam_hits").list.len()
        names = pl.col("spam_names").list.join(",")
        score = pl.col("spam_score").round(2)
        shown = (
            pl.when(names == "")
            .then(pl.format("score={} >= 1 hits={}", score, places))
            .otherwise(pl.format("score={} >= 1 hits={} names={}", score, places, names))
        )
        return drop(out, self.name, rule, shown)

    def _told(self, texts: pl.Series, known: set[int]) -> list[Found]:
        """What the model calls spam, of the texts that the pack does not."""
        if self.model is None:
            return []
        rows = [row for row in range(len(texts)) if row not in known]
        lines = features_of(texts[rows])
        every = len(labels_of(self.model))
        return [
            Found(row, MODEL, chance / self.least, drops=True, hits=(), names=(), cuts=())
            for row, labels, chances in zip(rows, *predict(self.model, lines, every), strict=True)
            for label, chance in zip(labels, chances.tolist(), strict=True)
            if label == SPAM_LABEL and chance >= self.least
        ]

    def _salvaged(self, found: Sequence[Found], texts: pl.Series) -> dict[int, str]:
        """Row → text without the names, for hijacked pages of which the body can stay."""
        bodies = {
            one.row: _without(texts[one.row], one.cuts)
            for one in found
            if self.book.foreign(one, len(texts[one.row]))
        }
        again = self.book.found([], list(bodies.values()), self.factors)
        bad = {list(bodies)[one.row] for one in again if one.drops}
        return {row: body for row, body in bodies.items() if row not in bad}

    def _written(
        self, docs: pl.DataFrame, found: Sequence[Found], salvaged: Mapping[int, str]
    ) -> pl.DataFrame:
        """The documents with the stage's columns, before the text is edited."""
        rows = [one.row for one in found]
        hits = [
            [{"kind": h.kind, "start": h.start, "end": h.end, "weight": h.weight} for h in one.hits]
            for one in found
        ]
        lost = [
            sum(end - start for start, end in one.cuts) if one.row in salvaged else 0
            for one in found
        ]
        some = pl.DataFrame(
            {
                "__row": pl.Series(rows, dtype=pl.UInt32()),
                "spam_kind": pl.Series([one.kind for one in found], dtype=pl.String()),
                "spam_score": pl.Series([one.ratio for one in found], dtype=pl.Float32()),
                "spam_hits": pl.Series(hits, dtype=pl.List(HIT)),
                "spam_names": pl.Series([[*o.names] for o in found], dtype=pl.List(pl.String())),
                "spam_cut": pl.Series(lost, dtype=pl.UInt32()),
            }
        )
        plain = docs.drop(name for name in self.columns if name in docs.columns)
        return (
            plain.with_row_index("__row")
            .join(some, on="__row", how="left", maintain_order="left")
            .with_columns(
                pl.col("spam_score").fill_null(0.0),
                pl.col("spam_hits").fill_null(pl.lit([], dtype=pl.List(HIT))),
                pl.col("spam_names").fill_null(pl.lit([], dtype=pl.List(pl.String()))),
                pl.col("spam_cut").fill_null(0),
            )
            .drop("__row")
        )


def _without(text: str, ranges: Sequence[tuple[int, int]]) -> str:
    parts, at = [], 0
    for start, end in ranges:
        parts.append(text[at:start])
        at = end
    return "".join([*parts, text[at:]]).strip()
