"""Langid: which language a document is in, and whether it is Chinese enough to stay.

Enters: kept documents.  Leaves: `langid_label`, `langid_score` (how often such a label is right,
0 to 1), `langid_keep`, `langid_shares` (shares of the letters by script), `langid_paragraphs` (of a
document in several languages: start in code points and label of each block) and `langid_cut`
(characters of foreign blocks that were cut; 0 without `cut_foreign`).  A document whose label is
not in `keep` is dropped as `not_chinese`.
Refuses: to ask the model where characters decide (kana, hangul, 这 們 的, 嘅 咗), and to drop a
poem, a list of names or a statute on the model's answer alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import ClassVar

import numpy as np
import polars as pl
from pydantic import ValidationInfo, field_validator

from corpus_pipeline.model import Asset, Options, PipelineError, Schema, Stage, drop
from corpus_pipeline.rules.fasttext_model import labels_of, load_fasttext
from corpus_pipeline.rules.langid import TABLE, Labelled, LangIdPack, load_langid
from corpus_pipeline.rules.pack import named, prove
from corpus_pipeline.rules.proofs import known
from corpus_pipeline.stages.langid.blocks import find_blocks
from corpus_pipeline.stages.langid.char_rules import LABELS_OF_CHARACTERS, Rules
from corpus_pipeline.stages.langid.char_shares import SHARES, counter, script_shares
from corpus_pipeline.stages.langid.combine import CHINESE, FACTS, calibrated, judge
from corpus_pipeline.stages.langid.model import ask
from corpus_pipeline.stages.langid.paragraphs import cut, paragraphs
from corpus_pipeline.text.tokens.distinct import distinct

MODEL = "package:assets/langid.ftz"


#: Labels of the packaged model that no character rule gives.
_OF_THE_MODEL = ("en", "fr", "de", "es", "id", "ms", "ru", "ar", "zh-Latn")
#: Labels that a document may get, with the packaged model.
LABELS = (*LABELS_OF_CHARACTERS, *_OF_THE_MODEL)


class LangIdOptions(Options):
    """Which model and table label a document, and which labels stay."""

    model: str = MODEL
    """Any fastText model; the packaged one reads tokens, others read plain text."""

    table: str = TABLE
    """The pack of marker characters, bounds, label names and calibration."""

    keep: tuple[str, ...] = ("zh-Hans", "zh-Hant", "yue", "wuu", "lzh", "mixed")
    """Labels of documents that stay: labels of the packaged model, or those of another model."""

    cut_foreign: bool = False
    """Whether to cut, from kept documents, the blocks in a language not in `keep`; code stays."""

    @field_validator("keep")
    @classmethod
    def _labels_exist(cls, keep: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("model") == MODEL:
            for label in sorted(set(keep) - set(LABELS)):
                raise ValueError(_no_label(label, LABELS))
        return keep


def _no_label(label: str, known: Collection[str]) -> str:
    return f"there is no label {label!r}; known: {', '.join(known)}"


class LangId(Stage):
    """The stage."""

    name: ClassVar[str] = "langid"
    version: ClassVar[int] = 3
    columns: ClassVar[Schema] = {
        "langid_label": pl.String(),
        "langid_score": pl.Float32(),
        "langid_keep": pl.Boolean(),
        "langid_shares": pl.Struct(dict.fromkeys(SHARES, pl.Float32())),
        "langid_paragraphs": pl.List(pl.Struct({"start": pl.UInt32(), "label": pl.String()})),
        "langid_cut": pl.UInt32(),
    }
    describes: ClassVar[Mapping[str, str]] = {
        "langid_label": "`zh-Hans`, `zh-Hant`, `yue`, `wuu`, `lzh`, `ja`, `ko`, `vi`, `en`, "
        "`code`, `mixed`, another ISO code, or `und`.",
        "langid_score": "How often such a label is right, 0 to 1, calibrated.",
        "langid_keep": "Whether the label is one that the config keeps.",
        "langid_shares": "Shares of the letters by script; four Latin letters weigh as one.",
        "langid_paragraphs": "Where each block of a mixed document starts (code points) and its "
        "label. Null: it is in one language.",
        "langid_cut": "Characters of foreign blocks that were cut; 0 unless `cut_foreign` is set.",
    }
    edits: ClassVar[tuple[str, ...]] = ("text",)
    OptionsModel: ClassVar[type[Options]] = LangIdOptions
    options: LangIdOptions

    def __init__(self, options: LangIdOptions, assets: Mapping[str, Asset]) -> None:
        """Load the table and the model."""
        super().__init__(options, assets)
        pack = load_langid(assets["table"])
        self.bounds = pack.bounds
        self.calibration = pack.calibration.points
        self.names = {old: new for new, olds in pack.labels.items() for old in olds}
        self.counter = counter(pack.markers)
        self.rules = Rules(self.bounds, pack.words)
        self.model = load_fasttext(assets["model"])
        self.packaged = options.model == MODEL
        if not self.packaged:
            self._check_labels()
        if not known():
            named(assets["table"], LangIdPack, partial(self._prove, pack.examples))

    @classmethod
    def asset_refs(cls, options: LangIdOptions) -> Mapping[str, str]:
        """The model and the table."""
        return {"model": options.model, "table": options.table}

    def _check_labels(self) -> None:
        """Refuse to keep a label that neither the characters nor this model can give."""
        of_model = {self.names.get(label, label) for label in labels_of(self.model)} - {"zh"}
        known = [*LABELS_OF_CHARACTERS, *sorted(of_model - set(LABELS_OF_CHARACTERS))]
        for label in self.options.keep:
            if label not in known:
                raise PipelineError(f"langid.keep: {_no_label(label, known)}")

    def _prove(self, examples: Sequence[Labelled]) -> None:
        """Hold the examples of the pack against the answers.

        Another model than the packaged one may know better: it is not asked.
        """
        listed = dict.fromkeys(t for e in examples for t in (*e.hits, *e.misses))
        texts = pl.Series(list(listed))
        found = self.judged(texts) if self.packaged else self.settled(texts)
        labels = dict(zip(texts, found.get_column("label"), strict=True))

        def judges(example: Labelled, text: str) -> bool:
            unknown = labels[text] is None
            return (text in example.hits) if unknown else labels[text] == example.label

        prove(examples, judges, "example")

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Documents first, then the blocks of those that mix."""
        texts = docs.get_column("text").fill_null("")
        verdicts = self.judged(texts)
        docs = docs.with_columns(
            langid_label=verdicts["label"],
            langid_score=verdicts["score"],
            langid_shares=verdicts.select(pl.struct(SHARES)).to_series(),
            langid_cut=pl.lit(0, dtype=pl.UInt32),
        )
        label, score = pl.col("langid_label"), pl.col("langid_score")
        docs = docs.with_columns(langid_keep=label.is_in(self.options.keep))
        docs = docs.with_columns(self._paragraphs(texts, verdicts))
        if self.options.cut_foreign:
            docs = cut(docs, self.options.keep)
        rule = pl.when(~pl.col("langid_keep")).then(pl.lit("not_chinese"))
        shown = score.cast(pl.Float64).round(2).cast(pl.String)
        return drop(docs, self.name, rule, pl.format("label={} score={}", label, shown))

    def settled(self, texts: pl.Series, *, blocks: bool = False) -> pl.DataFrame:
        """Counts, shares, and the labels that characters settle; null: the model is asked."""
        return self.rules.facts(self.counter.count(texts), texts, blocks=blocks)

    def judged(self, texts: pl.Series, *, blocks: bool = False) -> pl.DataFrame:
        """Label, score and shares of each text: characters first, the model where they ask."""
        repeated = distinct(texts)
        if repeated is not None:
            each, places = repeated
            once: pl.DataFrame = self.judged(each, blocks=blocks)
            return once[places]
        counted = self.settled(texts, blocks=blocks)
        labels = counted.get_column("label").to_list()
        scores = counted.get_column("score").to_numpy().copy()
        asked = counted.get_column("label").is_null().arg_true().to_numpy().astype(np.int64)
        if len(asked):
            answers = ask(self.model, texts, asked, self.names, tokens=self.packaged)
            questions = counted[asked].select(FACTS).iter_rows(named=True)
            for row, facts, answer in zip(asked.tolist(), questions, answers, strict=True):
                labels[row], scores[row] = judge(facts, answer, self.bounds)
            scores[asked] = calibrated(scores[asked], self.calibration)
        return counted.select(
            pl.Series("label", labels, dtype=pl.String),
            pl.Series("score", scores, dtype=pl.Float32),
            *script_shares(),
        )

    def _paragraphs(self, texts: pl.Series, verdicts: pl.DataFrame) -> pl.Series:
        """The blocks of Chinese and mixed documents that hold enough of something else."""
        mixes = (pl.col("foreign") >= self.bounds.block_letters) & (
            1 - pl.col("han") >= self.bounds.block_share
        )
        chinese = pl.col("label").is_in([*CHINESE, "zh-Hans", "zh-Hant", "mixed"])
        rows = verdicts.select(mixes & chinese).to_series().arg_true()
        held = texts.gather(rows)
        blocks = find_blocks(held, self.bounds.block_letters)
        return paragraphs(verdicts, rows, held, blocks, partial(self.judged, blocks=True))
