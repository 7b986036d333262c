"""The table at the end of a run: what was read, what became of it, how fast, where to look next.

Enters: a finished run.  Leaves: a `Summary` of plain numbers, and its rendering on a console.
The numbers are those of the manifest and of metrics.json; `verify` counts them again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from corpus_pipeline.io import manifest
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.text.unicode.escape import escaped


@dataclass(frozen=True, slots=True)
class Line:
    """One stage: documents and characters dropped, by rule; core seconds; MB a second and core.

    MB are 10⁶ bytes.
    """

    stage: str
    dropped: int
    rules: dict[str, int] = field(default_factory=dict)
    characters: dict[str, int] = field(default_factory=dict)
    seconds: float | None = None
    mb_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in numbers: records, MB (10⁶ bytes), seconds; None where it was not measured."""

    name: str
    read: int
    kept: int
    dropped: int
    quarantined: int
    characters: int
    characters_kept: int
    mb_in: float
    mb_kept: float
    wall_s: float | None
    mb_per_s: float | None
    lines: list[Line]
    reasons: dict[str, int]
    mb_unread: float  # of records in quarantine, as far as it is known
    characters_unread: int  # the same, of records that had been decoded
    bytes_by_reason: dict[str, int]
    shards: int | None
    alarms: list[dict[str, Any]]
    admission: list[dict[str, Any]]
    next_steps: list[tuple[str, str]]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def summary(root: Path) -> Summary:
    """The summary of a finished run."""
    run = open_run(root)
    counts = run.counts
    spent = manifest.read_if_sound(root / "metrics.json") or {}
    wall = spent.get("wall_s")
    mb_in = counts["input_bytes"] / 1e6
    kept = counts.get("characters_kept", 0)  # older runs counted none
    dataset = manifest.read_if_sound(root / "dataset" / "manifest.json")
    return Summary(
        name=str(run.manifest["name"]),
        read=counts["read"],
        kept=counts["kept"],
        dropped=counts["dropped"],
        quarantined=counts["quarantined"],
        characters=kept + counts.get("characters_dropped", 0),
        characters_kept=kept,
        mb_in=mb_in,
        mb_kept=counts["text_bytes_kept"] / 1e6,
        wall_s=wall,
        mb_per_s=mb_in / wall if wall else None,
        lines=_lines(run.stages, counts, spent.get("stages", {})),
        reasons=dict(counts["by_quarantine"]),
        mb_unread=counts.get("quarantined_bytes", 0) / 1e6,
        characters_unread=counts.get("quarantined_characters", 0),
        bytes_by_reason=dict(counts.get("bytes_by_quarantine", {})),
        shards=len(dataset["shards"]) if dataset else None,
        alarms=list(run.manifest.get("alarms", [])),
        admission=list(run.manifest.get("admission", [])),
        next_steps=_next(root, counts, dataset is not None),
    )


def _by_stage(tally: dict[str, int]) -> dict[str, dict[str, int]]:
    """Stage → rule → number."""
    rules: dict[str, dict[str, int]] = {}
    for key, number in tally.items():
        stage, _, rule = key.partition("/")
        rules.setdefault(stage, {})[rule] = number
    return rules


def _lines(stages: list[str], tallies: dict[str, Any], spent: dict[str, Any]) -> list[Line]:
    rules = _by_stage(tallies["by_rule"])
    characters = _by_stage(tallies.get("characters_by_rule", {}))
    names = ["ingest", *stages, *(name for name in rules if name not in stages)]
    lines = []
    for name in dict.fromkeys(names):
        counts = dict(sorted(rules.get(name, {}).items(), key=lambda item: (-item[1], item[0])))
        # `near_dedup` sketches in the local pass; `near_dedup-match` and so on are its own tasks.
        costs = [cost for key, cost in spent.items() if key.partition("-")[0] == name]
        seconds = sum(cost["seconds"] for cost in costs) if costs else None
        size = sum(cost["bytes"] for cost in costs)
        speed = size / 1e6 / seconds if seconds and size else None
        if name in stages or counts or seconds is not None:
            of_rules = characters.get(name, {})
            lines.append(Line(name, sum(counts.values()), counts, of_rules, seconds, speed))
    return lines


def _next(root: Path, counts: dict[str, Any], dataset: bool) -> list[tuple[str, str]]:
    steps = [(f"corpus-pipeline verify {root}", "recompute every digest and count")]
    steps.append((f"corpus-pipeline audit {root}", "licences, personal data, duplicates, limits"))
    steps.append((f"corpus-pipeline explain {root} ID", "the life of one document"))
    if dataset:
        steps.insert(0, (str(root / "dataset"), "the dataset: README.md, croissant.json, data/"))
    if counts["dropped"]:
        steps.append((str(root / "dropped"), "what was dropped, with rule and evidence"))
    if counts["quarantined"]:
        steps.append((str(root / "quarantine"), "what could not be read, and where it lies"))
    return steps


