"""Cutting: what stays is untouched, and places are told in characters of the text."""

import random

import numpy as np
import polars as pl
import pytest
from frames import asset

from corpus_pipeline.rules.dedup_key import KEY_TABLE, load_key_table
from corpus_pipeline.text.dedup.key import key_text
from corpus_pipeline.text.dedup.line_keys import line_keys, neighbours, split_lines
from corpus_pipeline.text.dedup.spans import characters, merged, spots, without
from corpus_pipeline.text.unicode.utf8 import buffers

TABLE = load_key_table(asset(KEY_TABLE))


@pytest.mark.parametrize(
    ("text", "cut", "left"),
    [
        ("甲\n乙\n丙", "乙\n", "甲\n丙"),
        ("甲\n\n乙\n\n丙", "乙\n", "甲\n\n丙"),
        ("甲\n\n乙\n\n丙", "乙", "甲\n\n丙"),
        ("甲\n乙\n丙", "乙", "甲\n丙"),
        ("甲乙丙", "乙", "甲丙"),
        ("甲\n\n乙", "乙", "甲"),
        ("甲\n\n\n乙", "甲\n", "乙"),
        ("甲", "甲", ""),
        ("甲\n\n\n\n乙丙\n", "丙", "甲\n\n\n\n乙\n"),
    ],
)
def test_without(text, cut, left):
    """A cut takes its line and no more; blank lines elsewhere stay as they were."""
    data, offsets = buffers(pl.Series([text, "旁"]))
    begin = text.encode().index(cut.encode())

    got = without(data, offsets, np.array([begin]), np.array([begin + len(cut.encode())]))

    assert got.to_list() == [left, "旁"]


def test_merged_keeps_documents_apart():
    """Stretches that touch become one, but not across two documents."""
    begin, end = merged(np.array([0, 0, 1]), np.array([0, 2, 5]), np.array([3, 5, 6]))

    assert (begin.tolist(), end.tolist()) == ([0, 5], [5, 6])


def test_characters():
    """Bytes are counted as characters from the beginning of their document."""
    texts = ["中文ab😀", "", "é中"]
    data, offsets = buffers(pl.Series(texts))
    doc = np.array([0, 0, 2])
    at = offsets[doc] + np.array([3, 12, 2])

    assert characters(data, offsets, doc, at).tolist() == [1, 5, 1]


def test_spots():
    """Each key character leads back to the text it came from."""
    rng = random.Random(1)
    signs = "中文台灣，。 ＡＢ１２ab\n㎡½ﬁⅫ㍿e\u0301か\u3099😀𠀀—“”\u200b가"
    texts = ["".join(rng.choices(signs, k=rng.randrange(60))) for _ in range(200)]
    lines = split_lines(pl.Series(texts))
    keys = line_keys(lines.texts, TABLE)

    begin, end = spots(lines.data, lines.bounds, keys.offsets, TABLE)

    found = 0
    for at, code in enumerate(keys.codes.tolist()):
        piece = lines.data[begin[at] : end[at]].tobytes().decode()
        assert begin[at] < end[at]
        assert chr(code) in key_text(piece, TABLE)
        found += 1
    assert found > 2000


def test_lines_are_the_text():
    """Lines laid end to end are the documents, and their keys are those of the documents."""
    texts = ["一\n\n二\n", "", "\n", "三㎡\n台灣", None]
    lines = split_lines(pl.Series(texts, dtype=pl.String))
    keys = line_keys(lines.texts, TABLE)

    for doc, text in enumerate(texts):
        first, end = lines.docs[doc], lines.docs[doc + 1]
        assert "".join(lines.texts[int(first) : int(end)]) == (text or "")
        codes = keys.codes[keys.offsets[first] : keys.offsets[end]]
        assert "".join(map(chr, codes)) == key_text(text or "", TABLE)


def test_neighbours_skip_what_has_no_key():
    """Blank lines and rules are no neighbours; the edges of the document are."""
    lines = split_lines(pl.Series(["甲\n——\n\n乙", "丙"]))
    keys = line_keys(lines.texts, TABLE)

    before, after = neighbours(keys.key, lines.doc)

    assert before[[0, 4]].tolist() == [1, 1]
    assert after[[3, 4]].tolist() == [2, 2]
    assert after[0] == int(keys.key[3]) >> 32
    assert before[3] == int(keys.key[0]) >> 32
