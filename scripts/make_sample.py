"""Write the embedded sample: `python scripts/make_sample.py corpus_pipeline/assets/sample`.

Enters: a folder.  Leaves: `raw/` (what a user would have), `benchmark.jsonl` and `truth.jsonl`
(what the pipeline must do with each document), the same bytes every time.
Refuses: documents that are near-duplicates without being meant to be (see sample/prose.py).
All texts are this project's own; all personal data in them is synthetic.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from sample import others
from sample.forum import forum
from sample.prose import Writer
from sample.truth import Truth
from sample.web import web

SEED = 20261121
LARGEST = 600_000


def make() -> dict[str, bytes]:
    """All files of the sample by name."""
    writer, truth = Writer(SEED), Truth()
    raw = {
        "web.warc.gz": web(writer, truth),
        "forum.jsonl": forum(writer, truth),
        "notes.jsonl.zst": others.notes(writer, truth),
        "columns.parquet": others.pages_parquet(writer, truth),
        **others.laws(truth),
        **others.books(writer, truth),
        "wiki.xml.bz2": others.wiki(writer, truth),
        "table.csv": others.table(writer, truth),
        "cut.jsonl.gz": others.cut_jsonl(writer, truth),
        "broken.warc.gz": others.broken_warc(writer, truth),
    }
    files = {f"raw/{name}": data for name, data in raw.items()}
    return {**files, "benchmark.jsonl": others.benchmark(), "truth.jsonl": truth.encode()}


def main() -> None:
    """Write the files and say how large they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, help="folder to write to; raw/ in it is replaced")
    output: Path = parser.parse_args().output
    files = make()
    total = sum(map(len, files.values()))
    if total > LARGEST:
        raise SystemExit(f"the sample has {total} bytes, more than {LARGEST}")
    shutil.rmtree(output / "raw", ignore_errors=True)
    for name, data in files.items():
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        (output / name).write_bytes(data)
        print(f"{len(data):>8} {name}")
    print(f"{total:>8} in all")


if __name__ == "__main__":
    main()
