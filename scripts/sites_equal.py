"""Three sites beside one run over the union of their inputs, on real documents.

    python scripts/sites_equal.py DATA/text/bulk.jsonl.zst OUT [--half fit|test] [--engine ray]

Documents are dealt out to three folders by their ids.  Each site is packaged, all are decided, each
is finished (with `--engine ray` on a cluster of its own each time), the release is sealed, and one
run is made over the union.  Printed: documents whose fate differs, and why; sizes of packages;
seconds and core-hours.
"""

import argparse
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

import polars as pl

from corpus_pipeline.app.config import load
from corpus_pipeline.app.execute import run_pipeline
from corpus_pipeline.app.how import How
from corpus_pipeline.app.sites.file import KEY, SitesFile, sites_file
from corpus_pipeline.app.sites.work import decide, finish, package, seal
from corpus_pipeline.io import manifest
from corpus_pipeline.products.verify.chain import verify
from corpus_pipeline.training.halves import half_of
from scripts.eval.reading import rows

NAMES = ("north", "south", "west")
STAGES = ["normalize", "quality", "exact_dedup", "near_dedup", "line_dedup", "quality_rank"]


def laid_out(data: Path, half: str, root: Path) -> SitesFile:
    """The documents of a half in three folders, a config and a sites file."""
    parts: dict[str, list[str]] = {name: [] for name in NAMES}
    for number, row in enumerate(row for row in rows(data) if half_of(row) == half):
        line = json.dumps({"id": row["id"], "text": row["text"]}, ensure_ascii=False)
        parts[NAMES[number * 2654435761 % 4294967296 % 3]].append(line)
    for name, lines in parts.items():
        (root / "in" / name).mkdir(parents=True, exist_ok=True)
        path = root / "in" / name / f"{name}.jsonl"
        path.write_text("\n".join(lines) + "\n", "utf-8")
    config = {"name": "three", "stages": STAGES}
    (root / "config.yaml").write_text(json.dumps(config))
    entries = [{"name": n, "inputs": [f"in/{n}"], "output": f"out/{n}"} for n in NAMES]
    content = {"name": "three", "config": "config.yaml", "output": "out/all", "sites": entries}
    (root / "sites.yaml").write_text(json.dumps(content))
    return sites_file(root / "sites.yaml")


def fates(*roots: Path) -> pl.DataFrame:
    """Every document of some runs: its verdict and its clusters."""
    columns = [
        "id",
        "dropped_by",
        "exact_dedup_cluster",
        "near_dedup_cluster",
        "near_dedup_jaccard",
    ]
    files = [p for root in roots for d in ("kept", "dropped") for p in sorted((root / d).iterdir())]
    return pl.concat([pl.read_parquet(path, columns=columns) for path in files])


def differences(one: pl.DataFrame, three: pl.DataFrame) -> dict[str, Any]:
    """How many documents differ, and how."""
    both = one.join(three, on="id", suffix="_three")
    near = pl.col("dropped_by").eq_missing(pl.lit("near_dedup"))
    near_three = pl.col("dropped_by_three").eq_missing(pl.lit("near_dedup"))
    counted = both.select(
        exact=pl.col("exact_dedup_cluster").ne_missing(pl.col("exact_dedup_cluster_three")).sum(),
        near_in_both=(near & near_three).sum(),
        only_one_run=(near & ~near_three).sum(),
        only_three_sites=(near_three & ~near).sum(),
        other_survivor=(
            near & near_three & (pl.col("near_dedup_cluster") != pl.col("near_dedup_cluster_three"))
        ).sum(),
        other_stages=(
            ~near & ~near_three & pl.col("dropped_by").ne_missing(pl.col("dropped_by_three"))
        ).sum(),
    )
    return {"documents": both.height, **counted.row(0, named=True)}


def main() -> None:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--half", choices=("fit", "test"), default="test")
    parser.add_argument("--engine", default="local")
    given = parser.parse_args()
    os.environ.setdefault(KEY, secrets.token_hex(32))
    root = given.output.resolve()
    sites = laid_out(given.data, given.half, root)
    how, walls = How(given.engine), {}

    def timed(name: str, step: Any) -> Any:
        started = time.perf_counter()
        result = step()
        walls[name] = round(time.perf_counter() - started, 1)
        return result

    packages = [timed(f"run {n}", lambda n=n: package(sites, n, how)) for n in NAMES]
    decided = timed("decide", lambda: decide(sites, how))
    for name in NAMES:
        timed(f"finish {name}", lambda name=name: finish(sites, name, how))
    sealed = timed("seal", lambda: seal(sites))
    inputs = [str(root / "in" / name) for name in NAMES]
    one = root / "ONE"
    config = load(root / "config.yaml")
    timed("one run", lambda: run_pipeline(config, inputs, one, how, exports=False))
    three = [root / "out" / name / "run" for name in NAMES]
    print(json.dumps(differences(fates(one), fates(*three))))
    size = [sum(entry["bytes"] for entry in content["files"]) for content in packages]
    print(json.dumps({"package_mb": [round(one / 1e6, 1) for one in size], "walls": walls}))
    spent = {n: manifest.read(root / "out" / n / "run/metrics.json")["cpu_s"] for n in NAMES}
    whole = manifest.read(one / "metrics.json")["cpu_s"]
    coordinator = manifest.read(sites.decisions / "metrics.json")["cpu_s"]
    print(json.dumps({"cpu_s": spent, "coordinator": coordinator, "one_run": whole}))
    print(json.dumps({"totals": decided["totals"], "counts": sealed["counts"]}, ensure_ascii=False))
    places = [*three, sites.decisions, sites.release]
    print("findings:", [str(finding) for place in places for finding in verify(place)])


if __name__ == "__main__":
    main()
