"""`python -m scripts.unread_share [FILE…]`: what share of a delivery's bytes no reading reaches.

Enters: ordinary files, each a delivery.  Leaves: a table of `limits.unread_share`: how many
deliveries each limit stops, ordinary ones, and those of `scripts/faults` by what the damage cost.
A damaged delivery is four damaged files and two good ones, uncompressed and as gzip.
"""

import argparse
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from corpus_pipeline.app.config import load
from corpus_pipeline.app.execute import How, run_stage
from corpus_pipeline.io import manifest
from corpus_pipeline.model import unread_share
from scripts.faults.readers import CONTROL, cases, judged
from scripts.faults.runners import ours

LIMITS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
#: Documents that are gone, of all: each column is of those above one and up to the next.
LOSSES = (-1.0, 0.02, 0.1, 0.25, 0.5, 1.0)


def ordinary(files: list[Path], home: Path) -> Iterator[float]:
    """The unread share of each file."""
    for number, file in enumerate(files):
        out, how = home / f"ordinary-{number}", How(engine="local")
        run = run_stage(load(None, (), "ingest"), [str(file)], out, how, stage="ingest")
        print(f"{unread_share(run.counts):8.4%}  {file.name}")
        yield unread_share(run.counts)


def damaged(home: Path) -> Iterator[tuple[float, float]]:
    """Of each case that leaves a run: the share of the documents gone, and of the bytes unread."""
    for case in cases(home, compressions=["none", "gzip"]):
        found = ours.read(case.folder, case.described())
        if found["how"] == "result":
            row = judged(case, found, found.pop("texts"))
            counts = manifest.read(home / f"{case.name}.out" / "manifest.json")["counts"]
            gone = (row["gone"] + row["altered"]) / len(case.held)
            if case.damage != CONTROL or gone:
                yield gone, unread_share(counts)


def main() -> None:
    """Read, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    with tempfile.TemporaryDirectory(prefix="unread-") as folder:
        usual = list(ordinary(parser.parse_args().files, Path(folder)))
        rows = list(damaged(Path(folder)))
    steps = list(pairwise(LOSSES))
    columns = [[share for gone, share in rows if low < gone <= high] for low, high in steps]
    head = [f"ordinary ({len(usual)})"]
    for (low, high), column in zip(steps, columns, strict=True):
        head.append(f"{max(low, 0):.0%} to {high:.0%} gone ({len(column)})")
    print("| limit | " + " | ".join(head) + " |\n|--:|" + "--:|" * len(head))
    for limit in LIMITS:
        stopped = [sum(share > limit for share in column) for column in (usual, *columns)]
        print(f"| {limit:g} | " + " | ".join(map(str, stopped)) + " |")


if __name__ == "__main__":
    main()
