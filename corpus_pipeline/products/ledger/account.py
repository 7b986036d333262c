"""A ledger: figures, what is not known of them, and a whole divided by a rule.

Enters: folders of releases, oldest first, and a rule.  Leaves: a `Ledger`: the content of
`ledger.json`, of which all tables are made.  Equal releases and an equal rule give equal content.
Refuses: a folder that is no release, and figures that do not add up to the releases' own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from corpus_pipeline import __version__
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.audit.words import Words, both, many
from corpus_pipeline.products.ledger.chain import Chain, chained
from corpus_pipeline.products.ledger.division import decimal, divided
from corpus_pipeline.products.ledger.figures import Figures, Holder, figures
from corpus_pipeline.products.ledger.release import STATES, Book, read
from corpus_pipeline.products.ledger.rule import Rule
from corpus_pipeline.products.ledger.words import COUNTS, FIGURES, RATIOS, TOKENS
from corpus_pipeline.products.runs import DROPPED, KEPT, open_run
from corpus_pipeline.text.unicode.escape import escaped

KIND = "ledger"
#: Figures that say who else had a document.
COMMON = (
    *("unique", "shared", "unique_characters", "unique_tokens", "fair", "uniqueness"),
    *("duplicates_within", "duplicates_across", "duplicates_elsewhere"),
)
_PAIRED = ("exact_dedup", "near_dedup")


@dataclass(frozen=True, slots=True)
class Ledger:
    """The content of a ledger, and what it was made of."""

    content: dict[str, Any]
    figures: Figures
    chain: Chain
    book: Book
    rule: Rule


def ledger(folders: Sequence[Path], rule: Rule) -> Ledger:
    """The ledger of a chain of releases."""
    runs = [open_run(folder) for folder in folders]
    book = Book(key=rule.key)
    chain = chained([read(run, book) for run in runs], book, linked=rule.chain == "linked")
    found = figures(chain, book)
    balance(found)
    unknown, notes = _unknown(chain, found)
    content = {
        "kind": KIND,
        "tool": __version__,
        "runs": found.releases,
        "rule": rule.record(),
        "tokens": TOKENS.model_dump(),
        "unknown": {name: why.model_dump() for name, why in sorted(unknown.items())},
        "notes": [note.model_dump() for note in notes],
        "totals": {name: None if name in unknown else n for name, n in found.totals.items()},
        "contributors": [_record(one, unknown) for one in found.contributors],
        "sources": [
            {"contributor": found.owners[one.name], **_record(one, unknown)}
            for one in found.sources
        ],
        **_shares(found, rule, unknown),
        **{name: table.to_dicts() for name, table in found.tables.items()},
    }
    return Ledger(content, found, chain, book, rule)


def _record(holder: Holder, unknown: Mapping[str, Words]) -> dict[str, Any]:
    """The figures of a holder: whole numbers, fractions as text; null where one is not known."""
    said = {name: _exact(value) for name, value in holder.figures().items()}
    of = {str(number): documents for number, documents in sorted(holder.of.items())}
    return {
        "name": holder.name,
        "sources": list(holder.sources),
        **{name: None if name in unknown else value for name, value in said.items()},
        "documents_by_holders": None if "unique" in unknown else of,
    }


def _exact(value: int | Fraction) -> int | str:
    return value if isinstance(value, int) else f"{value.numerator}/{value.denominator}"


def balance(found: Figures) -> None:
    """`PipelineError` where sources, contributors, releases and tables do not say the same."""
    stand = {state: sum(release["stands"][state] for release in found.releases) for state in STATES}
    for state, number in stand.items():
        _same(state, found.totals[state], number)
    _same("documents", found.totals["documents"], sum(stand.values()))
    _same("unique and shared", found.totals["unique"] + found.totals["shared"], stand[KEPT])
    for name in COUNTS:
        if name not in {"unique", "shared"} and not name.startswith(("unique_", "duplicates_")):
            of_people = sum(one.counts[name] for one in found.contributors)
            _same(f"{name} of contributors", of_people, found.totals[name])
    for holders in (found.sources, found.contributors):
        fair = sum((Fraction(one.figures()["fair"]) for one in holders), Fraction(0))
        _same("fair", fair, Fraction(found.totals["kept"]))
    reasons = found.tables["reasons"]
    _same("reasons", int(reasons["documents"].sum()), sum(stand.values()) - stand[KEPT])
    lost = int(reasons.filter(reasons["state"] == DROPPED)["characters"].sum())
    _same("characters of reasons", lost, found.totals["characters_dropped"])
    if len(found.releases) == 1:  # every document stands: the manifest's counts are the ledger's
        for state in (*STATES, "read"):
            name = "documents" if state == "read" else state
            _same(name, found.totals[name], found.releases[0][state])


def _same(name: str, found: float | Fraction, wanted: float | Fraction) -> None:
    if found != wanted:
        raise PipelineError(f"the ledger does not add up: {name} is {found}, it should be {wanted}")


def _unknown(chain: Chain, found: Figures) -> tuple[dict[str, Words], list[Words]]:
    """Figures that the releases do not tell, with the reason; and remarks on those that they do."""
    unknown: dict[str, Words] = {}
    notes: list[Words] = []
    for release in chain.releases:
        name = escaped(str(release.run.manifest["name"]))
        if not release.compares:
            why = both(f"{name} was not searched for duplicates", f"{name} 未做去重，重复情况未知")
            unknown |= dict.fromkeys(COMMON, why)
        elif missing := [stage for stage in _PAIRED if stage not in release.compares]:
            stages = ", ".join(missing)
            notes.append(
                both(
                    f"{name} ran without {stages}: what only that stage finds is not known",
                    f"{name} 未运行 {stages}，仅该步骤可发现的重复未知",
                )
            )
        if not release.names_domains:
            notes.append(both(f"{name} names no domains", f"{name} 未标注领域"))
    notes += _other_files(chain)
    if chain.apart:
        unknown |= dict.fromkeys((name for name in COMMON if name not in unknown), chain.apart)
    if less := _unscored(found):
        unknown["quality"] = less
    if found.no_bytes:
        runs = ", ".join(map(escaped, found.no_bytes))
        unknown["input_bytes"] = both(
            f"the inputs of {runs} are outputs of runs that are not at hand",
            f"{runs} 的输入为其他运行的输出，原始输入不在此处",
        )
    return unknown, list({note.en: note for note in notes}.values())


def _other_files(chain: Chain) -> list[Words]:
    """Remarks on input files of one name and other content: ids are made of places in files."""
    seen: dict[tuple[str, str], str] = {}
    changed: dict[str, int] = {}
    for release in chain.releases:
        for entry in release.run.manifest["inputs"]:
            key = entry["source"], entry["locator"]
            if seen.setdefault(key, entry["sha256"]) != entry["sha256"]:
                name = escaped(str(release.run.manifest["name"]))
                changed[name] = changed.get(name, 0) + 1
            seen[key] = entry["sha256"]
    return [
        both(
            f"{name} has {many(files, 'input file')} of a name that an older release has with "
            "other content: documents of one place in them count as one",
            f"{name} 有 {files} 个输入文件与较早版本同名而内容不同，其中位置相同的文档按一篇计",
        )
        for name, files in changed.items()
    ]


def _unscored(found: Figures) -> Words | None:
    kept = found.totals["kept"]
    scored = sum(one.scored for one in found.sources)
    if scored == kept:
        return None
    return both(
        f"{kept - scored:,} of {kept:,} kept documents have no score",
        f"{kept:,} 篇保留文档中 {kept - scored:,} 篇没有质量分",
    )


def _shares(found: Figures, rule: Rule, unknown: Mapping[str, Words]) -> dict[str, Any]:
    """The parts of the whole, or why there are none."""
    formula = rule.formula
    if missing := [name for name in formula.names if name in unknown]:
        name = missing[0]
        en = f"the rule names {name}, which is not known: {unknown[name].en}"
        zh = f"规则用到“{FIGURES[name].zh}”，但该数未知：{unknown[name].zh}"
        return {"shares": None, "no_shares": both(en, zh).model_dump()}
    holders = found.contributors if rule.of == "contributors" else found.sources
    named = {one.name: one.figures() for one in holders}
    values = {}
    for name, numbers in named.items():
        try:
            values[name] = formula.value(numbers)
        except PipelineError as error:
            raise PipelineError(f"{error} (for {escaped(name)})") from None
    total = sum(values.values(), Fraction(0))
    if not total and not any(values.values()):
        nothing = both("the rule gives 0 for everyone", "规则对各方均得零")
        return {"shares": None, "no_shares": nothing.model_dump()}
    parts = divided(values, rule.smallest)
    _same("shares", sum(parts.values()), rule.smallest)
    return {
        "no_shares": None,
        "shares": [
            {
                "name": name,
                "figures": {figure: _exact(named[name][figure]) for figure in formula.names},
                "value": _exact(value),
                "share": _exact(value / total),
                "amount": decimal(Fraction(parts[name], 10**rule.places), rule.places),
            }
            for name, value in values.items()
        ],
    }


def shown(value: int | str | None) -> int | float | None:
    """A figure for people: fractions rounded to six places.

    >>> shown("2/3"), shown(7), shown(None)
    (0.666667, 7, None)
    """
    return round(float(Fraction(value)), 6) if isinstance(value, str) else value


#: What tables show of a holder, in order.
COLUMNS = (*COUNTS, *RATIOS)
