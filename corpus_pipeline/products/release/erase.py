"""Take documents back: find them in a chain of releases and its indexes, write all successors.

Enters: folders of releases and indexes, a request, and the comparison of `near_dedup`.  Leaves: in
one folder a successor of each release in which something was found and of each index, and the
receipt.  Nothing that was given is changed; what an interrupted attempt finished is not done again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import polars as pl

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.io.locators import escaped
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.release import index as indexes
from corpus_pipeline.products.release import receipt, search
from corpus_pipeline.products.release.likeness import Likeness, Tables, Verify, alike, tables
from corpus_pipeline.products.release.request import NEAR, Request
from corpus_pipeline.products.release.rewrite import buried, erased
from corpus_pipeline.products.runs import Run, open_run

#: The share of a release's documents from which somebody has to say yes.
LARGE: Final = 0.05
#: Called as steps begin: what, of what.
OnStep = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Near:
    """How texts are compared: the length of n-grams and the comparison itself."""

    ngram: int
    verify: Verify


@dataclass(slots=True)
class Plan:
    """What an erasure would do: per release what was found, per index what it holds of it."""

    request: Request
    runs: list[tuple[str, Run]]
    indexes: list[tuple[str, Path, dict[str, Any]]]
    found: list[pl.DataFrame] = field(default_factory=list)
    held: list[dict[str, pl.DataFrame]] = field(default_factory=list)
    lists: Tables = field(default_factory=tables)

    @property
    def documents(self) -> int:
        """Rows of releases that go."""
        return sum(found.height for found in self.found)

    @property
    def nothing(self) -> bool:
        """Whether neither a release nor an index holds what was asked for."""
        return not self.documents and not any(self.held)

    def texts(self) -> pl.DataFrame:
        """Id and text of everything that goes, each once."""
        rows = [found.select("id", "text") for found in self.found]
        rows += [
            pl.DataFrame(list(indexes.places(held)), schema=_TEXTS, orient="row")
            for held in self.held
        ]
        return pl.concat([pl.DataFrame(schema=_TEXTS), *rows]).unique(maintain_order=True)

    def large(self) -> list[str]:
        """The shares that somebody has to say yes to, in words."""
        out = []
        for (name, run), found in zip(self.runs, self.found, strict=True):
            whole = run.counts["kept"] + run.counts["dropped"]
            if found.height > LARGE * whole:
                out.append(f"{found.height:,} of {whole:,} documents of {name}")
            taken = dict(found.group_by(pl.col("source").fill_null("")).len().iter_rows())
            out += [
                f"all {taken[source]:,} documents of the source {source} of {name}"
                for source, states in run.counts["by_source"].items()
                if source in taken and taken[source] >= sum(states.get(one, 0) for one in _PRESENT)
            ]
        return out


_TEXTS: Final = {"id": pl.String(), "text": pl.String()}
_PRESENT: Final = ("kept", "dropped", "quarantined")


def plan(
    releases: Sequence[Path],
    index_roots: Sequence[Path],
    request: Request,
    near: Near,
    on_step: OnStep = lambda *_: None,
) -> Plan:
    """Find everything; nothing is written."""
    names = _names([*releases, *index_roots])
    runs = [(name, open_run(root)) for name, root in zip(names, releases, strict=False)]
    rest = zip(names[len(releases) :], index_roots, strict=True)
    out = Plan(request, runs, [(name, root, indexes.opened(root)) for name, root in rest])
    _sources_are_known(request, [run for _, run in runs])
    for name, run in runs:
        on_step("search", name)
        out.found.append(search.strongest(search.asked(run, request, out.lists.digest)))
    likeness = _grown(out, near, on_step) if request.near else None
    ids = pl.concat([found.get_column("id") for found in out.found]).unique()
    for name, root, content in out.indexes:
        on_step("search", name)
        out.held.append(indexes.held(root, content, _whole(ids, request), likeness))
    return out


def _whole(ids: pl.Series, request: Request) -> pl.Series:
    """The ids to be erased from indexes: those found, and those that were given whole."""
    return pl.concat(
        [ids, pl.Series([one for one in request.ids if len(one) == 32], dtype=pl.String)]
    )


def _grown(out: Plan, near: Near, on_step: OnStep) -> Likeness | None:
    """Add what is like what was asked for; the likeness, None where there is no text."""
    ids = set(pl.concat([found.get_column("id") for found in out.found]))
    given = [{"id": None, "text": text} for text in out.request.texts]
    texts = pl.concat([out.texts(), pl.DataFrame(given, schema=_TEXTS)])
    likeness = None
    if texts.get_column("text").str.len_chars().sum():
        likeness = Likeness(texts, out.lists, near.ngram, near.verify)
    for number, (name, run) in enumerate(out.runs):
        on_step("compare", name)
        frames = [out.found[number]]
        if ids:
            frames.append(search.in_clusters(run, ids))
        if likeness is not None:
            frames.append(alike(run, likeness))
        out.found[number] = search.strongest(pl.concat(frames))
    return likeness


def _names(roots: Sequence[Path]) -> list[str]:
    """The folder names of the successors; the second of a name ends in `~2`."""
    names: list[str] = []
    for root in roots:
        base = concealed(escaped(root.resolve().name))
        name, number = base, 1
        while name in names:
            number += 1
            name = f"{base}~{number}"
        names.append(name)
    return names


def _sources_are_known(request: Request, runs: Sequence[Run]) -> None:
    known = {name for run in runs for name in run.counts["by_source"]}
    for source in request.sources:
        if source not in known:
            near = get_close_matches(source, sorted(known), n=3)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise PipelineError(f"--source: no release has the source {concealed(source)!r}{hint}")


def carry_out(out: Plan, target: Path, on_step: OnStep = lambda *_: None) -> dict[str, Any]:
    """Write the successors; the content of the receipt, which the caller writes last."""
    parts = []
    for (name, run), found in zip(out.runs, out.found, strict=True):
        outcome = None
        if found.height:
            on_step("rewrite", name)
            outcome = erased(run, found, out.request, target / name)
        parts.append(receipt.Part(name, str(run.manifest["seal"]), found, outcome))
    done: list[tuple[str, str, indexes.IndexOutcome | None]] = []
    texts = out.texts()
    for (name, root, content), held in zip(out.indexes, out.held, strict=True):
        made = None
        if texts.height:
            on_step("rewrite", name)
            known = indexes.remembered(root, content, texts, out.lists)
            made = indexes.succeeded(root, held, known, target / name)
        done.append((name, content["seal"], made))
    return receipt.content(out.request, parts, done)


def told(out: Plan) -> dict[str, Any]:
    """What a dry run tells: what was found, by release and index."""
    parts = [
        receipt.Part(name, str(run.manifest["seal"]), found, None)
        for (name, run), found in zip(out.runs, out.found, strict=True)
    ]
    return receipt.content(
        out.request, parts, [(name, content["seal"], None) for name, _, content in out.indexes]
    )


def earlier(out: Plan) -> list[str]:
    """The requests by which documents asked for by id had been taken out before."""
    wanted = [one for one in out.request.ids if len(one) >= 6]
    found: set[str] = set()
    for _, run in out.runs:
        rows = buried(run)
        for one in wanted:
            found |= set(rows.filter(pl.col("id").str.starts_with(one))["request"])
    return sorted(found)


__all__ = ["NEAR", "Near", "Plan", "carry_out", "earlier", "plan", "told"]
