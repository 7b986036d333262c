"""Near-dedup side by side: `python -m scripts.race DATA [--mb 20] [--json FILE] [--svg FILE]`.

Enters: the folder of real data.  Leaves: a table, and on demand JSON and a picture.  Every entrant
reads the same JSON lines on one core in a process of its own (`child.py`), in an environment of its
own (`entrants.py`), and is judged by the same exact truth (`truth.py`, `score.py`).
Refuses: to race on documents whose truth it does not know.
"""

import argparse
import json
import os
import platform
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from scripts.race.documents import Document, documents
from scripts.race.entrants import ENTRANTS, Entrant, run
from scripts.race.report import picture, table
from scripts.race.score import Truth

#: Documents of the run before the clock starts.
WARM = 20
#: Pieces of real text for the signatures alone.
PIECES, CHARACTERS = 400, 1000


def prepare(found: list[Document], folder: Path) -> None:
    """What each entrant finds in its folder."""
    folder.mkdir(parents=True)
    mixed = random.Random(2).sample(found, len(found))
    for name, rows in (("documents", found), ("shuffled", mixed), ("warm", found[:WARM])):
        lines = [json.dumps({"id": row.id, "text": row.text}, ensure_ascii=False) for row in rows]
        (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    pieces = [
        row.text[start : start + CHARACTERS]
        for row in found
        for start in range(0, len(row.text) - CHARACTERS, CHARACTERS)
    ]
    (folder / "pieces.json").write_text(json.dumps(pieces[:PIECES]), "utf-8")


def race(found: list[Document], entrants: list[Entrant], home: Path) -> dict[str, Any]:
    """Send all off, one after the other, and judge."""
    size = sum(len(row.text.encode()) for row in found) / 1e6
    results = []
    for entrant in entrants:
        folder = home / entrant.runner
        prepare(found, folder)
        print(f"{entrant.name} …", file=sys.stderr)
        results.append(run(entrant, folder))
        shutil.rmtree(folder)
    truth = Truth.of(found)
    for result in results:
        if "failed" not in result:
            result["judged"] = truth.judge(result.pop("removed"))
            result["mb_s"] = size / result["cpu_s"]
            result["documents_s"] = len(found) / result["cpu_s"]
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}",
        "documents": {"documents": len(found), "mb": size},
        "truth": truth.counts(),
        "entrants": results,
    }


def main() -> None:
    """Race, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="the folder with text/bulk.jsonl.zst")
    parser.add_argument("--mb", type=float, default=20, help="MB of UTF-8 text")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--only", action="append", help="an entrant's name; repeatable")
    chosen = parser.parse_args()
    known = [entrant.name for entrant in ENTRANTS]
    for name in chosen.only or []:
        if name not in known:
            parser.error(f"no entrant {name!r}; known: {', '.join(known)}")
    entrants = [one for one in ENTRANTS if not chosen.only or one.name in chosen.only]
    found = documents(chosen.data / "text" / "bulk.jsonl.zst", chosen.mb)
    with tempfile.TemporaryDirectory() as home:
        figures = race(found, entrants, Path(home))
    print(table(figures))
    print(json.dumps(figures["documents"] | figures["truth"]))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if chosen.svg:
        chosen.svg.write_text(picture(figures), "utf-8")


if __name__ == "__main__":
    main()
