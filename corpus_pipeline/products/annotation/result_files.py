"""The files of an import: answers, agreement, standings, payouts, what audits and training take.

Enters: `Imported`.  Leaves: bytes by file name, and a summary for the manifest.  Cells that came
from people are harmless in a spreadsheet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from corpus_pipeline.products.annotation import agreement, feeds, payout
from corpus_pipeline.products.annotation.answers import Tally
from corpus_pipeline.products.annotation.imported import Imported
from corpus_pipeline.products.annotation.pay import Payment, totals
from corpus_pipeline.products.annotation.project import Question
from corpus_pipeline.products.annotation.standing import Share, Standing
from corpus_pipeline.products.annotation.tables import Row, as_csv, six
from corpus_pipeline.products.annotation.votes import REMARKS, ROLES

ANSWERS, AGAIN, AGREEMENT, PAIRS = "answers.jsonl", "again.csv", "agreement.json", "pairs.csv"
PEOPLE, SET_ASIDE, SAMPLES, LABELS = (
    "annotators.csv",
    "set_aside.csv",
    "hand_samples.csv",
    "labels.jsonl",
)
#: All that an import may write, beside its manifest.
FILES = (
    ANSWERS,
    AGAIN,
    AGREEMENT,
    PAIRS,
    PEOPLE,
    SET_ASIDE,
    SAMPLES,
    LABELS,
    *(f"{payout.PAYOUT}.{kind}" for kind in ("csv", "xlsx", "json")),
)


def files_of(imported: Imported) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Every file by its name, and what the manifest says of the import."""
    agreed = [_agreed(imported, tally) for tally in imported.tallies]
    paid = payout.payments_of(imported)
    files = {**_files(imported, agreed), **payout.files_of(imported, paid)}
    return files, _summary(imported, agreed, paid)


def _files(imported: Imported, agreed: Sequence[dict[str, Any]]) -> dict[str, bytes]:
    settled = imported.settled
    questions = [question.name for question in imported.project.questions]
    samples = feeds.hand_samples(
        imported.tasks,
        settled,
        imported.voted(),
        imported.ballot.votes,
        project=imported.project,
        day=imported.day,
    )
    heads = tuple(feeds.HandSample.__slots__)
    return {
        ANSWERS: b"".join(_lines(_answers(imported, tally)) for tally in imported.tallies),
        AGAIN: as_csv(("task", "question", "why"), _again(imported)),
        AGREEMENT: _pretty({"questions": agreed}),
        PAIRS: as_csv(
            ("question", "one", "other", "units", "agreement", "kappa"), _pairs(imported)
        ),
        PEOPLE: as_csv(_PEOPLE, map(_person, imported.people)),
        SET_ASIDE: as_csv(
            ("kind", "what", "task", "annotator", "question", "said"),
            (
                (one.kind, REMARKS[one.kind], *list(asdict(one).values())[1:])
                for one in imported.ballot.remarks
            ),
        ),
        SAMPLES: as_csv(heads, (tuple(asdict(sample).values()) for sample in samples)),
        LABELS: _lines(feeds.labelled(imported.tasks, settled, questions)),
    }


def _summary(
    imported: Imported, agreed: Sequence[dict[str, Any]], paid: Sequence[Payment]
) -> dict[str, Any]:
    """What the manifest says of an import."""
    project, ballot = imported.project, imported.ballot
    settled = imported.settled.values()
    found: dict[str, Any] = {
        "project": project.project,
        "run": project.run,
        "question_set": project.question_set,
        "method": imported.method,
        "inputs": list(ballot.files),
        "tasks": len(imported.tasks),
        "votes": {role: len(ballot.of(role)) for role in ROLES},
        "people": {role: len({vote.annotator for vote in ballot.of(role)}) for role in ROLES},
        "answers": dict(sorted(Counter(one.why or one.by for one in settled).items())),
        "remarks": dict(sorted(Counter(remark.kind for remark in ballot.remarks).items())),
        "agreement": {one["question"]: one["alpha"] for one in agreed},
        "flagged": {
            one.person: {flag.name: flag.said for flag in one.flags}
            for one in imported.people
            if one.flags
        },
        "passing": _passing(imported),
    }
    if imported.card:
        found["payout"] = {
            **payout.card_of(imported),
            **totals(paid),
        }
    return found


def _passing(imported: Imported) -> dict[str, Any] | None:
    """The share of tasks that pass, of those with an answer that is nobody's planted one."""
    passing = imported.project.passing
    if passing is None:
        return None
    verdicts = [
        set(answer if isinstance(answer, tuple) else (answer,)) <= set(passing.values)
        for (_, name), one in imported.settled.items()
        if name == passing.question and one.by != "gold" and (answer := one.answer) is not None
    ]
    share = Share(sum(verdicts), len(verdicts))
    return {"aspect": passing.aspect, "question": passing.question, **share.to_dict()}


