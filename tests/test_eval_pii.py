"""The generator of personal data makes what it says, and the stage finds it in any disguise."""

import random

from corpus_pipeline.text.pii import identifiers
from scripts.eval import pii, pii_forms, pii_lookalikes, pii_values

SENTENCES = ["今天天气很好。", "我们去公园散步。", "这本书值得一读。", "大家都很高兴。"]


def test_values_satisfy_their_standards():
    """Every made-up identifier has the check digit that its standard wants."""
    rng = random.Random(1)
    for _ in range(50):
        assert identifiers.resident_id(pii_values.resident_id(rng))
        assert identifiers.credit_code(pii_values.credit_code(rng))
        assert identifiers.luhn(pii_values.bank_card(rng))
        assert identifiers.vehicle_number(pii_values.vehicle(rng))


def test_places_cut_the_values_out():
    """No value begins or ends with a blank, a line end or a cue."""
    for one in pii_forms.positives(SENTENCES, random.Random(2), 4):
        value = one["text"][one["start"] : one["end"]]
        assert value == value.strip()
        assert one["text"][: one["start"]].endswith(one["cue"])


def test_nearly_all_is_found_and_nearly_nothing_else():
    """98 % of values are found, 99.5 % of spans are one, 0.5 % of look-alikes are touched."""
    rng = random.Random(3)
    items = [
        *pii_forms.positives(SENTENCES, rng, 30),
        *pii_forms.listed(SENTENCES, rng, 30),
        *pii_forms.linked(SENTENCES, rng, 30),
        *pii_lookalikes.negatives(SENTENCES, rng, 20),
        {"group": "ordinary", "kind": "prose", "text": SENTENCES[0]},
    ]
    figures = pii.score(items, pii.ours(items))
    assert figures["recall"] >= 0.98
    assert figures["span_precision"] >= 0.995
    assert figures["lookalikes_touched"] <= 0.005
    assert figures["ordinary_touched"] == 0
