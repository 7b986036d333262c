"""The package of a site: what leaves it, so that its documents can be compared with other sites'.

Enters: sketches, facts, texts and verified pairs of a site's run, and the key of all sites.
Leaves: a folder with `sketch/<stage>/`, `facts/`, `signatures/` and `pairs/<stage>/` under a sealed
manifest: numbers, digests under the key, ids of documents, and nothing else; or the packages of
several sites as one `Packages`, whose documents a coordinator compares.
Refuses: a package of another layout, version, key, other stages or options, and one that holds any
column beside those of `io.package_files` (it names what differs).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from corpus_pipeline.engine.chain import built
from corpus_pipeline.engine.shuffle.corpus import (
    Corpus,
    Judged,
    between,
    dense,
    mapped,
    row_groups,
    write_array,
)
from corpus_pipeline.engine.shuffle.index import compared_alike
from corpus_pipeline.io import manifest
from corpus_pipeline.io.fs import local_copy
from corpus_pipeline.io.package_files import problems
from corpus_pipeline.io.shards import numbered, write_shard
from corpus_pipeline.model import (
    AggregateStage,
    CountStage,
    PairStage,
    PipelineError,
    StageSpec,
)
from corpus_pipeline.tasks.base import Result
from corpus_pipeline.text.dedup.union_find import ranks

#: Raised when the layout of a package changes.
VERSION: Final = 2


@dataclass(frozen=True, slots=True)
class Site:
    """One of several sites whose documents are compared: this run's part in it."""

    name: str
    package: Path  # the folder of what leaves
    values: int  # of a signature
    key: bytes = field(repr=False)  # that the sites share
    own: tuple[StageSpec, ...]  # the run's stages that see all sites
    stages: tuple[StageSpec, ...]  # the same by name, as they see all sites
    sums: Path  # the folder of what leaves for aggregate stages, later
    decisions: Path | None = None  # the folder of what came back
    totals: Path | None = None  # the folder of what came back for aggregate stages

    @property
    def waits(self) -> bool:
        """Whether the run ends with what leaves the site, and waits for what comes back."""
        return self.decisions is None or (self.totals is None and bool(added(self.stages)))

    def record(self) -> dict[str, Any]:
        """What decides the run: all but the folders and the key itself."""
        across = [spec.name for spec in self.stages]
        check = check_value(self.key)
        return {"site": self.name, "values": self.values, "key_check": check, "across": across}


def check_value(key: bytes) -> str:
    """Digits that tell two keys apart, and nothing else of them."""
    return hashlib.blake2b(b"check", key=key, digest_size=8).hexdigest()


def proof(content: Mapping[str, Any], key: bytes) -> str:
    """A keyed digest of a manifest's content: who lacks the key cannot make one."""
    bare = {name: value for name, value in content.items() if name not in ("seal", "proof")}
    text = json.dumps({**bare, "format": manifest.FORMAT}, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), key=key, digest_size=32).hexdigest()


@dataclass(frozen=True, slots=True)
class Package:
    """A package, or the sums of a site, that was opened: small enough to be sent to workers."""

    root: Path
    site: str
    rows: tuple[int, ...]  # documents of each part; of sums none
    seal: str

    @property
    def content(self) -> dict[str, Any]:
        """What its manifest says."""
        return manifest.read(self.root / "manifest.json")


