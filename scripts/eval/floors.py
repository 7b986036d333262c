"""The floors of the eval: what a metric may not fall below, and how a floor is moved.

    python -m scripts.eval.floors                                        the list
    python -m scripts.eval.floors --set ROOM.METRIC 0.92 [--reason WHY]  a new step
    python -m scripts.eval.floors --target ROOM.METRIC 0.95 [--reason WHY]
    python -m scripts.eval.floors --what ROOM.METRIC "share of …"        its definition
    python -m scripts.eval.floors --retire ROOM.METRIC --reason WHY      no longer measured
    python -m scripts.eval.floors --tighten docs/eval.json [--slack 0.003]

Enters: `floors.yaml` and the figures of a run.  Leaves: a verdict on each metric.
Refuses: a file that was edited by hand (its seal breaks), and a step down without a reason.
"""

import argparse
import hashlib
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

FLOORS = Path(__file__).with_name("floors.yaml")
#: A metric whose name ends so is better when it is lower; its floor is a ceiling.
LOWER_IS_BETTER = ("_wrong", "_touched", "_as_chinese", "_lost", "_kept_foreign")
#: A shorter text is no reason.
SHORTEST_REASON = 10
HEAD = """\
# What `python -m scripts.eval` may not fall below.  Written by `python -m scripts.eval.floors`
# alone: the seal refuses an edit by hand.  The last step is in force; a metric whose name ends in
# _wrong, _touched, _as_chinese, _lost or _kept_foreign has a ceiling instead of a floor; a step
# that asks for less than the one before it needs a reason; `floor: null` retires the metric.
"""


class FloorError(Exception):
    """The file of floors, or a change asked of it, is refused; one clear line."""


@dataclass(frozen=True, slots=True)
class Step:
    """A floor, the day it came into force, and why where it asks for less than before."""

    floor: float | None
    since: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Floor:
    """A metric: its target, what it means, and all floors it ever had."""

    metric: str
    target: float | None
    what: str
    steps: tuple[Step, ...]
    target_reason: str = ""

    @property
    def now(self) -> float | None:
        """The floor in force; none where the metric only has a target or is retired."""
        return self.steps[-1].floor if self.steps else None

    @property
    def retired(self) -> bool:
        """Whether the metric need not be measured any more."""
        return bool(self.steps) and self.steps[-1].floor is None


def lower_is_better(metric: str) -> bool:
    """Whether the floor of this metric is a ceiling.

    >>> lower_is_better("mojibake.clean_touched"), lower_is_better("script.t2s_right")
    (True, False)
    """
    return metric.endswith(LOWER_IS_BETTER)


def reaches(metric: str, value: float | None, bound: float | None) -> bool:
    """Whether the value is as good as the bound; a value that is no number reaches nothing."""
    if bound is None:
        return True
    if value is None or math.isnan(value):
        return False
    return value <= bound if lower_is_better(metric) else value >= bound


def asks_less(metric: str, new: float | None, old: float | None) -> bool:
    """Whether a bound is easier than the one before it."""
    return old is not None and (new is None or (new != old and reaches(metric, old, new)))


def has_reason(reason: str) -> bool:
    """Whether somebody wrote down why."""
    return len(reason.strip()) >= SHORTEST_REASON


# --- the file ------------------------------------------------------------------------------------


