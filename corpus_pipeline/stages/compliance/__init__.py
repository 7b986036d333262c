"""Find the risks of GB/T 45654 Annex A that rules can find, and drop spam that sells them.

Enters: kept, normalised documents.  Leaves: `compliance_hits` (risk, rule, start and end in code
points, weight), `compliance_score` (the highest score of any verdict) and verdicts such as
`gambling_spam`.
Refuses: to drop a text for a single word, or for words that it reports, explains or forbids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from corpus_pipeline.model import Asset, Options, PipelineError, Schema, Stage, drop
from corpus_pipeline.rules.compliance import RiskBook
from corpus_pipeline.stages.compliance.score import Score, Weighed, scores, weigh

HIT = pl.Struct(
    {
        "risk": pl.String,
        "rule": pl.String,
        "start": pl.UInt32,
        "end": pl.UInt32,
        "weight": pl.Float32,
    }
)


class ComplianceOptions(Options):
    """The seed pack, the user's own packs, and whether a verdict drops or only marks."""

    taxonomy: str = "package:rules/packs/compliance_risks.yaml"
    """The risks of GB/T 45654 Annex A that rules may name."""

    seed: str = "package:rules/packs/compliance.yaml"
    """The pack of rules and verdicts that is read first."""

    packs: tuple[str, ...] = ()
    """Further packs, read after the seed in this order."""

    dictionary: str | None = None
    """A dictionary in jieba's format of words that the general one splits or joins wrongly
    (催情|水微信); it costs each process 0.5 s and 55 MB.  Null: none;
    `package:assets/compliance_words.txt` is a small one."""

    drop: bool = True
    """Whether a verdict drops the document; false only writes hits and scores."""

    thresholds: dict[str, float] = Field(default_factory=dict)
    """Verdict → score from which it holds, in place of the pack's threshold."""


class Compliance(Stage):
    """Match the risk packs, score, judge."""

    name = "compliance"
    version = 4
    columns: ClassVar[Schema] = {
        "compliance_hits": pl.List(HIT),
        "compliance_score": pl.Float32(),
    }
    describes: ClassVar[Mapping[str, str]] = {
        "compliance_hits": "What rules found: risk of GB/T 45654, rule, place in the text (code "
        "points), weight.",
        "compliance_score": "The highest score of any verdict; a verdict drops at its threshold.",
    }
    OptionsModel = ComplianceOptions

    def __init__(self, options: ComplianceOptions, assets: Mapping[str, Asset]) -> None:
        """Load, compile and prove the packs."""
        super().__init__(options, assets)
        packs = [asset for name, asset in sorted(assets.items()) if name.startswith("pack_")]
        self.book = RiskBook(assets["taxonomy"], packs, assets.get("dictionary"))
        for name, threshold in options.thresholds.items():
            if name not in self.book.verdicts:
                known = ", ".join(sorted(self.book.verdicts))
                raise PipelineError(f"compliance: no verdict is named {name!r}; known: {known}")
            changed = self.book.verdicts[name].model_copy(update={"threshold": threshold})
            self.book.verdicts[name] = changed
        self._drops = options.drop
        self._prove()

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The taxonomy, the seed, the packs in the order given, and the user's dictionary."""
        words = {"dictionary": options.dictionary} if options.dictionary else {}
        own = {f"pack_{number:04d}": ref for number, ref in enumerate(options.packs, 1)}
        return {"taxonomy": options.taxonomy, "pack_0000": options.seed, **own, **words}

    def _prove(self) -> None:
        for name, verdict in self.book.verdicts.items():
            for wanted, examples in ((True, verdict.spam), (False, verdict.clean)):
                for example in examples:
                    _, judged = self.judge(None, example)
                    if any(s.holds and s.verdict == name for s in judged) != wanted:
                        what = "does not drop" if wanted else "must not drop"
                        raise PipelineError(f"compliance: verdict {name} {what} {example!r}")

    def judge(self, title: str | None, text: str) -> tuple[list[Weighed], list[Score]]:
        """The weighed hits of a document and the score of each verdict."""
        find = self.book.lexicon.find
        weighed = list(weigh(text, find(text), self.book, in_title=False))
        if title:
            weighed += weigh(title, find(title), self.book, in_title=True)
        return weighed, scores(weighed, len(text), self.book)

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Judge the few documents in which the one-pass test found a term."""
        candidates = self.book.lexicon.candidates
        # A hijacked page names its brand as the site's name, and `extract` puts it there.
        names = [name for name in ("title", "extract_site") if name in docs.columns]
        docs = docs.with_columns(__title=pl.concat_str(names, separator=" ", ignore_nulls=True))
        rows = (candidates(docs["text"]) | candidates(docs["__title"])).arg_true()
        hits: list[tuple[Any, ...]] = []
        judged: list[tuple[int, float, str | None, str | None]] = []
        some = docs.select("__title", pl.col("text").fill_null(""))[rows]
        docs = docs.drop("__title")
        for row, (title, text) in zip(rows, some.iter_rows(), strict=True):
            weighed, ranked = self.judge(title, text)
            for entry in weighed:
                if not entry.in_title:
                    rule = self.book.rules[entry.hit.rule]
                    hits.append(
                        (row, rule.risk, rule.id, entry.hit.start, entry.hit.end, entry.weight)
                    )
            if ranked:
                judged.append((row, ranked[0].score, *self._verdict(ranked[0])))
        return self._judged(docs, hits, judged)

    def _verdict(self, score: Score) -> tuple[str | None, str | None]:
        if not (score.holds and self._drops):
            return None, None
        bound = self.book.verdicts[score.verdict].threshold
        evidence = f"risk={score.risk} score={score.score:.2f} >= {bound:.2f} hits={score.hits}"
        return score.verdict, evidence

    def _judged(
        self,
        docs: pl.DataFrame,
        hits: list[tuple[Any, ...]],
        judged: list[tuple[int, float, str | None, str | None]],
    ) -> pl.DataFrame:
        row = {"__row": pl.UInt32()}
        flat = pl.DataFrame(hits, schema={**row, **dict(HIT.to_schema())}, orient="row")
        lists = flat.group_by("__row", maintain_order=True).agg(
            compliance_hits=pl.struct(*HIT.to_schema())
        )
        verdicts = pl.DataFrame(
            judged,
            schema={
                **row,
                "compliance_score": pl.Float32(),
                "__rule": pl.String(),
                "__evidence": pl.String(),
            },
            orient="row",
        )
        plain = docs.drop(c for c in self.columns if c in docs.columns)
        joined = (
            plain.with_row_index("__row")
            .join(lists, on="__row", how="left", maintain_order="left")
            .join(verdicts, on="__row", how="left", maintain_order="left")
            .with_columns(
                pl.col("compliance_hits").fill_null(pl.lit([], dtype=pl.List(HIT))),
                pl.col("compliance_score").fill_null(0.0),
            )
        )
        out = drop(joined, self.name, pl.col("__rule"), pl.col("__evidence"))
        return out.drop("__row", "__rule", "__evidence")
