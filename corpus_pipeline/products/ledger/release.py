"""One release as the ledger sees it: a narrow row a document, and sums that its manifest confirms.

Enters: the folder of a finished run.  Leaves: a `Release`: a frame of about 60 bytes a document
(`ROW`), and `sums` by source and verdict.  Only the columns that are counted are read, one row
group at a time; a text is measured and let go.
Refuses: rows that do not add up to the counts of the manifest (`PipelineError` says which).
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from corpus_pipeline.model import PipelineError, document_id
from corpus_pipeline.products.runs import DROPPED, KEPT, QUARANTINED, Run, batches, columns_of
from corpus_pipeline.text.unicode.escape import escaped

ERASED = "erased"
TOMBSTONES = "tombstones"
STATES = (KEPT, DROPPED, "quarantined", ERASED)
#: Between state, stage and rule of a verdict; no name has it.
BREAK = "\x1f"

#: Sums that a frame of rows gives, and their expressions.
SUMS: Mapping[str, pl.Expr] = {
    "documents": pl.len().cast(pl.Int64),
    "characters": pl.col("characters").cast(pl.Int64).sum(),
    "bytes": pl.col("bytes").cast(pl.Int64).sum(),
    "tokens": pl.col("tokens").cast(pl.Int64).sum(),
}
#: A document: id in halves, who delivered it, what became of it, how large and how good it is, and
#: the document for which it was dropped as a duplicate.
ROW: Mapping[str, pl.DataType] = {
    "high": pl.UInt64(),
    "low": pl.UInt64(),
    "source": pl.UInt32(),
    "user": pl.UInt32(),
    "verdict": pl.UInt32(),
    "characters": pl.UInt32(),
    "bytes": pl.UInt32(),
    "tokens": pl.UInt32(),
    "score": pl.Int32(),
    "bucket": pl.UInt8(),
    "domain": pl.UInt32(),
    "to_high": pl.UInt64(),
    "to_low": pl.UInt64(),
}
#: Millionths: scores are added up as whole numbers, in any order the same.
SCORE = 1_000_000
_CJK = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}"
#: A token of the estimate that `words.TOKENS` describes.
TOKEN = rf"[{_CJK}]|[\p{{L}}\p{{N}}--[{_CJK}]]{{1,4}}|[^\s\p{{L}}\p{{N}}]"
_HEX = "^[0-9a-f]{32}$"
#: What makes the ids of several records of one place different.
_APART = 0x9E37_79B9_7F4A_7C15


class Codes:
    """Names by number, in the order in which they were first seen."""

    def __init__(self) -> None:
        """Start with none."""
        self.of: dict[str, int] = {}

    def code(self, name: str) -> int:
        """The number of a name."""
        return self.of.setdefault(name, len(self.of))

    def encoded(self, values: pl.Series) -> pl.Series:
        """The numbers of the values; null stays null."""
        names = [name for name in values.unique().to_list() if name is not None]
        numbers = [self.code(name) for name in sorted(names)]
        if not names:
            return pl.Series(values.name, [None] * values.len(), dtype=pl.UInt32)
        return values.replace_strict(
            sorted(names), numbers, default=None, return_dtype=pl.UInt32
        ).alias(values.name)

    @property
    def names(self) -> list[str]:
        """The names by number."""
        return list(self.of)


@dataclass(slots=True)
class Book:
    """The names of all releases of a ledger, by number, and the key that hides users' names."""

    sources: Codes = field(default_factory=Codes)
    verdicts: Codes = field(default_factory=Codes)
    domains: Codes = field(default_factory=Codes)
    users: Codes = field(default_factory=Codes)
    key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A release, read: its rows, their sums by source and verdict, and what its stages can say.

    `compares`: stages that look for duplicates; `scores`, `names_domains`: whether documents have a
    score and a domain.
    """

    run: Run
    rows: pl.DataFrame
    sums: pl.DataFrame
    compares: tuple[str, ...]
    scores: bool
    names_domains: bool

    @property
    def seal(self) -> str:
        """The seal of its manifest."""
        return str(self.run.manifest["seal"])

    @property
    def against(self) -> list[str]:
        """Seals of the indexes that it was compared with: it adds to what is in them."""
        return [str(index["seal"]) for index in self.run.manifest.get("against", [])]


def read(run: Run, book: Book) -> Release:
    """Read a release; its rows add up to its manifest."""
    shown = {str(entry["name"]) for entry in run.sources.values() if _of_users(entry)}
    frames = [pl.DataFrame(schema=dict(ROW))]
    have: set[str] = set()
    for folder in (KEPT, DROPPED):
        for part in run.parts(folder):
            path = run.root / part
            columns = columns_of(path)
            have |= set(columns)
            needed = [name for name in columns if _is_needed(name)]
            place = f"{run.root}: {part}"
            frames += [_documents(one, book, shown, place) for one in batches(path, needed)]
    documents = pl.concat(frames)
    if _has_doubles(documents):
        raise PipelineError(f"{run.root} has two documents of one id: verify the run")
    others = _bare([*_quarantined(run), *_erased(run)], book)
    rows = pl.concat([documents, _apart(others, documents)])
    sums = rows.group_by("source", "verdict").agg(**SUMS)
    found = Release(
        run,
        rows,
        sums,
        tuple(sorted(name.removesuffix("_cluster") for name in have if name.endswith("_cluster"))),
        "quality_score" in have,
        "domain_label" in have,
    )
    _check(found, book)
    return found


def _of_users(entry: Mapping[str, Any]) -> bool:
    return entry.get("kind") == "user_input"


def _is_needed(name: str) -> bool:
    wanted = {"id", "source", "source_id", "text", "dropped_by", "drop_rule"}
    wanted |= {"quality_score", "quality_bucket", "domain_label"}
    return name in wanted or name.endswith("_cluster")


def _documents(frame: pl.DataFrame, book: Book, shown: set[str], place: str) -> pl.DataFrame:
    """The rows of some documents, kept or dropped."""
    frame = frame.with_columns(pl.col("source").fill_null(""))
    if not frame.select(pl.col("id").str.contains(_HEX).fill_null(value=False).all()).item():
        raise PipelineError(f"{place} has documents without a valid id: verify the run")
    text = pl.col("text").fill_null("")
    verdict = pl.concat_str(
        pl.when(pl.col("dropped_by").is_null()).then(pl.lit(KEPT)).otherwise(pl.lit(DROPPED)),
        pl.col("dropped_by").fill_null(""),
        pl.col("drop_rule").fill_null(""),
        separator=BREAK,
    )
    measured = frame.select(
        *_halves("id", "high", "low"),
        "source",
        user=_users(frame, book, shown),
        verdict=verdict,
        characters=text.str.len_chars(),
        bytes=text.str.len_bytes(),
        tokens=text.str.count_matches(TOKEN),
        score=_optional(frame, "quality_score", pl.Float64).mul(SCORE).round().cast(pl.Int32),
        bucket=_optional(frame, "quality_bucket", pl.UInt8),
        domain=_optional(frame, "domain_label", pl.String),
        to=_survivor(frame.columns),
    )
    halves = _halves("to", "to_high", "to_low")
    return _coded(measured.with_columns(*halves).drop("to"), book)


def _coded(measured: pl.DataFrame, book: Book) -> pl.DataFrame:
    """Rows with numbers for names, narrow."""
    columns = {"source": book.sources, "verdict": book.verdicts, "domain": book.domains}
    coded = [codes.encoded(measured.get_column(name)) for name, codes in columns.items()]
    narrow = [pl.col(name).cast(kind) for name, kind in ROW.items()]
    return measured.with_columns(coded).select(narrow)


def _optional(frame: pl.DataFrame, name: str, kind: type[pl.DataType]) -> pl.Expr:
    """The column, or nulls where the run has none."""
    return (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind)


def _halves(name: str, high: str, low: str) -> tuple[pl.Expr, pl.Expr]:
    """An id of 32 hexadecimal digits as two numbers."""
    upper, lower = pl.col(name).str.slice(0, 16), pl.col(name).str.slice(16, 16)
    return (
        upper.str.to_integer(base=16, dtype=pl.UInt64, strict=False).alias(high),
        lower.str.to_integer(base=16, dtype=pl.UInt64, strict=False).alias(low),
    )


def _survivor(columns: Iterable[str]) -> pl.Expr:
    """The document for which a stage that compares documents dropped one."""
    stages = [name.removesuffix("_cluster") for name in columns if name.endswith("_cluster")]
    found = [
        pl.when(pl.col("dropped_by") == stage).then(pl.col(f"{stage}_cluster")) for stage in stages
    ]
    return pl.coalesce(found) if found else pl.lit(None, dtype=pl.String)


def _users(frame: pl.DataFrame, book: Book, shown: set[str]) -> pl.Series:
    """The number of each user who wrote a document; null where users are not told apart."""
    if book.key is None or not shown or "source_id" not in frame.columns:
        return pl.Series("user", [None] * frame.height, dtype=pl.UInt32)
    wrote = pl.when(pl.col("source").is_in(sorted(shown))).then(
        pl.concat_str("source", pl.lit("\x00"), "source_id")
    )
    names = frame.select(user=wrote).get_column("user")
    hidden = {name: _hidden(book.key, name) for name in names.unique().to_list() if name}
    known = names.replace_strict(hidden, default=None, return_dtype=pl.String)
    return book.users.encoded(known.alias("user"))


def _hidden(key: bytes, name: str) -> str:
    return f"user:{hmac.digest(key, name.encode(), 'sha256').hex()[:16]}"


def _quarantined(run: Run) -> Iterator[tuple[str, str, str]]:
    """Id, source and verdict of quarantined records: the id that the document would have had."""
    for part in run.parts(QUARANTINED):
        for frame in batches(run.root / part, ["source", "locator", "stage", "reason"]):
            for source, locator, stage, reason in frame.iter_rows():
                verdict = BREAK.join(("quarantined", stage or "", reason or ""))
                yield document_id(source or "", locator or ""), source or "", verdict


def _erased(run: Run) -> Iterator[tuple[str, str, str]]:
    """Id, source and verdict of what was taken out: nothing else is left of it."""
    verdict = BREAK.join((ERASED, "", ""))
    for part in run.parts(TOMBSTONES):
        for frame in batches(run.root / part, ["id", "source"]):
            for key, source in frame.iter_rows():
                yield key, source or "", verdict


def _apart(others: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """Records and tombstones with ids of their own: several may be of one place.

    The first of an id keeps it; what it shares with others is numbered, in the order of the parts,
    so that the same records have the same ids in another release.
    """
    place = ["high", "low"]
    taken = documents.join(others, on=place, how="semi").select(*place, taken=pl.lit(1))
    numbered = others.join(taken, on=place, how="left", maintain_order="left").with_columns(
        turn=pl.int_range(pl.len()).over(place) + pl.col("taken").fill_null(0)
    )
    low = numbered.get_column("low").to_numpy()
    moved = low ^ (numbered.get_column("turn").to_numpy().astype(np.uint64) * np.uint64(_APART))
    return numbered.select(ROW.keys()).with_columns(low=pl.Series(moved, dtype=pl.UInt64))


def _bare(rows: Sequence[tuple[str, str, str]], book: Book) -> pl.DataFrame:
    """Rows of nothing but id, source and verdict."""
    named = pl.DataFrame(
        rows, {"id": pl.String, "source": pl.String, "verdict": pl.String}, orient="row"
    )
    sized = {name: pl.lit(0, dtype=pl.UInt32) for name in ("characters", "bytes", "tokens")}
    unknown = {name: pl.lit(None) for name in ("user", "score", "bucket", "to_high", "to_low")}
    measured = named.select(
        *_halves("id", "high", "low"),
        "source",
        "verdict",
        **sized,
        **unknown,
        domain=pl.lit(None, dtype=pl.String),
    )
    return _coded(measured, book)


def verdict_of(name: str) -> tuple[str, str, str]:
    """State, stage and rule of a verdict."""
    state, stage, rule = name.split(BREAK, 2)
    return state, stage, rule


def _check(release: Release, book: Book) -> None:
    """`PipelineError` where rows and manifest disagree."""
    run = release.run
    stated, found = run.counts, _counted(release, book)
    for name, number in found.items():
        claim = stated
        for key in name[:-1]:
            claim = claim.get(key, {})
        if name[0] not in stated and name[0] != ERASED:
            continue  # runs of earlier versions count fewer things
        if (said := int(claim.get(name[-1], 0))) != number:
            what = escaped(" ".join(name))
            raise PipelineError(
                f"{run.root} does not add up: {what} is {said} in the manifest, "
                f"{number} by its rows; verify the run"
            )


def _has_doubles(rows: pl.DataFrame) -> bool:
    """Whether an id stands twice; whole ids are looked at only where half of one recurs."""
    halves = np.sort(rows.get_column("high").to_numpy())
    recurring = np.unique(halves[1:][halves[1:] == halves[:-1]])
    if not len(recurring):
        return False
    suspects = rows.select("high", "low").filter(pl.col("high").is_in(pl.lit(recurring).implode()))
    return bool(suspects.is_duplicated().any())


def _counted(release: Release, book: Book) -> Counter[tuple[str, ...]]:
    """The counts of a manifest, made again from the sums of the rows."""
    found: Counter[tuple[str, ...]] = Counter({(state,): 0 for state in STATES})
    sources, verdicts = book.sources.names, book.verdicts.names
    for source, verdict, documents, characters, size, _ in release.sums.iter_rows():
        state, stage, rule = verdict_of(verdicts[verdict])
        found["read",] += documents
        found[state,] += documents
        found["by_source", sources[source], state] += documents
        if state == KEPT:
            found["characters_kept",] += characters
            found["text_bytes_kept",] += size
        if state == DROPPED:
            found["by_rule", f"{stage}/{rule}"] += documents
            found["characters_by_rule", f"{stage}/{rule}"] += characters
            found["characters_dropped",] += characters
        if state == "quarantined":
            found["by_quarantine", f"{stage}/{rule}"] += documents
    return found


def states(book: Book) -> Iterator[tuple[int, str, str, str]]:
    """Number, state, stage and rule of each verdict."""
    for number, name in enumerate(book.verdicts.names):
        yield (number, *verdict_of(name))
