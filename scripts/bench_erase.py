"""A takedown of 50 documents in a large release, measured.

    python -m scripts.bench_erase DATA --output FOLDER [--documents 1000000] [--index]

DATA is the data folder.  A release is made of `text/bulk.jsonl.zst`, repeated with the Han
characters shifted so that no round is like another, and of an edited copy of each document that
will be taken back.  Then 50 documents are taken back by URL, with `--index` from its index too, and
old and new release are verified.  Leaves: wall and processor seconds of each command,
what was taken, how many files were written anew.  A million documents need some 6 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from scripts.eval.reading import rows

#: Documents that are asked for, and how far characters move from round to round.
ASKED, STEP = 50, 997
FIRST, LAST = 0x4E00, 0x9FA0
CONFIG = """name: takedown
stages: [exact_dedup, near_dedup]
sources: [{name: made, match: ["*.parquet"], license: CC-BY-4.0}]
"""


def shifted(text: str, steps: int) -> str:
    """The text with each Han character moved on, so that its length stays and its words do not."""
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32).copy()
    han = (codes >= FIRST) & (codes < LAST)
    codes[han] = FIRST + (codes[han] - FIRST + steps * STEP) % (LAST - FIRST)
    return codes.tobytes().decode("utf-32-le")


def delivered(folder: Path, texts: Sequence[str], documents: int) -> list[str]:
    """Write the documents; the URLs that will be asked for, spread over all of them."""
    folder.mkdir(parents=True)
    asked = []
    for turn, first in enumerate(range(0, documents, len(texts))):
        here = texts[: documents - first]
        made = [shifted(text, turn) for text in here]
        urls = [
            f"https://s{(at * 7 + turn) % 5000}.example.org/{turn}/{at}" for at in range(len(made))
        ]
        wanted = range(documents // ASKED // 2, documents, documents // ASKED)
        mine = [number - first for number in wanted if 0 <= number - first < len(made)]
        asked += [urls[at] for at in mine]
        copies = [made[at].replace("。", "；", 2) + "。" for at in mine]
        urls += [f"https://copies.example.org/{turn}/{at}" for at in mine]
        frame = pl.DataFrame({"text": [*made, *copies], "url": urls})
        frame.write_parquet(folder / f"{turn:03d}.parquet", row_group_size=4096)
    return asked


def timed(folder: Path, arguments: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Run a command of the tool; its wall and processor seconds, those of Ray's workers aside."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    root = Path(__file__).parents[1]
    command = [sys.executable, "-m", "corpus_pipeline", *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments[:3])} …: exit code {done.returncode}\n{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    yield "wall_s", round(time.perf_counter() - start, 1)
    yield "cpu_s", round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1)


def main() -> None:
    """Make the release, take documents back, verify, and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--index", action="store_true", help="take them from an index too")
    given = parser.parse_args()
    texts = [row["text"] for row in rows(given.data / "text" / "bulk.jsonl.zst")]
    asked = delivered(given.output / "raw", texts, given.documents)
    (given.output / "config.yaml").write_text(CONFIG)
    run = ["run", "config.yaml", "--input", "raw", "--output", "release", "--workers", "2"]
    figures = {"run": dict(timed(given.output, run))}
    if given.index:
        build = ["index", "release", "--output", "index", "--config", "config.yaml"]
        figures["index"] = dict(timed(given.output, build))
    erase = ["erase", "release", "--output", "taken", "--request", "R-1", "--date", "2026-01-31"]
    erase += ["--index", "index"] if given.index else []
    erase += [part for url in asked for part in ("--url", url)]
    figures["erase"] = dict(timed(given.output, erase))
    for name in ("release", "taken/release"):
        figures[f"verify {name}"] = dict(timed(given.output, ["verify", name]))
    receipt = json.loads((given.output / "taken" / "receipt.json").read_text())["releases"][0]
    taken = {key: receipt[key] for key in ("documents", "near_duplicates")}
    print(json.dumps({**figures, **taken, "files": len(receipt["files"])}, indent=1))


if __name__ == "__main__":
    main()
