"""A small pipeline run from the command line, to be disturbed: its inputs, processes and digests.

Enters: a folder.  Leaves: a `Scene`: inputs of fixed texts in many splits, a config, and what an
undisturbed run made of them.  Refuses: nothing of the run is mocked; every process is a real one.
"""

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from scripts.faults.documents import texts
from scripts.faults.layouts import KINDS, made, pieces_of

ROOT = Path(__file__).parents[2]
#: Seconds after which a disturbed run counts as hanging.
LIMIT_S = 300
DOCUMENTS = 800
CONFIG = """
name: faults
stages: [decode, exact_dedup, line_dedup]
ingest: {split_mb: 0.025}
export: {shard_mb: 1}
sources:
  - {name: all, match: ["*"], kind: synthetic, license: CC0-1.0, legal_basis: synthetic,
     collected_at: "2026-01-15", origin: cn}
"""


@dataclass(slots=True)
class Ended:
    """How a command ended: its code (None: it hung and was killed), what it said, seconds."""

    code: int | None
    said: str
    seconds: float

    @property
    def lines(self) -> list[str]:
        """What the command says of its end."""
        return [one for one in self.said.splitlines() if one.startswith("corpus-pipeline:")]

    @property
    def traceback(self) -> bool:
        """Whether a user would see one."""
        return "Traceback (most recent call last)" in self.said


@dataclass(slots=True)
class Run:
    """A command under way."""

    process: subprocess.Popen[bytes]
    output: Path
    log: Path
    started: float

    def wait(self, seconds: float = LIMIT_S) -> Ended:
        """Its end; a command that hangs is killed."""
        try:
            code: int | None = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
            self.process.kill()
            self.process.wait()
        said = self.log.read_text("utf-8", "replace")
        return Ended(code, said, time.monotonic() - self.started)

    def splits(self) -> int:
        """How many splits are committed."""
        found = list((self.output / "work" / "local" / "manifests").glob("split-*.json"))
        return len(found) or len(list((self.output / "manifests").glob("split-*.json")))

    def reach(self, splits: int, seconds: float = LIMIT_S) -> None:
        """Wait until so many splits are committed, or the command has ended."""
        deadline = time.monotonic() + seconds
        while self.splits() < splits and self.process.poll() is None:
            if time.monotonic() > deadline:
                return
            time.sleep(0.02)

    def cluster(self, kind: str = "") -> list[psutil.Process]:
        """The run's own Ray cluster; `kind`: raylet, gcs_server, worker or keeper."""
        return members(self.process.pid, kind)


def members(driver: int, kind: str = "") -> list[psutil.Process]:
    """The processes below a driver, or those of one kind."""
    found = []
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(driver).children(recursive=True)
        direct = {child.pid for child in psutil.Process(driver).children()}
        for one in children:
            with suppress(psutil.NoSuchProcess):
                line = " ".join(one.cmdline())
                of = (
                    "keeper"
                    if one.pid in direct
                    else "worker"
                    if line.startswith(("ray::perform", "ray::IDLE"))
                    else one.name()
                )
                if not kind or kind in of:
                    found.append(one)
    return found


@dataclass(slots=True)
class Scene:
    """Inputs, a config, and the digests of the undisturbed run."""

    home: Path
    calm: dict[str, str] = field(default_factory=dict)
    wall: float = 0.0
    number: int = 0

    @property
    def config(self) -> Path:
        """The config's file."""
        return self.home / "faults.yaml"

    @property
    def inputs(self) -> Path:
        """The folder of inputs."""
        return self.home / "in"

    def fresh(self, name: str = "out") -> Path:
        """A folder that no run has written to."""
        self.number += 1
        return self.home / f"{name}-{self.number}"

    def command(self, output: Path | str, engine: str, more: Sequence[str] = ()) -> list[str]:
        """The command line of a run."""
        which = ["--engine", engine, *(["--workers", "2"] if engine == "ray" else [])]
        given = ["run", str(self.config), "--input", str(self.inputs), "--output", str(output)]
        return [sys.executable, "-m", "corpus_pipeline.cli", *given, *which, *more]

    def start(
        self,
        output: Path | str,
        engine: str = "local",
        more: Sequence[str] = (),
        environment: Mapping[str, str | None] | None = None,
        before: Sequence[str] = (),
    ) -> Run:
        """A run on its way; `before`: a command that starts it (`prlimit …`)."""
        self.number += 1
        log = self.home / f"log-{self.number}"
        settings = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
        with log.open("wb") as file:
            process = subprocess.Popen(
                [*before, *self.command(output, engine, more)],
                env={name: value for name, value in settings.items() if value is not None},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd=self.home,
                start_new_session=True,
            )
        return Run(process, Path(output), log, time.monotonic())

    def same(self, output: Path) -> bool:
        """Whether a folder holds what the undisturbed run wrote, byte for byte."""
        return output.is_dir() and digests(output) == self.calm


def digests(root: Path) -> dict[str, str]:
    """The sha256 of every file but the one that holds times."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "metrics.json"
    }


def scene(home: Path, documents: int = DOCUMENTS) -> Scene:
    """Write the inputs, run once, and remember what came out."""
    made_scene = Scene(home)
    made_scene.inputs.mkdir(parents=True)
    made_scene.config.write_text(CONFIG, "utf-8")
    rng = random.Random(13)
    rows = texts(0, documents)
    for serial in range(10, documents, 10):  # every tenth one is a copy of another, with an edit
        rows[serial] = rows[rng.randrange(serial)].replace("。", "！", serial % 3)
    kinds = ("jsonl", "csv", "warc", "parquet")
    for number, kind in enumerate(kinds):
        chosen = {n: text for n, text in rows.items() if n % len(kinds) == number}
        layout = KINDS[kind]
        data = made(layout, pieces_of(layout, chosen), "none").data
        (made_scene.inputs / f"{kind}{layout.suffix}").write_bytes(data)
    (made_scene.inputs / "short.jsonl").write_text(json.dumps({"text": "短。"}), "utf-8")
    output = made_scene.fresh("calm")
    ended = made_scene.start(output).wait()
    if ended.code != 0:
        raise SystemExit(f"the undisturbed run failed:\n{ended.said}")
    made_scene.calm, made_scene.wall = digests(output), ended.seconds
    return made_scene
