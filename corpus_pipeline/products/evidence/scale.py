"""How much of a run is of what: one pass over the columns that say it.

Enters: a finished run.  Leaves: `Scale`: documents and characters by source, licence, type of
personal data, rights at risk, and generated text.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from corpus_pipeline.products.runs import DROPPED, KEPT, Run, batches, columns_of

_TEXTS = ("source", "license", "text", "url")
#: The host of an address, without the user that some addresses name.
_HOST = r"^[a-zA-Z]+://(?:[^/?#@]*@)?([^/?#:@]+)"
_MARKS = ("pii_spans", "aigc_label", "ip_risk", "ip_basis", "langid_label")
_CHECKED = ("compliance_hits", "compliance_checked")


@dataclass(slots=True)
class Scale:
    """Kept documents and characters by source and by licence; marks by their value."""

    characters: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    generated: Counter[str] = field(default_factory=Counter)
    #: (source, host) → documents and characters.
    hosts: Counter[tuple[str, str]] = field(default_factory=Counter)
    host_characters: Counter[tuple[str, str]] = field(default_factory=Counter)
    languages: dict[str, Counter[str]] = field(default_factory=dict)
    licences: Counter[tuple[str, str]] = field(default_factory=Counter)
    licence_characters: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: (risk, deciding sign) → documents.
    rights: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: (kept or dropped, risk) → documents in which it was found.
    risks: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: Record of what checked a kept document, empty where there is none → documents.
    checked: Counter[str] = field(default_factory=Counter)
    #: (kept or dropped, type) → spans.
    personal: Counter[tuple[str, str]] = field(default_factory=Counter)


def scale(run: Run) -> Scale:
    """The counts of a run."""
    found = Scale()
    for folder in (KEPT, DROPPED):
        for part in run.parts(folder):
            have = set(columns_of(run.root / part))
            wanted = [name for name in (*_TEXTS, *_MARKS, *_CHECKED) if name in have]
            for frame in batches(run.root / part, wanted):
                _personal(found, folder, frame)
                _risks(found, folder, frame)
                if folder == KEPT:
                    _kept(found, frame)
    return found


def _risks(found: Scale, folder: str, frame: pl.DataFrame) -> None:
    if "compliance_hits" in frame.columns:
        named = pl.col("compliance_hits").list.eval(pl.element().struct.field("risk")).list.unique()
        risks = frame.select(risk=named).drop_nulls().explode("risk").drop_nulls()
        for risk, documents in risks.group_by("risk").len().iter_rows():
            found.risks[folder, risk] += documents
    if folder == KEPT:
        absent = "compliance_checked" not in frame.columns
        record = pl.lit("") if absent else pl.col("compliance_checked").fill_null("")
        for value, documents in frame.group_by(record.alias("record")).len().iter_rows():
            found.checked[value] += documents


def _personal(found: Scale, folder: str, frame: pl.DataFrame) -> None:
    if "pii_spans" not in frame.columns:
        return
    spans = frame.get_column("pii_spans").drop_nulls().explode(empty_as_null=False)
    for kind, count in spans.struct.field("type").value_counts().iter_rows():
        if kind is not None:
            found.personal[folder, kind] += count


def _hosts(found: Scale, frame: pl.DataFrame) -> None:
    if "url" not in frame.columns:
        return
    host = pl.col("url").str.extract(_HOST).str.to_lowercase().alias("host")
    by = [pl.col("source").fill_null(""), host]
    sums = frame.group_by(by).agg(rows=pl.len(), length=pl.col("text").str.len_chars().sum())
    for source, name, rows, length in sums.iter_rows():
        if name is not None:
            found.hosts[source, name] += rows
            found.host_characters[source, name] += length


def _kept(found: Scale, frame: pl.DataFrame) -> None:
    characters = pl.col("text").str.len_chars().fill_null(0).sum()
    by = [pl.col("source").fill_null(""), pl.col("license").fill_null("")]
    size = pl.col("text").str.len_bytes().fill_null(0).sum()
    for source, licence, rows, length, volume in (
        frame.group_by(by).agg(rows=pl.len(), characters=characters, bytes=size).iter_rows()
    ):
        found.characters[source] += length
        found.bytes[source] += volume
        found.licences[licence, source] += rows
        found.licence_characters[licence, source] += length
    _hosts(found, frame)
    if "aigc_label" in frame.columns:
        marked = frame.filter(pl.col("aigc_label").is_not_null())
        found.generated.update(dict(marked.group_by(by[0]).len().iter_rows()))
    if "ip_risk" in frame.columns:
        marked = frame.filter(pl.col("ip_risk").is_not_null())
        sign = pl.col("ip_basis").list.first() if "ip_basis" in frame.columns else pl.lit("")
        for risk, why, rows in (
            marked.group_by("ip_risk", sign.fill_null("").alias("_")).len().iter_rows()
        ):
            found.rights[risk, why] += rows
    if "langid_label" in frame.columns:
        labels = frame.group_by(by[0], pl.col("langid_label").fill_null("und")).len()
        for source, language, rows in labels.iter_rows():
            found.languages.setdefault(source, Counter())[language] += rows
