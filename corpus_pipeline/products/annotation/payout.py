"""The payout table: CSV and JSON for machines, a workbook for people.

Enters: `Imported`, whose rate card says what an item is worth.  Leaves: bytes by file name; nothing
without a rate card.  The JSON is sealed; amounts are texts in it and in the CSV, so that no reader
rounds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corpus_pipeline.io import manifest
from corpus_pipeline.products.annotation.answers import REVIEW
from corpus_pipeline.products.annotation.imported import Imported
from corpus_pipeline.products.annotation.panel import UNSURE
from corpus_pipeline.products.annotation.pay import FLOOR, REASONS, Item, Payment, payments, totals
from corpus_pipeline.products.annotation.quality import fast_items
from corpus_pipeline.products.annotation.standing import Share, Standing
from corpus_pipeline.products.annotation.tables import as_csv, six
from corpus_pipeline.products.annotation.vote_files import Role
from corpus_pipeline.products.annotation.votes import Vote
from corpus_pipeline.products.audit.words import both
from corpus_pipeline.products.evidence.table import Cell, Column, Table, finished
from corpus_pipeline.products.evidence.workbook import as_workbook

PAYOUT = "payout"
#: Flags of somebody who does not look.
_CARELESS = {"careless", "one_label"}


def payments_of(imported: Imported) -> list[Payment]:
    """The payments of everybody; empty without a rate card."""
    if imported.card is None:
        return []
    known = {one.person: one for one in imported.people}
    return payments(imported.card, imported.project.question_set, _items(imported), known)


def _items(imported: Imported) -> list[Item]:
    """What everybody did, task by task, and what speaks against paying for it."""
    answers: dict[tuple[str, Role, str], dict[str, Vote]] = {}
    for vote in imported.ballot.votes:
        key = (vote.annotator, vote.role, vote.task)
        answers.setdefault(key, {})[vote.question] = vote
    fast = fast_items(imported.times, imported.limits)
    careless = {one.person for one in imported.people if _CARELESS & {f.name for f in one.flags}}
    required = {question.name for question in imported.project.questions if question.required}
    settled, gold = imported.settled, imported.gold
    items = []
    for (person, role, task), given in answers.items():
        against = {"incomplete"} if required - given.keys() else set()
        if role == "annotator":
            known = gold.get(task, {})
            sure = {name: vote for name, vote in given.items() if vote.answer != UNSURE}
            if any(known.get(name, vote.answer) != vote.answer for name, vote in sure.items()):
                against.add("wrong_on_gold")
            reviews = [(settled[task, name], vote) for name, vote in sure.items()]
            if any(
                one.by == REVIEW and one.answer not in (None, vote.answer) for one, vote in reviews
            ):
                against.add("refused_by_reviewer")
            against |= {"too_fast"} if (person, task) in fast else set()
            against |= {"careless"} if person in careless else set()
        items.append(Item(person, role, task, frozenset(against)))
    return items


def card_of(imported: Imported) -> dict[str, Any]:
    """The name, the version and the currency of the rate card."""
    card = imported.card
    return {"card": card.pack, "version": card.version, "currency": card.currency} if card else {}


_REASONS = (*REASONS, FLOOR)
_REASON_WORDS = dict(
    zip(
        _REASONS,
        ("未答完", "答错质控题", "审核不符", "过快", "疑似敷衍", "低于下限"),
        strict=True,
    )
)


def files_of(imported: Imported, rows: Sequence[Payment]) -> dict[str, bytes]:
    """The payout table in its three forms; nothing without a rate card."""
    if imported.card is None:
        return {}
    standings = {one.person: one for one in imported.people}
    told = [_paid(imported, row, standings.get(row.person)) for row in rows]
    content = {
        "kind": PAYOUT,
        **card_of(imported),
        "project": imported.project.project,
        "rows": told,
    }
    heads = [*told[0]] if told else ["annotator"]
    flat_rows = [[cell for cell in row.values() if not isinstance(cell, dict)] for row in told]
    heads = [head for head in heads if head != "rejected_by"]
    heads += list(_REASONS)
    for row, payment in zip(flat_rows, rows, strict=True):
        row += [payment.rejected.get(reason, 0) for reason in _REASONS]
    sums = totals(rows)
    return {
        f"{PAYOUT}.csv": as_csv(heads, flat_rows),
        f"{PAYOUT}.xlsx": as_workbook([_sheet(imported, heads, flat_rows, rows)]),
        f"{PAYOUT}.json": manifest.render({"format": manifest.FORMAT, **content, "totals": sums}),
    }


def _paid(imported: Imported, row: Payment, standing: Standing | None) -> dict[str, Any]:
    """A row of the payout; amounts are texts, so that no reader rounds them."""
    card = card_of(imported)
    annotator = standing if row.role == "annotator" else None
    gold = annotator.gold if annotator else Share()
    agreed = annotator.agreed if annotator else Share()
    return {
        "annotator": row.person,
        "role": row.role,
        "card": card["card"],
        "version": card["version"],
        "question_set": imported.project.question_set,
        "items": row.items,
        "accepted": row.accepted,
        "rejected": sum(row.rejected.values()),
        "rejected_by": dict(row.rejected),
        "gold_right": gold.right,
        "gold_total": gold.total,
        "gold_accuracy": six(gold.value),
        "agreement": six(agreed.value),
        "kappa": six(annotator.kappa) if annotator else None,
        "skill": None if row.skill is None else f"{row.skill:f}",
        "band": row.band,
        "bonus": f"{row.bonus:f}",
        "rate": f"{row.rate:f}",
        "amount": f"{row.amount:f}",
        "currency": card["currency"],
    }


_HEADS = {
    "annotator": "标注人",
    "role": "角色",
    "card": "费率表",
    "version": "版本",
    "question_set": "题组",
    "items": "条数",
    "accepted": "合格",
    "rejected": "不合格",
    "gold_right": "质控题答对",
    "gold_total": "质控题",
    "gold_accuracy": "质控题正确率",
    "agreement": "一致率",
    "kappa": "kappa",
    "skill": "技能",
    "band": "档次",
    "bonus": "奖励比例",
    "rate": "单价",
    "amount": "金额",
    "currency": "币种",
    **_REASON_WORDS,
}
#: Cells that a spreadsheet is to add.
_NUMBERS = {"skill", "bonus", "rate", "amount"}


def _sheet(
    imported: Imported, heads: Sequence[str], rows: Sequence[Sequence[Any]], paid: Sequence[Payment]
) -> Table:
    """The payout as a sheet, a line of sums last."""
    cells: list[tuple[Cell, ...]] = [
        tuple(
            float(cell) if head in _NUMBERS and cell is not None else cell
            for head, cell in zip(heads, row, strict=True)
        )
        for row in rows
    ]
    sums = totals(paid)
    sums["amount"] = float(sums["amount"])
    last = {"annotator": "合计 / total", **{k: v for k, v in sums.items() if k != "by_role"}}
    cells.append(tuple(last.get(head) for head in heads))
    card = card_of(imported)
    said = both(
        f"Rate card {card.get('card')}, version {card.get('version')}. Exact amounts: payout.csv.",
        f"费率表 {card.get('card')}，版本 {card.get('version')}。精确金额见 payout.csv。",
    )
    columns = tuple(Column(both(head, _HEADS.get(head, head))) for head in heads)
    table = Table(PAYOUT, both("Payout", "结算"), said, columns, tuple(cells))
    [done] = finished([table], list)
    return done