def seal_of(metrics: Mapping[str, Any]) -> str:
    """The sha256 of the one spelling of the file's content."""
    text = json.dumps(metrics, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def load(path: Path = FLOORS) -> dict[str, Floor]:
    """The floors of the file, if nobody edited it by hand and no step is lowered in silence."""
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FloorError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(content, dict) or set(content) != {"metrics", "seal"}:
        raise FloorError(f"{path.name} must hold `metrics` and `seal`, nothing else")
    plain = content["metrics"]
    try:
        broken = content["seal"] != seal_of(plain)
    except TypeError as error:
        raise FloorError(f"{path.name}: {error}") from error
    if broken:
        raise FloorError(
            f"the seal of {path.name} is broken: it was edited by hand; undo that and use "
            "`python -m scripts.eval.floors --set METRIC VALUE --reason WHY`"
        )
    return parsed(plain)


def parsed(plain: Any) -> dict[str, Floor]:
    """The floors of the file's plain content; every one is checked."""
    if not isinstance(plain, dict):
        raise FloorError("`metrics` must be a table of metrics")
    floors = {}
    for metric, entry in plain.items():
        try:
            steps = tuple(Step(**step) for step in entry["steps"])
            floors[metric] = Floor(
                metric, entry["target"], entry["what"], steps, entry.get("target_reason", "")
            )
        except (TypeError, KeyError) as error:
            raise FloorError(f"{metric} is not written as a metric is: {error}") from error
        checked(floors[metric])
    return floors


def checked(floor: Floor) -> Floor:
    """The metric, if its numbers are numbers and each step down says why."""
    for value in (floor.target, *(step.floor for step in floor.steps)):
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value)
        ):
            raise FloorError(f"{floor.metric}: {value!r} is no number")
    before: Step | None = None
    for step in floor.steps:
        try:
            day = date.fromisoformat(step.since)
        except (TypeError, ValueError) as error:
            raise FloorError(f"{floor.metric}: `since` must be a day: {error}") from error
        if before is not None and day < date.fromisoformat(before.since):
            raise FloorError(f"{floor.metric}: the steps must be in the order of their days")
        retired = step.floor is None
        less = before is not None and asks_less(floor.metric, step.floor, before.floor)
        if (retired or less) and not has_reason(step.reason):
            was = "nothing" if before is None else before.floor
            raise FloorError(
                f"{floor.metric} is lowered from {was} to {step.floor} without a reason"
            )
        before = step
    return floor


def save(floors: Mapping[str, Floor], path: Path = FLOORS) -> None:
    """Write the file and its seal."""
    plain: dict[str, Any] = {}
    for metric, floor in sorted(floors.items()):
        checked(floor)
        steps: list[dict[str, Any]] = []
        for step in floor.steps:
            entry: dict[str, Any] = {"floor": step.floor, "since": step.since}
            steps.append(entry | ({"reason": step.reason} if step.reason else {}))
        plain[metric] = {"target": floor.target, "what": floor.what, "steps": steps}
        if floor.target_reason:
            plain[metric]["target_reason"] = floor.target_reason
    content = {"seal": seal_of(plain), "metrics": plain}
    body = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=96)
    path.write_text(HEAD + body, "utf-8")


# --- a change ------------------------------------------------------------------------------------


def with_step(floor: Floor, value: float | None, reason: str, day: str) -> Floor:
    """The metric with one more step; a step that asks for less needs a reason."""
    if floor.steps and floor.now == value:
        return floor
    return checked(replace(floor, steps=(*floor.steps, Step(value, day, reason.strip()))))


def with_target(floor: Floor, value: float, reason: str) -> Floor:
    """The metric with another target; an easier one needs a reason too."""
    if asks_less(floor.metric, value, floor.target) and not has_reason(reason):
        raise FloorError(f"the target of {floor.metric} is lowered to {value} without a reason")
    kept = reason.strip() or floor.target_reason
    return checked(replace(floor, target=value, target_reason=kept))


def tightened(
    floors: Mapping[str, Floor], measured: Mapping[str, float], slack: float, day: str
) -> dict[str, Floor]:
    """Each floor raised to what was measured, less the slack; none is ever lowered.

    A throughput (`speed.…`) is halved instead: it depends on the machine and on who else uses it.
    """
    new = dict(floors)
    for metric, value in measured.items():
        if "_vs_" in metric:  # not measured without the baselines
            continue
        if metric.startswith("speed."):
            bound = round(value / 2, 1)
        elif lower_is_better(metric):
            bound = 0.0 if value == 0 else math.ceil((value + slack) * 1e4) / 1e4
        else:
            bound = max(0.0, math.floor((value - slack) * 1e4) / 1e4)
        floor = new.get(metric, Floor(metric, None, "", ()))
        if not floor.retired and (not floor.steps or asks_less(metric, floor.now, bound)):
            new[metric] = with_step(floor, bound, "", day)
    return new


