"""What `heuristics` drops by rule and register, and how registers are told: in docs/quality.md.

`python -m scripts.quality_page DATA` measures the test halves, and writes the tables between the
marks of the page; everything else of it is written by hand.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

import corpus_pipeline as cp
from scripts.eval import registers
from scripts.eval.quality_texts import texts

PAGE = Path(__file__).parents[1] / "docs" / "quality.md"
BEGIN, END = "<!-- registers: written by scripts/quality_page.py -->", "<!-- end of registers -->"


def judged(data: Path) -> pl.DataFrame:
    """`source`, `register`, `right`, `told`, `rule`, `characters` of the good texts."""
    items = registers.items(data)
    answers = registers.ours(items)
    return pl.DataFrame(
        {
            "source": [one["source"] for one in items],
            "register": [one["register"] for one in items],
            "right": [list(one["right"]) for one in items],
            "told": [answer[0] for answer in answers],
            "sure": [answer[1] >= registers.SURE for answer in answers],
            "rule": [answer[2] for answer in answers],
            "characters": [len(one["text"]) for one in items],
        },
        schema_overrides={"rule": pl.String},
    )


def percent(part: float, whole: float) -> str:
    """A share in per cent, a bare 0 where it is nothing."""
    return "0" if part == 0 else f"{100 * part / whole:.1f}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown; the first column to the left, the others to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def losses(docs: pl.DataFrame) -> Iterator[list[str]]:
    """A row for each register, the one that loses most first, and one for all."""
    gone = pl.col("rule").is_not_null()
    groups = [
        (str(name), own, own.select(gone.mean()).item())
        for (name,), own in docs.group_by("register")
    ]
    ordered = sorted(groups, key=lambda group: (-group[2], group[0]))
    for name, own, _ in [*ordered, ("**all**", docs, 0.0)]:
        lost = own.filter(gone)
        rules = lost.group_by("rule").agg(pl.len(), pl.col("characters").sum())
        by_rule = [
            f"{rule} {rows} ({characters:,})"
            for rule, rows, characters in rules.sort(
                ["len", "rule"], descending=[True, False]
            ).rows()
        ]
        characters = own["characters"].sum()
        yield [
            name,
            f"{own.height:,}",
            percent(lost.height, own.height),
            percent(lost["characters"].sum(), characters),
            "" if name == "**all**" else ", ".join(by_rule),
        ]


def rules(docs: pl.DataFrame) -> Iterator[list[str]]:
    """A row for each rule that drops anything: documents, characters, registers."""
    lost = docs.drop_nulls("rule")
    for (rule,), own in sorted(lost.group_by("rule"), key=lambda one: (-one[1].height, one[0])):
        names = (
            own["register"]
            .value_counts(sort=True)
            .sort(["count", "register"], descending=[True, False])
        )
        yield [
            f"`{rule}`",
            str(own.height),
            f"{own['characters'].sum():,}",
            ", ".join(f"{name} {count}" for name, count in names.rows()),
        ]


def confusion(docs: pl.DataFrame) -> Iterator[list[str]]:
    """A row for each source: what it is, how often that is told, what it was taken for."""
    right = pl.col("right").list.contains(pl.col("told"))
    for (source,), own in docs.group_by("source", maintain_order=True):
        sure = own.filter("sure")
        counts = (
            own["told"].value_counts(sort=True).sort(["count", "told"], descending=[True, False])
        )
        told = [f"{name} {100 * count / own.height:.0f}" for name, count in counts.rows()]
        yield [
            str(source),
            " or ".join(own["right"][0]),
            str(own.height),
            percent(own.select(right.sum()).item(), own.height),
            percent(sure.select(right.sum()).item(), max(sure.height, 1)) if sure.height else "–",
            ", ".join(told[:4]),
        ]


def wreckage(data: Path) -> Iterator[list[str]]:
    """A row for each kind of bad text: dropped by `heuristics`, and with `quality` behind it."""
    bad = [one for one in texts(data) if not one["good"]]
    ids = [str(number) for number in range(len(bad))]
    docs = pl.DataFrame({"id": ids, "text": [one["text"] for one in bad]})
    first = cp.stage("heuristics")(docs)
    second = cp.stage("quality")(first)
    both = pl.DataFrame(
        {
            "kind": [one["kind"] for one in bad],
            "heuristics": first["drop_rule"].is_not_null(),
            "both": second["drop_rule"].is_not_null(),
        }
    )
    shares = both.group_by("kind").agg(pl.col("heuristics", "both").mean()).sort("kind")
    for kind, alone, together in shares.rows():
        yield [kind.replace("_", " "), percent(alone, 1), percent(together, 1)]
    mean: Mapping[str, Any] = shares.select(pl.col("heuristics", "both").mean()).row(0, named=True)
    yield ["**mean**", percent(mean["heuristics"], 1), percent(mean["both"], 1)]


def section(data: Path) -> str:
    """The part of the page between the marks."""
    docs = judged(data)
    head = f"Measured {datetime.now(UTC).date()} with `python -m scripts.quality_page DATA`, on the"
    blocks = [
        BEGIN,
        (
            f"{head} test half of each source (no bound and no weight was fitted on it), after "
            "`normalize`; per cent.  In brackets: characters."
        ),
        table(["register", "texts", "documents", "characters", "rules"], list(losses(docs))),
        "By rule:",
        table(["rule", "documents", "characters", "registers"], list(rules(docs))),
        (
            "How the register is told, by source: the share that is right, the same where the "
            f"confidence is {registers.SURE} and more, and the labels most often given."
        ),
        table(["source", "is", "texts", "right", "where sure", "told"], list(confusion(docs))),
        (
            "What is dropped of bad texts (`scripts/eval/quality_texts.py`), by `heuristics` alone "
            "and with `quality` behind it:"
        ),
        table(["kind", "heuristics", "both"], list(wreckage(data))),
        END,
    ]
    return "\n\n".join(blocks)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write the tables of registers.")
    parser.add_argument("data", type=Path, help="the folder of real data")
    options = parser.parse_args(arguments)
    page = PAGE.read_text("utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(before + section(options.data) + after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
