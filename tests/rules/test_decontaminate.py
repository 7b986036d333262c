"""The pack of words that ask is proved before it is used."""

import pytest
from frames import asset

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.benchmarks import Item
from corpus_pipeline.rules.decontaminate import PACK, load_recognition, seeds_each
from corpus_pipeline.text.contamination.question import ACROSS, END, PHRASE, PLAIN, STOCK


def kinds(text):
    [[taken]] = load_recognition(asset(PACK)).taken([Item("b", "0", text)])
    return {kind for _, kind in taken.stem}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("鲁迅的第一部小说集是哪一部？", {PLAIN, PHRASE}),
        ("世界上最大的海洋是（ ）", {PLAIN, END}),
        ("游客应当在（ ）登记后进入", {PLAIN, ACROSS}),
        ("地球绕太阳转。", {PLAIN}),
        ("下列各项中，不正确的是", {PLAIN, PHRASE, STOCK}),
        ("How many eggs are left", {PLAIN, PHRASE}),
    ],
)
def test_what_asks(text, expected):
    """A stem asks in words, by its open end, around a blank, or not at all."""
    assert kinds(text) == expected


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("pattern: '(.)(?=不\\1)'", "pattern: '('", "rule a_not_a: "),
        ('misses: ["代码不需要修改"]', 'misses: ["是不是"]', "rule a_not_a: must not find"),
        ("  gram: ", "  gramm: ", "bounds.gramm is unknown; did you mean 'gram'"),
    ],
)
def test_a_wrong_pack_is_refused(tmp_path, old, new, said):
    """A pattern that is none, an example that disagrees and a missing bound are one line each."""
    text = asset(PACK).path.read_text("utf-8")
    assert old in text
    path = tmp_path / "decontaminate.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(PipelineError, match=said):
        load_recognition(asset(str(path)))


def test_many_items_have_fewer_seeds():
    """The index of a million items is not larger than memory is made for."""
    assert (seeds_each(24, 100), seeds_each(24, 1_000_000)) == (24, 12)
