"""Every fault of the machinery around a run: what the run says of it, and what a rerun makes.

Enters: a `Scene`.  Leaves: for each fault and engine how the disturbed run ended, what it said, how
the same command ended afterwards, and whether every byte is that of the undisturbed run.
Expected: the same bytes at once, or one line and exit code 2 (130 after a signal that asks), no
traceback and no hang; and a rerun that continues to the same bytes.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.faults import stores
from scripts.faults.outcome import CannotRunError, Outcome
from scripts.faults.runs import ROOT, Ended, Run, Scene, digests

#: Committed splits after which a run is disturbed.
SOME = 4


Act = Callable[[Scene, str], Outcome]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, the engines that it can strike, and what the disturbed run may end with."""

    name: str
    what: str
    act: Act
    codes: tuple[int, ...] = (2,)
    engines: tuple[str, ...] = ("local", "ray")


def _again(scene: Scene, run: Run, engine: str, ended: Ended, note: str = "") -> Outcome:
    """The same command once more, where the first one was not done."""
    again = None if ended.code == 0 else scene.start(run.output, engine).wait()
    return Outcome(ended, run.output, again, note)


def _signalled(number: int) -> Act:
    """A signal to the driver in the middle of the run."""

    def act(scene: Scene, engine: str) -> Outcome:
        run = scene.start(scene.fresh(), engine)
        run.reach(SOME)
        run.process.send_signal(number)
        return _again(scene, run, engine, run.wait())

    return act


def _killed(kind: str) -> Act:
    """SIGKILL to one of the processes of the run's own cluster."""

    def act(scene: Scene, engine: str) -> Outcome:
        run = scene.start(scene.fresh(), engine)
        run.reach(SOME)
        found = run.cluster(kind)
        if not found and run.process.poll() is None:
            raise CannotRunError(f"no process {kind} in the cluster")
        for one in found[:1]:
            one.kill()
        return _again(scene, run, engine, run.wait())

    return act


def _stopped(scene: Scene, engine: str) -> Outcome:
    """SIGSTOP to all of the run, CONT four seconds later."""
    run = scene.start(scene.fresh(), engine)
    run.reach(SOME)
    for what in (signal.SIGSTOP, signal.SIGCONT):
        for one in run.cluster():
            with suppress(Exception):
                one.send_signal(what)
        run.process.send_signal(what)
        time.sleep(4 if what == signal.SIGSTOP else 0)
    return _again(scene, run, engine, run.wait())


