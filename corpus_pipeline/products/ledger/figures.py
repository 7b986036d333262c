"""The figures of a ledger: of each source, of each contributor, and of all together.

Enters: a chain of releases.  Leaves: `Figures`: whole numbers that add up, the same for sources and
contributors, and tables of reasons, scores, domains and duplicates by source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import polars as pl

from corpus_pipeline.io.concealed import distinct
from corpus_pipeline.products.ledger.chain import Chain
from corpus_pipeline.products.ledger.clusters import Clusters, clusters, hands
from corpus_pipeline.products.ledger.release import (
    ERASED,
    SCORE,
    STATES,
    SUMS,
    Book,
    states,
)
from corpus_pipeline.products.ledger.words import COUNTS
from corpus_pipeline.products.runs import DROPPED, KEPT, Run, all_inputs

#: What a source is called that no document names.
NAMELESS = "(none)"


@dataclass(frozen=True, slots=True)
class Holder:
    """A source or a contributor: `counts` are added up; `of`: kept documents by number of holders.

    `of[2] = 7`: it had seven kept documents that one other had too.
    """

    name: str
    sources: tuple[str, ...]
    counts: dict[str, int]
    of: dict[int, int]
    score: int = 0
    scored: int = 0

    def figures(self) -> dict[str, int | Fraction]:
        """What a rule may name; a share of nothing is 0."""
        kept = self.counts["kept"]
        return {
            **self.counts,
            "fair": sum((Fraction(n, of) for of, n in self.of.items()), Fraction(0)),
            "quality": Fraction(self.score, SCORE * self.scored) if self.scored else Fraction(0),
            "uniqueness": Fraction(self.counts["unique"], kept) if kept else Fraction(0),
            "retention": Fraction(kept, max(self.counts["documents"], 1)),
        }


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a chain; `owners`: the contributor of each source; `tables`: by source."""

    sources: list[Holder]
    contributors: list[Holder]
    owners: Mapping[str, str]
    tables: Mapping[str, pl.DataFrame]
    releases: list[dict[str, Any]]
    no_bytes: tuple[str, ...] = ()
    totals: dict[str, int] = field(default_factory=dict)


def figures(chain: Chain, book: Book) -> Figures:
    """Count a chain of releases."""
    names = [name or NAMELESS for name in book.sources.names]
    inputs, no_bytes = _inputs([one.run for one in chain.releases])
    names += sorted(name for name in inputs if name not in names)
    owners = _owners([one.run for one in chain.releases], names)
    rows, people = _held(chain.rows, book, names, owners)
    found = clusters(chain.rows, _of_state(book, ERASED))
    sources = _holders(rows, found, "source", names)
    contributors = _holders(rows, found, "contributor", people)
    for holder in sources:
        holder.counts["input_bytes"] = inputs.get(holder.name, 0)
    for holder in contributors:
        holder.counts["input_bytes"] = sum(
            inputs.get(name, 0) for name in names if owners[name] == holder.name
        )
    gave = _sources_of(rows, names, people, owners)
    made = [replace(one, sources=gave[one.name]) for one in contributors if gave[one.name]]
    return Figures(
        sorted(sources, key=lambda one: one.name),
        sorted(made, key=lambda one: one.name),
        owners,
        _tables(rows, found, book, names),
        _releases(chain, book),
        no_bytes,
        {name: sum(one.counts[name] for one in sources) for name in COUNTS},
    )


def _of_state(book: Book, wanted: str) -> set[int]:
    return {number for number, state, *_ in states(book) if state == wanted}


def _owners(runs: Sequence[Run], names: Sequence[str]) -> dict[str, str]:
    """The contributor of each source, as the newest release that registers it says."""
    entries: dict[str, dict[str, Any]] = {}
    for run in runs:
        entries |= run.sources
    said = [
        str(entry.get("contributor") or entry.get("organisation") or name).strip() or name
        for name in names
        for entry in [entries.get(name, {})]
    ]
    shown = dict(zip(dict.fromkeys(said), distinct(dict.fromkeys(said)), strict=True))
    return {name: shown[owner] for name, owner in zip(names, said, strict=True)}


