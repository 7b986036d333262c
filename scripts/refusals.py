"""How well the traces of erased texts know them again, and what else they refuse.

Enters: files of documents (JSONL, zstd or not, with `id`, `text` and, if any, `source`).  Leaves:
on standard output, by threshold: the share of equal and edited texts that are known, and how many
of all other documents are refused, by how much they have in common with the text that was erased
(exact Jaccard of the 5-grams).  The erased texts are drawn from one half of each source
(`--half`): the threshold was chosen on `fit`.
"""

import argparse
import random
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from corpus_pipeline.products.release.likeness import tables
from corpus_pipeline.text.dedup.jaccard import resemblance
from corpus_pipeline.text.dedup.traces import LEAST, Traces, known, traces
from corpus_pipeline.training.halves import half

THRESHOLDS = (0.35, 0.4, 0.45, 0.5, 0.6)
SHARES = (0.0, 0.01, 0.03, 0.05, 0.1)


def documents(path: Path) -> pl.DataFrame:
    """`id` and `text` of a file."""
    with pa.input_stream(
        pa.OSFile(str(path)), compression="detect" if path.suffix != ".zst" else "zstd"
    ) as file:
        rows = pl.read_ndjson(file.read(), infer_schema_length=None)
    return rows.select(pl.col("id").cast(pl.String), "text").drop_nulls()


def edited(text: str, share: float, pool: str, rng: random.Random) -> str:
    """The text with a share of its characters replaced (3 of 5), cut (1) or added to (1)."""
    copy = list(text)
    for at in rng.sample(range(len(copy)), min(round(len(copy) * share), len(copy))):
        way = rng.random()
        copy[at] = "" if way < 0.2 else copy[at] * (way < 0.4) + rng.choice(pool)
    return "".join(copy)


def recall(erased: pl.DataFrame, made: Traces, rng: random.Random) -> None:
    """Print the share of edited texts that are known, by threshold."""
    lists, pool = tables(), "".join(erased["text"].head(200)).replace("\n", "")
    for share in SHARES:
        texts = pl.Series([edited(text, share, pool, rng) for text in erased["text"]])
        found = traces(texts, lists.key, lists.signs)
        rates = [f"{t}: {(known(found, made, t) >= 0).mean():.4f}" for t in THRESHOLDS]
        long = made.grams >= LEAST
        rate = (known(found, made, 0.45)[long] >= 0).mean()
        print(
            f"edited {share:.0%}: {', '.join(rates)}; at .45 of {LEAST} 3-grams and more {rate:.4f}"
        )


def refused(erased: pl.DataFrame, made: Traces, others: pl.DataFrame) -> None:
    """Print how many other documents are refused, by what they have in common."""
    lists = tables()
    found = traces(others["text"], lists.key, lists.signs)
    for threshold in THRESHOLDS:
        which = known(found, made, threshold)
        rows = np.flatnonzero(which >= 0)
        both = pl.concat([others["text"].gather(rows), erased["text"]])
        pairs = np.arange(len(rows)), which[rows] + len(rows)
        alike = resemblance(both, *pairs, lists.key, 5)
        shared = np.maximum(alike.jaccard, alike.both == alike.size_a)
        bands = [
            int(((shared >= low) & (shared < high)).sum())
            for low, high in ((0, 0.2), (0.2, 0.4), (0.4, 0.7), (0.7, 2))
        ]
        print(
            f"others {others.height:,}, refused at {threshold}: {len(rows)}; "
            f"by Jaccard <.2, .2-.4, .4-.7, >=.7: {bands}"
        )


def main() -> None:
    """Draw, edit, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--half", default="test", choices=("fit", "test"))
    parser.add_argument("--erased", type=int, default=1000)
    chosen = parser.parse_args()
    every = pl.concat([documents(path) for path in chosen.files])
    every = every.filter(pl.col("text").str.strip_chars().str.len_chars() > 0)
    mine = pl.Series([half(name) == chosen.half for name in every["id"]])
    erased = every.filter(mine).sample(chosen.erased, seed=7)
    others = every.filter(~pl.col("id").is_in(erased["id"].implode()))
    lists = tables()
    made = traces(erased["text"], lists.key, lists.signs)
    recall(erased, made, random.Random(3))
    refused(erased, made, others)


if __name__ == "__main__":
    main()
