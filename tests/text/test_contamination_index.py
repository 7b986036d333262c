"""Known items are found where their grams lie close together, and counted by characters."""

import numpy as np
import pytest
from frames import asset
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.rules.dedup_key import KEY_TABLE, load_key_table
from corpus_pipeline.text.contamination.index import ItemIndex, ParsedItem, Plan
from corpus_pipeline.text.contamination.passages_kernel import HAN, grams, powers, sieve_of
from corpus_pipeline.text.contamination.question import left_open
from corpus_pipeline.text.dedup.key import fold

TABLE = load_key_table(asset(KEY_TABLE))
PLAN = Plan(seed=6, gram=3, common=20, most=24)
STEM = "云岭古道上保存最完整的石拱桥位于哪一个古村落"
CHOICES = ("青瓦村的东头", "白杨渡的西岸", "乌石镇的北街")


def index_of(*items):
    return ItemIndex([items[:1], items[1:]], TABLE, PLAN)


def found_in(index, *texts):
    [keys] = fold(list(texts), TABLE)
    found = index.search(0.25).find(keys)
    return found, index.shares(found)


def test_a_copy_is_covered_whole():
    """Every character of the stem and of each choice counts, in whatever order they come."""
    index = index_of(ParsedItem([(STEM, 0)], CHOICES))
    found, shares = found_in(index, f"{CHOICES[2]}。{CHOICES[0]}。{STEM}？{CHOICES[1]}")
    assert (shares.stem[0], shares.every[0], found.covered[0, 5]) == (1, 1, 3)


def test_an_edited_character_costs_itself():
    """The characters left and right of an edited one still count."""
    index = index_of(ParsedItem([(STEM, 0)]))
    _, shares = found_in(index, STEM.replace("完", "元"))
    assert shares.stem.tolist() == [1 - 1 / len(STEM)]


def test_far_apart_is_not_together():
    """Halves of an item with a thousand characters between them are no copy."""
    index = index_of(ParsedItem([(STEM, 0)]))
    _, shares = found_in(index, STEM[:11] + "春江潮水连海平" * 150 + STEM[11:])
    assert (shares.stem < 0.6).all()


def test_letters_weigh_a_third():
    """A gram of letters is three times as long, so that short words of English are no evidence."""
    codes = np.array([ord(c) for c in "abcdefghij天地人"], dtype=np.uint32)
    hashes, sizes = np.zeros(13, np.uint64), np.zeros(13, np.uint8)
    grams(codes, np.array([0, 13]), 2 * HAN, powers(6), hashes, sizes)
    assert sizes.tolist() == [6, 6, 6, 6, 6, 6, 5, 4, 4, 3, 2, 2, 0]


def test_the_same_gram_has_the_same_hash_anywhere():
    """What stands before a gram does not change it."""
    last = []
    for text in ("天地玄黄", "abc天地玄黄"):
        codes = np.array([ord(c) for c in text], dtype=np.uint32)
        hashes, sizes = np.zeros(len(codes), np.uint64), np.zeros(len(codes), np.uint8)
        grams(codes, np.array([0, len(codes)]), 3 * HAN, powers(9), hashes, sizes)
        last.append(hashes[-4:-2].tolist())
    assert last[0] == last[1]


def test_phrases_of_many_items_tell_nothing():
    """A gram that more than `common` items have is no seed, and its characters tell nothing."""
    names = [chr(0x4E00 + 7 * i) * 2 + chr(0x5200 + 11 * i) * 9 for i in range(30)]
    phrase = "根据上述材料并结合所学知识回答"
    index = index_of(*(ParsedItem([(phrase + name, 0)]) for name in names))
    found, shares = found_in(index, phrase, phrase + names[4])
    assert (found.doc.tolist(), found.item.tolist()) == ([1], [4])
    assert shares.telling.tolist() == [1.0]


def test_sieve_holds_every_seed():
    """The Bloom filter never says no to a seed."""
    seeds = np.random.default_rng(1).integers(0, 2**64, 5000, dtype=np.uint64)
    sieve = sieve_of(seeds)
    words = sieve[seeds & np.uint64(len(sieve) - 1)]
    for shift in (30, 36):
        assert (words >> (seeds >> np.uint64(shift) & np.uint64(63)) & np.uint64(1)).all()


def test_more_candidates_than_room(monkeypatch):
    """A batch with more candidates than there is room for is searched again, to the same end."""
    index = index_of(ParsedItem([(STEM, 0)]))
    texts = [STEM] * 40
    whole = found_in(index, *texts)[0]
    monkeypatch.setattr("corpus_pipeline.text.contamination.index._CANDIDATES", 3)
    again = found_in(index, *texts)[0]
    assert whole.covered.tolist() == again.covered.tolist()
    assert len(whole.doc) == 40


def test_nothing_to_find():
    """No items, empty items and empty texts are no special case."""
    assert len(found_in(index_of(), "文", "")[0].doc) == 0
    assert len(found_in(index_of(ParsedItem([("", 0)], ("", "？"))), "文", "")[0].doc) == 0


@given(st.text(alphabet="甲乙丙丁ab1，\n", max_size=60))
@settings(max_examples=60, deadline=None)
def test_shares_never_pass_one(text):
    """Whatever the text, no more of an item is covered than there is of it."""
    index = index_of(ParsedItem([("甲乙丙丁甲乙ab1丙丁", 0), ("甲甲", 1)], ("乙丙丁甲", "丁")))
    _, shares = found_in(index, text * 2)
    for share in (shares.telling, shares.asking, shares.stem, shares.every):
        assert ((share >= 0) & (share <= 1)).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("桥位于（　）", True),
        ("桥位於____", True),
        ("桥位于\n甲", True),
        ("桥位于乌石镇。", False),
    ],
)
def test_left_open(text, expected):
    """A stem is open before a blank or a line's end, in any script, and closed by an answer."""
    assert left_open(text, 3, np.empty(0, np.uint32), TABLE) is expected
