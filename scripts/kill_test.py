"""Kill a run at random moments until it is done, and compare every byte with an undisturbed run.

`python scripts/kill_test.py --kills 20 --victim driver|worker -- CONFIG --input … [--engine …]`
starts `corpus-pipeline run` with the arguments after `--`, sends SIGKILL to the driver (and, with
`worker`, to one of its Ray workers) at moments drawn from a seed, restarts it each time, lets it
finish, and prints which files differ.  Exit code 1 when one does.
"""

import argparse
import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil


def digests(root: Path) -> dict[str, str]:
    """The sha256 of every file but the one that holds times."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "metrics.json" and not path.name.startswith(".tmp-")
    }


def start(arguments: list[str], output: Path, log: Path) -> subprocess.Popen:
    """The command under test."""
    command = [sys.executable, "-m", "corpus_pipeline.cli", "run", *arguments]
    with log.open("ab") as file:
        return subprocess.Popen([*command, "--output", str(output)], stderr=file, stdout=file)


def kill(child: subprocess.Popen, victim: str, chance: random.Random) -> str:
    """SIGKILL to the driver, or to one of the workers it has."""
    if victim == "worker":
        workers = [
            process
            for process in psutil.Process(child.pid).children(recursive=True)
            if re.match(r"ray::(perform|IDLE)", " ".join(process.cmdline()))
        ]
        if workers:
            chosen = chance.choice(workers)
            chosen.kill()
            return f"worker {chosen.pid}"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    return f"driver {child.pid}"


def main() -> None:
    """Kill, restart, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--victim", choices=["driver", "worker"], default="driver")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    chosen = parser.parse_args()
    arguments = [item for item in chosen.arguments if item != "--"]
    chance = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        started = time.monotonic()
        calm = start(arguments, home / "calm", home / "log")
        if calm.wait() not in (0, 3):
            sys.exit((home / "log").read_text())
        wall = time.monotonic() - started
        print(f"undisturbed: {wall:.1f} s")
        done = 0
        while done < chosen.kills:
            child = start(arguments, home / "out", home / "log")
            deadline = time.monotonic() + chance.uniform(0.02, 1.0) * wall * 0.9
            while child.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            if child.poll() is None:
                done += 1
                print(f"{done}: killed {kill(child, chosen.victim, chance)}", flush=True)
                if child.poll() is None and child.wait() not in (0, 3):
                    sys.exit((home / "log").read_text())
            else:
                print("had finished: from the start again", flush=True)
                subprocess.run(["rm", "-rf", str(home / "out")], check=True)
        last = start(arguments, home / "out", home / "log")
        if last.wait() not in (0, 3):
            sys.exit((home / "log").read_text())
        expected, found = digests(home / "calm"), digests(home / "out")
        wrong = sorted(name for name in expected | found if expected.get(name) != found.get(name))
        print(f"{done} kills, {len(found)} files, {len(wrong)} differ: {wrong[:5]}")
        sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
