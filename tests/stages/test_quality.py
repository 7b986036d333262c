"""Quality gives every document one calibrated number that its neighbours cannot change."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from frames import PACKAGE, docs_of, stage
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.rules.quality import BUCKETS
from corpus_pipeline.stages.quality import Quality
from corpus_pipeline.text.tokens.quality import features

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "quality.jsonl")
    .read_text("utf-8")
    .splitlines()
]


@pytest.fixture(scope="module")
def quality():
    return stage("quality")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_cases(quality, case):
    """Clean text of every kind lies above one half, wreckage below."""
    score = quality(docs_of([case["text"]]))["quality_score"][0]

    assert (score > 0.5) == (case["expect"] == "above"), score


def test_a_batch_is_scored_like_its_documents(quality):
    """All cases at once give what they give one by one."""
    docs = docs_of([case["text"] for case in CASES])

    assert quality(docs).equals(pl.concat([quality(part) for part in docs.iter_slices(2)]))


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=80))
def test_any_text_has_a_score(quality, text):
    """No text of Unicode gives a null, a NaN or a score outside 0 and 1."""
    row = quality(docs_of([text])).row(0, named=True)

    assert 0 <= row["quality_score"] <= 1
    assert 0 <= row["quality_bucket"] < BUCKETS


@pytest.mark.parametrize("text", ["", None, " \n\u3000", "\x00"])
def test_nothing_to_read_scores_nothing(quality, text):
    """Empty texts and texts of white space or controls score 0 and are dropped for it."""
    row = quality(docs_of([text])).row(0, named=True)

    assert (row["quality_score"], row["quality_bucket"]) == (0, 0)
    assert row["drop_evidence"] == "score=0.0 < 0.003"


@pytest.mark.parametrize("mark", ["\x00", "</s>", "\r", "\x0b", "\u2028", "\n"])
def test_no_mark_ends_the_reading(quality, mark):
    """Line ends, controls and the model's own end mark hide nothing that stands behind them."""
    text = {case["label"]: case["text"] for case in CASES}
    clean, wreck = text["statute"], text["gambling"]

    scores = quality(docs_of([clean + mark, clean + mark + wreck]))["quality_score"]

    assert scores[0] > 0.5
    assert scores[1] < scores[0] - 0.1


def test_a_book_is_scored_by_its_sample(quality):
    """Five million characters cost a sample of head, middle and tail."""
    head, middle, tail = ("长江是亚洲第一长河，发源于青藏高原。" * 20 for _ in range(3))
    text = head + "赌" * 2_500_000 + middle + "赌" * 2_500_000 + tail

    score = quality(docs_of([text]))["quality_score"][0]

    assert len(pl.select(features(pl.lit(text))).item()) < 1000
    assert 0 <= score <= 1


def test_low_scores_are_dropped_with_the_number():
    """Below `min_score` the verdict shows score and bound; the default is low."""
    text = CASES[5]["text"]

    row = stage("quality", min_score=0.9)(docs_of([text])).row(0, named=True)

    assert (row["dropped_by"], row["drop_rule"]) == ("quality", "low_quality")
    shown, _, bound = row["drop_evidence"].removeprefix("score=").partition(" < ")
    assert (float(shown), bound) == (pytest.approx(row["quality_score"], abs=1e-4), "0.9")
    assert Quality.OptionsModel().min_score <= 0.1


def test_buckets_are_fixed_cut_points(quality):
    """Twenty buckets, cut at rising scores that lie in the package."""
    cuts = yaml.safe_load((PACKAGE / "rules/packs/quality.yaml").read_text("utf-8"))["cuts"][
        "points"
    ]
    out = quality(docs_of([case["text"] for case in CASES]))

    assert (len(cuts), cuts) == (BUCKETS - 1, sorted(set(cuts)))
    assert out["quality_bucket"].to_list() == [
        sum(score >= np.float32(cut) for cut in cuts) for score in out["quality_score"]
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好，世界", "你 好 ， 世 界"),
        ("Python3.11版本", "python0 . 0 版 本"),
        ("第１２条", "第 0 条"),
        ("一\n二", "一 ¶ 二"),
        ("", ""),
        (None, ""),
    ],
)
def test_features_are_characters_and_words(text, expected):
    """Han and marks stand alone, words are in lower case, every number is 0."""
    frame = pl.DataFrame({"text": [text]}, schema={"text": pl.String})

    assert frame.select(features(pl.col("text"))).item() == expected


def test_the_models_are_small():
    """The packaged models of quality stay under 4 MB together."""
    sizes = [
        (PACKAGE / "assets" / name).stat().st_size for name in ("quality.bin", "characters.npz")
    ]

    assert sum(sizes) <= 4_000_000