def print_summary(root: Path, console: Console) -> None:
    """Print the summary of a finished run."""
    figures = summary(root)
    console.print(_totals(figures))
    console.print(_stages(figures))
    if figures.reasons:
        console.print(_reasons(figures))
    if figures.admission:
        console.print(_admission(figures))
    for alarm in figures.alarms:
        words = {
            "cluster": "a cluster of {value:,} (alarm_cluster={limit})",
            "source": "a source lost {value:.0%} (alarm_source={limit})",
            "no_input": "a source that no input is of",
            "unread": "{value:.0%} of its bytes (more than {limit:.0%})",
            "characters": "{value:.0%} of the characters dropped (more than {limit:.0%})",
        }
        finding = words[alarm["alarm"]].format(**alarm)
        line = f"  alarm: {alarm['stage']}: {finding}: {alarm['subject']}"
        console.print(Text(escaped(line), "bold red"), soft_wrap=True)
    for where, what in figures.next_steps:
        # Paths are text, not markup: a bracket in a folder's name stays what it is.
        shown = (escaped(where), "bold")
        console.print(Text.assemble("  ", shown, f"  {what}"), soft_wrap=True)


def _totals(figures: Summary) -> Table:
    table = Table(title=Text(escaped(figures.name)), title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    for name, rows in (
        ("read", figures.read),
        ("kept", figures.kept),
        ("dropped", figures.dropped),
        ("quarantined", figures.quarantined),
    ):
        table.add_row(name, f"{rows:,}", f"{rows / max(figures.read, 1):.1%}")
    if figures.characters:
        share = f"{figures.characters_kept / figures.characters:.1%}"
        table.add_row("characters kept", f"{figures.characters_kept:,}", share)
    table.add_row("input", f"{figures.mb_in:,.1f} MB", "")
    if figures.mb_unread:
        table.add_row("quarantined", f"{figures.mb_unread:,.1f} MB", "")
    table.add_row("text kept", f"{figures.mb_kept:,.1f} MB", "")
    if figures.wall_s is not None:
        speed = f"{figures.mb_per_s:,.1f} MB/s" if figures.mb_per_s is not None else ""
        table.add_row("time", f"{figures.wall_s:,.1f} s", speed)
    if figures.shards is not None:
        table.add_row("shards", f"{figures.shards:,}", "")
    return table


def _stages(figures: Summary) -> Table:
    table = Table(title="per stage", title_justify="left")
    table.add_column("stage / rule")
    for name in ("dropped", "of read", "chars", "core s", "MB/s/core"):
        table.add_column(name, justify="right")
    for line in figures.lines:
        share = f"{line.dropped / max(figures.read, 1):.1%}" if line.dropped else ""
        seconds = f"{line.seconds:,.1f}" if line.seconds is not None else ""
        speed = f"{line.mb_per_s:,.1f}" if line.mb_per_s is not None else ""
        dropped = f"{line.dropped:,}" if line.dropped else "–"
        chars = _of(sum(line.characters.values()), figures.characters)
        table.add_row(Text(escaped(line.stage), "bold"), dropped, share, chars, seconds, speed)
        for rule, rows in line.rules.items():
            share = f"{rows / max(figures.read, 1):.1%}"
            chars = _of(line.characters.get(rule, 0), figures.characters)
            table.add_row(Text(f"  {escaped(rule)}"), f"{rows:,}", share, chars, "", "")
    return table


def _of(characters: int, all_characters: int) -> str:
    """A share of the characters; nothing where none were counted."""
    return f"{characters / all_characters:.1%}" if characters else ""


def _admission(figures: Summary) -> Table:
    """Each source with its verdict and its first shares; the others are in the report."""
    table = Table(title="sources: shares before cleaning", title_justify="left")
    table.add_column("source", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    for name in ("documents", "violating", "at most", "personal"):
        table.add_column(name, justify="right", no_wrap=True)
    colours = {"refused": "bold red", "too_few": "yellow"}
    for row in figures.admission:
        verdict = Text(row["verdict"].replace("_", " "), colours.get(row["verdict"], ""))
        violating = row["violating"]["before"]
        most = f"{violating['upper']:.1%}" if violating["of"] else "–"
        personal = _share(row["personal"]["before"])
        source, number = Text(escaped(row["source"])), f"{row['documents']:,}"
        table.add_row(source, verdict, number, _share(violating), most, personal)
    return table


def _share(measured: dict[str, Any]) -> str:
    """A share; a dash where nothing was looked at."""
    return "–" if measured["share"] is None else f"{measured['share']:.1%}"


def _reasons(figures: Summary) -> Table:
    table = Table(title="quarantined", title_justify="left")
    table.add_column("reason")
    for name in ("records", "MB"):
        table.add_column(name, justify="right")
    for reason, rows in sorted(figures.reasons.items(), key=lambda item: (-item[1], item[0])):
        size = figures.bytes_by_reason.get(reason)
        table.add_row(Text(escaped(reason)), f"{rows:,}", f"{size / 1e6:,.2f}" if size else "–")
    return table
