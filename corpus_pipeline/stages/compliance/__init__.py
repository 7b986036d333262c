"""Find the risks of GB/T 45654 Annex A that rules, lists and classifiers can find; drop offers.

Enters: kept, normalised documents; `heuristics_register` and `spam_kind` where they are there.
Leaves: `compliance_hits` (risk, rule, start and end in code points, weight), `compliance_score`
(the highest score of a verdict that drops), `compliance_checked` (by what the text was checked)
and verdicts such as `gambling_spam`.
Refuses: to drop a text for a single word, or for words that it reports, explains or forbids.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any, ClassVar

import polars as pl

from corpus_pipeline.model import Asset, PipelineError, Schema, Stage, drop
from corpus_pipeline.rules.compliance import (
    Coverage,
    KeywordList,
    RiskBook,
    coverage,
    libraries,
)
from corpus_pipeline.rules.dedup_key import KEY_TABLE
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.rules.pack import load
from corpus_pipeline.rules.proofs import known
from corpus_pipeline.rules.risk_pack import RiskNames
from corpus_pipeline.rules.site_list import SiteLists
from corpus_pipeline.stages.compliance.findings import HIT, Finding, Findings
from corpus_pipeline.stages.compliance.models import Models
from corpus_pipeline.stages.compliance.options import ComplianceOptions, ListOptions
from corpus_pipeline.stages.compliance.score import Score, Weighed, scores, weigh
from corpus_pipeline.text.terms.spots import aligned

__all__ = ["HIT", "Compliance", "ComplianceOptions", "covered"]

#: The rule and verdict of a document whose address stands in a list.
LISTED_SITE = "listed_site"


def _name(one: ListOptions) -> str:
    stem = re.sub(r"[^a-z0-9]+", "_", PurePath(one.path).stem.lower()).strip("_")
    return one.name or (stem if stem[:1].isalpha() else f"list_{stem}".strip("_"))


def _assets(assets: Mapping[str, Asset], kind: str) -> list[Asset]:
    return [asset for name, asset in sorted(assets.items()) if name.startswith(f"{kind}_")]


def _lists(options: ComplianceOptions, assets: Mapping[str, Asset]) -> list[KeywordList]:
    return [
        KeywordList(
            asset,
            _name(one),
            one.licence,
            one.updated,
            one.source,
            one.risk,
            one.action,
            one.least,
            one.alone,
        )
        for one, asset in zip(options.keywords, _assets(assets, "keywords"), strict=True)
    ]


def covered(options: ComplianceOptions, assets: Mapping[str, Asset]) -> Coverage:
    """How far the packs and keyword lists of a run cover the risks; `assets` as for the stage."""
    taxonomy = assets["taxonomy"]
    found = libraries(taxonomy, _assets(assets, "pack"), _lists(options, assets))
    return coverage(found, load(taxonomy, RiskNames))


class Compliance(Stage):
    """Match packs and lists, score, judge."""

    name = "compliance"
    version = 7
    columns: ClassVar[Schema] = {
        "compliance_hits": pl.List(HIT),
        "compliance_score": pl.Float32(),
        "compliance_checked": pl.String(),
    }
    describes: ClassVar[Mapping[str, str]] = {
        "compliance_hits": "What rules, lists and models found: risk of GB/T 45654, rule, place in "
        "the text (code points; 0 to 0 for its address, the whole text for a model), weight.",
        "compliance_score": "The highest score of any verdict that drops, as it does at its "
        "threshold.",
        "compliance_checked": "What checked the text: the stage and its version; packs, lists and "
        "models with theirs. Null: no text.",
    }
    OptionsModel = ComplianceOptions

    def __init__(self, options: ComplianceOptions, assets: Mapping[str, Asset]) -> None:
        """Load, compile and prove the packs."""
        super().__init__(options, assets)
        names = [_name(one) for one in (*options.keywords, *options.sites)]
        if twice := [name for name in names if names.count(name) > 1]:
            raise PipelineError(f"compliance: two lists are named {twice[0]!r}; give one a `name`")
        self.lists = _lists(options, assets)
        self.book = RiskBook(
            assets["taxonomy"], _assets(assets, "pack"), assets["key_table"],
            assets.get("dictionary"), self.lists,
        )  # fmt: skip
        self.site_options, site_assets = options.sites, _assets(assets, "sites")
        self.sites = SiteLists(site_assets) if site_assets else None
        self.models = Models(options.classifiers, _assets(assets, "model"), self.book.risks)
        for one in (*options.keywords, *options.sites):
            if one.risk is not None and one.risk not in self.book.risks:
                end = nearest(one.risk, sorted(self.book.risks))
                raise PipelineError(f"compliance: there is no risk {one.risk!r}{end}")
        self._change_verdicts(options)
        self._drops = options.drop
        self.checked = self._checked(site_assets)
        if not known():
            self._prove()

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The taxonomy, the packs in order, lists, models, tables of characters and words."""
        packs = (options.seed, *options.topics, *options.packs)
        return {
            "taxonomy": options.taxonomy,
            "key_table": KEY_TABLE,
            **({"dictionary": options.dictionary} if options.dictionary else {}),
            **{f"pack_{number:04d}": ref for number, ref in enumerate(packs)},
            **{f"keywords_{number:04d}": one.path for number, one in enumerate(options.keywords)},
            **{f"sites_{number:04d}": one.path for number, one in enumerate(options.sites)},
            **{
                f"model_{number:04d}": options.classifiers[risk].model
                for number, risk in enumerate(sorted(options.classifiers))
            },
        }

    def _change_verdicts(self, options: ComplianceOptions) -> None:
        """Lay thresholds and marks of the options over the packs."""
        known = sorted(self.book.verdicts)
        for name in (*options.thresholds, *options.marks):
            if name not in self.book.verdicts:
                raise PipelineError(
                    f"compliance: no verdict is named {name!r}; known: {', '.join(known)}"
                )
        for name, verdict in self.book.verdicts.items():
            bound = options.thresholds.get(name, verdict.threshold)
            action = "mark" if name in options.marks else verdict.action
            changed = verdict.model_copy(update={"threshold": bound, "action": action})
            self.book.verdicts[name] = changed

    def _checked(self, sites: list[Asset]) -> str:
        """By what a text is checked: packs by version, lists by date, models by digest."""
        parts = [f"{pack.pack}@{pack.version}" for pack in self.book.packs]
        parts += [f"{one.name}@{one.updated}" for one in self.lists]
        named = zip(self.site_options, sites, strict=True)
        parts += [f"{_name(one)}@{one.updated}" for one, _ in named]
        parts += self.models.names()
        return f"{self.name} {self.version}; {', '.join(parts)}"

    def _prove(self) -> None:
        for name, verdict in self.book.verdicts.items():
            for wanted, examples in ((True, verdict.spam), (False, verdict.clean)):
                for example in examples:
                    _, judged = self.judge(None, example)
                    if any(s.holds and s.verdict == name for s in judged) != wanted:
                        what = "does not drop" if wanted else "must not drop"
                        raise PipelineError(f"compliance: verdict {name} {what} {example!r}")

    def judge(
        self, title: str | None, text: str, register: str | None = None
    ) -> tuple[list[Weighed], list[Score]]:
        """The weighed hits of a document and the score of each verdict, the strongest first."""
        find = self.book.lexicon.find
        return self._judged(title, text, (find(title or ""), find(text)), register)

    def _judged(
        self, title: str | None, text: str, hits: tuple[Any, Any], register: str | None
    ) -> tuple[list[Weighed], list[Score]]:
        weighed = list(weigh(text, hits[1], self.book, in_title=False))
        if title:
            weighed += weigh(title, hits[0], self.book, in_title=True)
        factor = self.book.registers.get(register or "", 1.0)
        ranked = scores(weighed, len(text), self.book, factor)
        return weighed, [self._unless_vetoed(score, text) for score in ranked]

    def _unless_vetoed(self, score: Score, text: str) -> Score:
        """The score, which no longer holds where the text warns of what it would be."""
        vetoes = self.book.verdicts[score.verdict].vetoes if score.holds else ()
        if not vetoes:
            return score
        view = aligned(text, self.book.table)
        return replace(score, holds=not any(word in view for word in vetoes))

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Judge the few documents in which the one pass found a term, a site or a risk."""
        findings = Findings(docs.height)
        self._find_terms(docs, findings)
        self._find_sites(docs, findings)
        self._find_kinds(docs, findings)
        self.models.find(docs["text"], findings)
        plain = docs.drop(c for c in self.columns if c in docs.columns)
        seen = pl.when(pl.col("text").is_not_null()).then(pl.lit(self.checked))
        out = plain.with_columns(*findings.columns(), compliance_checked=seen)
        rule, evidence = findings.verdicts(drops=self._drops)
        return drop(out, self.name, pl.lit(rule), pl.lit(evidence))

    def _find_terms(self, docs: pl.DataFrame, findings: Findings) -> None:
        find = self.book.lexicon.find_all
        # A hijacked page names its brand as the site's name, and `extract` puts it there.
        names = [name for name in ("title", "extract_site") if name in docs.columns]
        titles = docs.select(pl.concat_str(names, separator=" ", ignore_nulls=True)).to_series()
        in_titles, in_texts = find(titles), find(docs["text"])
        rows = sorted({*in_titles, *in_texts})
        has = "heuristics_register" in docs.columns
        registers = (
            docs["heuristics_register"].gather(rows).to_list() if has else [None] * len(rows)
        )
        texts, heads = docs["text"].gather(rows), titles.gather(rows)
        for row, text, title, register in zip(rows, texts, heads, registers, strict=True):
            hits = in_titles.get(row, []), in_texts.get(row, [])
            weighed, ranked = self._judged(title, text or "", hits, register)
            for one in weighed:
                if not one.in_title:
                    rule = self.book.rules[one.hit.rule]
                    place = one.hit.start, one.hit.end
                    findings.hit(row, rule.risk, rule.id, place, one.weight)
            for score in ranked:
                findings.add(row, self._finding(score))

    def _finding(self, score: Score) -> Finding:
        verdict = self.book.verdicts[score.verdict]
        bound = verdict.threshold
        shown = f"risk={score.risk} score={score.score:.2f} >= {bound:.2f} hits={score.hits}"
        drops = verdict.action == "drop"
        return Finding(score.verdict, shown, score.score if drops else 0.0, score.holds and drops)

    def _find_sites(self, docs: pl.DataFrame, findings: Findings) -> None:
        if self.sites is None or "url" not in docs.columns:
            return
        for row, address in enumerate(docs["url"]):
            number = self.sites.which(address) if address else None
            if number is not None:
                one = self.site_options[number]
                findings.hit(row, one.risk, LISTED_SITE, (0, 0), 1.0)
                shown = f"risk={one.risk} list={_name(one)}"
                findings.add(row, Finding(LISTED_SITE, shown, 0.0, one.action == "drop"))

    def _find_kinds(self, docs: pl.DataFrame, findings: Findings) -> None:
        """Hits over the whole of texts that `spam` marked and kept; their drop was its to say."""
        if not {"spam_kind", "spam_score"} <= {*docs.columns}:
            return
        kinds = pl.col("spam_kind").is_in([*self.book.kinds])
        length = pl.col("text").str.len_chars()
        found = docs.with_row_index("row").filter(kinds & (pl.col("spam_score") >= 1))
        for row, kind, score, size in found.select("row", "spam_kind", "spam_score", length).rows():
            findings.hit(row, self.book.kinds[kind], f"spam_{kind}", (0, size or 0), score)
