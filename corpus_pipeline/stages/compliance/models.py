"""Classifiers of risks: what a model is sure of is found.

Enters: texts.  Leaves: hits over the whole text, and verdicts `model_a2` of models that may drop.
Errors: `PipelineError` for a model without the label `violating`, and for an unknown risk.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.fasttext_model import labels_of, load_fasttext, predict
from corpus_pipeline.rules.messages import nearest
from corpus_pipeline.stages.compliance.findings import Finding, Findings
from corpus_pipeline.stages.compliance.options import ModelOptions
from corpus_pipeline.text.tokens.quality import features_of

#: The label of what has the risk; the other one is `good`.
VIOLATING = "violating"


class Models:
    """The classifiers of a config, by risk."""

    def __init__(
        self,
        options: Mapping[str, ModelOptions],
        assets: Sequence[Asset],
        risks: Collection[str],
    ) -> None:
        """Load the models; `assets` are in the order of the sorted risks."""
        known = sorted({*risks, *(risk[:-1] for risk in risks)})
        self._assets = dict(zip(sorted(options), assets, strict=True))
        self._options = options
        self._models = {}
        for risk, asset in self._assets.items():
            if risk not in known:
                raise PipelineError(f"compliance: there is no risk {risk!r}{nearest(risk, known)}")
            model = load_fasttext(asset)
            if VIOLATING not in labels_of(model):
                raise PipelineError(f"compliance.classifiers.{risk} has no label {VIOLATING!r}")
            self._models[risk] = model

    def names(self) -> list[str]:
        """Each model with the beginning of its digest."""
        return [f"model_{risk}@{asset.sha256[:12]}" for risk, asset in self._assets.items()]

    def find(self, texts: pl.Series, findings: Findings) -> None:
        """Add what the models are sure of."""
        for risk, model in self._models.items():
            options = self._options[risk]
            lengths = texts.str.len_chars().fill_null(0)
            rows = ((lengths > 0) & (lengths <= options.longest)).arg_true()
            lines = features_of(texts.gather(rows))
            every = len(labels_of(model))
            said = zip(rows, lengths.gather(rows), *predict(model, lines, every), strict=True)
            for row, length, labels, chances in said:
                chance = dict(zip(labels, chances.tolist(), strict=True)).get(VIOLATING, 0.0)
                if chance >= options.least:
                    rule = f"model_{risk.lower()}"
                    findings.hit(row, risk, rule, (0, length), chance)
                    shown = f"risk={risk} chance={chance:.2f} >= {options.least:.2f}"
                    findings.add(row, Finding(rule, shown, 0.0, options.action == "drop"))
