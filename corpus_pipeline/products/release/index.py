"""An index without the texts that were erased, which knows them when they come again.

Enters: an index, what was erased, and what its texts are like.  Leaves: its successor in another
folder: texts, facts and sketches of the erased documents are gone (their rows stay, empty, because
rows are numbers of documents), and `erased.parquet` holds their traces (`text.dedup.traces`).
Untouched files are links.  The manifest is written last, so that the old index serves until then.
Refuses: a folder that holds anything else (`PipelineError`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from corpus_pipeline.io import manifest, storage
from corpus_pipeline.io.fs import local_copy, relative
from corpus_pipeline.io.shards import write_shard
from corpus_pipeline.io.splice import Change, splice
from corpus_pipeline.io.traces import FILE, LAYOUT, about
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.release.likeness import Likeness, Tables, alike_rows
from corpus_pipeline.products.release.parts import CARRIED, CLAIM, changed, link
from corpus_pipeline.text.arrays import I64
from corpus_pipeline.text.dedup import traces


@dataclass(frozen=True, slots=True)
class IndexOutcome:
    """An index before and after: seals, documents that it held, traces that it has now."""

    before: str
    after: str
    documents: int
    known: int
    again: bool


def opened(root: Path) -> dict[str, Any]:
    """The manifest of the index in this folder; `PipelineError` where there is none."""
    content = manifest.read(root / "manifest.json")
    if content.get("kind") != "index":
        raise PipelineError(f"not an index: {root} holds a manifest of kind {content.get('kind')}")
    return content


def held(
    root: Path, content: Mapping[str, Any], ids: pl.Series, likeness: Likeness | None
) -> dict[str, pl.DataFrame]:
    """Part → rows of an index that are erased: `row`, `id`, `text`."""
    out = {}
    for number in range(len(content["rows"])):
        part = f"part-{number:05d}.parquet"
        facts = pl.read_parquet(local_copy(root / "facts" / part), columns=["id"]).with_row_index(
            "row"
        )
        rows = set(facts.filter(pl.col("id").is_in(ids.implode())).get_column("row").to_list())
        if likeness is not None:
            rows |= {row for row, _ in alike_rows(root / "texts" / part, likeness)}
        if rows:
            every = facts.filter(pl.col("row").is_in(sorted(rows)))
            texts = (
                pl.scan_parquet(local_copy(root / "texts" / part), row_index_name="row")
                .filter(pl.col("row").is_in(sorted(rows)))
                .collect()
            )
            out[part] = every.join(texts, on="row").sort("row")
    return out


def remembered(
    root: Path, content: Mapping[str, Any], erased: pl.DataFrame, lists: Tables
) -> pl.DataFrame:
    """The traces of `erased` (`id`, `text`) and of those erased before, each text once."""
    texts = erased.filter(pl.col("text").str.len_chars() > 0).sort("id")
    new = traces.traces(texts.get_column("text"), lists.key, lists.signs)
    rows = [new.frame(texts.get_column("id"))]
    if "erased" in content:
        rows.insert(0, pl.read_parquet(local_copy(root / FILE)))
    every = pl.concat(rows).filter((pl.col("key") > 0) | (pl.col("grams") > 0))
    same = ["key", "high", "signature"]
    return every.unique(same, keep="first", maintain_order=True).sort("id", "key", "high")


def succeeded(
    root: Path, gone: Mapping[str, pl.DataFrame], known: pl.DataFrame, target: Path
) -> IndexOutcome:
    """Write the successor; one that stands there already is left as it is."""
    content = opened(root)
    documents = sum(rows.height for rows in gone.values())
    standing = manifest.read_if_sound(target / "manifest.json")
    if standing is not None:
        return _same(content, known, target, standing, documents)
    _begin(target, str(content["seal"]))
    files = []
    for entry in content["files"]:
        if entry["path"] == FILE:
            continue
        part = Path(entry["path"]).name
        if part in gone and not entry["path"].startswith("quarantine/"):
            files.append(_without(root, target, entry["path"], gone[part]))
        else:
            link(root / entry["path"], target / entry["path"])
            files.append(entry)
    for name in CARRIED:
        link(root / name, target / name)
    rows = write_shard(target / FILE, [known], size_by="")
    files.append(manifest.file_entry(target, target / FILE, rows))
    manifest.write(target / "manifest.json", _content(root, target, content, files, known))
    (target / CLAIM).unlink(missing_ok=True)
    after = manifest.read(target / "manifest.json")["seal"]
    return IndexOutcome(content["seal"], after, documents, known.height, again=False)


def _content(
    root: Path,
    target: Path,
    content: Mapping[str, Any],
    files: list[dict[str, Any]],
    known: pl.DataFrame,
) -> dict[str, Any]:
    """The manifest of the successor."""
    parent = relative(root / "manifest.json", target)
    return {
        **{key: value for key, value in content.items() if key not in ("seal", "format")},
        "index_version": LAYOUT,
        "parents": [{"manifest": parent, "seal": content["seal"]}],
        "files": files,
        "erased": about(known.height),
    }


def _same(
    content: Mapping[str, Any],
    known: pl.DataFrame,
    target: Path,
    standing: Mapping[str, Any],
    documents: int,
) -> IndexOutcome:
    parents = [entry["seal"] for entry in standing.get("parents", [])]
    if parents != [content["seal"]] or not known.equals(pl.read_parquet(local_copy(target / FILE))):
        raise PipelineError(f"{target} holds another index; choose another folder")
    (target / CLAIM).unlink(missing_ok=True)
    return IndexOutcome(content["seal"], standing["seal"], documents, known.height, again=True)


def _begin(target: Path, seal: str) -> None:
    """Make the folder ours; what a killed attempt left in it is removed."""
    claim = target / CLAIM
    if target.is_dir() and any(target.iterdir()):
        if not claim.exists():
            raise PipelineError(f"{target} is not empty; choose another folder")
        for path in target.iterdir():
            if path != claim:
                storage.remove_tree(path) if path.is_dir() else path.unlink()
    manifest.write(claim, {"kind": "erase", "parent": seal})


def _without(root: Path, target: Path, path: str, gone: pl.DataFrame) -> dict[str, Any]:
    """One file of an index without what it held of the erased documents; its entry."""
    rows = gone.get_column("row").to_numpy().astype(np.int64)
    if path.startswith("sketch/"):
        docs = [(int(Path(path).stem.rpartition("-")[2]) << 32) + row for row in rows.tolist()]
        frame = pl.read_parquet(local_copy(root / path))
        erased = pl.Series(docs, dtype=pl.UInt64).implode()
        kept = frame.filter(~pl.col("doc").is_in(erased))
        height = write_shard(target / path, [kept], level=1, size_by="")
    else:
        facts = path.startswith("facts/")
        level = 1 if facts else 3
        changes = changed(root / path, rows, _emptied)
        height = splice(root / path, target / path, changes, level=level)
    return manifest.file_entry(target, target / path, height)


def _emptied(rows: I64) -> Change:
    """Rows that say nothing but their id and source."""
    values = {"text": "", "length": 0, "quality": None}

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        gone = pl.int_range(frame.height).is_in(rows.tolist())
        present = {name: one for name, one in values.items() if name in frame.columns}
        return frame.with_columns(
            pl.when(gone).then(pl.lit(one)).otherwise(name).cast(frame.schema[name]).alias(name)
            for name, one in present.items()
        )

    return change


def places(gone: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str, str]]:
    """Id and text of what an index held."""
    for rows in gone.values():
        yield from rows.select("id", "text").iter_rows()
