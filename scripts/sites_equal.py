"""Three sites beside one run over the union of their inputs, on real documents.

    python -m scripts.sites_equal DATA/text/bulk.jsonl.zst OUT [--half fit|test] [--exact]

Documents are dealt out to three folders.  Each site is packaged, all are decided, the groups are
summed and settled, each site is finished (with `--engine ray` on a cluster of its own each time),
the release is sealed, and one run is made over the union.  Printed: documents whose fate differs,
columns that do (with `--exact`, without `near_dedup`, there must be none), sizes of what leaves,
seconds and core-hours.
"""

import argparse
import json
import os
import secrets
import time
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from corpus_pipeline.app.config import load
from corpus_pipeline.app.execute import run_pipeline
from corpus_pipeline.app.how import How
from corpus_pipeline.app.sites.file import KEY, SitesFile, sites_file
from corpus_pipeline.app.sites.work import decide, finish, package, seal, settle, sum_up
from corpus_pipeline.io import manifest
from corpus_pipeline.products.verify.chain import verify
from corpus_pipeline.training.halves import half_of
from scripts.eval.reading import rows

NAMES = ("north", "south", "west")
COUNTS = ["line_dedup", "spam_names", "source_admission", "quality_rank"]
STAGES = ["normalize", "heuristics", "quality", "domain", "exact_dedup", "near_dedup", *COUNTS]


def laid_out(given: argparse.Namespace, root: Path) -> SitesFile:
    """The documents of a half in three folders, a config and a sites file.

    Of each site a file of every source: all sources lie at all sites.
    """
    parts: dict[tuple[str, str], list[str]] = {}
    of_half = (row for row in rows(given.data) if half_of(row) == given.half)
    for number, row in enumerate(of_half):
        # Documents of one repository stand for those of one host, which share lines.
        url = f"https://{row['source'].replace('/', '.')}.example.cn/{number}"
        said = {"id": row["id"], "url": url, "text": row["text"]}
        line = json.dumps(said, ensure_ascii=False)
        place = NAMES[number * 2654435761 % 4294967296 % 3], row["source"].partition("/")[0]
        parts.setdefault(place, []).append(line)
    for (name, source), lines in parts.items():
        (root / "in" / name).mkdir(parents=True, exist_ok=True)
        path = root / "in" / name / f"{name}@{source}.jsonl"
        path.write_text("\n".join(lines) + "\n", "utf-8")
    stages = [name for name in STAGES if name != "near_dedup" or not given.exact]
    sources = [
        {"name": name, "match": [f"*@{name}.jsonl"]} for name in sorted({s for _, s in parts})
    ]
    config = {"name": "three", "stages": stages, "sources": sources}
    (root / "config.yaml").write_text(json.dumps(config))
    entries = [{"name": n, "inputs": [f"in/{n}"], "output": f"out/{n}"} for n in NAMES]
    content = {"name": "three", "config": "config.yaml", "output": "out/all", "sites": entries}
    content["within"] = given.within
    (root / "sites.yaml").write_text(json.dumps(content))
    return sites_file(root / "sites.yaml")


def fates(*roots: Path) -> pl.DataFrame:
    """Every document of some runs."""
    files = [p for root in roots for d in ("kept", "dropped") for p in sorted((root / d).iterdir())]
    return pl.concat([pl.read_parquet(path) for path in files]).sort("id")


def columns_differing(one: pl.DataFrame, three: pl.DataFrame) -> dict[str, int]:
    """In how many documents each column differs, of those in which one does."""
    assert one["id"].equals(three["id"])
    found = {name: (one[name].ne_missing(three[name])).sum() for name in one.columns}
    return {name: count for name, count in found.items() if count}


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


def in_mb(content: dict[str, Any]) -> float:
    """MB of the files that a manifest lists."""
    return round(sum(entry["bytes"] for entry in content["files"]) / 1e6, 2)


def folders(contents: list[dict[str, Any]]) -> dict[str, float]:
    """MB of each folder of all packages."""
    found: Counter[str] = Counter()
    for content in contents:
        for entry in content["files"]:
            found[entry["path"].rpartition("/")[0]] += entry["bytes"]
    return {name: round(size / 1e6, 2) for name, size in found.items()}


def main() -> None:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--half", choices=("fit", "test"), default="test")
    parser.add_argument("--engine", default="local")
    parser.add_argument("--exact", action="store_true", help="leave near_dedup out: all is equal")
    parser.add_argument("--within", nargs="*", default=[], help="stages that count within a site")
    given = parser.parse_args()
    os.environ.setdefault(KEY, secrets.token_hex(32))
    root = given.output.resolve()
    sites = laid_out(given, root)
    how, walls = How(given.engine), {}

    def timed(name: str, step: Any) -> Any:
        started = time.perf_counter()
        result = step()
        walls[name] = round(time.perf_counter() - started, 1)
        return result

    packages = [timed(f"run {n}", lambda n=n: package(sites, n, how)) for n in NAMES]
    decided = timed("decide", lambda: decide(sites, how))
    sums = [timed(f"sum {n}", lambda n=n: sum_up(sites, n, how)) for n in NAMES]
    timed("settle", lambda: settle(sites, how))
    for name in NAMES:
        timed(f"finish {name}", lambda name=name: finish(sites, name, how))
    sealed = timed("seal", lambda: seal(sites))
    inputs = [str(root / "in" / name) for name in NAMES]
    one = root / "ONE"
    config = load(root / "config.yaml")
    timed("one run", lambda: run_pipeline(config, inputs, one, how, exports=False))
    three = [root / "out" / name / "run" for name in NAMES]
    whole, apart = fates(one), fates(*three)
    if not given.exact:
        print(json.dumps(differences(whole, apart)))
    print(json.dumps({"columns that differ": columns_differing(whole, apart)}))
    print(json.dumps({"package_mb": [in_mb(made) for made in packages], "walls": walls}))
    print(json.dumps({"sums_mb": [in_mb(made) for made in sums], "folders_mb": folders(packages)}))
    spent = {n: manifest.read(root / "out" / n / "run/metrics.json")["cpu_s"] for n in NAMES}
    coordinator = [
        manifest.read(folder / "metrics.json")["cpu_s"]
        for folder in (sites.decisions, sites.totals)
    ]
    alone = manifest.read(one / "metrics.json")["cpu_s"]
    print(json.dumps({"cpu_s": spent, "coordinator": coordinator, "one_run": alone}))
    print(json.dumps({"totals": decided["totals"], "counts": sealed["counts"]}, ensure_ascii=False))
    places = [*three, sites.decisions, sites.totals, sites.release]
    print("findings:", [str(finding) for place in places for finding in verify(place)])


if __name__ == "__main__":
    main()