# --- the verdict ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """One metric beside its floor and its target."""

    metric: str
    value: float | None
    floor: float | None
    target: float | None
    #: `ok`, `below`, `missing` (it has a floor and was not measured) or `no floor`.
    state: str

    @property
    def failed(self) -> bool:
        """Whether the eval fails because of this metric."""
        return self.state in {"below", "missing"}

    @property
    def met(self) -> bool | None:
        """Whether the target is met; none where there is no target, or nothing to judge."""
        unknown = self.value is None and self.floor is None
        if self.target is None or unknown:
            return None
        return reaches(self.metric, self.value, self.target)


def judge(
    floors: Mapping[str, Floor], measured: Mapping[str, float], rooms: list[str]
) -> list[Verdict]:
    """A verdict on every metric of these rooms, measured or not."""
    verdicts = []
    for metric in sorted({*measured, *(m for m in floors if m.split(".")[0] in rooms)}):
        floor = floors.get(metric, Floor(metric, None, "", ()))
        value = measured.get(metric)
        if floor.retired and value is None:
            continue
        if floor.now is None:
            state = "no floor"
        elif value is None:
            state = "missing"
        else:
            state = "ok" if reaches(metric, value, floor.now) else "below"
        verdicts.append(Verdict(metric, value, floor.now, floor.target, state))
    return verdicts


def changed(options: argparse.Namespace, floors: dict[str, Floor]) -> dict[str, Floor]:
    """The floors after the change that the command line asks for."""
    today = datetime.now(UTC).date().isoformat()
    reason = options.reason or ""
    if options.tighten:
        report = json.loads(Path(options.tighten).read_text("utf-8"))
        measured = {
            f"{room}.{name}": value
            for room, entry in report["rooms"].items()
            for name, value in entry.get("metrics", {}).items()
        }
        return tightened(floors, measured, options.slack, today)
    pair = options.set or options.target or options.what or [options.retire, "nan"]
    floor = floors.get(pair[0], Floor(pair[0], None, "", ()))
    if options.what:
        return floors | {floor.metric: replace(floor, what=pair[1].strip())}
    try:
        value = float(pair[1])
    except ValueError as error:
        raise FloorError(str(error)) from error
    if options.target:
        return floors | {floor.metric: with_target(floor, value, reason)}
    return floors | {floor.metric: with_step(floor, value if options.set else None, reason, today)}


def main(arguments: list[str] | None = None) -> int:
    """List the floors, or change one."""
    parser = argparse.ArgumentParser(prog="python -m scripts.eval.floors")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--set", nargs=2, metavar=("METRIC", "VALUE"), help="a new floor")
    what.add_argument("--target", nargs=2, metavar=("METRIC", "VALUE"), help="another target")
    what.add_argument("--what", nargs=2, metavar=("METRIC", "TEXT"), help="what it means")
    what.add_argument("--retire", metavar="METRIC", help="it need not be measured any more")
    what.add_argument("--tighten", metavar="JSON", help="raise the floors to a run's figures")
    parser.add_argument("--reason", help="why it asks for less than before")
    parser.add_argument("--slack", type=float, default=0.003, help="what --tighten leaves room for")
    parser.add_argument("--file", type=Path, default=FLOORS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        floors = load(options.file) if options.file.exists() else {}
        if options.set or options.target or options.what or options.retire or options.tighten:
            save(changed(options, floors), options.file)
            floors = load(options.file)
    except FloorError as error:
        print(f"floors: {error}", file=sys.stderr)
        return 2
    for metric, floor in sorted(floors.items()):
        print(f"{metric}: {'retired' if floor.retired else floor.now} (target {floor.target})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