@contextmanager
def mounted(scene: Scene, size: str) -> Iterator[Path]:
    """A file system of its own, of this size."""
    folder = scene.fresh("disk")
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "faults", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRunError(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
        folder.rmdir()


def _remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def _full_output(scene: Scene, engine: str) -> Outcome:
    """The disk of the output is full; then it has room."""
    with mounted(scene, "1m") as disk:
        run = scene.start(disk / "out", engine)
        ended = run.wait()
        _remount(disk, "size=200m")
        outcome = _again(scene, run, engine, ended)
        return _moved(scene, outcome)


def _moved(scene: Scene, outcome: Outcome) -> Outcome:
    """The output copied from a disk that goes."""
    kept = scene.fresh()
    if outcome.output.is_dir():
        shutil.copytree(outcome.output, kept)
    return Outcome(outcome.disturbed, kept, outcome.again, outcome.note)


def _full_scratch(scene: Scene, engine: str) -> Outcome:
    """The disk of temporary files is full."""
    with mounted(scene, "64k") as disk:
        (disk / "fill").write_bytes(bytes(40_000))
        run = scene.start(scene.fresh(), engine, environment={"TMPDIR": str(disk)})
        ended = run.wait()
    return _again(scene, run, engine, ended)


def _frozen_output(scene: Scene, engine: str) -> Outcome:
    """The folders of the output cannot be written to any more, in the middle of the run."""
    run = scene.start(scene.fresh(), engine)
    run.reach(SOME)
    folders = [str(path) for path in run.output.rglob("*") if path.is_dir()]
    done = subprocess.run(["chattr", "+i", *folders], capture_output=True, text=True, check=False)
    ended = run.wait()
    subprocess.run(["chattr", "-i", *folders], capture_output=True, check=False)
    if done.returncode:
        raise CannotRunError(f"a folder cannot be frozen here: {done.stderr.strip()}")
    return _again(scene, run, engine, ended)


def _read_only_output(scene: Scene, engine: str) -> Outcome:
    """The file system of the output was read-only from the beginning."""
    with mounted(scene, "200m") as disk:
        _remount(disk, "ro")
        run = scene.start(disk / "out", engine)
        ended = run.wait()
        _remount(disk, "rw")
        return _moved(scene, _again(scene, run, engine, ended))


def _placed(**environment: str | None) -> Act:
    """An environment in which a variable is set to what is of no use."""

    def act(scene: Scene, engine: str) -> Outcome:
        run = scene.start(scene.fresh(), engine, environment=environment)
        return _again(scene, run, engine, run.wait())

    return act


def _unwritable(name: str, *more: str) -> Act:
    """A home, or a folder of temporary files, that is read-only."""

    def act(scene: Scene, engine: str) -> Outcome:
        with mounted(scene, "1m") as disk:
            _remount(disk, "ro")
            settings: dict[str, str | None] = {name: str(disk)} | dict.fromkeys(more)
            run = scene.start(scene.fresh(), engine, environment=settings)
            ended = run.wait()
        return _again(scene, run, engine, ended)

    return act


def _limited(*options: str) -> Act:
    """A limit of the system on the run and on all of its children."""

    def act(scene: Scene, engine: str) -> Outcome:
        if shutil.which("prlimit") is None:
            raise CannotRunError("prlimit is not installed")
        run = scene.start(scene.fresh(), engine, before=["prlimit", *options])
        return _again(scene, run, engine, run.wait())

    return act


def _deleted(scene: Scene, engine: str) -> Outcome:
    """Somebody removes the output in the middle of the run."""
    run = scene.start(scene.fresh(), engine)
    run.reach(SOME)
    shutil.rmtree(run.output, ignore_errors=True)
    ended = run.wait()
    again = scene.start(run.output, engine, ["--overwrite"]).wait()
    return Outcome(ended, run.output, again, "again with --overwrite")


Change = Callable[[Path], object]


def _input(change: Change) -> Act:
    """An input changes when the run has begun; afterwards it is what it was."""

    def act(scene: Scene, engine: str) -> Outcome:
        path = scene.inputs / "warc.warc"  # it is read last
        before, times = path.read_bytes(), path.stat()
        run = scene.start(scene.fresh(), engine)
        run.reach(1)
        change(path)
        try:
            ended = run.wait()
        finally:
            path.write_bytes(before)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        return _again(scene, run, engine, ended)

    return act


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(path.read_bytes()[:5000])


def _overwritten(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = bytes(reversed(data[len(data) // 2 :]))
    path.write_bytes(data)


def _between(other: Callable[[Scene], tuple[Sequence[str], Mapping[str, str | None]]]) -> Act:
    """A killed run is continued by another command, which is refused, and then by its own."""

    def act(scene: Scene, engine: str) -> Outcome:
        run = scene.start(scene.fresh(), engine)
        run.reach(SOME)
        run.process.kill()
        run.wait()
        more, environment = other(scene)
        ended = scene.start(run.output, engine, more, environment).wait()
        return _again(scene, run, engine, ended)

    return act


def _other_config(_scene: Scene) -> tuple[Sequence[str], Mapping[str, str | None]]:
    return ["--set", "ingest.max_document_bytes=1000000"], {}


def _upgraded(scene: Scene) -> tuple[Sequence[str], Mapping[str, str | None]]:
    """A copy of the package, one stage of it edited."""
    home = scene.fresh("upgraded")
    shutil.copytree(
        ROOT / "corpus_pipeline",
        home / "corpus_pipeline",
        ignore=shutil.ignore_patterns("__pycache__", "sample"),
    )
    edited = home / "corpus_pipeline" / "stages" / "decode.py"
    edited.write_text(edited.read_text("utf-8") + "\n# a later version\n", "utf-8")
    return [], {"PYTHONPATH": str(home)}


def _second(scene: Scene, engine: str) -> Outcome:
    """Another run of the same command while the first one is under way; the first one goes on."""
    run = scene.start(scene.fresh(), engine)
    run.reach(1)
    run.process.send_signal(signal.SIGSTOP)  # it must not finish while the second one starts
    ended = scene.start(run.output, "local").wait()
    run.process.send_signal(signal.SIGCONT)
    first = run.wait()
    return Outcome(ended, run.output, first, "the second run is refused, the first one goes on")


def _finished(scene: Scene, engine: str) -> Outcome:
    """A finished run once more."""
    run = scene.start(scene.fresh(), engine)
    ended = run.wait()
    again = scene.start(run.output, engine).wait()
    return Outcome(ended, run.output, again)


def _clock(step: str, back: str) -> Act:
    """The wall clock is set back while the run goes."""

    def act(scene: Scene, engine: str) -> Outcome:
        library = scene.home / "clock.so"
        source = Path(__file__).with_name("clock.c")
        if not library.exists():
            command = ["cc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
            if shutil.which("cc") is None or subprocess.run(command, check=False).returncode:
                raise CannotRunError("no C compiler")
        settings = {"LD_PRELOAD": str(library), "CLOCK_STEP_S": step, "CLOCK_BACK_S": back}
        run = scene.start(scene.fresh(), engine, environment=settings)
        return _again(scene, run, engine, run.wait())

    return act


def _gone_reader(scene: Scene, engine: str) -> Outcome:
    """Who reads standard output and error has gone, as `| head` does."""
    output = scene.fresh()
    command = scene.command(output, engine)
    started = time.monotonic()
    reading, writing = os.pipe()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
        cwd=scene.home,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    os.close(writing)
    os.close(reading)
    log = scene.home / f"log-{output.name}"
    log.touch()
    run = Run(process, output, log, started)
    return _again(scene, run, engine, run.wait())


def _said_to_full(scene: Scene, engine: str) -> Outcome:
    """Standard output and error go to a full disk."""
    output, started = scene.fresh(), time.monotonic()
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen(
            scene.command(output, engine),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=full,
            cwd=scene.home,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    log = scene.home / f"log-{output.name}"
    log.touch()
    run = Run(process, output, log, started)
    return _again(scene, run, engine, run.wait())


LOCAL, RAY = ("local",), ("ray",)

FAULTS = {
    fault.name: fault
    for fault in (
        Fault("none", "nothing: the control", _placed(), (0,)),
        Fault("driver killed", "SIGKILL to the driver", _signalled(signal.SIGKILL), (-9,)),
        Fault("worker killed", "SIGKILL to a worker", _killed("worker"), (0,), RAY),
        Fault("node lost", "SIGKILL to the only raylet", _killed("raylet"), (2,), RAY),
        Fault("control lost", "SIGKILL to Ray's GCS", _killed("gcs_server"), (2,), RAY),
        Fault("keeper killed", "SIGKILL to the cluster's keeper", _killed("keeper"), (2,), RAY),
        Fault("Ctrl-C", "SIGINT to the driver", _signalled(signal.SIGINT), (130,)),
        Fault("terminated", "SIGTERM to the driver", _signalled(signal.SIGTERM), (130,)),
        Fault("hung up", "SIGHUP to the driver", _signalled(signal.SIGHUP), (130, -1)),
        Fault("stopped", "SIGSTOP to all, SIGCONT 4 s later", _stopped, (0,)),
        Fault("reader gone", "stdout and stderr closed at the other end", _gone_reader, (0,)),
        Fault("said to a full disk", "stdout and stderr are /dev/full", _said_to_full, (0, 2)),
        Fault("disk full", "1 MB of room for the output, then 200", _full_output),
        Fault("scratch full", "24 kB of room in TMPDIR", _full_scratch, (0, 2)),
        Fault("largest file", "files of at most 60 kB (RLIMIT_FSIZE)", _limited("--fsize=60000")),
        Fault("64 files", "64 open files (RLIMIT_NOFILE)", _limited("--nofile=64"), (0, 2)),
        Fault("read-only output", "from the beginning", _read_only_output),
        Fault(
            "output freezes", "not to be written to from the middle of the run on", _frozen_output
        ),
        Fault("output deleted", "in the middle of the run", _deleted),
        Fault("no home", "HOME does not exist", _placed(HOME="/nonexistent"), (0,)),
        Fault("read-only home", "HOME cannot be written to", _unwritable("HOME"), (0,)),
        Fault("no temp", "TMPDIR does not exist", _placed(TMPDIR="/nonexistent"), (0, 2)),
        Fault("read-only temp", "TMPDIR cannot be written to", _unwritable("TMPDIR"), (0, 2)),
        Fault("ASCII locale", "LC_ALL=C, no UTF-8 mode", _placed(LC_ALL="C", PYTHONUTF8="0"), (0,)),
        Fault("clock back", "an hour back, each second", _clock("1", "3600"), (0,)),
        Fault("clock ahead", "ten years ahead, each 3 s", _clock("3", "-315360000"), (0,)),
        Fault("input grows", "in the middle of the run", _input(_append)),
        Fault("input shrinks", "", _input(lambda p: os.truncate(p, p.stat().st_size // 2))),
        Fault("input rewritten", "the same size, other bytes", _input(_overwritten)),
        Fault("input deleted", "", _input(lambda p: p.unlink())),
        Fault("config changed", "between a kill and the rerun", _between(_other_config)),
        Fault("version changed", "another version continues the run", _between(_upgraded)),
        Fault("two runs", "the same command twice at once", _second),
        Fault("done again", "the command of a finished run", _finished, (0,)),
        Fault("S3, driver killed", "SIGKILL, the output in a bucket", stores.killed, (-9,)),
        Fault("S3, slow down", "5 % answered 503", stores.struck("answer"), (0, 2), LOCAL),
        Fault("S3, reset", "5 % broken off before", stores.struck("reset"), (0, 2), LOCAL),
        Fault("S3, lost", "5 % done, their answers lost", stores.struck("lost"), (0, 2), LOCAL),
        Fault("S3, cut", "5 % of answers cut in half", stores.struck("cut"), (0, 2), LOCAL),
        Fault("S3, stall", "2 requests without an answer", stores.struck("stall"), (0, 2), LOCAL),
        Fault("S3, wrong key", "a secret that the store refuses", stores.wrong_key, (2,), LOCAL),
        Fault("S3, no bucket", "the bucket is made afterwards", stores.no_bucket, (2,), LOCAL),
    )
}


def struck(scene: Scene, fault: Fault, engine: str) -> dict[str, Any]:
    """The row of a fault."""
    row: dict[str, Any] = {"fault": fault.name, "what": fault.what, "engine": engine}
    try:
        outcome = fault.act(scene, engine)
    except CannotRunError as error:
        return row | {"verdict": "not run", "said": str(error)}
    ended, again = outcome.disturbed, outcome.again
    row |= {
        "code": ended.code,
        "said": ended.lines[-1].replace(str(scene.home), "…")[:300] if ended.lines else "",
        "seconds": round(ended.seconds, 1),
        "again": None if again is None else again.code,
        "same": scene.same(outcome.output),
        "note": outcome.note,
    }
    row["verdict"] = _verdict(fault, row, outcome)
    if row["verdict"] == "WRONG":
        row["log"] = [text[-1500:] for text in (ended.said, again.said if again else "")]
        if outcome.output.is_dir():
            found = digests(outcome.output)
            names = found.keys() | scene.calm.keys()
            row["differ"] = [n for n in sorted(names) if found.get(n) != scene.calm.get(n)][:5]
    shutil.rmtree(outcome.output, ignore_errors=True)
    return row


def _verdict(fault: Fault, row: Mapping[str, Any], outcome: Outcome) -> str:
    """What a disturbed run came to: `same`, `refused` or `interrupted` and continued, or WRONG."""
    ended, again = outcome.disturbed, outcome.again
    clean = not ended.traceback and (again is None or not again.traceback)
    one_line = len(ended.lines) == 1 if ended.code == 2 else True
    if not (clean and one_line and row["same"] and ended.code in fault.codes):
        return "WRONG"
    if again is not None and again.code != 0:
        return "WRONG"
    return {0: "same", 2: "refused", 130: "interrupted"}.get(ended.code or 0, "killed")


def table(
    scene: Scene, names: Sequence[str] = (), engines: Sequence[str] = ("local", "ray")
) -> list[dict[str, Any]]:
    """All faults, or those of these names."""
    rows = []
    for fault in FAULTS.values():
        for engine in fault.engines:
            if engine in engines and (not names or fault.name in names):
                rows.append(struck(scene, fault, engine))
                print(json.dumps(rows[-1], ensure_ascii=False), flush=True)
    return rows
