"""`python -m scripts.eval DATA`: every room measured, beside the baselines, held to the floors.

Enters: the data folder.  Leaves: tables on standard output, figures as JSON, docs/eval.md.
Exit codes: 0 all floors hold; 1 a metric is below its floor, was not measured, or a room crashed;
2 the floors were tampered with, or the command line is wrong.
"""

import argparse
import importlib
import json
import os
import platform
import random
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from scripts.eval import floors, peers, table

ROOMS = (
    "charset",
    "mojibake",
    "extraction",
    "language",
    "script",
    "wiki",
    "registers",
    "quality",
    "spam",
    "domains",
    "pii",
    "speed",
)
#: A room of fewer items is measured whole, whatever the stride.
SMALL = 1000


def thinned(items: list[dict[str, Any]], stride: int) -> list[dict[str, Any]]:
    """One item in `stride`, by a fixed seed: every n-th would meet one kind of a cycle only."""
    if stride == 1 or len(items) < SMALL:
        return items
    chosen = random.Random(len(items)).sample(range(len(items)), len(items) // stride)
    return [items[i] for i in sorted(chosen)]


def measure(
    name: str, data: Path, stride: int, environment: peers.Environment | None
) -> dict[str, Any]:
    """One room: our figures and mistakes, the baselines' figures; a crash is a figure too."""
    entry: dict[str, Any] = {}
    try:
        room = importlib.import_module(f"scripts.eval.{name}")
        whole = room.items(data)
        items = thinned(whole, stride)
        cpu, wall = time.process_time(), time.perf_counter()
        # Through JSON, as the baselines' answers go, so that both are scored alike.
        answers = json.loads(json.dumps(room.ours(items)))
        entry |= {"items": len(items), "items_whole": len(whole)}
        entry |= {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
        entry["metrics"] = {k: float(v) for k, v in room.score(items, answers).items()}
        entry["mistakes"] = room.mistakes(items, answers)
        if environment is not None:
            entry["baselines"] = {
                baseline: beside(room, baseline, items, environment) for baseline in room.BASELINES
            }
            for published in getattr(room, "RULE_SETS", ()):
                entry["baselines"][published] = by_rules(room, published, items)
    except Exception as error:  # noqa: BLE001 – a room that crashes must not hide the others
        traceback.print_exc()
        entry["error"] = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    return entry


def beside(
    room: Any, baseline: str, items: list[dict[str, Any]], environment: peers.Environment
) -> dict[str, Any]:
    """A baseline's figures on the same items, or why there are none."""
    print(f"{room.ROOM}: {baseline} …", file=sys.stderr)
    fresh = getattr(room, "FRESH", False)
    found = environment.ask(room.ROOM, baseline, items, Path(room.__file__), fresh=fresh)
    if found.answers is None:
        return {"failed": found.failed}
    metrics = {k: float(v) for k, v in room.score(items, found.answers).items()}
    return {"metrics": metrics, "cpu_s": found.cpu_s, "wall_s": found.wall_s}


def by_rules(room: Any, name: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of a published rule set on the same texts; its verdicts are its answers."""
    from scripts.ablate.rulesets import verdicts  # noqa: PLC0415 – needs what the package needs

    print(f"{room.ROOM}: {name} …", file=sys.stderr)
    cpu, wall = time.process_time(), time.perf_counter()
    answers = [room.answer(rule) for rule in verdicts(name, [one["text"] for one in items])]
    spent = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    return {"metrics": {k: float(v) for k, v in room.score(items, answers).items()}, **spent}


def measured(report: dict[str, Any]) -> dict[str, float]:
    """All our figures under their full names, and the ratio that one target speaks of."""
    figures = {
        f"{room}.{name}": value
        for room, entry in report["rooms"].items()
        for name, value in entry.get("metrics", {}).items()
    }
    speed = report["rooms"].get("speed", {})
    theirs = speed.get("baselines", {}).get("trafilatura", {}).get("metrics", {})
    if "extract_pages_s" in theirs and "extract_pages_s" in speed["metrics"]:
        ratio = speed["metrics"]["extract_pages_s"] / theirs["extract_pages_s"]
        figures["speed.extract_vs_trafilatura"] = ratio
    return figures


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The report of all rooms that are asked for, printed as they come."""
    started = time.perf_counter()
    environment = None if options.no_baselines else peers.environment()
    failed = environment.failed if environment else {}
    for requirement, reason in failed.items():
        print(f"a baseline does not install: {requirement}: {reason}", file=sys.stderr)
    report: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}",
        "stride": options.stride,
        "peers": environment.versions if environment else {},
        "peers_failed": failed,
        "rooms": {},
    }
    chosen = options.room or ROOMS
    # Speed first: what other rooms leave in memory halved some of its figures.
    entries = {}
    for name in sorted(chosen, key=lambda name: name != "speed"):
        print(f"{name} …", file=sys.stderr)
        entries[name] = measure(name, options.data, options.stride, environment)
    report["rooms"] = {name: entries[name] for name in chosen}
    report["wall_s"] = time.perf_counter() - started
    return report


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.eval", description="Score the front end; fail below the floors."
    )
    parser.add_argument("data", type=Path, help="the folder of real data")
    parser.add_argument("--room", action="append", choices=ROOMS, help="only this one; repeatable")
    parser.add_argument("--detail", action="store_true", help="a line per mistake of ours")
    parser.add_argument("--no-baselines", action="store_true", help="ours only")
    parser.add_argument("--stride", type=int, default=1, help="of a large room, one item in N")
    parser.add_argument("--json", type=Path, help="write the figures")
    parser.add_argument("--markdown", type=Path, help="write the page of documentation")
    options = parser.parse_args(arguments)
    if options.stride < 1:
        parser.error("--stride must be 1 or more")
    if options.markdown and (options.room or options.no_baselines or options.stride > 1):
        parser.error("--markdown describes a whole run: all rooms, all items, with baselines")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write, judge."""
    options = parsed(arguments)
    try:
        bounds = floors.load()
    except floors.FloorError as error:
        print(f"floors: {error}", file=sys.stderr)
        return 2
    report = run(options)
    verdicts = floors.judge(bounds, measured(report), list(report["rooms"]))
    for name, entry in report["rooms"].items():
        print(table.of_room(name, report, verdicts), end="\n\n")
        if options.detail:
            print("\n".join(f"  {line}" for line in entry.get("mistakes", [])), end="\n\n")
        entry.pop("mistakes", None)
    print(table.summary(verdicts))
    if options.json:
        report["verdicts"] = [
            {"metric": v.metric, "value": v.value, "floor": v.floor}
            | {"target": v.target, "state": v.state, "met": v.met}
            for v in verdicts
        ]
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if options.markdown:
        whats = {metric: floor.what for metric, floor in bounds.items()}
        options.markdown.write_text(table.markdown(report, verdicts, whats), "utf-8")
    crashed = any("error" in entry for entry in report["rooms"].values())
    return int(crashed or any(verdict.failed for verdict in verdicts))


if __name__ == "__main__":
    os.environ.setdefault(
        "POLARS_MAX_THREADS", "1"
    )  # figures are per core; no room is imported yet
    sys.exit(main())
