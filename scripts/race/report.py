"""The race as a table and as a picture.

Enters: the figures as the JSON file has them.  Leaves: Markdown, SVG.  Refuses: to leave out who
failed, and colours that vanish on a dark page.
"""

import math
from html import escape
from typing import Any

WIDTH, ROW, TOP, LEFT, BAR = 1000, 46, 96, 190, 330
#: The scale of the bars, MB/s.
LOW, HIGH = 0.1, 100.0

HEAD = (
    "entrant",
    "version",
    "MB/s per core",
    "documents/s per core",
    "peak MB",
    "planted found, J ≥ .8 / ≥ .7",
    "all pairs found, J ≥ .8 / ≥ .7",
    "wrong",
    "twins in the other script",
    "decided otherwise when shuffled",
    "signatures/s",
)

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 11px; fill: #59636e }
.title { font-size: 17px; font-weight: 600 }
.ours { fill: #0969da } .peer { fill: #8c959f } .bad { fill: #d1242f }
.line { stroke: #d1d9e0; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .small { fill: #9198a1 } .line { stroke: #3d444d }
  .ours { fill: #4493f8 } .peer { fill: #656c76 } .bad { fill: #f85149 }
}
"""


def table(figures: dict[str, Any]) -> str:
    """A Markdown table, the fastest first, who failed last."""
    rows = [list(HEAD)]
    rows += [_cells(entry, figures["truth"]) for entry in ordered(figures)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(HEAD), *lines[1:]])


def ordered(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """The fastest first, who failed last."""
    return sorted(figures["entrants"], key=lambda entry: -entry.get("mb_s", 0.0))


def share(found: int, of: int) -> str:
    """A percentage that never rounds a miss away."""
    if not of:
        return "–"
    return f"{math.floor(1000 * found / of) / 10:g} %"


def _cells(entry: dict[str, Any], truth: dict[str, int]) -> list[str]:
    first = [entry["name"], entry.get("version") or "–"]
    if "failed" in entry:
        return [*first, entry["failed"].replace("|", "¦"), *["–"] * (len(HEAD) - 3)]
    got = entry["judged"]
    found = [
        " / ".join(
            share(got[f"{kind}_{least}"], truth[f"{kind}_{least}"]) for least in ("08", "07")
        )
        for kind in ("planted", "pairs")
    ]
    made = entry["signatures_s"]
    return [
        *first,
        f"{entry['mb_s']:.2f}",
        f"{entry['documents_s']:,.0f}",
        f"{entry['peak_mb']:,.0f}",
        *found,
        f"{got['wrong']} of {got['removed']}",
        share(got["twins"], truth["twins"]),
        f"{entry['shuffled_differ']:,}",
        f"{made:,.0f}" if made else "–",
    ]


def picture(figures: dict[str, Any]) -> str:
    """Bars of MB/s on a logarithmic scale; beside them what was found and what was wrong."""
    entries = ordered(figures)
    height = TOP + ROW * len(entries) + 44
    inside = [_text(24, 34, "Near-dedup, read text → decisions, one core", "title")]
    what = figures["documents"]
    said = (
        f"{what['documents']:,} real Chinese documents, {what['mb']:.1f} MB; {figures['machine']}"
    )
    inside.append(_text(24, 54, said, "small"))
    columns = [(LEFT, "MB/s per core (log)"), (590, "pairs J ≥ .8"), (700, "planted J ≥ .7")]
    columns += [(815, "wrong"), (905, "twins")]
    inside += [_text(x, TOP - 14, name, "small") for x, name in columns]
    bottom = TOP + ROW * len(entries)
    for power in range(round(math.log10(LOW)), round(math.log10(HIGH)) + 1):
        x = LEFT + _length(10.0**power)
        inside.append(
            f'<line class="line" x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom}"/>'
        )
        inside.append(_text(x, bottom + 16, f"{10.0**power:g}", "small", "middle"))
    for number, entry in enumerate(entries):
        inside += _bar(entry, figures["truth"], TOP + ROW * number)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    title = "<title>Near-dedup side by side: speed, recall, wrong removals</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", *inside, "</svg>"]) + "\n"


def _bar(entry: dict[str, Any], truth: dict[str, int], y: int) -> list[str]:
    name = _text(24, y + 21, entry["name"])
    version = _text(24, y + 36, entry.get("version") or "", "small")
    if "failed" in entry:
        return [name, version, _text(LEFT, y + 21, entry["failed"][:100], "bad")]
    got = entry["judged"]
    kind = "ours" if entry["name"] == "corpus-pipeline" else "peer"
    length = _length(entry["mb_s"])
    rate = f"{entry['mb_s']:.2f}" if entry["mb_s"] < 10 else f"{entry['mb_s']:.1f}"
    bar = f'<rect class="{kind}" x="{LEFT}" y="{y + 6}" width="{length:.1f}" height="22" rx="3"/>'
    shown = [
        (590, share(got["pairs_08"], truth["pairs_08"]), ""),
        (700, share(got["planted_07"], truth["planted_07"]), ""),
        (815, f"{got['wrong']:,}", "bad" if got["wrong"] else ""),
        (905, share(got["twins"], truth["twins"]), ""),
    ]
    return [
        name,
        version,
        bar,
        _text(LEFT + length + 8, y + 22, rate),
        *(_text(x, y + 22, said, style) for x, said, style in shown),
    ]


def _length(rate: float) -> float:
    inside = min(max(rate, LOW), HIGH)
    return BAR * math.log(inside / LOW) / math.log(HIGH / LOW)


def _text(x: float, y: float, said: str, style: str = "", anchor: str = "start") -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text{kind} x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escape(said)}</text>'
