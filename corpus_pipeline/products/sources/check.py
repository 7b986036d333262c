"""What is wrong with a registry, and which records clauses will ask for.

Enters: sources, the folder that their files are relative to, the locators of inputs where there are
any, and the day of the check.  Leaves: a `Checked`: problems, one line each, and for each source
its kind, its licence, its inputs and what it lacks.

A problem has to be mended before a run; what a source lacks is for its operator to weigh, so each
gap names the clauses that ask for it.  The gaps are those that `audit` would find if every source
gave documents: the same measurements of the same profiles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.products.audit.dossier import Dossier
from corpus_pipeline.products.audit.profile import CHECKS, LEVELS, Clause, load_profile, packaged
from corpus_pipeline.products.audit.words import many
from corpus_pipeline.products.runs import Run
from corpus_pipeline.sources.claims import Claims, claims
from corpus_pipeline.sources.record import Source
from corpus_pipeline.sources.registry import missing_file

#: Measurements whose evidence names a source and a key of its record.
_OF_KEYS = frozenset({"source_rights", "source_kind", "source_fields"})
_ASSESSED = "assessment"


@dataclass(frozen=True, slots=True)
class Gap:
    """Records that a source lacks (`a|b`: either would do), and the clauses that ask for them."""

    keys: str
    level: str
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One source; `inputs` is null where none were given."""

    name: str
    kind: str
    license: str | None
    spdx: str | None
    contributor: str
    origin: str | None
    inputs: int | None
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """A registry, looked through."""

    day: date
    sources: tuple[Entry, ...]
    problems: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "day": self.day.isoformat()}


def check(
    sources: Sequence[Source], base: Path, day: date, locators: Sequence[str] | None = None
) -> Checked:
    """Look through a registry; `locators`: the inputs of a run to come, None where unknown."""
    given = None if locators is None else claims(sources, locators)
    inputs = None if given is None else Counter(one.name for one in given.of.values())
    gaps = _gaps(sources, day)
    entries = []
    for source in sources:
        record = source.record()
        facts = {key: record[key] for key in ("kind", "license", "spdx", "contributor", "origin")}
        number = None if inputs is None else inputs[source.name]
        entries.append(Entry(source.name, inputs=number, gaps=gaps[source.name], **facts))
    problems = [line for source in sources for line in _of_source(source, base, day)]
    problems += _of_claims(given) if given is not None else _of_rest(sources)
    return Checked(day, tuple(entries), tuple(problems))


def _of_source(source: Source, base: Path, day: date) -> Iterator[str]:
    """What is wrong with one record."""
    name = f"source {source.name!r}"
    for key, file in source.files.items():
        problem = missing_file(source, key, file, base)
        if problem is not None:
            yield problem
    if source.registered_until is not None and source.registered_until < day:
        yield f"{name}: the registration expired: registered_until is {source.registered_until}"
    for key, review in (("robots", source.robots), ("opt_out", source.opt_out)):
        if review is not None and review.verdict == "refused":
            yield f"{name}: {key}: the source refused on {review.date}: it may not be used"
    for key, sample in (
        ("pre_assessment", source.pre_assessment),
        ("post_verification", source.post_verification),
    ):
        limit = _assessment_limit()
        if sample is not None and sample.bad / sample.sampled > limit:
            yield f"{name}: {key}: {sample.bad} of {sample.sampled} are bad, more than {limit:.0%}"


def _assessment_limit() -> float:
    """The share of the clause on assessments before collection."""
    clauses = load_profile("gbt45654").clauses
    return next(one.limit for one in clauses if one.check == _ASSESSED and one.limit is not None)


def _of_claims(given: Claims) -> Iterator[str]:
    """Files that two sources claim, or none, and sources that no file is of."""
    pairs: dict[tuple[str, ...], list[str]] = {}
    for locator, names in given.contested.items():
        pairs.setdefault(names[:2], []).append(locator)
    for (first, second), files in pairs.items():
        yield f"sources {first!r} and {second!r} both claim {_some(files)}"
    if given.unclaimed:
        yield f"no source claims {_some(given.unclaimed)}"
    for name in given.idle:
        yield f"source {name!r} matches no input"


def _some(files: Sequence[str]) -> str:
    first = concealed(files[0])
    return first if len(files) == 1 else f"{many(len(files), 'input')}, such as {first}"


def _of_rest(sources: Sequence[Source]) -> Iterator[str]:
    """Without inputs: two sources that would claim all that is left."""
    taking = [source.name for source in sources if source.takes_rest and not source.excludes]
    if len(taking) > 1:
        yield f"sources {taking[0]!r} and {taking[1]!r} both claim what no other source does"


def _gaps(sources: Sequence[Source], day: date) -> dict[str, tuple[Gap, ...]]:
    """Source → the records that clauses of the packaged profiles would miss, the binding first."""
    dossier = _dossier(sources, day)
    found: dict[str, dict[str, list[tuple[int, str]]]] = {one.name: {} for one in sources}
    for profile in map(load_profile, packaged()):
        for clause in profile.clauses:
            # A clause is named by its document, which says more than the profile's own id.
            asked = (LEVELS.index(clause.level), str(clause.reference))
            for name, keys in _missed(dossier, clause):
                found[name].setdefault(keys, []).append(asked)
    return {
        name: tuple(
            Gap(keys, LEVELS[min(asked)[0]], tuple(dict.fromkeys(ref for _, ref in asked)))
            for keys, asked in sorted(every.items(), key=lambda item: (min(item[1])[0], item[0]))
        )
        for name, every in found.items()
    }


def _dossier(sources: Sequence[Source], day: date) -> Dossier:
    """The registry as an audit sees it, of a run to which every source gave a document."""
    counts = {"by_source": {source.name: {"kept": 1} for source in sources}}
    content = {"sources": [source.record() for source in sources], "counts": counts}
    return Dossier(Run(Path(), content), day)


def _missed(dossier: Dossier, clause: Clause) -> Iterator[tuple[str, str]]:
    """Source and keys of each record that the clause misses."""
    if clause.check == _ASSESSED:
        key = str(clause.settings["field"])
        for name, entry in dossier.of_kinds(clause.settings.get("kinds", ())).items():
            if entry.get(key) is None:
                yield name, key
    elif clause.check in _OF_KEYS:
        for one in CHECKS[clause.check].measure(dossier, clause).evidence:
            name, _, keys = one.subject.removeprefix("source ").rpartition(" ")
            yield name, keys
