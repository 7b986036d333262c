"""Every reader × every kind of damage, ours and two others' on the same files.

Enters: which kinds, compressions and damages.  Leaves: for each case and entrant how it ended, how
many of the documents that lie outside the damage survived, what was said of the rest, seconds and
memory.  Beside the damaged files of a case lie two undamaged ones.
"""

import json
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.faults.damages import DAMAGES, damaged
from scripts.faults.documents import numbers, texts
from scripts.faults.layouts import KINDS, PACK, Kind, made, pieces_of
from scripts.race.entrants import ROOT, SETTINGS, environment, version

#: Seconds after which a case counts as hanging.
LIMIT_S = 90

#: The damage that is none.
CONTROL = "none"
#: Damages that leave nothing of which anything could be said.
WITHOUT = ("empty", "only NULs")


@dataclass(frozen=True, slots=True)
class Entrant:
    """Who reads, in which environment (null: the project's own)."""

    name: str
    runner: str
    environment: str | None
    package: str


ENTRANTS = (
    Entrant("corpus-pipeline", "ours", None, "corpus-pipeline"),
    Entrant("datatrove", "datatrove", "datatrove", "datatrove"),
    Entrant("data-juicer", "data_juicer", "data-juicer", "py-data-juicer"),
    Entrant("data-juicer, lenient", "data_juicer_lenient", "data-juicer", "py-data-juicer"),
)


@dataclass(slots=True)
class Case:
    """Some damaged files of one kind, two good ones beside them, and what must come out."""

    kind: Kind
    compression: str
    damage: str
    folder: Path
    must: dict[int, str]
    others: dict[int, str]  # all documents that there are, by number
    held: set[int]  # those that the files had before the damage
    beside: set[int]

    @property
    def name(self) -> str:
        """A name that files may have."""
        return self.folder.name

    def described(self) -> dict[str, Any]:
        """What a runner is told."""
        return {
            "case": self.name,
            "folder": str(self.folder),
            "kind": self.kind.name,
            "format": self.kind.format,
            "options": dict(self.kind.options),
        }


def cases(
    home: Path,
    kinds: Sequence[str] = (),
    compressions: Sequence[str] = (),
    damages: Sequence[str] = (),
) -> Iterator[Case]:
    """The cases, their files written; no names mean all."""
    for kind in KINDS.values():
        for compression in PACK:
            for damage in DAMAGES.values():
                chosen = (
                    (not kinds or kind.name in kinds)
                    and (not compressions or compression in compressions)
                    and (not damages or damage.name in damages)
                )
                if chosen and damage.fits(kind, compression):
                    yield _case(home, kind, compression, damage.name)


def _case(home: Path, kind: Kind, compression: str, damage: str) -> Case:
    name = f"{kind.name}-{compression}-{damage}".replace(" ", "_").replace(",", "")
    folder = home / name
    folder.mkdir(parents=True)
    files, _ = damaged(kind, compression, DAMAGES[damage], 0)
    must: set[int] = set()
    for file in files:
        (folder / file.name).write_bytes(file.data)
        must |= file.must
    beside: dict[int, str] = {}
    for number, end in enumerate(("a", "z")):  # before and behind the damaged ones
        good = texts(9000 + 100 * number, min(kind.documents, 6))
        data = made(kind, pieces_of(kind, good), compression).data
        place = folder / f"{end}-good{kind.suffix}{PACK[compression][0]}"
        place.write_bytes(data)
        beside |= good
    every = {n: text for f in range(len(files)) for n, text in texts(100 * f, 100).items()}
    every |= beside
    wanted = {n: every[n] for n in must | set(beside)}
    held = {n for f in range(len(files)) for n in range(100 * f, 100 * f + kind.documents)}
    return Case(kind, compression, damage, folder, wanted, every, held, set(beside))


def judged(case: Case, found: dict[str, Any], out: Sequence[str]) -> dict[str, Any]:
    """How many of the documents survived, and in what state the rest is."""
    whole, altered = set(), set()
    for text in out:
        for number in numbers(text):
            original = case.others.get(number)
            (whole if original is not None and original in text else altered).add(number)
    survived = [n for n in case.must if n in whole]
    reasons = Counter(found.pop("reasons", [])) + Counter(found.pop("left_out", []))
    return {
        "must": len(case.must),
        "survived": len(survived),
        "beside_lost": len(case.beside - whole),
        "more": len(whole - set(case.must)),
        "altered": len(altered - whole),
        "gone": len(set(case.held) - whole - altered),
        "reasons": dict(sorted(reasons.items())),
        **found,
    }


