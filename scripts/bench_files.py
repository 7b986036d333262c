"""What a run of many small files costs before it begins: time and memory of `plan`.

    python scripts/bench_files.py SCRATCH [--files 1000000] [--flat] [--ingest]

Makes text files of 300 bytes, a thousand a folder (with `--flat` all in one), plans a run over
them, or with `--ingest` reads them by one process, and removes them.  Prints core seconds and MB.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TEXT = ("春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。" * 4).encode()
CONFIG = "name: small\nstages: [decode, langid, exact_dedup]\n"


def main() -> None:
    """Make, measure, remove."""
    parser = argparse.ArgumentParser()
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--flat", action="store_true")
    parser.add_argument("--ingest", action="store_true")
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="files-", dir=given.scratch))
    try:
        for number in range(given.files):
            folder = home / "in" / ("" if given.flat else f"{number // 1000:05d}")
            if not number % 1000:
                folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number:07d}.txt").write_bytes(f"第{number}篇。".encode() + TEXT[:288])
        (home / "config.yaml").write_text(CONFIG)
        command = ["plan", str(home / "config.yaml"), "--input", str(home / "in")]
        if given.ingest:
            command = ["ingest", str(home / "in"), "--output", str(home / "out")]
            command += ["--engine", "local"]
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "corpus_pipeline", *command], check=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        core, wall = used.ru_utime + used.ru_stime, time.perf_counter() - started
        print(
            f"{given.files:,} files: {core:.1f} core s, {wall:.1f} s, {used.ru_maxrss / 1e3:.0f} MB"
        )
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
