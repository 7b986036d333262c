"""The race of chains as tables, as a passage of a page and as a picture.

Enters: the figures as the JSON file has them.  Leaves: Markdown, SVG.  Refuses: to leave out who
failed, and to name a speed without what was kept.
"""

import math
from html import escape
from typing import Any

from scripts.race.chain.figures import KINDS, REST
from scripts.race.report import STYLE as COMMON
from scripts.race.report import share

WIDTH, ROW, TOP, LEFT, BAR = 1000, 66, 112, 170, 390
#: The scale of the bars, MB/s.
LOW, HIGH = 0.1, 10.0
#: Between them a page holds what a race wrote.
OPENED, CLOSED = "<!-- race of chains -->", "<!-- end of the race of chains -->"
#: One colour for each kind of work, of equal weight on white and on black.
COLOURS = dict(
    zip(
        (*KINDS, REST),
        ("#8c959f", "#57ab5a", "#d4a72c", "#e0823d", "#c96198", "#986ee2", "#4493f8", "#bdc4cc"),
        strict=True,
    )
)
STYLE = COMMON + "".join(
    f".k{number} {{ fill: {colour} }}\n" for number, colour in enumerate(COLOURS.values())
)
HEAD = (
    "chain",
    "version",
    "MB/s per core",
    "with start",
    "start, s",
    "wall, s",
    "peak MB",
    "documents kept",
    "text kept",
    "× slower than ours",
)


def ordered(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """The fastest first, who failed last."""
    return sorted(figures["chains"], key=lambda entry: -(entry.get("mb_s") or 0.0))


def table(figures: dict[str, Any]) -> str:
    """A Markdown table of the speeds, and one of where the time goes."""
    rows = [list(HEAD)] + [_cells(entry, figures) for entry in ordered(figures)]
    parts = [["CPU seconds a 10 MB", *KINDS, REST]]
    parts += [
        [entry["name"], *(f"{value:.2f}" for value in _each_ten(entry, figures))]
        for entry in ordered(figures)
        if "failed" not in entry
    ]
    return "\n\n".join(_markdown(listed) for listed in (rows, parts))


def page(text: str, figures: dict[str, Any]) -> str:
    """A page whose passage between the two marks is written anew."""
    before, _, rest = text.partition(OPENED)
    _, mark, after = rest.partition(CLOSED)
    if not mark:
        message = f"the page has no {OPENED} with {CLOSED} after it"
        raise ValueError(message)
    return f"{before}{OPENED}\n{passage(figures)}\n{mark}{after}"


def passage(figures: dict[str, Any]) -> str:
    """What was raced and when, the speeds, where the time goes, and two workers of ours."""
    what = figures["documents"]
    load = ", ".join(f"{value:.1f}" for value in figures["load"])
    said = (
        f"{figures['date']}, {figures['machine']}: {what['documents']:,} documents, "
        f"{what['mb']:.1f} MB of text.  Load of the machine before the first turn and after each, "
        f"the race itself being 1: {load}."
    )
    parts = [said, table(figures)]
    if "workers" in figures:
        parts.append(workers(figures["workers"]))
    return "\n\n".join(parts)


def workers(figures: dict[str, Any]) -> str:
    """One worker of ours and two, on more documents."""
    rows = [[f"ours, {figures['mb']:.0f} MB", "run, s", "whole command, s", "CPU of its tasks, s"]]
    rows += [
        [name, *(f"{run[key]:.1f}" for key in ("run_s", "command_s", "cpu_s"))]
        for name, run in figures["runs"].items()
    ]
    said = (
        f"Two workers against one: {figures['factor']:.2f} × (the run), "
        f"{figures['factor_command']:.2f} × (the whole command); against one process without Ray "
        f"{figures['factor_against_one_process']:.2f} ×."
    )
    return f"{_markdown(rows)}\n\n{said}"


def _markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def _each_ten(entry: dict[str, Any], figures: dict[str, Any]) -> list[float]:
    size = figures["documents"]["mb"]
    return [10 * entry["kinds_s"][name] / size for name in (*KINDS, REST)]


def _cells(entry: dict[str, Any], figures: dict[str, Any]) -> list[str]:
    first = [entry["name"], entry.get("version") or "–"]
    if "failed" in entry:
        return [*first, entry["failed"].replace("|", "¦"), *["–"] * (len(HEAD) - 3)]
    of = figures["documents"]
    return [
        *first,
        _rate(entry["mb_s"]),
        _rate(entry["mb_s_with_start"]),
        f"{entry['start_cpu_s']:.1f}",
        f"{entry['wall_s']:.1f}",
        f"{entry['peak_mb']:,.0f}",
        f"{entry['kept']:,} ({share(entry['kept'], of['documents'])})",
        f"{entry['kept_mb']:.1f} MB ({100 * entry['kept_mb'] / of['mb']:.0f} %)",
        _times(entry, figures) or "–",
    ]


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _times(entry: dict[str, Any], figures: dict[str, Any]) -> str:
    """How many times as fast as this chain ours is; nothing beside our own, or without it."""
    ours = next(
        (one.get("mb_s") for one in figures["chains"] if one["name"] == "corpus-pipeline"), None
    )
    if not ours or not entry.get("mb_s") or entry["name"] == "corpus-pipeline":
        return ""
    return f"{ours / entry['mb_s']:.1f} ×"


def picture(figures: dict[str, Any]) -> str:
    """A bar of MB/s for each chain; below it what its time goes to; beside it what it kept."""
    entries = ordered(figures)
    bottom = TOP + ROW * len(entries)
    what = figures["documents"]
    said = (
        f"{what['documents']:,} real Chinese documents, {what['mb']:.1f} MB of text; "
        f"{figures['machine']}; start-up not counted"
    )
    inside = [
        _text(24, 34, "Whole cleaning chains, read text → clean text, one core", "title"),
        _text(24, 54, said, "small"),
    ]
    columns = [(LEFT, "MB/s per core (log); thin bar: where its CPU time goes")]
    columns += [(640, "start, s"), (720, "peak MB"), (805, "documents kept"), (915, "text kept")]
    inside += [_text(x, TOP - 14, name, "small") for x, name in columns]
    for value in (0.1, 0.3, 1.0, 3.0, 10.0):
        x = LEFT + _length(value)
        line = f'<line class="line" x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom}"/>'
        inside += [line, _text(x, bottom + 16, f"{value:g}", "small", "middle")]
    for number, entry in enumerate(entries):
        inside += _row(entry, figures, TOP + ROW * number)
    inside += _legend(bottom + 42)
    height = bottom + 62
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    title = "<title>Whole cleaning chains side by side: speed, and what is kept</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", *inside, "</svg>"]) + "\n"


