"""The baselines: an environment of their own, and their answers, kept so that a rerun is quick.

    python -m scripts.eval.peers ROOM BASELINE DATA [--answers FILE]

Enters: a room's items (computed from DATA, or a file of them that the eval hands over).
Leaves: one answer per item as JSON, with the CPU and wall seconds it took.
Refuses: to import the package; to hide a baseline that does not install or crashes.
"""

import argparse
import hashlib
import importlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).with_name("peers.txt")
HOME = ROOT / ".venv-eval"
CACHE = ROOT / ".cache" / "eval"
#: Seconds after which a baseline counts as crashed.
LIMIT_S = 1200


@dataclass(frozen=True, slots=True)
class Answers:
    """What a baseline said, or why it said nothing."""

    answers: list[Any] | None
    cpu_s: float = 0.0
    wall_s: float = 0.0
    failed: str = ""
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Environment:
    """The baselines' Python, what is installed there, and what would not install."""

    python: Path
    versions: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def ask(
        self,
        room: str,
        baseline: str,
        items: list[dict[str, Any]],
        source: Path,
        *,
        fresh: bool = False,
    ) -> Answers:
        """The answers of one baseline, from the cache or from a process of its own."""
        key = digest(room, baseline, items, self.versions, source.read_bytes())
        kept = CACHE / f"{room}--{baseline}--{key[:20]}.json.zst"
        if kept.exists() and not fresh:
            body = zstandard.decompress(kept.read_bytes())
            return Answers(**json.loads(body), cached=True)
        with tempfile.TemporaryDirectory() as folder:
            asked, said = Path(folder) / "items.pickle", Path(folder) / "answers.json"
            asked.write_bytes(pickle.dumps(items))
            command = [self.python, "-m", "scripts.eval.peers", room, baseline, asked]
            try:
                done = subprocess.run(
                    [*map(str, command), "--answers", str(said)],
                    cwd=ROOT,
                    env={**os.environ, "PYTHONPATH": "", "PYTHONWARNINGS": "ignore"},
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=LIMIT_S,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return Answers(None, failed=f"not done after {LIMIT_S} s")
            except OSError as error:
                return Answers(None, failed=f"no environment: {error}")
            if done.returncode or not said.exists():
                last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
                return Answers(None, failed=last[0][:200])
            body = said.read_bytes()
        found = Answers(**json.loads(body))
        if found.answers is None or len(found.answers) != len(items):
            return Answers(None, failed=f"{len(found.answers or [])} answers to {len(items)} items")
        if not fresh:
            own_ignored_folder(CACHE)
            for old in CACHE.glob(f"{room}--{baseline}--*"):
                old.unlink()
            kept.write_bytes(zstandard.compress(body))
        return found


def digest(*parts: Any) -> str:
    """The sha256 of everything that an answer depends on; bytes are allowed anywhere."""

    def plain(value: Any) -> str:
        if isinstance(value, bytes):
            return hashlib.sha256(value).hexdigest()
        raise TypeError(f"{type(value).__name__} in an item")

    text = json.dumps(parts, sort_keys=True, default=plain)
    return hashlib.sha256(text.encode()).hexdigest()


def own_ignored_folder(folder: Path) -> None:
    """Make a folder that version control and linters leave alone."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", "utf-8")


def environment(home: Path = HOME) -> Environment:
    """The baselines' environment; made when it is absent or its requirements changed."""
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    stamp = home / "ready.json"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists():
        known = json.loads(stamp.read_text("utf-8"))
        if known["wanted"] == wanted:
            return Environment(python, known["versions"], known["failed"])
    print(f"making {home.name} for the baselines …", file=sys.stderr)
    try:
        venv.EnvBuilder(clear=True, with_pip=True).create(home)
        own_ignored_folder(home)
        failed = install(python)
        versions = installed(python)
    except (OSError, subprocess.SubprocessError) as error:
        return Environment(python, {}, {"everything": str(error)})
    content = {"wanted": wanted, "versions": versions, "failed": failed}
    if not failed:  # what failed is tried again the next time
        stamp.write_text(json.dumps(content, indent=1), "utf-8")
    return Environment(python, versions, failed)


def install(python: Path) -> dict[str, str]:
    """Install all requirements, one by one where that fails; what failed, and why."""
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    whole = subprocess.run([*pip, "-r", str(REQUIREMENTS)], capture_output=True, check=False)
    if not whole.returncode:
        return {}
    failed = {}
    for line in REQUIREMENTS.read_text("utf-8").splitlines():
        wanted = line.split("#")[0].strip()
        if not wanted:
            continue
        done = subprocess.run([*pip, wanted], capture_output=True, text=True, check=False)
        if done.returncode:
            failed[wanted] = (done.stderr.strip().splitlines() or ["no word of pip"])[-1][:200]
    return failed


def installed(python: Path) -> dict[str, str]:
    """Names and versions of what the environment holds."""
    command = [str(python), "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {entry["name"].lower(): entry["version"] for entry in json.loads(done.stdout)}


def main() -> None:
    """In the baselines' environment: answer the items of one room."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("room")
    parser.add_argument("baseline")
    parser.add_argument("data", type=Path, help="the data folder, or a file of pickled items")
    parser.add_argument("--answers", type=Path, help="where to write; standard output if absent")
    options = parser.parse_args()
    room = importlib.import_module(f"scripts.eval.{options.room}")
    whole = options.data.is_dir()
    items = room.items(options.data) if whole else pickle.loads(options.data.read_bytes())
    cpu, wall = time.process_time(), time.perf_counter()
    answers = room.BASELINES[options.baseline](items)
    content = json.dumps(
        {
            "answers": answers,
            "cpu_s": time.process_time() - cpu,
            "wall_s": time.perf_counter() - wall,
        }
    )
    if options.answers:
        options.answers.write_text(content, "utf-8")
    else:
        print(content)


if __name__ == "__main__":
    main()
