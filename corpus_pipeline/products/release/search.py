"""Where in a release the documents lie that a request asks for.

Enters: finished runs and a request.  Leaves: `FOUND` frames, a row a document or quarantined
record: where it lies, why it was found, and its text, which goes no further than comparisons.
Texts are read a row group at a time, and only where the request needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import numpy as np
import polars as pl

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.fs import local_copy
from corpus_pipeline.model import PipelineError, document_id
from corpus_pipeline.products.release.address import is_below, normal_host, normal_url
from corpus_pipeline.products.release.request import (
    BY,
    HOST,
    ID,
    NEAR,
    SOURCE,
    SUBJECT,
    TEXT,
    URL,
    Request,
)
from corpus_pipeline.products.runs import (
    DROPPED,
    KEPT,
    QUARANTINED,
    Run,
    batches,
    columns_of,
    no_rows,
)
from corpus_pipeline.rules.pii.carried import carried

#: A document that is to go.  `text` is null for a quarantined record, which has none.
FOUND: Final = {
    "part": pl.String(),
    "row": pl.UInt32(),
    "id": pl.String(),
    "source": pl.String(),
    "by": pl.String(),
    "of": pl.String(),
    "rule": pl.String(),  # of a dropped document or a quarantined record: stage/rule
    "text": pl.String(),
    "bytes": pl.Int64(),  # of a quarantined record: what was not read
    "characters": pl.Int64(),
}
#: Sees a batch of rows with their places; says why each is found, or null.
Test = Callable[[pl.DataFrame], pl.Series]
_CLUSTERS: Final = ("exact_dedup_cluster", "near_dedup_cluster")
_HOST: Final = r"^(?i)[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#]+)"


def nothing() -> pl.DataFrame:
    """A `FOUND` frame without rows."""
    return pl.DataFrame(schema=FOUND)


def asked(run: Run, request: Request, digest: Callable[[pl.Series], pl.Series]) -> pl.DataFrame:
    """The rows of a run that the request names; `digest` gives texts the digests of their keys."""
    _ids_are_whole(run, request)
    tests: list[tuple[list[str], Test]] = []
    if request.ids:
        tests.append((["id"], lambda rows: _where(_begins(rows, request.ids), ID)))
    if request.urls:
        tests.append((["url"], _urls(request.urls)))
    if request.hosts:
        tests.append((["url"], _hosts(request.hosts)))
    if request.sources:
        named = pl.col("source").is_in(request.sources)
        tests.append((["source"], lambda rows: _where(rows.select(named).to_series(), SOURCE)))
    if request.texts:
        tests.append((["text"], _texts(request.texts, digest)))
    found = [nothing()]
    for part in (*run.parts(KEPT), *run.parts(DROPPED)):
        found += _in_part(run.root, part, request, tests)
    for part in run.parts(QUARANTINED):
        found += _in_quarantine(run.root, part, request)
    return pl.concat(found)


def _ids_are_whole(run: Run, request: Request) -> None:
    """Refuse the beginning of an id that several documents of the run have."""
    short = [one for one in request.ids if len(one) < 32]
    if not short:
        return
    parts = [run.root / part for part in (*run.parts(KEPT), *run.parts(DROPPED))]
    parts = [local_copy(part) for part in parts]
    ids = pl.scan_parquet(parts).select("id") if parts else pl.LazyFrame(schema={"id": pl.String})
    for one in short:
        number = ids.filter(pl.col("id").str.starts_with(one)).select(pl.len()).collect().item()
        if number > 1:
            raise PipelineError(f"--id: {one} is the beginning of {number} ids; give more of it")


def _in_part(
    root: Path, part: str, request: Request, tests: list[tuple[list[str], Test]]
) -> Iterator[pl.DataFrame]:
    """What the tests find in one part; each row by the strongest of its reasons."""
    available = columns_of(root / part)
    wordy = _wordy(root / part) if request.subject else []
    columns = dict.fromkeys(name for names, _ in tests for name in names)
    columns |= dict.fromkeys(wordy)
    start = 0
    for frame in batches(root / part, [name for name in columns if name in available]):
        reasons = [test(frame) for names, test in tests if set(names) <= set(available)]
        if request.subject:
            reasons.append(_where(_of_subject(frame, wordy, request), SUBJECT))
        by = _first(reasons, frame.height)
        rows = by.is_not_null().arg_true()
        if len(rows):
            yield taken(root, part, rows.cast(pl.Int64) + start, by.gather(rows))
        start += frame.height


def _wordy(path: Path) -> list[str]:
    """The columns of a part that may hold words of a person."""
    empty = no_rows(path, columns_of(path))
    words = [name for name in carried(empty) if empty.schema[name] == pl.String()]
    return ["text", "locator", *words]


def _of_subject(frame: pl.DataFrame, wordy: list[str], request: Request) -> pl.Series:
    assert request.subject is not None
    hits = np.zeros(frame.height, dtype=np.bool_)
    for name in wordy:
        column = frame.get_column(name)
        if column.null_count() == len(column):
            continue
        if name in ("url", "source_id") and column.str.contains("%", literal=True).any():
            column = pl.Series([None if one is None else unquote(one) for one in column])
        hits |= request.subject.rows(column)
    return pl.Series(hits)


def _where(hits: pl.Series, by: str) -> pl.Series:
    return pl.select(pl.when(hits).then(pl.lit(by))).to_series()


def _first(reasons: list[pl.Series], height: int) -> pl.Series:
    if not reasons:
        return pl.Series([None] * height, dtype=pl.String)
    return pl.select(pl.coalesce(reasons)).to_series()


def _begins(rows: pl.DataFrame, ids: Iterable[str]) -> pl.Series:
    whole = [one for one in ids if len(one) == 32]
    tests = [pl.col("id").is_in(whole)]
    tests += [pl.col("id").str.starts_with(one) for one in ids if len(one) < 32]
    return rows.select(pl.any_horizontal(tests)).to_series()


def _texts(texts: tuple[str, ...], digest: Callable[[pl.Series], pl.Series]) -> Test:
    """The rows whose text has the key of one of these."""
    wanted = digest(pl.Series(texts, dtype=pl.String)).drop_nulls().implode()

    def test(rows: pl.DataFrame) -> pl.Series:
        equal = digest(rows.get_column("text")).is_in(wanted)
        return _where(equal.fill_null(value=False), TEXT)

    return test


def _urls(urls: tuple[str, ...]) -> Test:
    """The rows whose URL is one of these, as it is or with its personal data hidden."""
    wanted = {*urls, *(normal_url(concealed(url)) for url in urls)}
    hosts = {one.partition("/")[0].partition("?")[0].partition(":")[0] for one in wanted if one}

    def test(rows: pl.DataFrame) -> pl.Series:
        near = _on(rows.get_column("url"), lambda host: host in hosts)
        places = near.arg_true()
        values = rows.get_column("url").gather(places)
        same = [normal_url(url) in wanted for url in values]
        return _where(near.scatter(places, pl.Series(same, dtype=pl.Boolean)), URL)

    return test


def _hosts(hosts: tuple[str, ...]) -> Test:
    def test(rows: pl.DataFrame) -> pl.Series:
        return _where(
            _on(rows.get_column("url"), lambda host: any(is_below(host, one) for one in hosts)),
            HOST,
        )

    return test


def _on(urls: pl.Series, test: Callable[[str], bool]) -> pl.Series:
    """Whether the host of each URL passes; each host is looked at once."""
    hosts = urls.str.extract(_HOST).str.replace(r":\d*$", "")
    passing = [host for host in hosts.unique().drop_nulls() if test(normal_host(host))]
    return hosts.is_in(pl.Series(passing, dtype=pl.String).implode()).fill_null(value=False)


def taken(
    root: Path, part: str, rows: pl.Series, by: pl.Series, of: pl.Series | None = None
) -> pl.DataFrame:
    """`FOUND` rows of a part: these rows (sorted), read again with their texts."""
    places = rows.cast(pl.Int64).to_list()
    columns = ["id", "source", "dropped_by", "drop_rule", "text"]
    scan = pl.scan_parquet(local_copy(root / part), row_index_name="row")
    scan = scan.slice(places[0], places[-1] - places[0] + 1)
    picked = scan.filter(pl.col("row").is_in(places)).select("row", *columns).collect()
    rule = pl.concat_str("dropped_by", "drop_rule", separator="/")
    return picked.with_columns(
        part=pl.lit(part),
        by=by,
        of=pl.lit(None) if of is None else of,
        rule=rule,
        bytes=pl.lit(None),
        characters=pl.lit(None),
    ).select(pl.col(name).cast(dtype) for name, dtype in FOUND.items())


def _in_quarantine(root: Path, part: str, request: Request) -> Iterator[pl.DataFrame]:
    """The records of a quarantine that the request names; they hold no text."""
    start = 0
    wanted = set(request.urls)
    weights = [name for name in ("bytes", "characters") if name in columns_of(root / part)]
    names = ["source", "locator", "stage", "reason", "detail", *weights]
    for frame in batches(root / part, names):
        out: list[dict[str, Any]] = []
        for row, entry in enumerate(frame.iter_rows(named=True), start):
            key = document_id(entry["source"] or "", entry["locator"] or "")
            words = [entry["locator"] or "", entry["detail"] or ""]
            by = _why(request, key, entry["source"], words, wanted)
            if by:
                rule = f"{entry['stage'] or ''}/{entry['reason'] or ''}"
                out.append(
                    {"part": part, "row": row, "id": key, "source": entry["source"], "by": by}
                    | {"rule": rule}
                    | {name: entry[name] for name in weights}
                )
        yield pl.DataFrame(out, schema=FOUND)
        start += frame.height


def _why(
    request: Request, key: str, source: str | None, words: list[str], wanted: set[str]
) -> str | None:
    """Why a quarantined record is found, or None."""
    addresses = [normal_url(one) for word in words if "://" in word for one in word.split()]
    if any(key.startswith(one) for one in request.ids):
        return ID
    if any(one in wanted for one in addresses if one):
        return URL
    hosts = [one.partition("/")[0] for one in addresses if one]
    if any(is_below(host, one) for host in hosts for one in request.hosts):
        return HOST
    if source in request.sources:
        return SOURCE
    if request.subject and any(request.subject.occurs(word) for word in words):
        return SUBJECT
    return None


def in_clusters(run: Run, ids: set[str]) -> pl.DataFrame:
    """The documents for which, or for whom, one of those found stayed, by the clusters' columns.

    `ids`: what was found in any run of the chain.  A cluster of `exact_dedup` is of equal texts, so
    all of it goes; in one of `near_dedup` each document was compared with the survivor alone, so
    only that and its own go.
    """
    parts = (*run.parts(KEPT), *run.parts(DROPPED))
    frames = []
    for part in parts:
        present = [name for name in _CLUSTERS if name in columns_of(run.root / part)]
        scan = pl.scan_parquet(local_copy(run.root / part), row_index_name="row")
        exact, near = (
            pl.col(name) if name in present else pl.lit(None, dtype=pl.String) for name in _CLUSTERS
        )
        frames.append(scan.select("row", "id", exact=exact, near=near, part=pl.lit(part)))
    if not frames:
        return nothing()
    every = pl.concat(frames).collect()
    mine = every.filter(pl.col("id").is_in(list(ids)))
    equal = {*ids, *mine.get_column("exact").drop_nulls()}
    centres = dict(mine.filter(pl.col("near") != pl.col("id")).select("near", "id").iter_rows())
    alike = (
        every.filter(~pl.col("id").is_in(list(ids)))
        .with_columns(
            of=pl.when(pl.col("exact").is_in(list(equal)))
            .then("exact")
            .when(pl.col("near").is_in(list(ids)))
            .then("near")
            .otherwise(pl.col("id").replace_strict(centres, default=None, return_dtype=pl.String))
        )
        .filter(pl.col("of").is_not_null())
    )
    out = [nothing()]
    for (part,), rows in alike.sort("part", "row").group_by("part", maintain_order=True):
        by = pl.Series([NEAR] * rows.height)
        out.append(taken(run.root, str(part), rows["row"], by, rows["of"]))
    return pl.concat(out)


def strongest(found: pl.DataFrame) -> pl.DataFrame:
    """Each row once, by the strongest of its reasons, in the order of the parts."""
    ranks = {by: rank for rank, by in enumerate(BY)}
    rank = pl.col("by").replace_strict(ranks, return_dtype=pl.Int8)
    return (
        found.sort(rank, "of", nulls_last=True, maintain_order=True)
        .unique(["part", "row"], keep="first", maintain_order=True)
        .sort(pl.col("part").str.len_chars(), "part", "row")
    )