@dataclass(frozen=True, slots=True)
class Packages(Corpus):
    """The documents of several sites, one after the other; all are the run's own."""

    packages: tuple[Package, ...] = ()

    def located(self) -> Iterator[tuple[int, int, Package]]:
        """Number of a site, its first part here, and its package."""
        first = 0
        for number, package in enumerate(self.packages):
            yield number, first, package
            first += len(package.rows)

    def place(self, part: int) -> tuple[Path, Path, Path]:
        """The files with the facts and the signatures of a part, and the root of its sketches."""
        for _, first, package in self.located():
            if part < first + len(package.rows):
                name = f"part-{part - first:05d}.parquet"
                signed = package.root / "signatures" / name
                return package.root / "facts" / name, signed, package.root
        raise IndexError(part)

    def judged(self, stage: str) -> list[Judged]:
        """The pairs that the sites have verified."""
        return [
            Judged(path, first << 32)
            for _, first, package in self.located()
            for path in numbered(package.root / "pairs" / stage)
        ]

    def rank(self) -> None:
        """Write down the rank of each document, which count stages need and packages hold once."""
        facts = (self.place(part)[0] for part in range(self.splits))
        columns = ["id", "quality", "length"]
        parts = [ranks(pl.read_parquet(local_copy(path), columns=columns)) for path in facts]
        write_array(self.work / "ranks.npy", np.concatenate(parts))

    def own_sketches(self, stage: str, first: int, last: int, *, lone: bool = True) -> pl.DataFrame:
        """As of one run, with the documents' `rank`."""
        rows = Corpus.own_sketches(self, stage, first, last, lone=lone)
        at = dense(rows.get_column("doc").to_numpy(), self.starts())
        rank = mapped(self.work / "ranks.npy")[at]
        return rows.with_columns(rank=pl.Series(rank, dtype=pl.UInt64))

    def _own(self, stage: str, first: int, last: int) -> pl.DataFrame:
        parts = []
        for number, start, package in self.located():
            shift, site = pl.lit(start << 32, dtype=pl.UInt64), pl.lit(number, dtype=pl.UInt16)
            files = numbered(package.root / "sketch" / stage)
            rows = between(files, "key", first, last)
            parts.append(rows.with_columns(doc=pl.col("doc") + shift, site=site))
        return pl.concat(parts)


@dataclass(frozen=True, slots=True)
class PackTask:
    """One part of a package in the making."""

    index: int
    site: Site
    corpus: Corpus
    dropped: Path | None  # a byte for each document, 1 where the site itself dropped it as equal


def pack(task: PackTask) -> Result:
    """Put one part of a package in its place; its files."""
    work, name = task.corpus.work, f"part-{task.index:05d}.parquet"
    facts = pl.read_parquet(local_copy(work / "facts" / name)).with_columns(
        source=pl.lit(task.site.name)
    )
    targets = [("facts", [facts])]
    for spec in not_added(task.site.stages):
        (stage,) = built([spec])
        rows = pl.read_parquet(local_copy(work / "sketch" / spec.name / name))
        verifies = isinstance(stage, PairStage) and stage.verifies
        if verifies or isinstance(stage, CountStage):
            rows = rows.filter(_alive(rows.get_column("doc"), task))
        if verifies:
            texts = row_groups(work / "local" / "kept" / name, None)
            signed = [stage.sign(docs, task.site.key, task.site.values) for docs in texts]
            targets.append(("signatures", [_unsigned(pl.concat(signed), facts, task)]))
        blind = stage.blind(rows, task.site.key).sort("key", "doc")
        targets.append((f"sketch/{spec.name}", [blind]))
    files = []
    for folder, frames in targets:
        path = task.site.package / folder / name
        size_by = "id" if folder == "facts" else ""
        rows_written = write_shard(path, frames, level=1, size_by=size_by)
        files.append(manifest.file_entry(task.site.package, path, rows_written))
    return {"kind": "pack", "rows": facts.height, "files": files}


def _alive(docs: pl.Series, task: PackTask) -> pl.Series:
    """Which documents the site's own stages have not dropped as equal to another one."""
    if task.dropped is None:
        return pl.Series([True] * len(docs), dtype=pl.Boolean)
    return pl.Series(mapped(task.dropped)[dense(docs.to_numpy(), task.corpus.starts())] == 0)


def _unsigned(signed: pl.DataFrame, facts: pl.DataFrame, task: PackTask) -> pl.DataFrame:
    """The rows, without the signatures of documents that nobody will compare."""
    alive = _alive(facts.get_column("doc"), task)
    return signed.with_columns(signature=pl.when(alive).then("signature"))