def _inputs(runs: Sequence[Run]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Bytes of input files by source, each file once; names of runs that do not know their own."""
    files: dict[tuple[str, str, str], int] = {}
    unknown = []
    for run in runs:
        raw = [entry for entry in all_inputs(run) if entry["source"]]
        for entry in raw:
            files[entry["source"], entry["locator"], entry["sha256"]] = int(entry["bytes"])
        if run.manifest["inputs"] and not raw:
            unknown.append(str(run.manifest["name"]))
    sizes: dict[str, int] = {}
    for (source, *_), size in files.items():
        sizes[source] = sizes.get(source, 0) + size
    return sizes, tuple(unknown)


def _held(
    rows: pl.DataFrame, book: Book, names: Sequence[str], owners: Mapping[str, str]
) -> tuple[pl.DataFrame, list[str]]:
    """The rows with their numbers, contributors and states; the contributors' names by number."""
    people = list(dict.fromkeys([*(owners[name] for name in names), *book.users.names]))
    place = {name: number for number, name in enumerate(people)}
    of_source = [place[owners[name]] for name in names]
    of_user = [place[name] for name in book.users.names]
    owner = pl.col("source").replace_strict(
        list(range(len(names))), of_source, return_dtype=pl.UInt32
    )
    user = (
        pl.col("user").replace_strict(
            list(range(len(of_user))), of_user, default=None, return_dtype=pl.UInt32
        )
        if of_user
        else pl.lit(None, dtype=pl.UInt32)
    )
    state_of = {number: state for number, state, *_ in states(book)}
    state = pl.col("verdict").replace_strict(state_of, return_dtype=pl.Enum(STATES))
    held = rows.drop("high", "low", "to_high", "to_low").with_row_index("row")
    return held.with_columns(
        pl.col("row").cast(pl.Int64),
        contributor=pl.coalesce(user, owner),
        state=state,
        is_kept=state == KEPT,
    ), people


def _sources_of(
    rows: pl.DataFrame, names: Sequence[str], people: Sequence[str], owners: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """The sources that each contributor delivered something of, or is registered for."""
    gave: dict[str, set[str]] = {name: set() for name in people}
    for number, source in rows.select("contributor", "source").unique().iter_rows():
        gave[people[number]].add(names[source])
    for name in names:
        gave[owners[name]].add(name)
    return {name: tuple(sorted(sources)) for name, sources in gave.items()}


def _holders(rows: pl.DataFrame, found: Clusters, level: str, names: Sequence[str]) -> list[Holder]:
    """The figures of the holders of one level."""
    counts = {number: dict.fromkeys(COUNTS, 0) for number in range(len(names))}
    of: dict[int, dict[int, int]] = {number: {} for number in counts}
    owned = hands(rows, found, level)
    spread = owned.filter(pl.col("of") > 1)
    common = rows.with_columns(
        is_shared=pl.col("row").is_in(spread.get_column("root").unique().implode())
    )
    scores: dict[int, tuple[int, int]] = {}
    for entry in _sums(common, level).iter_rows(named=True):
        number = entry.pop(level)
        scores[number] = (entry.pop("score"), entry.pop("scored"))
        counts[number] |= entry
        of[number][1] = entry["unique"]
    for number, size, documents in (
        spread.group_by("holder", "of").agg(documents=pl.len()).sort("holder", "of").iter_rows()
    ):
        of[number][size] = documents
    for (number, other), documents in _duplicates(rows, found, level).items():
        kind = "elsewhere" if other is None else "within" if other == number else "across"
        counts[number][f"duplicates_{kind}"] += documents
    return [
        Holder(name, (name,), counts[number], of[number], *scores.get(number, (0, 0)))
        for number, name in enumerate(names)
    ]


def _sums(rows: pl.DataFrame, level: str) -> pl.DataFrame:
    """The counts of each holder that its own rows give."""
    kept, alone = pl.col("is_kept"), pl.col("is_kept") & ~pl.col("is_shared")
    dropped = pl.col("state") == DROPPED

    def total(column: str, where: pl.Expr) -> pl.Expr:
        return pl.col(column).filter(where).cast(pl.Int64).sum()

    return rows.group_by(level).agg(
        documents=pl.len().cast(pl.Int64),
        **{
            name: (pl.col("state") == name).sum().cast(pl.Int64)
            for name in (KEPT, DROPPED, "quarantined", ERASED)
        },
        unique=alone.sum().cast(pl.Int64),
        shared=(kept & pl.col("is_shared")).sum().cast(pl.Int64),
        characters=total("characters", kept),
        characters_dropped=total("characters", dropped),
        bytes=total("bytes", kept),
        tokens=total("tokens", kept),
        unique_characters=total("characters", alone),
        unique_tokens=total("tokens", alone),
        score=total("score", kept),
        scored=pl.col("score").filter(kept).count().cast(pl.Int64),
    )


def _duplicates(
    rows: pl.DataFrame, found: Clusters, level: str
) -> dict[tuple[int, int | None], int]:
    """Duplicates of each holder by the holder of what stands for them; None: it is not here."""
    pairs = _pairs(rows, found, level).group_by("holder", "other").agg(documents=pl.len())
    return {(holder, other): n for holder, other, n in pairs.sort("holder", "other").iter_rows()}


def _pairs(rows: pl.DataFrame, found: Clusters, level: str) -> pl.DataFrame:
    """Each duplicate: its holder, its characters, the holder of its root."""
    own = rows.select("row", "characters", holder=level)
    roots = rows.select(root="row", other=level)
    return found.duplicates.join(own, on="row").join(roots, on="root", how="left")


def _tables(
    rows: pl.DataFrame, found: Clusters, book: Book, names: Sequence[str]
) -> dict[str, pl.DataFrame]:
    """Documents, characters, bytes and tokens by source and by something else."""
    kept = rows.filter("is_kept")
    verdicts = pl.DataFrame(
        list(states(book)), ["verdict", "state", "stage", "rule"], orient="row"
    ).cast({"verdict": pl.UInt32})
    reasons = _summed(rows.filter(~pl.col("is_kept")), "verdict").join(verdicts, on="verdict")
    domains = dict(enumerate(book.domains.names))
    domain = pl.col("domain").replace_strict(domains, default=None, return_dtype=pl.String)
    pairs = _pairs(rows, found, "source").rename({"holder": "source"})
    many = {"documents": pl.len().cast(pl.Int64)}
    many["characters"] = pl.col("characters").cast(pl.Int64).sum()
    of = pl.col("other").replace_strict(
        dict(enumerate(names)), default=None, return_dtype=pl.String
    )
    tables = {
        "reasons": reasons.drop("verdict"),
        "quality": _summed(kept.filter(pl.col("bucket").is_not_null()), "bucket"),
        "domains": _summed(kept, "domain").with_columns(domain),
        "duplicates": pairs.group_by("source", "other").agg(**many).with_columns(of.alias("other")),
    }
    source = pl.col("source").replace_strict(dict(enumerate(names)), return_dtype=pl.String)
    return {name: _in_order(table.with_columns(source)) for name, table in tables.items()}


def _summed(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    return rows.group_by("source", column).agg(**SUMS)


def _in_order(table: pl.DataFrame) -> pl.DataFrame:
    sums = [name for name in SUMS if name in table.columns]
    keys = [name for name in table.columns if name not in sums]
    keys.sort(key=lambda name: name != "source")
    return table.select(*keys, *sums).sort(keys)


def _releases(chain: Chain, book: Book) -> list[dict[str, Any]]:
    """What each release counts, and how much of it stands: the rest stands in another release."""
    state_of = {number: state for number, state, *_ in states(book)}
    held = chain.rows.group_by("release", "verdict").len()
    rows = []
    for number, release in enumerate(chain.releases):
        stands = dict.fromkeys(STATES, 0)
        for _, verdict, documents in held.filter(pl.col("release") == number).iter_rows():
            stands[state_of[verdict]] += documents
        counts = release.run.counts
        stated = {state: int(counts.get(state, 0)) for state in STATES}
        rows.append(
            {
                "name": str(release.run.manifest["name"]),
                "seal": release.seal,
                "read": int(counts["read"]),
                **stated,
                "stands": stands,
                "compared": list(release.compares),
                "against": release.against,
            }
        )
    return rows