def read(entrant: Entrant, found: Sequence[Case], home: Path) -> dict[str, dict[str, Any]]:
    """The results of an entrant, by case; a process that dies or hangs costs one case."""
    python, failed = environment(entrant.environment)
    if failed:
        return {case.name: {"how": "not installed", "said": failed} for case in found}
    home.mkdir(parents=True)
    results = home / "results.jsonl"
    results.touch()
    settings = {**os.environ, **SETTINGS, "HF_HOME": str(home / "hf"), "TMPDIR": str(home)}
    done: dict[str, dict[str, Any]] = {}
    while todo := [case for case in found if case.name not in done]:
        listed = home / "cases.jsonl"
        listed.write_text("".join(json.dumps(c.described()) + "\n" for c in todo), "utf-8")
        command = [str(python), "-m", "scripts.faults.child", entrant.runner, str(listed)]
        with (home / "log").open("ab") as log:
            process = subprocess.Popen(
                [*command, str(results)],
                cwd=ROOT,
                env=settings,
                stdout=subprocess.DEVNULL,  # some print whole records
                stderr=log,
            )
        how = _watched(process, results)
        said = [json.loads(line) for line in results.read_text("utf-8").splitlines()]
        before = len(done)
        done |= {one["case"]: one for one in said if "how" in one}
        begun = {one["case"] for one in said if "begins" in one} - set(done)
        for name in begun:
            done[name] = {"case": name, "how": how, "said": f"exit code {process.returncode}"}
            with results.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(done[name]) + "\n")
        if len(done) == before:
            raise SystemExit(f"{entrant.name} does not start; what it said is in {home / 'log'}")
    return {case.name: judged(case, done[case.name], _texts(home, case)) for case in found}


def _texts(home: Path, case: Case) -> list[str]:
    path = home / f"{case.name}.json"
    return json.loads(path.read_text("utf-8", "surrogatepass")) if path.exists() else []


def _watched(process: subprocess.Popen[bytes], results: Path) -> str:
    """Wait for the end of a child, or kill it where a case takes too long; how it ended."""
    while process.poll() is None:
        time.sleep(0.2)
        lines = results.read_text("utf-8").splitlines() if results.exists() else []
        last = json.loads(lines[-1]) if lines else {}
        if "begins" in last and time.time() - last["begins"] > LIMIT_S:
            process.kill()
            process.wait()
            return "hang"
    return "died"


def table(
    home: Path, chosen: Sequence[str] = (), **which: Sequence[str]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """All results, a row a case and entrant, and the versions of the entrants."""
    found = list(cases(home / "files", **which))
    rows, versions = [], {}
    for entrant in ENTRANTS:
        if chosen and entrant.name not in chosen:
            continue
        versions[entrant.name] = version(environment(entrant.environment)[0], entrant.package)
        results = read(entrant, found, home / entrant.runner)
        unread = {
            (case.kind.name, case.compression)
            for case in found
            if case.damage == CONTROL and results[case.name].get("survived") != len(case.must)
        }
        for case in found:
            # Who does not read the undamaged files has no reader for them; we have one for all.
            if (case.kind.name, case.compression) in unread and entrant.environment:
                continue
            about = {"kind": case.kind.name, "compression": case.compression}
            about |= {"damage": case.damage, "entrant": entrant.name}
            result = {k: v for k, v in results[case.name].items() if k != "case"}
            if result["how"] != "no reader":
                rows.append(about | result)
        shutil.rmtree(home / entrant.runner)
    return rows, versions


def verdict(row: dict[str, Any]) -> str:
    """One word: what a case came to; `silent`: documents are gone and nothing is said."""
    if row["how"] in ("hang", "died", "crash"):
        return row["how"]
    if row["how"] == "refusal":
        return "refusal"
    if row["survived"] < row["must"]:
        return "lost"
    # What is missing from a bare text nobody can know.
    known = row["damage"] not in WITHOUT and not row["kind"].startswith("text")
    silent = row["gone"] and not row["reasons"] and known
    return "silent" if silent else "result"