def pack_pairs(argument: tuple[Site, str, Path, int]) -> Result:
    """Put the pairs that a settle task has verified in their place; the file."""
    site, stage, home, number = argument
    name = f"part-{number:05d}.parquet"
    path = site.package / "pairs" / stage / name
    rows = write_shard(
        path, [pl.read_parquet(local_copy(home / "true" / name))], level=1, size_by=""
    )
    return {"kind": "pack", "files": [manifest.file_entry(site.package, path, rows)]}


def added(specs: Sequence[StageSpec]) -> tuple[StageSpec, ...]:
    """The aggregate stages among these: of them sums of groups leave a site, after all else."""
    return tuple(spec for spec in specs if issubclass(spec.cls, AggregateStage))


def not_added(specs: Sequence[StageSpec]) -> tuple[StageSpec, ...]:
    """The stages of which sketches leave a site, in its package."""
    return tuple(spec for spec in specs if not issubclass(spec.cls, AggregateStage))


def open_package(
    root: Path, site: str, specs: Sequence[StageSpec], kind: str = "package", step: str = "run"
) -> Package:
    """What this site left in this folder; `PipelineError` says why it cannot be used.

    `kind`: `package`, or `sums`; `step`: the command that leaves it.
    """
    path = root / "manifest.json"
    if not path.exists():
        raise PipelineError(
            f"site {site} has left no {kind}: {root} (`sites {step} --site {site}`)"
        )
    content = manifest.read(path)
    if content.get("kind") != kind:
        raise PipelineError(
            f"not a {kind}: {root} holds a manifest of kind {content.get('kind')!r}"
        )
    if content["package_version"] != VERSION:
        theirs = content["package_version"]
        raise PipelineError(
            f"the {kind} of {site} has layout {theirs}, this version reads {VERSION}"
        )
    if content["site"] != site:
        raise PipelineError(f"the {kind} in {root} is of site {content['site']}, not of {site}")
    problem = compared_alike(content["stages"], specs)
    if problem:
        raise PipelineError(f"the {kind} of {site} cannot be compared: {problem}")
    rows = tuple(int(number) for number in content.get("rows", ()))
    return Package(root.resolve(), site, rows, content["seal"])


def check_package(argument: tuple[Path, str, Mapping[str, Any], int]) -> Result:
    """Refuse a file of a package that holds what no package of ours holds; its rows."""
    root, site, entry, values = argument
    for problem in problems(root / entry["path"], entry["path"], site, values):
        raise PipelineError(f"the package of {site} is not ours: {entry['path']}: {problem}")
    return {"kind": "check", "rows": entry["rows"]}


def doubled(packages: Packages) -> str | None:
    """Which two sites have a document of the same id; None where all ids differ."""
    heads: list[Any] = []
    for part in range(packages.splits):
        ids = pl.read_parquet(local_copy(packages.place(part)[0]), columns=["id"]).get_column("id")
        head = ids.str.slice(0, 16).str.to_integer(base=16, dtype=pl.UInt64, strict=False)
        heads.append(head.fill_null(0).to_numpy())
    every = np.sort(np.concatenate(heads)) if heads else np.empty(0, np.uint64)
    again = np.unique(every[1:][every[1:] == every[:-1]])
    if not len(again):
        return None
    seen: dict[str, str] = {}
    for _, first, package in packages.located():
        for part in range(first, first + len(package.rows)):
            ids = pl.read_parquet(local_copy(packages.place(part)[0]), columns=["id"]).get_column(
                "id"
            )
            head = ids.str.slice(0, 16).str.to_integer(base=16, dtype=pl.UInt64, strict=False)
            for one in ids.filter(head.is_in(again.tolist())):
                if one in seen:
                    return (
                        f"sites {seen[one]} and {package.site} both have the document {one}: one "
                        "input at two sites, or two sources of one name; give sources other names"
                    )
                seen[one] = package.site
    return None
