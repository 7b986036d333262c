"""How far good texts of each register go beyond the bounds of `heuristics`: percentiles.

`python -m scripts.register_bounds DATA` measures the fit half of every good source and writes
`corpus_pipeline/rules/packs/heuristics_bounds.yaml`: for each register and rule the 0.5th or
99.5th percentile (of fewer than `FEW` texts the extreme one), rounded outward, where it lies beyond
the bound that holds for all.  The numbers are facts about texts; no text is copied.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import yaml

import corpus_pipeline as cp
from corpus_pipeline.rules.bounds import JUDGED, Bound, BoundsPack, Range
from corpus_pipeline.text.arrays import F32
from corpus_pipeline.training import halves
from scripts.eval.registers import good_texts

PACKS = Path(__file__).parents[1] / "corpus_pipeline" / "rules" / "packs"
#: A percentile of fewer texts says nothing: their extreme is taken.  Of fewer still: nothing.
FEW, TOO_FEW = 200, 8
#: Rules about what is broken in every register.
COMMON = (
    *("too_short", "short_fragment", "mojibake", "garbled_han"),
    *("too_much_kana", "too_much_hangul", "too_much_boilerplate"),
)
#: Beyond these a text is wreckage, whatever its register: a text that stands three times has
#: `dup_10` 0.67, one that stands twice 0.5; a page without any mark has `long_run_ratio` 1; product
#: feeds have one or two grammatical characters, descriptions of apps three and more.
WRECKED_ABOVE = {"dup_10": 0.55, "dup_15": 0.53, "dup_20": 0.52, "long_run_ratio": 0.75}
WRECKED_BELOW = {"function_kinds": 3.0, "punctuation_ratio": 0.008}
#: Registers whose own bounds would let wreckage through that nothing else finds: most product feeds
#: have less than 0.017 of grammatical characters, 99 of 100 descriptions of apps have more.
STRICT = {("product", "few_stop_characters"): {"function_ratio": {"min": 0.017}}}
#: Advertisements are the other product texts, and short messages without a mark the other posts.
STRICT |= {("product", "keyword_stuffing"): {}, ("social", "few_punctuation"): {}}
HEAD = """\
# How far good texts of a register go beyond the bounds of heuristics.yaml: written by
# `python -m scripts.register_bounds DATA` from the fit half of each source; do not edit.
"""


def measured(data: Path, half: str) -> pl.DataFrame:
    """`register`, `source` and the measures of good texts of one half, normalised."""
    rows = [row for row in good_texts(data) if row["half"] == half]
    docs = pl.DataFrame(
        {
            "id": [str(number) for number in range(len(rows))],
            "text": [row["text"] for row in rows],
        }
    )
    out = cp.stage("heuristics", judge=False)(cp.stage("normalize")(docs))
    columns = [pl.col(f"heuristics_{name}").alias(name) for name in JUDGED]
    return out.select(
        pl.Series("register", [row["register"] for row in rows]),
        pl.Series("source", [row["source"] for row in rows]),
        *columns,
    )


def outward(value: float, *, up: bool) -> float:
    """Two significant digits, away from the texts.

    >>> outward(0.4321, up=True), outward(0.0187, up=False)
    (0.44, 0.018)
    """
    if value == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    rounded = math.ceil(value / unit) if up else math.floor(value / unit)
    return float(f"{rounded * unit:.6g}")


def extreme(values: F32, *, up: bool) -> float:
    """The percentile of many values, the extreme of few; rounded outward."""
    share = 1.0 if values.size < FEW else 0.995
    return outward(float(np.quantile(values, share if up else 1 - share)), up=up)


def inside(own: pl.DataFrame, ranges: dict[str, Range]) -> pl.DataFrame:
    """The rows in which every measure lies in its range."""
    for name, span in ranges.items():
        low, high = span.min, span.max
        own = own.filter(
            pl.col(name).is_between(
                -math.inf if low is None else low, math.inf if high is None else high
            )
        )
    return own


def limits(own: pl.DataFrame, rule: Bound) -> Iterator[tuple[str, dict[str, float]]]:
    """Measure → bound, where texts go beyond that of all."""
    own = inside(own, rule.when)
    if own.height < TOO_FEW:
        return
    for name, span in rule.limits.items():
        values = own[name].to_numpy()
        found = {}
        if span.max is not None:
            most = min(extreme(values, up=True), WRECKED_ABOVE.get(name, math.inf))
            found |= {"max": most} if most > span.max else {}
        if span.min is not None:
            least = max(extreme(values, up=False), WRECKED_BELOW.get(name, -math.inf))
            found |= {"min": least} if least < span.min else {}
        if found:
            yield name, found


def pack(data: Path) -> str:
    """The file."""
    rules = BoundsPack.model_validate(
        yaml.safe_load((PACKS / "heuristics.yaml").read_text("utf-8"))
    ).rules
    every = measured(data, "fit")
    registers = []
    for (register,), own in every.group_by("register", maintain_order=True):
        found = {
            rule.id: ranges
            for rule in rules
            if rule.id not in COMMON
            and (ranges := STRICT.get((register, rule.id), dict(limits(own, rule))))
        }
        sources = ", ".join(own["source"].unique(maintain_order=True))
        registers.append({"id": register, "texts": own.height, "sources": sources, "limits": found})
    content = {
        "pack": "heuristics_bounds",
        "version": 1,
        "source": "0.5th and 99.5th percentiles of good texts by register, fit halves "
        f"({halves.__name__}), normalised; of fewer than {FEW} the extreme.",
        "registers": registers,
    }
    return HEAD + yaml.safe_dump(
        content, allow_unicode=True, sort_keys=False, width=96, default_flow_style=None
    )


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure the bounds of registers.")
    parser.add_argument("data", type=Path, help="the folder of real data")
    options = parser.parse_args(arguments)
    (PACKS / "heuristics_bounds.yaml").write_text(pack(options.data), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
