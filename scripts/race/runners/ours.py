"""corpus-pipeline: its `near-dedup` command in process, the writing of its Parquet included."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from corpus_pipeline.app.config import load
from corpus_pipeline.app.execute import run_stage
from corpus_pipeline.app.how import How
from corpus_pipeline.io.assets import resolve
from corpus_pipeline.rules.dedup_key import KEY_TABLE, load_key_table
from corpus_pipeline.text.dedup.key import fold
from corpus_pipeline.text.dedup.minhash import signatures as minhash
from corpus_pipeline.text.dedup.ngrams import shingles

TABLE = load_key_table(resolve(KEY_TABLE, Path()))


def decide(path: Path, work: Path) -> list[str]:
    """`corpus-pipeline near-dedup PATH --output WORK --engine local`."""
    how = How(engine="local", overwrite=True)
    run_stage(load(None, [], "near_dedup"), [str(path)], work, how, stage="near_dedup")
    parts = sorted((work / "dropped").glob("*.parquet"))
    return [str(id_) for part in parts for id_ in _ids(part)]


def _ids(part: Path) -> list[str]:
    found: list[str] = pq.read_table(part, columns=["source_id"]).column(0).to_pylist()
    return found


def signatures(texts: list[str]) -> None:
    """Key text, 5-grams, 128 permutations, as the stage makes them."""
    for keys in fold(texts, TABLE):
        hashes, starts = shingles(keys.codes, keys.offsets, 5)
        alive = np.flatnonzero(np.diff(starts))
        minhash(hashes, np.append(starts[alive], len(hashes)), 128)
