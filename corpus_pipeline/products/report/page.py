"""One offline HTML file about a run: no script, no request, Chinese and English.

Enters: a finished run and the function that masks personal data.  Leaves: the bytes of the page and
the facts on it.  The same run gives the same bytes, but for the section on time, which is what
metrics.json says.  A page is under `LIMIT` bytes whatever the run's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.report import draw
from corpus_pipeline.products.report.choice import NEAR, Choice, choose
from corpus_pipeline.products.report.facts import ROWS, Facts, gather
from corpus_pipeline.products.report.names import name_of
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.products.tune.effect import Mask
from corpus_pipeline.text.unicode.escape import escaped

#: The page's name in a run.
NAME = "report.html"
#: Bytes of a page at most.
LIMIT = 5_000_000
#: Rules that have a column in the table by register.
COLUMNS = 10
_HERE = Path(__file__).parent


def place(root: Path, output: Path | None) -> Path:
    """Where the page goes; `output` None: `report.html` in the run.

    Raises `PipelineError` for a folder, and for another name inside the run: `verify` would find a
    file that no manifest lists.
    """
    target = root / NAME if output is None else output
    if target.is_dir():
        raise PipelineError(f"{target} is a folder: name a file to write")
    inside = target.resolve().is_relative_to(root.resolve())
    if inside and target.resolve() != (root / NAME).resolve():
        raise PipelineError(f"{target} lies inside the run: only {NAME} may stand there")
    return target


def page(root: Path, mask: Mask) -> tuple[bytes, Facts]:
    """The page of the run in this folder, and its facts."""
    run = open_run(root)
    facts = gather(run)
    choice = choose(run, mask)
    html = _template().render(
        run=run,
        facts=facts,
        figures=facts.summary,
        tally=facts.tally,
        lists=_lists(facts, mask),
        hosts=_masked_rows(facts.hosts, mask),
        losses=_masked_rows(facts.host_losses, mask),
        measures=_measures(facts),
        matrix=_matrix(facts),
        choice=choice,
        opened=_opened(choice),
        stages=[(stage["name"], stage["version"]) for stage in run.manifest["stages"]],
        near=NEAR,
    )
    return html.encode(), facts


def _opened(choice: Choice) -> str:
    """The group of dropped documents that stands open: the first in which a trigger is marked."""
    for group, documents in choice.dropped.items():
        if any(piece.mark for one in documents for piece in one.pieces):
            return group
    return next(iter(choice.dropped), "")


def _lists(facts: Facts, mask: Mask) -> dict[str, list[dict[str, Any]]]:
    """The largest values of each category, and the rest in one line."""
    return {
        name: _masked_rows(_top(facts.tally.rows(name)), mask) for name in facts.tally.categories
    }


def _top(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    top, rest = list(rows[:ROWS]), rows[ROWS:]
    if rest:
        names = ("kept", "dropped", "kept_chars", "dropped_chars", "hits")
        top.append(
            {"value": None, "more": len(rest), **{n: sum(r[n] for r in rest) for n in names}}
        )
    return top


def _masked_rows(rows: Sequence[dict[str, Any]], mask: Mask) -> list[dict[str, Any]]:
    """Names that come from pages and files: personal data masked, cut to a line."""
    names = [str(row["value"] or "") for row in rows]
    safe = mask(names) if names else []
    return [
        {**row, "value": None if row["value"] is None else name[:80]}
        for row, name in zip(rows, safe, strict=True)
    ]


def _measures(facts: Facts) -> list[dict[str, Any]]:
    """Each measure with its picture: those with bounds first."""
    out = []
    for name, one in facts.tally.measures.items():
        if one.documents:
            bounds = facts.bounds.get(name, [])
            out.append(
                {
                    "name": name,
                    "documents": one.documents,
                    "bounds": [bound for bound in bounds if bound.register is None],
                    "own": sum(bound.register is not None for bound in bounds),
                    "picture": draw.histogram(one, bounds),
                    "quantiles": [one.quantile(share) for share in (0.01, 0.5, 0.99)],
                }
            )
    return sorted(out, key=lambda row: not row["bounds"])


def _matrix(facts: Facts) -> dict[str, Any]:
    """Registers by the rules that drop most of what has a register."""
    sums: dict[str, int] = {}
    for row in facts.registers:
        for rule, documents in row["rules"].items():
            sums[rule] = sums.get(rule, 0) + documents
    columns = sorted(sums, key=lambda rule: (-sums[rule], rule))[:COLUMNS]
    return {"rules": columns, "rows": facts.registers[:24]}


def _percent(part: float, whole: float) -> str:
    """A share in per cent; what is there is never shown as nothing, nor nearly all as all.

    >>> _percent(1, 3), _percent(1, 100_000), _percent(99_999, 100_000), _percent(0, 0)
    ('33.3%', '<0.1%', '>99.9%', '–')
    """
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.05:
        return "<0.1%"
    if 99.95 < share < 100:
        return ">99.9%"
    return f"{share:.1f}%"


def _megabytes(size: float) -> str:
    """Megabytes; what is there is never shown as nothing.

    >>> _megabytes(41.03), _megabytes(0.004), _megabytes(0.0001)
    ('41.0 MB', '0.004 MB', '<0.001 MB')
    """
    return "<0.001 MB" if size < 0.001 else f"{size:,.1f} MB" if size >= 1 else f"{size:.3f} MB"


def _plain(text: object) -> str:
    """A name on one line, its controls written out, cut to a length that fits a page."""
    return escaped(str(text))[:200]


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Mapping[str, Callable[..., object]] = {
        "thousands": lambda value: f"{value:,}",
        "short": draw.number,
        "plain": _plain,
        "total": lambda row: row["kept"] + row["dropped"],
    }
    environment.filters |= filters
    environment.globals |= {
        "word": name_of,
        "percent": _percent,
        "mb": _megabytes,
        "peak": _peak,
        "shade": draw.shade,
    }
    return environment.get_template("page.html.j2")


def _peak(values: Iterable[float]) -> float:
    """The largest value, at least 1: what a bar is drawn against."""
    return max([1, *values])