def _row(entry: dict[str, Any], figures: dict[str, Any], y: int) -> list[str]:
    first = [
        _text(24, y + 21, entry["name"]),
        _text(24, y + 37, entry.get("version") or "", "small"),
    ]
    if "failed" in entry:
        return [*first, _text(LEFT, y + 21, entry["failed"][:100], "bad")]
    of = figures["documents"]
    kind = "ours" if entry["name"] == "corpus-pipeline" else "peer"
    length = _length(entry["mb_s"] or LOW)
    times = _times(entry, figures)
    slower = f" – ours is {times} as fast" if times else ""
    shown = [
        (640, f"{entry['start_cpu_s']:.1f}"),
        (720, f"{entry['peak_mb']:,.0f}"),
        (805, share(entry["kept"], of["documents"])),
        (915, f"{100 * entry['kept_mb'] / of['mb']:.0f} %"),
    ]
    return [
        *first,
        f'<rect class="{kind}" x="{LEFT}" y="{y + 6}" width="{length:.1f}" height="22" rx="3"/>',
        _text(LEFT + length + 8, y + 22, f"{_rate(entry['mb_s'])}{slower}"),
        *_pieces(entry, y + 34),
        *(_text(x, y + 22, said) for x, said in shown),
    ]


def _pieces(entry: dict[str, Any], y: int) -> list[str]:
    """The CPU time as one thin bar of a fixed length, a piece for each kind of work."""
    whole = sum(entry["kinds_s"].values()) or 1.0
    x, out = float(LEFT), []
    for number, name in enumerate(COLOURS):
        width = BAR * entry["kinds_s"][name] / whole
        title = f"<title>{escape(name)}: {entry['kinds_s'][name]:.1f} s</title>"
        box = f'x="{x:.1f}" y="{y}" width="{width:.1f}" height="9"'
        out.append(f'<rect class="k{number}" {box}>{title}</rect>')
        x += width
    return out


def _legend(y: int) -> list[str]:
    out, x = [], LEFT
    for number, name in enumerate(COLOURS):
        out.append(f'<rect class="k{number}" x="{x}" y="{y - 9}" width="10" height="10"/>')
        out.append(_text(x + 14, y, name, "small"))
        x += 30 + 7 * len(name)
    return out


def _length(rate: float) -> float:
    inside = min(max(rate, LOW), HIGH)
    return BAR * math.log(inside / LOW) / math.log(HIGH / LOW)


def _text(x: float, y: float, said: str, style: str = "", anchor: str = "start") -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text{kind} x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escape(said)}</text>'
