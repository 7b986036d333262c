"""What the card and the Croissant file say of a dataset, as plain values.

Enters: a finished run, the export's options and the tallies of its shards.  Leaves: `Facts`.
No clock is read: a date that nobody stated stays unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import Field, field_validator

from corpus_pipeline.io.concealed import concealed_values
from corpus_pipeline.model import Options
from corpus_pipeline.products.export.recipe import Recipe
from corpus_pipeline.products.runs import Run

#: The columns that a training stack or a reader of the dataset can use; those that the run lacks
#: are left out.  Measures and spans stay in the run: they would be most of the columns, and serve
#: only whoever moves a threshold.
PUBLISHED = (
    "id",
    "text",
    "title",
    "url",
    "source",
    "license",
    "fetched_at",
    "extract_date",
    "langid_label",
    "langid_score",
    "normalize_script",
    "heuristics_register",
    "quality_score",
    "quality_bucket",
    "domain_label",
    "near_dedup_cluster_size",
    # Whoever publishes generated text without its label has taken the label away.
    "aigc_label",
    "aigc_model",
    "aigc_at",
)

#: Licences and languages that a description lists; the rest are one line.
LISTED = 20


class ExportOptions(Options):
    """What to publish, and what to say of it."""

    shard_mb: float = Field(default=128.0, gt=0)
    """Megabytes of UTF-8 text in a shard, at most.  128 are about 50 MB of Parquet: small enough to
    hand one shard to each loader process, large enough that 1 TB is 8,000 files."""

    columns: tuple[str, ...] | None = None
    """The columns to publish beside `id` and `text`; null: those that training stacks use."""

    split: str = Field(default="train", pattern=r"^[a-z][a-z0-9_]*$")
    """The name of the split."""

    name: str | None = None
    """The name of the dataset; null: that of the run."""

    version: str = Field(default="1.0.0", pattern=r"^\d+\.\d+\.\d+$")
    """The version of the dataset."""

    description: str = ""
    """A sentence or more for the card; empty: what the numbers say."""

    creators: tuple[str, ...] = ()
    """Whom to credit."""

    url: str | None = None
    """Where the dataset is published."""

    license: str | None = None
    """The licence of the dataset; null: those of its documents."""

    published: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    """The date of publication; null: the day of the newest collection."""

    recipe: Recipe | None = None
    """The mixture: filter, held-out split, weights, shares, upsampling by quality; null: every kept
    document once."""

    @field_validator("published", mode="before")
    @classmethod
    def _date(cls, value: object) -> object:
        # YAML reads an unquoted 2026-11-21 as a date.
        return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the card and the Croissant file say."""

    name: str
    options: ExportOptions
    seal: str
    run: Mapping[str, Any]
    shards: Sequence[Mapping[str, Any]]
    schema: Sequence[tuple[str, str]]
    rows: int
    text_bytes: int
    by_source: Mapping[str, int]
    by_license: Mapping[str, int]
    by_language: Mapping[str, int]
    sources: Sequence[Mapping[str, Any]]
    mixture: Mapping[str, Any] | None = None

    @property
    def splits(self) -> list[str]:
        """The names of the splits that have documents."""
        if self.mixture is None:
            return [self.options.split]
        return [name for name, amount in self.mixture["splits"].items() if amount["rows"]]

    @property
    def licenses(self) -> list[str]:
        """The licences of the dataset: as stated, otherwise those of its documents, most first."""
        if self.options.license:
            return [self.options.license]
        names = [name for name, _ in ranked(self.by_license) if name]
        # A licence in every document's own words is a column, not a list.
        return [*names[:LISTED], "see the license column"] if len(names) > LISTED else names

    @property
    def description(self) -> str:
        """One sentence or more on what this is."""
        return self.options.description or (
            f"Chinese pre-training text: {self.rows:,} documents, cleaned and de-duplicated, "
            "with a manifest that says where each of them came from."
        )

    @property
    def creators(self) -> list[str]:
        """Whom to credit: as stated, otherwise whoever put the run together."""
        return list(self.options.creators) or [f"{self.name} contributors"]

    @property
    def url(self) -> str:
        """Where the dataset lives: as stated, otherwise a name that its content determines."""
        return self.options.url or f"urn:sha256:{self.seal}"

    @property
    def published(self) -> str | None:
        """The date of publication: as stated, otherwise the day of the newest collection."""
        stated = [str(source.get("collected_at") or "")[:10] for source in self.sources]
        return self.options.published or max(stated, default="") or None


def ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Counts, the largest first.

    >>> ranked({"甲": 1, "乙": 3})
    [('乙', 3), ('甲', 1)]
    """
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def gather(
    run: Run,
    options: ExportOptions,
    shards: Sequence[Mapping[str, Any]],
    schema: Sequence[tuple[str, str]],
    mixture: Mapping[str, Any] | None = None,
) -> Facts:
    """Add up what the shards hold and join it to the source registry."""
    tallies = {name: Counter[str]() for name in ("by_source", "by_license", "by_language")}
    for shard in shards:
        for name, tally in tallies.items():
            tally.update(shard["tally"][name])
    registry = run.sources
    return Facts(
        name=options.name or str(run.manifest.get("name") or "corpus"),
        options=options,
        seal=str(run.manifest["seal"]),
        run=run.manifest,
        shards=[{k: v for k, v in shard.items() if k != "tally"} for shard in shards],
        schema=schema,
        rows=sum(shard["rows"] for shard in shards),
        text_bytes=sum(shard["tally"]["text_bytes"] for shard in shards),
        by_source=dict(sorted(tallies["by_source"].items())),
        by_license=concealed_values(dict(sorted(tallies["by_license"].items()))),
        by_language=dict(sorted(tallies["by_language"].items())),
        sources=[registry.get(name, {"name": name}) for name in sorted(tallies["by_source"])],
        mixture=concealed_values(mixture),
    )
