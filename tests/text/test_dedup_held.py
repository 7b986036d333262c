"""Candidates for a comparison: none that `near_dedup` would call alike is missing."""

import random

import numpy as np
import polars as pl
import pytest
from frames import asset, docs_of, stage

from corpus_pipeline.rules.dedup_key import KEY_TABLE, SIGN_TABLE, load_key_table, load_sign_table
from corpus_pipeline.text.dedup import held as module
from corpus_pipeline.text.dedup.held import Held
from corpus_pipeline.text.dedup.jaccard import resemblance
from corpus_pipeline.text.dedup.traces import LEAST, Traces, known, traces

TABLE = load_key_table(asset(KEY_TABLE))
SIGNS = load_sign_table(asset(SIGN_TABLE), TABLE)
HAN = [chr(code) for code in range(0x4E00, 0x5200)]


def text_of(rng: random.Random) -> str:
    return "".join(rng.choices(HAN, k=rng.randrange(8, 300)))


def edited(text: str, share: float, rng: random.Random) -> str:
    copy = list(text)
    for at in rng.sample(range(len(copy)), int(share * len(copy))):
        copy[at] = rng.choice(HAN)
    return "".join(copy)


@pytest.fixture(scope="module")
def texts():
    """A few texts, and many of which some are edits, parts or wholes of them."""
    rng = random.Random(8)
    few = [text_of(rng) for _ in range(30)]
    many = [text_of(rng) for _ in range(100)]
    many += [edited(text, share, rng) for text in few for share in (0, 0.03, 0.1)]
    many += [text[: len(text) * 2 // 3] for text in few]
    many += [text_of(rng) + text + text_of(rng) for text in few]
    rng.shuffle(many)
    return pl.Series(few), pl.Series(many)


@pytest.mark.parametrize("most", [module.MOST, 2000])
def test_no_like_text_is_missing(texts, most, monkeypatch):
    """Every pair of Jaccard .55 or containment .9 is proposed, by a sample of long ones nearly."""
    monkeypatch.setattr(module, "MOST", most)
    few, many = texts
    one, other = Held(few, TABLE, 5).pairs(many)
    both = pl.concat([many, few])
    a, b = (grid.ravel() for grid in np.meshgrid(np.arange(len(many)), np.arange(len(few))))
    alike = resemblance(both, a, b + len(many), TABLE, 5)
    long = np.minimum(alike.size_a, alike.size_b) >= (16 if most == module.MOST else 100)
    wanted = (alike.jaccard >= 0.55) | ((alike.containment >= 0.9) & long)
    wanted &= long | (most == module.MOST)
    found = set(zip(one.tolist(), other.tolist(), strict=True))
    missing = set(zip(a[wanted].tolist(), b[wanted].tolist(), strict=True)) - found
    assert len(missing) <= (0 if most == module.MOST else 1)
    assert len(found) <= 6 * len(few)


def test_traces_know_equal_and_edited_texts(texts):
    """Equal texts always, edits of a tenth nearly always, other texts never."""
    few, _ = texts
    rng = random.Random(2)
    made = traces(few, TABLE, SIGNS)
    made = Traces.of_frame(made.frame(pl.Series([f"{n:032x}" for n in range(len(few))])))
    which = known(traces(few, TABLE, SIGNS), made, 0.45)
    assert which.tolist() == list(range(len(few)))
    long = (made.grams >= 30).nonzero()[0]
    close = pl.Series([edited(few[int(n)], 0.05, rng) for n in long])
    assert known(traces(close, TABLE, SIGNS), made, 0.45).tolist() == long.tolist()
    other = pl.Series([text_of(rng) for _ in range(200)])
    assert (known(traces(other, TABLE, SIGNS), made, 0.45) == -1).all()


def test_short_texts_are_known_only_when_equal():
    """A few characters in common are no sign of anything; nor is no key a key."""
    made = traces(pl.Series(["天地玄黄", "。。。", None]), TABLE, SIGNS)
    new = traces(pl.Series(["天地玄黄！", "天地玄", "！！", ""]), TABLE, SIGNS)
    assert made.grams.max() < LEAST
    assert known(new, made, 0.45).tolist() == [0, -1, -1, -1]


def test_digests_are_those_of_exact_dedup(texts):
    """The key of a trace is what `exact_dedup` compares."""
    few, _ = texts
    sketch = stage("exact_dedup").sketch(docs_of(few.to_list()))
    made = traces(few, TABLE, SIGNS)
    assert sketch["key"].to_list() == made.key.tolist()
    assert sketch["high"].to_list() == made.high.tolist()
