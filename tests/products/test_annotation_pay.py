"""Payouts are exact, add up, and say why an item is not paid."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline import PipelineError
from corpus_pipeline.products.annotation.pay import (
    FLOOR,
    REASONS,
    Item,
    RateCard,
    payments,
    read_card,
    totals,
)
from corpus_pipeline.products.annotation.standing import Share, Standing

CARD = """
pack: safety
version: 3
source: an example
currency: CNY
rates:
  - {question_set: safety, annotator: 0.15, reviewer: 0.1}
floor: 0.6
bands:
  - {name: A, from: 0.95, bonus: 0.2}
  - {name: B, from: 0.85, bonus: 0.1}
"""


@pytest.fixture
def card(tmp_path):
    path = tmp_path / "card.yaml"
    path.write_text(CARD, "utf-8")
    return read_card(path)


def items(person, *reasons, role="annotator"):
    return [Item(person, role, f"t{n}", frozenset(r)) for n, r in enumerate(reasons)]


def test_amounts_are_exact(card):
    """Accepted times rate times bonus, rounded once to the even cent; by band and role."""
    known = {
        "a": Standing("a", gold=Share(95, 100)),
        "b": Standing("b", gold=Share(85, 100)),
        "c": Standing("c", gold=Share(59, 100)),
        "d": Standing("d", gold=Share(0, 9)),
    }
    work = [one for person in "abcd" for one in items(person, *[()] * 7)]
    rows = payments(card, "safety", [*work, *items("r", (), role="reviewer")], known)

    assert [(row.person, row.band, str(row.amount)) for row in rows] == [
        ("a", "A", "1.26"),
        ("b", "B", "1.16"),  # 1.155: to the even cent
        ("c", "", "0.00"),
        ("d", "", "1.05"),  # nine answers are too few to know a skill
        ("r", "", "0.10"),
    ]
    assert rows[2].rejected == {FLOOR: 7}
    assert totals(rows)["amount"] == "3.57"


def test_an_item_is_rejected_for_the_first_reason(card):
    """Reasons have ranks; a reason that the card does not name costs nothing."""
    work = items("a", ("wrong_on_gold", "incomplete"), ("refused_by_reviewer",), ("too_fast",), ())
    [row] = payments(card, "safety", work, {})

    assert row.rejected == {"incomplete": 1, "refused_by_reviewer": 1}
    assert (row.items, row.accepted) == (4, 2)


@settings(max_examples=40, deadline=None)
@given(
    work=st.lists(
        st.tuples(st.sampled_from("abc"), st.sets(st.sampled_from(REASONS))), max_size=60
    ),
    gold=st.integers(0, 20),
    rate=st.decimals(0, 10_000, places=6),
)
def test_sums_hold(work, gold, rate):
    """Items = accepted + rejected in every row; the total is the sum of rows, to the cent."""
    rates = [{"question_set": "q", "annotator": rate}]
    card = RateCard(
        pack="c", version=1, source="s", currency="CNY", rates=rates, floor=Decimal("0.3")
    )
    known = {"a": Standing("a", gold=Share(gold, 20))}
    given_ = [Item(p, "annotator", f"t{n}", frozenset(r)) for n, (p, r) in enumerate(work)]
    rows = payments(card, "q", given_, known)
    cents = sum(int(row.amount.scaleb(2)) for row in rows)

    assert all(row.items == row.accepted + sum(row.rejected.values()) for row in rows)
    assert sum(row.items for row in rows) == len(work)
    assert Decimal(totals(rows)["amount"]) == Decimal(cents).scaleb(-2)
    for row in rows:  # no row is a whole cent away from what it is
        assert abs(row.amount - row.accepted * rate) < Decimal("0.01")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "annotator: 0.15|annotator: -1",
            ", rate number 1: annotator is wrong (Input should be gr",
        ),
        (
            "annotator: 0.15|annotator: .nan",
            ", rate number 1: annotator is wrong (Input should be a",
        ),
        (
            "annotator: 0.15|annotator: .inf",
            ", rate number 1: annotator is wrong (Input should be a",
        ),
        (
            "annotator: 0.15|annotator: 1e30",
            ", rate number 1: annotator is wrong (Decimal input sh",
        ),
        ("annotator: 0.15|annotator: yes", ", rate number 1: annotator is wrong (Decimal input sh"),
        ("version: 3|verzion: 3", ": verzion is unknown; did you mean 'version'?"),
        ("currency: CNY|currency: yuan", ": currency is wrong"),
        ("from: 0.85|from: 0.95", ": two band from 0.95"),
        ("name: B|name: A", ": two band A"),
        ("floor: 0.6|floor: 60", ": floor is wrong (Input should be less than or equal to 1)"),
        ("floor: 0.6|rejections: [ugly]", ": rejections.0 is wrong"),
    ],
)
def test_a_wrong_card_is_refused(tmp_path, change, said):
    """A card with an impossible amount, an unknown key or a name twice is one line."""
    path = tmp_path / "card.yaml"
    path.write_text(CARD.replace(*change.split("|")), "utf-8")

    with pytest.raises(PipelineError) as refused:
        read_card(path)
    assert str(refused.value).startswith(f"rate card card.yaml{said}")
    assert "\n" not in str(refused.value)


def test_a_card_without_the_question_set_is_refused(card, tmp_path):
    """What is not on the card has no price; a card that is not there is said so."""
    with pytest.raises(PipelineError, match="no rate for other, only for safety"):
        payments(card, "other", [], {})
    with pytest.raises(PipelineError, match="no such rate card"):
        read_card(tmp_path / "none.yaml")


def test_the_example_is_a_rate_card():
    """The card that docs/annotation.md points to is read."""
    example = read_card(Path(__file__).parents[2] / "configs/rates/example.yaml")

    assert example.rate("content_safety").annotator == Decimal("0.3")
    assert example.rejections == REASONS