def _lines(values: Iterable[object]) -> bytes:
    return b"".join(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE) for value in values)


def _pretty(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _answers(imported: Imported, tally: Tally) -> list[dict[str, Any]]:
    """Lines of `answers.jsonl`: the chances are those of the votes, before a review."""
    documents = {task.task: (task.document, task.source) for task in imported.tasks}
    chances: dict[str, dict[str, float]] = {}
    if tally.panel is not None and tally.fit is not None and tally.question.type == "choice":
        labels = tally.panel.labels
        for unit, row in zip(tally.panel.units, tally.fit.chances.tolist(), strict=True):
            chances[unit] = {
                label: round(chance, 6)
                for label, chance in zip(labels, row, strict=True)
                if chance > 1e-6
            }
    lines = []
    for one in tally.settled:
        document, source = documents[one.task]
        sure = None if one.confidence is None else round(one.confidence, 6)
        line = {
            "task": one.task,
            "document": document,
            "source": source,
            "question": one.question,
            "answer": one.answer,
            "confidence": sure,
            "votes": one.votes,
            "by": one.by,
            "why": one.why,
            "chances": chances.get(one.task, {}),
        }
        lines.append(line)
    return lines


def _again(imported: Imported) -> list[Row]:
    """What has to be asked again, and why."""
    return [
        (one.task, one.question, one.why)
        for tally in imported.tallies
        for one in tally.settled
        if one.why and (tally.question.required or one.why != "no_votes")
    ]


def _agreed(imported: Imported, tally: Tally) -> dict[str, Any]:
    """The agreement on one question."""
    question, panel = tally.question, tally.panel
    found: dict[str, Any] = {"question": question.name, "type": question.type}
    if panel is None:
        votes = [vote for vote in imported.ballot.of("annotator") if vote.question == question.name]
        units, values = agreement.numbered((vote.task, float(str(vote.answer))) for vote in votes)
        alpha = agreement.numbers_with_interval(units, values, imported.project.seed)
        return {**found, "level": "interval", "votes": len(votes), "alpha": alpha.to_list()}
    level = level_of(question)
    counts = panel.counts
    alpha = agreement.with_interval(counts, level, (), imported.project.seed)
    return {
        **found,
        "level": level,
        "votes": panel.size,
        "units": int((counts.sum(axis=1) >= 2).sum()),
        "percent": six(agreement.percent(counts)),
        "fleiss": six(agreement.fleiss(counts)),
        "alpha": alpha.to_list(),
        "labels": {
            label: {"votes": votes, "same": six(same), "alpha": six(value)}
            for label, (votes, same, value) in agreement.by_label(panel).items()
        },
    }


def level_of(question: Question) -> agreement.Level:
    """How labels lie to each other: those that are rising numbers have an order."""
    try:
        numbers = [float(value) for value in question.values]
    except ValueError:
        return "nominal"
    rising = question.type == "choice" and len(numbers) > 2 and numbers == sorted(numbers)
    return "ordinal" if rising else "nominal"


def _pairs(imported: Imported) -> list[Row]:
    return [
        (
            tally.question.name,
            pair.one,
            pair.other,
            pair.units,
            six(pair.agreement),
            six(pair.kappa),
        )
        for tally in imported.tallies
        if tally.panel is not None
        for pair in agreement.pairs(tally.panel)
    ]


_SHARES = ("gold", "agreed", "other", "passed")
_PEOPLE = (
    "annotator",
    "items",
    "answers",
    "unsure",
    *(f"{name}_{part}" for name in _SHARES for part in ("right", "total", "share", "low", "high")),
    "kappa",
    "skill",
    "seconds",
    "speed",
    "fast_items",
    "slow_items",
    "flags",
    "why",
)


def _person(one: Standing) -> Row:
    """A row of `annotators.csv`."""
    shares = [getattr(one, name).to_dict() for name in _SHARES]
    cells = [
        share.get(part) for share in shares for part in ("right", "total", "share", "low", "high")
    ]
    figures = [six(value) for value in (one.kappa, one.skill, one.seconds, one.speed)]
    flags = " ".join(flag.name for flag in one.flags)
    why = "; ".join(flag.said for flag in one.flags)
    return (
        one.person,
        one.items,
        one.answers,
        one.unsure,
        *cells,
        *figures,
        one.fast,
        one.slow,
        flags,
        why,
    )
