"""The dataset card: `README.md`, in English and Chinese, that the Hugging Face hub understands too.

Enters: the facts of an export.  Leaves: Markdown with YAML front matter, so that
`datasets.load_dataset(folder)` works without a script.  Every number stands in a manifest too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined, Template

from corpus_pipeline.products.export import mix
from corpus_pipeline.products.export.facts import LISTED, Facts, ranked

_TEMPLATE = Path(__file__).parent / "templates" / "card.md.j2"

#: Licence ids that the hub knows and that text comes under; any other is `other` with a name.
_HUB_LICENSES = frozenset(
    {"apache-2.0", "mit", "cc0-1.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"}
    | {"cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0", "odc-by", "odbl"}
    | {"pddl", "gfdl", "unlicense", "bsd-3-clause"}
)

#: The steps of a mixture in Chinese; conditions stay as the recipe spells them.
_STEPS_ZH = {
    "kept": "保留",
    mix.WEIGHT: "权重为 0",
    mix.SHARE: "占比为 0",
    mix.CURVE: "低于曲线",
    mix.ROUNDED: "取整后为 0 份",
}

_STEPS = ("", "K", "M", "B", "T")


def size_category(rows: int) -> str:
    """The hub's name for a number of rows.

    >>> [size_category(n) for n in (0, 999, 1000, 25_000, 3_000_000, 2_000_000_000_000)]
    ['n<1K', 'n<1K', '1K<n<10K', '10K<n<100K', '1M<n<10M', 'n>1T']
    """
    if rows < 1000:
        return "n<1K"
    power = len(str(rows)) - 1
    if power >= 12:
        return "n>1T"
    return f"{_short(power)}<n<{_short(power + 1)}"


def _short(power: int) -> str:
    return f"{10 ** (power % 3)}{_STEPS[power // 3]}"


def megabytes(size: float) -> str:
    """A size for people.

    >>> megabytes(1_234_567), megabytes(800)
    ('1.2 MB', '0.8 kB')
    """
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if size >= scale:
            return f"{size / scale:,.1f} {unit}"
    return f"{size / 1e3:,.1f} kB"


def cell(value: object) -> str:
    r"""A value that cannot break out of a table's cell.

    >>> cell("甲|乙\n丙"), cell(None)
    ('甲\\|乙 丙', '–')
    """
    if value is None or value == "":
        return "–"
    flat = " ".join(str(value).split())
    return flat.replace("|", "\\|").replace("<", "&lt;")


def front_matter(facts: Facts) -> str:
    """The YAML that the hub and the `datasets` library read."""
    names = facts.licenses
    content: dict[str, Any] = {
        "pretty_name": facts.name,
        "language": ["zh"],
        "license": "other",
        "task_categories": ["text-generation"],
        "size_categories": [size_category(facts.rows)],
        "tags": ["pretraining", "chinese", "croissant"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": split, "path": f"data/{split}-*.parquet"} for split in facts.splits
                ],
            }
        ],
    }
    if len(names) == 1 and names[0].lower() in _HUB_LICENSES:
        content["license"] = names[0].lower()
    else:
        content["license_name"] = names[0] if len(names) == 1 else "see-license-column"
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def render(facts: Facts) -> str:
    """The card."""
    counts = facts.run["counts"]
    return _template().render(
        front_matter=front_matter(facts),
        facts=facts,
        options=facts.options,
        counts=counts,
        size=megabytes(facts.text_bytes),
        sources=[_source(facts, source) for source in facts.sources],
        stages=[_stage(stage, counts["by_rule"]) for stage in facts.run["stages"]],
        rules=sorted(counts["by_rule"].items()),
        quarantine=sorted(counts["by_quarantine"].items()),
        licenses=_top(facts.by_license),
        languages=_top(facts.by_language),
        mixture=facts.mixture,
        listed=LISTED,
        names_zh=_STEPS_ZH,
    )


def _top(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The largest counts, and the rest in one line."""
    largest_first = ranked(counts)
    rest = sum(count for _, count in largest_first[LISTED:])
    others = [(f"{len(largest_first) - LISTED} others", rest)] if rest else []
    return largest_first[:LISTED] + others


def _source(facts: Facts, source: Mapping[str, Any]) -> dict[str, Any]:
    name = str(source["name"])
    return {**source, "name": name, "documents": facts.by_source.get(name, 0)}


def _stage(stage: Mapping[str, Any], by_rule: Mapping[str, int]) -> dict[str, Any]:
    dropped = sum(n for rule, n in by_rule.items() if rule.partition("/")[0] == stage["name"])
    return {"name": stage["name"], "version": stage["version"], "dropped": dropped}


@cache
def _template() -> Template:
    # Markdown, not HTML: escaping would spoil it; `cell` guards what comes from outside.
    environment = Environment(
        autoescape=False,  # noqa: S701 - Markdown, see above
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = cell
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
