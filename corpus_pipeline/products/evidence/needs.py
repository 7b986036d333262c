"""The samples that the clauses of a profile ask people to look at, and how each is drawn.

Enters: a profile, a finished run, a seed.  Leaves: what is needed of what, and the documents drawn.
Errors: `PipelineError` for an aspect that no clause of the profile has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.profile import Profile
from corpus_pipeline.products.audit.results_file import CONTENT
from corpus_pipeline.products.runs import Run
from corpus_pipeline.products.sample import Draw, chosen, texts_of
from corpus_pipeline.products.strata import SOURCE_KIND
from corpus_pipeline.products.tune.effect import Mask
from corpus_pipeline.rules.messages import nearest

#: What a sample of the whole corpus and one of each kind of source hold at least, where no clause
#: says more: TC260-003 9.2 a) and 8.2.2 a) of the draft of GB/T 45652.
CORPUS, OF_EACH_KIND = 4_000, 100
#: The aspect of the sample of each kind of source, where no clause names one.
METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class Need:
    """A sample that is needed: of what, how many, of each kind of source, of which kinds.

    `clauses`: those that ask for it; none, where it is the usual one.
    """

    aspect: str
    least: int
    per_kind: bool = False
    kinds: tuple[str, ...] = ()
    clauses: tuple[str, ...] = field(default=(), compare=False)

    def draw(self, seed: int) -> Draw:
        """How it is drawn: of what was kept, by the hash of seed and id."""
        by = (SOURCE_KIND,) if self.per_kind else ()
        return Draw(by, self.least, seed, each=self.per_kind, kept=True, kinds=self.kinds)


def needs(profile: Profile) -> list[Need]:
    """The samples that a profile's clauses ask for; the usual two where they ask for none."""
    found: dict[tuple[str, bool, tuple[str, ...]], int] = {}
    clauses: dict[tuple[str, bool, tuple[str, ...]], list[str]] = {}
    for clause in profile.clauses:
        if clause.check == "manual_sample":
            settings = clause.settings
            kinds = tuple(settings.get("kinds", ()))
            key = (str(settings["aspect"]), bool(settings.get("per_kind", False)), kinds)
            found[key] = max(found.get(key, 0), int(settings["least"]))
            clauses.setdefault(key, []).append(f"{profile.profile}/{clause.id}")
    asked = {(aspect, per_kind) for aspect, per_kind, _ in found}
    if not any(not per_kind for _, per_kind in asked):
        found[CONTENT, False, ()] = CORPUS
    if not any(per_kind for _, per_kind in asked):
        found[METADATA, True, ()] = OF_EACH_KIND
    return [
        Need(aspect, least, each, kinds, tuple(clauses.get((aspect, each, kinds), ())))
        for (aspect, each, kinds), least in found.items()
    ]


def needs_of(profile: Profile, aspect: str | None) -> list[Need]:
    """The samples that are needed, or those of one aspect alone."""
    wanted = needs(profile)
    chosen = [need for need in wanted if aspect in (None, need.aspect)]
    if not chosen:
        known = list(dict.fromkeys(need.aspect for need in wanted))
        said = f"{profile.profile} asks for no sample of {aspect!r}{nearest(str(aspect), known)}"
        raise PipelineError(f"{said}: {', '.join(known)}")
    return chosen


def drawn_ids(run: Run, need: Need, seed: int) -> list[str]:
    """The ids of a sample, in the order of strata and hashes; none where the run has no such."""
    ids: list[str] = chosen(run, need.draw(seed)).get_column("id").to_list()
    return ids


def asked(run: Run, wanted: Sequence[Need], seed: int, mask: Mask) -> pl.DataFrame:
    """One draw for each need: `aspect` and `clauses` (joined by commas) before those of `sample`.

    A need of which the run has no document has no row; `PipelineError` where that is so of all.
    """
    frames = []
    for need in wanted:
        draw = need.draw(seed)
        drawn = chosen(run, draw)
        if drawn.height:
            clauses = pl.lit(",".join(need.clauses)).alias("clauses")
            told = texts_of(run, drawn, mask)
            frames.append(told.select(pl.lit(need.aspect).alias("aspect"), clauses, pl.all()))
    if not frames:
        raise PipelineError(f"{run.root.name} has none of the documents that the clauses ask for")
    return pl.concat(frames)
