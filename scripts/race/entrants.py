"""Who races, in which environment, and how one is sent off.

Enters: the name of an entrant and a folder with the documents.  Leaves: its figures, or in a
sentence why there are none.  Refuses: to leave out an entrant that does not install, crashes or
never ends, and to install anything into the project's own environment.
"""

import hashlib
import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements")
HOME = ROOT / ".venv-race"
#: Seconds after which an entrant counts as crashed, and an installation as failed.
LIMIT_S, INSTALL_S = 1800, 1200
#: One core for all; nothing is fetched while the clock runs.
SETTINGS = {
    **dict.fromkeys(
        [
            "NUMBA_NUM_THREADS",
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "POLARS_MAX_THREADS",
            "RAYON_NUM_THREADS",
        ],
        "1",
    ),
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_OFFLINE": "1",
    "PYTHONPATH": str(ROOT),
    "PYTHONWARNINGS": "ignore",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True, slots=True)
class Entrant:
    """A runner, the environment it runs in (null: the project's own), and what it was told."""

    name: str
    runner: str
    environment: str | None
    package: str
    settings: str


ENTRANTS = (
    Entrant(
        "corpus-pipeline",
        "ours",
        None,
        "corpus-pipeline",
        "`near-dedup`, defaults; script-blind key, char-5, 16 × 8, every pair verified; "
        "writes all documents as Parquet",
    ),
    Entrant("rensa", "rensa", "rensa", "rensa", "char-5, 128 permutations, 16 × 8, closure"),
    Entrant(
        "datasketch",
        "datasketch",
        "datasketch",
        "datasketch",
        "char-5, 128 permutations, LSH at 0.7, closure",
    ),
    Entrant(
        "text-dedup",
        "text_dedup",
        "text-dedup",
        "text-dedup",
        "as shipped: 5 words by \\W, 250 permutations, 0.7; drops documents under 5 words",
    ),
    Entrant(
        "text-dedup, spaced",
        "text_dedup_spaced",
        "text-dedup",
        "text-dedup",
        "a space between all characters, min_length 1, else as shipped",
    ),
    Entrant(
        "data-juicer",
        "data_juicer",
        "data-juicer",
        "py-data-juicer",
        "`character`, else as shipped: 5-grams, 256 permutations, 0.7",
    ),
    Entrant(
        "datatrove",
        "datatrove",
        "datatrove",
        "datatrove",
        "`cmn_Hani`, 5 words, 14 × 8, its four blocks",
    ),
)


def run(entrant: Entrant, folder: Path) -> dict[str, Any]:
    """The figures of an entrant, with its version; or `failed`, and why."""
    about: dict[str, Any] = {"name": entrant.name, "settings": entrant.settings}
    python, failed = environment(entrant.environment)
    if failed:
        return about | {"failed": f"does not install: {failed}"}
    about["version"] = version(python, entrant.package)
    command = [str(python), "-m", "scripts.race.child", entrant.runner, str(folder)]
    settings = {**os.environ, **SETTINGS, "HF_HOME": str(folder / "hf")}
    return about | outcome_of(command, settings, folder / "result.json")


def outcome_of(command: list[str], settings: dict[str, str], result: Path) -> dict[str, Any]:
    """What a child wrote into `result`; or why it `failed`: a crash, or too long a time."""
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=settings,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"not done after {LIMIT_S} s"}
    if done.returncode or not result.exists():
        print(done.stderr[-2000:], file=sys.stderr)
        return {"failed": f"crashed: {last_line(done.stderr, done.returncode)}"}
    found: dict[str, Any] = json.loads(result.read_text("utf-8"))
    return found


def environment(
    name: str | None, requirements: Path | None = None, root: Path | None = None
) -> tuple[Path, str]:
    """The Python of an environment, made at the first use; and what went wrong, or nothing."""
    if name is None:
        return Path(sys.executable), ""
    root = root or HOME
    home, wanted = root / name, (requirements or REQUIREMENTS) / f"{name}.txt"
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    stamp = home / "ready"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text("utf-8") == digest:
        return python, ""
    print(f"making {home.relative_to(ROOT)} …", file=sys.stderr)
    try:
        venv.EnvBuilder(clear=True, with_pip=True).create(home)
        (root / ".gitignore").write_text("*\n", "utf-8")
        # The files name every package: nothing is left to resolve.
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*pip, "--no-deps", "-r", str(wanted)],
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return python, str(error)
    if done.returncode:
        return python, last_line(done.stderr, done.returncode)
    stamp.write_text(digest, "utf-8")
    return python, ""


def version(python: Path, package: str) -> str:
    """The installed version of a package in an environment."""
    code = f"import importlib.metadata; print(importlib.metadata.version({package!r}))"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def last_line(said: str, code: int) -> str:
    """The line in which a program says why it ended."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return (lines or [f"exit code {code}"])[-1][:200]
