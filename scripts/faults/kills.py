"""Kills of random processes at random moments, by a fixed seed; then every byte is compared.

Enters: a `Scene`, a number of kills, a seed.  Leaves: how each victim's death ended the run, and
how many finished runs differ from the undisturbed one.  A run is started, one of its processes is
killed, and the same command is started again, one to four times; then it is left to finish.
"""

import math
import random
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

from scripts.faults.runs import Ended, Run, Scene, digests

VICTIMS = {
    "local": ("driver",),
    "ray": ("driver", "worker", "worker", "raylet", "gcs_server", "keeper"),
}


def _kill(run: Run, victim: str, chance: random.Random) -> str:
    """Kill one process of the run; the name of what was killed, or nothing."""
    if victim != "driver":
        found = run.cluster(victim)
        if found:
            chance.choice(found).kill()
            return victim
        return ""  # the cluster is not there yet, or has gone
    if run.process.poll() is None:
        run.process.kill()
        return victim
    return ""


def _why(scene: Scene, output: Path, last: Ended) -> str:
    """The last line of a run that failed, or the files that differ."""
    if last.code != 0:
        return "".join(last.lines[-1:])
    found = digests(output)
    names = sorted(found.keys() | scene.calm.keys())
    return ", ".join([name for name in names if found.get(name) != scene.calm.get(name)][:5])


def killed(
    scene: Scene, engine: str, kills: int, seed: int, minutes: float = math.inf
) -> dict[str, Any]:
    """The figures of so many kills, or of those that fit into some minutes."""
    chance = random.Random(seed)
    calm = scene.start(scene.fresh("calm"), engine)
    if (ended := calm.wait()).code != 0:
        raise SystemExit(f"the undisturbed run failed:\n{ended.said}")
    wall = ended.seconds
    found: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    wrong: list[str] = []
    done = finished = tracebacks = hangs = 0
    started = time.monotonic()
    while done < kills and time.monotonic() - started < minutes * 60:
        output = scene.fresh()
        for _ in range(chance.randint(1, 4)):
            run = scene.start(output, engine)
            deadline = time.monotonic() + chance.uniform(0.02, 1.0) * wall
            while run.process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            victim = _kill(run, chance.choice(VICTIMS[engine]), chance)
            ended = run.wait()
            tracebacks += ended.traceback
            hangs += ended.code is None
            if victim:
                done += 1
                found[victim] += 1
                ends[f"{victim}: {ended.code}"] += 1
            if ended.code == 0 or done == kills:
                break
        last = scene.start(output, engine).wait()
        finished += 1
        tracebacks += last.traceback
        if last.code != 0 or not scene.same(output):
            wrong.append(f"{engine}, run {finished}: exit {last.code}, {_why(scene, output, last)}")
            print(wrong[-1], last.said[-2000:], flush=True)
        print(f"{engine}: {done} kills, {finished} runs finished, {len(wrong)} wrong", flush=True)
        shutil.rmtree(output, ignore_errors=True)
    return {
        "engine": engine,
        "seed": seed,
        "kills": done,
        "victims": dict(sorted(found.items())),
        "ends": dict(sorted(ends.items())),
        "finished": finished,
        "wrong": wrong,
        "tracebacks": tracebacks,
        "hangs": hangs,
        "undisturbed_s": round(wall, 1),
        "minutes": round((time.monotonic() - started) / 60, 1),
    }
