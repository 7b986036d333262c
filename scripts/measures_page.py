"""Each measure of `heuristics` with formula, source, distribution and picture: docs/measures.md.

`python -m scripts.measures_page DATA` measures good texts of every register (both halves) and raw
ones (home pages, link lists, feeds, SMS, tables), and writes the page and its picture,
docs/measures.svg: for each measure both distributions, good above, raw below, and the bounds.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import polars as pl
import yaml

import corpus_pipeline as cp
from corpus_pipeline.rules.bounds import JUDGED, BoundsPack
from corpus_pipeline.text.arrays import F32
from scripts.eval.quality_texts import link_lists, tables, web_wrecks
from scripts.eval.registers import good_texts

ROOT = Path(__file__).parents[1]
PAGE, PICTURE = ROOT / "docs" / "measures.md", ROOT / "docs" / "measures.svg"
PACK = ROOT / "corpus_pipeline" / "rules" / "packs" / "heuristics.yaml"
SEED = 11
#: Measure → where it is from; ids are those of docs/recipes.md, papers as named there.
SOURCES = {
    ("length", "han_count"): "D1 (EvalWeb, HPLT)",
    ("lines", "line_length"): "D2 (EvalWeb, FineWeb2)",
    ("han_ratio", "kana_ratio", "hangul_ratio", "latin_ratio"): "L1 (EvalWeb, MNBVC)",
    ("rare_han_ratio", "mojibake_ratio"): "N2, own",
    (
        "digit_ratio",
        "symbol_ratio",
        "emoji_ratio",
        "url_ratio",
        "bracket_ratio",
    ): "D5 (MAP-CC), own",
    ("punctuation_ratio", "longest_run", "long_run_ratio"): "D4, own",
    ("boilerplate_ratio",): "B1 (C4's policy lines, in Chinese)",
    ("line_end_ratio",): "D3 (FineWeb2, by characters)",
    ("stop_ratio", "classical_ratio", "function_ratio", "function_kinds"): "D7, own",
    ("top_4", "top_6", "top_8", "dup_10", "dup_15", "dup_20"): "D6 (Gopher, on characters)",
    ("repeated_line_chars", "repeated_lines"): "D6 (Gopher, FineWeb2)",
    ("compress_ratio",): "D8, own",
    ("speech",): "words of heuristics_registers.yaml, own",
}
OWN = "own: shape of texts"
#: The picture: panels a row, their size, the bars of one.
PER_ROW, WIDTH, HEIGHT, BARS = 5, 190, 104, 30
HEAD = """\
# Measures of form

Written {day} by `python -m scripts.measures_page DATA`; do not edit.

Each measure is a column `heuristics_<measure>` of every document.  The unit is the code point;
whitespace does not count; the share of nothing is 0.  A *run* is a stretch of Han that only spaces
interrupt, a *phrase* one that nothing interrupts.  Sources are those of [recipes.md](recipes.md).
The distributions (1st / 50th / 99th percentile) are of {good} good texts of 25 sources and of {raw}
raw ones: home pages, link lists, product feeds, SMS, segmented words, tables.  A bound is the one
for all; shapes and registers have their own ([quality.md](quality.md)).  What a character costs in
bits is measured by the stage `quality`.

![Distributions of all measures](measures.svg)

