"""Files of a folder in its successor: without some rows, or as they are under a second name.

Enters: a Parquet file and the rows that go, or any file.  Leaves: the file in the other folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from corpus_pipeline.io import manifest, storage
from corpus_pipeline.io.fs import StorePath
from corpus_pipeline.io.parquet import opened
from corpus_pipeline.io.splice import Change, splice
from corpus_pipeline.text.arrays import I64

#: Says that a folder without a manifest is ours; `verify` passes such names by.
CLAIM: Final = f"{storage.TEMPORARY}erase.json"
#: Sealed files of a run or an index that go on as they are; a page about the old one does not.
CARRIED: Final = ("run.json", "metrics.json")


def without(root: Path, target: Path, path: str, rows: I64) -> dict[str, Any]:
    """Write one file without these rows (numbers, sorted); its entry."""
    changes = changed(root / path, rows, _rid_of)
    left = splice(root / path, target / path, changes)
    return manifest.file_entry(target, target / path, left)


def changed(path: Path, rows: I64, change: Any) -> Mapping[int, Change]:
    """The changes of the row groups that hold one of the rows.

    `change` makes one of the rows of a group, numbered within it.
    """
    sizes = [0]
    with opened(path) as file:
        for group in range(file.num_row_groups):
            sizes.append(sizes[-1] + file.metadata.row_group(group).num_rows)
    changes: dict[int, Change] = {}
    for group, (start, end) in enumerate(pairwise(sizes)):
        inside = rows[np.searchsorted(rows, start) : np.searchsorted(rows, end)] - start
        if len(inside):
            changes[group] = change(inside)
    return changes


def _rid_of(rows: I64) -> Change:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        keep = np.ones(frame.height, dtype=np.bool_)
        keep[rows] = False
        return frame.filter(pl.Series(keep))

    return change


def link(source: Path, target: Path) -> None:
    """The same file under another name; a copy where the file system has no links."""
    if isinstance(source, StorePath) or isinstance(target, StorePath):
        storage.copy(source, target)
        return
    with storage.disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        storage.commit(target, lambda temporary: shutil.copyfile(source, temporary))
