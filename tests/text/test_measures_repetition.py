"""Repetition is counted as a slow, plain counter counts it, whatever stands beside a text."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.text.measures import repetition_kernel as repeats
from corpus_pipeline.text.measures.repetition import MEASURES, encode, repeated_lines, repetition

#: Few different characters, so that repetition is the rule; one beyond the basic plane.
TEXTS = st.text(alphabet="甲乙丙𠮷", max_size=60)


def slow(text, n, name):
    """The definitions, word for word."""
    grams = [text[at : at + n] for at in range(len(text) - n + 1)]
    counts = Counter(grams)
    repeated = [gram for gram in counts if counts[gram] > 1]
    if not repeated:
        return 0.0
    if name.startswith("top"):
        most = max(repeated, key=lambda gram: (counts[gram], text.rfind(gram)))
        starts = [at for at, gram in enumerate(grams) if gram == most]
    else:
        starts = [at for at, gram in enumerate(grams) if gram in grams[at + 1 :]]
    return len({at + k for at in starts for k in range(n)}) / len(text)


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_shares_follow_their_definition(texts):
    """Every share equals the one that a direct count gives."""
    shares = repetition(*encode(texts)).shares

    for n, name in MEASURES.items():
        assert list(shares[name]) == pytest.approx([slow(text, n, name) for text in texts]), name


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXTS, min_size=2, max_size=5))
def test_a_text_does_not_depend_on_its_neighbours(texts):
    """A batch gives what its documents give alone."""
    together = repetition(*encode(texts)).shares
    alone = [repetition(*encode([text])).shares for text in texts]

    for name, values in together.items():
        assert list(values) == [shares[name][0] for shares in alone]


def test_ngrams_do_not_cross_documents():
    """Two documents that continue each other repeat nothing."""
    shares = repetition(*encode(["甲乙丙丁戊己庚辛壬癸", "甲乙丙丁戊己庚辛壬癸"])).shares

    assert {name: values.tolist() for name, values in shares.items()} == {
        name: [0, 0] for name in MEASURES.values()
    }


@pytest.mark.parametrize("text", ["", "哈", "哈哈哈"])
def test_texts_shorter_than_an_ngram_repeat_nothing(text):
    """What has no 4-gram has no repetition."""
    assert all(values[0] == 0 for values in repetition(*encode([text, ""])).shares.values())


def test_one_character_covers_everything():
    """A text of one character is all repetition, and no share passes 1."""
    shares = repetition(*encode(["哈" * 500])).shares

    assert (shares["top_4"][0], shares["dup_20"][0]) == (1, pytest.approx(499 / 500))


def test_lines_that_come_again_are_all_found():
    """Of equal lines the last does not come again; short lines and other texts do not count."""
    lines = ["公司简介和联系方式", "}", "公司简介和联系方式", "}", "公司简介与联系方式"]
    codes, starts = encode(lines + lines[:1])
    doc = np.array([0, 0, 0, 0, 0, 1])
    ends = np.array([0, starts[5], starts[6]])

    again = repeated_lines(codes, starts[:-1], starts[1:], doc, repetition(codes, ends).repeated)

    assert again.tolist() == [True, False, False, False, False, False]


def test_a_full_table_is_emptied(monkeypatch):
    """When the numbers in its slots run out, the table starts again and the counts stay."""
    texts = ["彩票开户" * 10, "床前明月光，疑是地上霜。", "", "甲乙丙丁戊" * 8]
    codes, starts = encode(texts)
    covered = np.zeros((len(MEASURES), len(texts)), dtype=np.int64)
    monkeypatch.setattr(repeats, "_FULL", 300)

    repeats.repeat.py_func(codes, starts, covered, np.zeros(codes.size, dtype=np.bool_))

    shares = repetition(codes, starts).shares
    for name, chars in zip(MEASURES.values(), covered, strict=True):
        assert list(shares[name]) == [n / max(len(t), 1) for n, t in zip(chars, texts, strict=True)]