| measure | formula | source | good | raw | drops where |
| --- | --- | --- | --- | --- | --- |
"""
GOOD, RAW, EDGE = "#2a7f62", "#b3543a", "#333333"


def measured(texts: list[str]) -> pl.DataFrame:
    """The measures of texts after `normalize`."""
    docs = pl.DataFrame({"id": [str(number) for number in range(len(texts))], "text": texts})
    out = cp.stage("heuristics", judge=False)(cp.stage("normalize")(docs))
    return out.select(pl.col(f"heuristics_{name}").alias(name) for name in JUDGED)


def raw_texts(data: Path) -> list[str]:
    """What a crawl has beside texts."""
    rng = random.Random(SEED)
    found = [*web_wrecks(data), *link_lists(data, rng), *tables(data, rng)]
    return [one["text"] for one in found]


def source_of(measure: str) -> str:
    """Where a measure is from."""
    return next((source for names, source in SOURCES.items() if measure in names), OWN)


def bounds() -> dict[str, list[tuple[str, float]]]:
    """Measure → rules with their bounds for all."""
    pack = BoundsPack.model_validate(yaml.safe_load(PACK.read_text("utf-8")))
    found: dict[str, list[tuple[str, float]]] = {}
    for rule in pack.rules:
        for name, span in rule.limits.items():
            sides = (("<", span.min), (">", span.max))
            found.setdefault(name, []).extend(
                (f"`{rule.id}` {sign} {value:g}", value)
                for sign, value in sides
                if value is not None
            )
    return found


def number(value: float) -> str:
    """Three significant digits."""
    return "0" if value == 0 else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def quantiles(values: F32) -> str:
    """1st, 50th and 99th percentile."""
    return " / ".join(number(float(value)) for value in np.quantile(values, (0.01, 0.5, 0.99)))


def rows(good: pl.DataFrame, raw: pl.DataFrame) -> Iterator[str]:
    """A line of the table for each measure."""
    limits = bounds()
    for name, formula in JUDGED.items():
        told = ", ".join(text for text, _ in limits.get(name, [])) or "–"
        cells = (
            *(f"`{name}`", formula.replace("|", "\\|"), source_of(name)),
            *(quantiles(frame[name].to_numpy()) for frame in (good, raw)),
            told,
        )
        yield "| " + " | ".join(cells) + " |"


def bars(values: F32, edges: F32, side: int) -> str:
    """The path of a histogram, above the middle line (`side` -1) or below it (1)."""
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    # The square root, so that a tail of one in a thousand shows.
    heights = np.sqrt(counts / max(int(counts.max()), 1)) * 30
    middle, step = 58, (WIDTH - 20) / BARS
    parts = [
        f"M{10 + n * step:.1f} {middle}h{step:.1f}v{side * h:.1f}h{-step:.1f}z"
        for n, h in enumerate(heights.tolist())
        if h > 0
    ]
    return "".join(parts)


def panel(name: str, good: F32, raw: F32, limits: list[float], place: int) -> str:
    """One measure: its name, both histograms, its bounds, the ends of the axis."""
    low, high = np.quantile(np.concatenate([good, raw]), (0.005, 0.995)).tolist()
    low, high = min([low, *limits]), max([high, *limits])
    high = high if high > low else low + 1
    edges = np.linspace(low, high, BARS + 1, dtype=np.float32)
    left, top = place % PER_ROW * WIDTH, place // PER_ROW * HEIGHT + 34
    lines = [
        f'<path d="M{10 + (value - low) / (high - low) * (WIDTH - 20):.1f} 24v68" '
        f'stroke="{EDGE}" stroke-dasharray="2 2"/>'
        for value in limits
    ]
    return (
        f'<g transform="translate({left} {top})">'
        f'<text x="10" y="16" font-weight="bold">{escape(name)}</text>'
        f'<path d="{bars(good, edges, -1)}" fill="{GOOD}"/>'
        f'<path d="{bars(raw, edges, 1)}" fill="{RAW}"/>{"".join(lines)}'
        f'<text x="10" y="100" fill="#666">{number(low)}</text>'
        f'<text x="{WIDTH - 10}" y="100" fill="#666" text-anchor="end">{number(high)}</text></g>'
    )


def picture(good: pl.DataFrame, raw: pl.DataFrame) -> str:
    """The small multiples as SVG."""
    limits = bounds()
    panels = [
        panel(
            name,
            good[name].to_numpy(),
            raw[name].to_numpy(),
            [value for _, value in limits.get(name, [])],
            place,
        )
        for place, name in enumerate(JUDGED)
    ]
    height = -(-len(panels) // PER_ROW) * HEIGHT + 44
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {PER_ROW * WIDTH} {height}" '
        'font-family="sans-serif" font-size="11">'
        '<rect width="100%" height="100%" fill="#fff"/><text x="10" y="22" font-size="14">'
        f'<tspan fill="{GOOD}">good texts (above)</tspan> and '
        f'<tspan fill="{RAW}">raw ones (below)</tspan>; heights are square roots; dashed: the '
        f"bound for all</text>{''.join(panels)}</svg>\n"
    )


def page(good: pl.DataFrame, raw: pl.DataFrame) -> str:
    """The page."""
    head = HEAD.format(day=datetime.now(UTC).date(), good=f"{good.height:,}", raw=f"{raw.height:,}")
    return head + "\n".join(rows(good, raw)) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write the page of measures.")
    parser.add_argument("data", type=Path, help="the folder of real data")
    options = parser.parse_args(arguments)
    good = measured([row["text"] for row in good_texts(options.data)])
    raw = measured(raw_texts(options.data))
    PAGE.write_text(page(good, raw), encoding="utf-8")
    PICTURE.write_text(picture(good, raw), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
