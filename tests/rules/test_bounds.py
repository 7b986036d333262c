"""A pack of bounds proves itself or is refused, and judges in its order."""

from copy import deepcopy

import numpy as np
import polars as pl
import pytest
import yaml
from frames import asset

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.bounds import evidence_of, judged, load_bounds
from corpus_pipeline.rules.dedup_key import KEY_TABLE
from corpus_pipeline.rules.registers import REGISTERS, load_registers
from corpus_pipeline.text.measures.measures import measure

OTHERS = (
    asset("package:rules/packs/heuristics_bounds.yaml"),
    asset(REGISTERS),
    asset(KEY_TABLE),
)
PACK = {
    "pack": "small",
    "version": 1,
    "source": "this test",
    "shapes": [
        {
            "id": "verse",
            "when": {"phrase_length": {"min": 4, "max": 6}, "stop_marks": {"min": 0.3}},
            "why": "short even phrases",
            "hits": ["床前明月光，疑是地上霜。"],
            "misses": ["今天下午我们去公园散步。"],
        }
    ],
    "rules": [
        {
            "id": "too_short",
            "limits": {"length": {"min": 20}},
            "shapes": {"verse": {}},
            "why": "nothing to learn",
            "hits": ["好的", "length=19"],
            "misses": ["床前明月光，疑是地上霜。", "length=20", "length=1 shape=verse"],
        },
        {
            "id": "too_many_digits",
            "limits": {"digit_ratio": {"max": 0.25}},
            "when": {"lines": {"max": 3}},
            "why": "a table",
            "hits": ["digit_ratio=0.26", "一二2024"],
            "misses": ["digit_ratio=0.25", "digit_ratio=0.9 lines=4"],
        },
    ],
}


def load(folder, pack):
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(pack, allow_unicode=True), encoding="utf-8")
    return load_bounds(asset(str(path)), *OTHERS)


def judge(bounds, texts):
    column = pl.Series(texts, dtype=pl.String)
    measures = measure(column)
    told = load_registers(asset(REGISTERS), asset(KEY_TABLE)).tell(column, measures)
    return bounds.judge(judged(measures, told), told.plausible)


def changed(place, key, value):
    pack = deepcopy(PACK)
    list_of, number = place
    pack[list_of][number][key] = value
    return pack


def test_judges_by_register_and_in_order(tmp_path):
    """The register chooses the limits, the first broken rule is the verdict, and it shows."""
    texts = [
        "床前明月光，疑是地上霜。",
        "好的1",
        "今天下午我们三十个人去公园散步，天气很好，风也不大。",
    ]

    verdicts = judge(load(tmp_path, PACK), texts)

    assert verdicts.shape.to_list() == ["verse", "plain", "plain"]
    assert verdicts.rule.to_list() == [None, "too_short", None]
    assert verdicts.evidence.to_list() == [None, "length=3 < 20", None]


def test_judging_nothing_gives_nothing(tmp_path):
    """An empty frame has empty verdicts of the right types."""
    verdicts = judge(load(tmp_path, PACK), [])

    assert (verdicts.rule.dtype, len(verdicts.rule), len(verdicts.shape)) == (pl.String, 0, 0)


@pytest.mark.parametrize(
    ("register", "caught"),
    [(None, True), ("verse", True), ("report", False), ("news", False)],
)
def test_a_register_widens_and_never_narrows(tmp_path, register, caught):
    """A text that may be of a register keeps the register's bound where that is wider."""
    pack = changed(("rules", 1), "registers", ["news"])
    bounds = load(tmp_path, pack)
    row = measure(pl.Series(["上半年利率3.25%，成交1998亿元，比上年增长12.5%。"])).with_columns(
        speech=pl.lit(0.0)
    )
    row = row.with_columns(digit_ratio=pl.lit(0.27, dtype=pl.Float32))
    plausible = np.array([[name == register for name in bounds.registers]])

    rule = bounds.judge(row, plausible).rule[0]

    assert (rule == "too_many_digits") == caught


def test_the_evidence_shows_the_bound_that_was_broken(tmp_path):
    """Of a register's own bound the evidence shows that one, not the one for all."""
    bounds = load(tmp_path, PACK)
    row = measure(pl.Series(["一" * 30])).with_columns(speech=pl.lit(0.0))
    row = row.with_columns(digit_ratio=pl.lit(0.9, dtype=pl.Float32))
    plausible = np.array([[name == "report" for name in bounds.registers]])
    own = bounds.widened(bounds.rules[1], "digit_ratio")["report"]

    assert bounds.judge(row, plausible).evidence[0] == f"digit_ratio=0.90 > {own.max:.2f}"


@pytest.mark.parametrize(
    ("pack", "said"),
    [
        (changed(("rules", 0), "hits", ["length=20"]), "rule too_short: does not find 'length=20'"),
        (changed(("rules", 0), "misses", ["好的"]), "too_short: must not find '好的'"),
        (changed(("shapes", 0), "misses", ["疑是地上霜。"]), "shape verse: must not find"),
        (
            changed(("rules", 1), "limits", {"digits": {"max": 1}}),
            "no measure digits; did you mean 'digit_ratio'?",
        ),
        (
            changed(("rules", 1), "when", {"line": {"max": 1}}),
            "no measure line; did you mean 'lines'?",
        ),
        (changed(("rules", 1), "shapes", {"poem": {}}), "no shape poem"),
        (changed(("rules", 1), "limits", {"digit_ratio": {}}), "needs min or max"),
        (
            changed(("rules", 1), "limits", {"digit_ratio": {"maximum": 1}}),
            "limits.digit_ratio.maximum is unknown; did you mean 'max'?",
        ),
        (changed(("rules", 1), "hits", ["digits=1"]), "no measure digits in 'digits=1'"),
        (changed(("rules", 1), "hits", ["length=1 register=ode"]), "no register ode"),
        (changed(("rules", 1), "hits", []), "needs at least one hit"),
        (changed(("rules", 1), "id", "too_short"), "used twice"),
        ({**PACK, "shapes": [{"id": "verse"}]}, "is missing"),
    ],
)
def test_a_pack_that_contradicts_itself_is_refused(tmp_path, pack, said):
    """Each contradiction is one line that names the rule and the reason."""
    with pytest.raises(PipelineError, match=r"small\.yaml") as error:
        load(tmp_path, pack)

    assert said in str(error.value)


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (0.07, 0.3, float("inf"), "m=0.07 < 0.30"),
        (0.2999, 0.3, float("inf"), "m=0.2999 < 0.3000"),
        (7, 20, float("inf"), "m=7 < 20"),
        (0.5, -float("inf"), 0.25, "m=0.50 > 0.25"),
        (9.5, 10, float("inf"), "m=9.50 < 10.00"),
    ],
)
def test_evidence_shows_the_difference(value, low, high, expected):
    """Evidence has as many digits as it takes to see on which side the number lies."""
    assert evidence_of("m", value, low, high) == expected
