"""What samples are divided by: a name, the column it needs, and the stratum of each document.

Enters: a finished run.  Leaves: expressions over the columns of a part, one string a document.
Errors: `PipelineError` for a name that is none, or whose column the run does not have.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.runs import Run
from corpus_pipeline.rules.messages import nearest

#: Of a stratum: the column it needs beside those of every run (none: it needs no other).
Stratum = tuple[str | None, pl.Expr]

_SCORE = pl.col("quality_score")
_HITS = pl.col("compliance_hits")
#: The risk of the heaviest hit; of equal ones the first by name.
_RISK = _HITS.list.eval(
    pl.element()
    .struct.field("risk")
    .sort_by(
        pl.element().struct.field("weight"),
        pl.element().struct.field("risk"),
        descending=[True, False],
    )
).list.first()

STRATA: dict[str, Stratum] = {
    "state": (
        None,
        pl.when(pl.col("dropped_by").is_null()).then(pl.lit("kept")).otherwise(pl.lit("dropped")),
    ),
    "rule": (None, pl.concat_str("dropped_by", pl.lit("/"), "drop_rule").fill_null("kept")),
    "source": (None, pl.col("source").fill_null("")),
    "register": ("heuristics_register", pl.col("heuristics_register").fill_null("not measured")),
    "language": ("langid_label", pl.col("langid_label").fill_null("not measured")),
    "domain": ("domain_label", pl.col("domain_label").fill_null("none")),
    "score": (
        "quality_score",
        pl.when(_SCORE.is_null())
        .then(pl.lit("not scored"))
        .otherwise(((_SCORE * 10).floor().clip(0, 9) / 10).round(1).cast(pl.String)),
    ),
    "risk": (
        "compliance_hits",
        pl.when(_HITS.is_null())
        .then(pl.lit("not checked"))
        .otherwise(_RISK.fill_null("none found")),
    ),
    "ip": ("ip_risk", pl.col("ip_risk").fill_null("not looked at")),
}
#: The kind of a document's source, by the registry of the run.
SOURCE_KIND = "kind"
#: The stratum of a bound: which side, and whether near to it.
BORDER = "border"
#: Every name that a sample may be divided by.
NAMES = (*STRATA, SOURCE_KIND, BORDER)


def source_kind(run: Run) -> pl.Expr:
    """The kind of each document's source; `unknown` where the registry does not say."""
    kinds = {name: str(entry.get("kind") or "unknown") for name, entry in run.sources.items()}
    source = pl.col("source").fill_null("")
    # Polars takes no empty mapping.
    return source.replace_strict(
        {"": "unknown", **kinds}, default="unknown", return_dtype=pl.String
    )


def strata_of(run: Run, names: Sequence[str], have: Sequence[str]) -> dict[str, Stratum]:
    """The strata of these names; `have`: the columns of the run's parts.

    That of `border` is the side alone: what is near is known when all documents are.
    """
    known = {**STRATA, SOURCE_KIND: (None, source_kind(run)), BORDER: STRATA["state"]}
    for name in names:
        if name not in known:
            said = ", ".join(NAMES)
            raise PipelineError(f"no stratum {name!r}{nearest(name, known)}: {said}")
        column = known[name][0]
        if column is not None and column not in have:
            raise PipelineError(f"stratum {name}: {run.root.name} has no column {column}")
    return {name: known[name] for name in names}
