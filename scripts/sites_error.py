"""How often documents of two sites are judged otherwise than their texts would be: measured.

    python scripts/sites_error.py DATA/text/bulk.jsonl.zst --half fit|test [--json FILE]

Real documents are dealt out to three sites by their ids.  All pairs of two sites that share a band
are judged twice: by their texts, as one run would, and by their signatures.  Printed for several
sizes of signature: pairs that both find, that are missed (and why), that are found wrongly; the
error of the estimate beside that of theory; and the share misjudged by the distance of the
similarity from the threshold.
"""

import argparse
import hashlib
import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from corpus_pipeline.app.config import spec
from corpus_pipeline.model import StageSpec, document_id
from corpus_pipeline.stages.across_sites import ACROSS, NearAcrossSites
from corpus_pipeline.stages.near_dedup import NearDedup
from corpus_pipeline.text.dedup.blind import deviation, misjudged
from corpus_pipeline.text.dedup.jaccard import resemblance
from corpus_pipeline.training.halves import half_of
from scripts.eval.reading import rows

SIZES = (128, 256, 512, 1024, 2048)
#: Distances of the exact similarity from the threshold.
DISTANCES = (-0.15, -0.1, -0.05, -0.03, -0.01, 0.01, 0.03, 0.05, 0.1, 0.15, 0.31)
KEY = bytes(range(32))


def documents(path: Path, half: str) -> pl.DataFrame:
    """The documents of a half, each with its site."""
    found = [row for row in rows(path) if half_of(row) == half]
    ids = [document_id(row["source"], row["id"]) for row in found]
    sites = [hashlib.sha256(name.encode()).digest()[0] % 3 for name in ids]
    frame = pl.DataFrame({"id": ids, "text": [row["text"] for row in found], "site": sites})
    return frame.unique("id", maintain_order=True).unique("text", maintain_order=True)


def candidates(docs: pl.DataFrame, stage: NearDedup) -> tuple[Any, Any]:
    """The rows of the pairs of two sites that share a band."""
    keys = stage.sketch(docs).with_columns(doc=pl.col("row").cast(pl.UInt64), old=False)
    pairs = stage.match(keys.drop("row").sort("key", "doc"))
    a, b = (pairs.get_column(end).to_numpy().astype(np.int64) for end in ("a", "b"))
    site = docs.get_column("site").to_numpy()
    apart = site[a] != site[b]
    return a[apart], b[apart]


def found(pairs: pl.DataFrame) -> dict[tuple[int, int], Mapping[str, Any]]:
    """Pairs that hold, by their rows."""
    return {
        (min(row["a"], row["b"]), max(row["a"], row["b"])): row
        for row in pairs.iter_rows(named=True)
    }


def compared(
    docs: pl.DataFrame, values: int, ends: tuple[Any, Any], exact: Any, jaccard: Any
) -> Any:
    """The figures of one size of signature."""
    a, b = ends
    option = spec("near_dedup", NearDedup.OptionsModel(), Path())
    stage = StageSpec(option.name, option.version, ACROSS["near_dedup"], {}, option.assets).build()
    assert isinstance(stage, NearAcrossSites)
    signed = stage.sign(docs, KEY, values).with_columns(
        doc=pl.int_range(docs.height).cast(pl.UInt64)
    )
    alive = signed.with_columns(pl.col("signature").fill_null(bytes(values)))
    guess = found(stage._estimated(alive, a, b))  # noqa: SLF001 – what is measured
    wrong = [pair for pair in guess if pair not in exact]
    missed = [row for pair, row in exact.items() if pair not in guess]
    every = stage.options.model_copy(update={"threshold": 1e-9, "containment": None})
    stage.options = every
    estimates = {pair: row["jaccard"] for pair, row in found(stage._estimated(alive, a, b)).items()}  # noqa: SLF001
    named = zip(np.minimum(a, b).tolist(), np.maximum(a, b).tolist(), strict=True)
    error = np.array([estimates.get(pair, 0.0) for pair in named]) - jaccard
    threshold, tables = 0.7, []
    for low, high in pairwise(DISTANCES):
        inside = (jaccard - threshold >= low) & (jaccard - threshold < high)
        if inside.any():
            here = jaccard[inside]
            other = ((here + error[inside]) >= threshold) != (here >= threshold)
            theory = np.mean([misjudged(value, threshold, values) for value in here])
            row = {"from": low, "to": high, "pairs": int(inside.sum())}
            tables.append(
                {**row, "misjudged": int(other.sum()), "expected": round(theory * inside.sum(), 1)}
            )
    near = np.abs(jaccard - threshold) < 0.1
    expected = np.sqrt(np.mean([deviation(value, values) ** 2 for value in jaccard[near]]))
    return {
        "values": values,
        "pairs": len(a),
        "both": len(exact) - len(missed),
        "wrong": len(wrong),
        "missed": len(missed),
        "missed_raw": sum(row["raw"] for row in missed),
        "missed_containment": sum(row["larger"] is not None for row in missed),
        "sd": round(float(error[near].std()), 4),
        "bias": round(float(error[near].mean()), 4),
        "sd_of_theory": round(float(expected), 4),
        "by_distance": tables,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--half", choices=("fit", "test"), default="test")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    docs = documents(given.data, given.half)
    stage = spec("near_dedup", NearDedup.OptionsModel(), Path()).build()
    a, b = candidates(docs, stage)
    texts = docs.get_column("text")
    exact = found(stage._true(texts, a, b))  # noqa: SLF001 – what is measured against
    jaccard = resemblance(texts, a, b, stage.table, stage.options.ngram).jaccard
    figures = [compared(docs, values, (a, b), exact, jaccard) for values in SIZES]
    for row in figures:
        print(json.dumps({key: value for key, value in row.items() if key != "by_distance"}))
    print(json.dumps(figures[SIZES.index(1024)]["by_distance"], indent=0))
    if given.json:
        content = {"half": given.half, "documents": docs.height, "figures": figures}
        given.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
