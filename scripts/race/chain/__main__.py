"""Whole chains side by side: `python -m scripts.race.chain DATA [--mb 20] [--json F] [--svg F]`.

Enters: the folder of real data.  Leaves: two tables, and on demand JSON and a picture.  Each chain
reads the same JSON lines on the same core in a process of its own (`child.py`), in an environment
of its own (`entrants.py`), as its users would run it: a few documents, which measure its start-up,
then all of them.  The chains take turns, so that a busy minute falls on all of them.
Refuses: to race without saying what each chain does, what stands in for what, and what is left out.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.race.chain.entrants import CHAINS, Chain, Place, about, ready, send
from scripts.race.chain.figures import figures, spent
from scripts.race.chain.report import page, passage, picture
from scripts.race.chain.scaling import scaling
from scripts.race.documents import Document, documents, rows

#: Documents of the run that measures the start-up.
FEW = 20
#: A fast chain runs so often, a slow one until so many CPU seconds were spent; the median counts.
REPEATS, ENOUGH_S = 3, 60.0
#: What dolma's format asks for beside id and text; nobody else reads it.
DATED = {"source": "race", "added": "2026-01-01T00:00:00Z", "created": "2026-01-01T00:00:00Z"}


def prepare(found: list[Document], folder: Path) -> None:
    """`few.jsonl` and `whole.jsonl`: what every chain reads."""
    for name, some in (("few", found[:FEW]), ("whole", found)):
        lines = [
            json.dumps({"id": row.id, "text": row.text} | DATED, ensure_ascii=False) for row in some
        ]
        (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")


@dataclass(slots=True)
class Runner:
    """A chain on its way: what is to be said of it, where it runs, its runs so far."""

    chain: Chain
    entry: dict[str, Any]
    place: Place
    few: list[dict[str, Any]] = field(default_factory=list)
    whole: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, chain: Chain, others: Path, core: int | None) -> "Runner":
        """With its environment, its models and its version."""
        place, known, failed = ready(chain, others, core)
        entry = about(chain) | {"version": known} | ({"failed": failed} if failed else {})
        return cls(chain, entry, place)

    @property
    def rests(self) -> bool:
        """Whether it failed, or has run long enough."""
        return "failed" in self.entry or sum(map(spent, self.whole)) >= ENOUGH_S

    def turn(self, home: Path, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        """A run on each of the files, up to the first that fails."""
        out: dict[str, dict[str, Any]] = {}
        for name in names:
            print(f"{self.chain.name}, {name} …", file=sys.stderr)
            work = home / self.chain.runner / name
            out[name] = send(self.chain, self.place, home / f"{name}.jsonl", work)
            if "failed" in out[name]:
                self.entry |= out[name]
                return {}
        return out


def race(
    found: list[Document], others: Path, chains: list[Chain], home: Path, core: int | None
) -> dict[str, Any]:
    """Send all off in turns, and put their figures together."""
    runners = [Runner.of(chain, others, core) for chain in chains]
    for runner in runners:
        # A run that does not count: bytecode, kernels, pages of files.
        if not runner.rests:
            runner.turn(home, ("few",))
    loads = [os.getloadavg()[0]]
    for _ in range(REPEATS):
        for runner in runners:
            if not runner.rests and (done := runner.turn(home, ("few", "whole"))):
                runner.few.append(done["few"])
                runner.whole.append(done["whole"])
        loads.append(os.getloadavg()[0])
    size, start = size_mb(found), size_mb(found[:FEW])
    for runner in runners:
        if "failed" not in runner.entry:
            runner.entry |= figures(runner.few, runner.whole, size, start)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}",
        # Of one minute, before the first turn and after each; the race itself is 1.
        "load": loads,
        "documents": {"documents": len(found), "mb": size},
        "chains": [runner.entry for runner in runners],
    }


def size_mb(found: list[Document]) -> float:
    """MB of UTF-8 text."""
    return sum(len(row.text.encode()) for row in found) / 1e6


def untouched(bulk: Path, found: list[Document], target: Path) -> None:
    """10 MB of texts that are not in the race, for what a chain makes of texts beforehand."""
    taken = {row.id for row in found}
    left = 10_000_000
    with target.open("w", encoding="utf-8") as out:
        for row in rows(bulk):
            if row["id"] not in taken and left > 0:
                out.write(row["text"] + "\n")
                left -= len(row["text"].encode())


def main() -> None:
    """Race, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="the folder with text/bulk.jsonl.zst")
    parser.add_argument("--mb", type=float, default=20, help="MB of UTF-8 text")
    parser.add_argument("--workers-mb", type=float, default=0, help="MB for two workers of ours")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--page", type=Path, help="a page that holds a passage of the race")
    parser.add_argument("--only", action="append", help="a chain's name; repeatable")
    chosen = parser.parse_args()
    known = [chain.name for chain in CHAINS]
    for name in chosen.only or []:
        if name not in known:
            parser.error(f"no chain {name!r}; known: {', '.join(known)}")
    chains = [one for one in CHAINS if not chosen.only or one.name in chosen.only]
    bulk = chosen.data / "text" / "bulk.jsonl.zst"
    found = documents(bulk, chosen.mb)
    core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        prepare(found, home)
        untouched(bulk, found, home / "others.txt")
        result = race(found, home / "others.txt", chains, home, core)
        if chosen.workers_mb:
            result["workers"] = scaling(documents(bulk, chosen.workers_mb), home / "scaling")
    print(passage(result))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if chosen.svg:
        chosen.svg.write_text(picture(result), "utf-8")
    if chosen.page:
        chosen.page.write_text(page(chosen.page.read_text("utf-8"), result), "utf-8")


if __name__ == "__main__":
    main()
