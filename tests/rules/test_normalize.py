"""Traditional → simplified: the pack keeps its word, names and Japanese are spared."""

import polars as pl
import pytest
import yaml
from frames import PACKAGE, asset
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.normalize import SENSES, expanded, load_simplifier

PACK = yaml.safe_load((PACKAGE / "rules/packs/normalize_senses.yaml").read_text(encoding="utf-8"))
SIMPLIFIER = load_simplifier(asset(SENSES))
PIECES = st.one_of(
    st.sampled_from([word for sense in PACK["senses"].values() for word in sense["hits"]]),
    st.sampled_from([word for sense in PACK["senses"].values() for word in sense["misses"]]),
    st.sampled_from(
        [*PACK["senses"], "「", "」", "（日語：", "）", "の", "カナ", "》", "，", "\n"]
    ),
    st.characters(exclude_categories=["Cs"]),
)
TEXTS = st.lists(PIECES, max_size=25).map("".join)


def test_variants_keep_their_word():
    """Every pair is a choice of one character; the misses are no variants."""
    rule = PACK["variants"]
    for old, new in rule["pairs"].split():
        assert SIMPLIFIER.text(old) == new
    assert all(SIMPLIFIER.text(text) != text for text in rule["hits"])
    kept = set("祂龢邨")
    assert all(set(SIMPLIFIER.text(text)) & kept for text in rule["misses"])


@given(TEXTS)
@settings(max_examples=150, deadline=None)
def test_laws(text):
    """The length stays, and what was converted once comes out the same."""
    once = SIMPLIFIER.text(text)
    assert len(once) == len(text)
    assert SIMPLIFIER.text(once) == once


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("《紅樓夢》，曹雪芹著，人民文學出版社", "《红楼梦》，曹雪芹著，人民文学出版社"),
        ("（曹雪芹、高鶚著）", "（曹雪芹、高鹗著）"),
        ("（曹雪芹等著）", "（曹雪芹等著）"),
        ("《史記》司馬遷著", "《史记》司马迁著"),
        ("書名\n曹雪芹著\n正文", "书名\n曹雪芹著\n正文"),
        ("他一直走著。她等著，", "他一直走着。她等着，"),
        ("《紅樓夢》他還在讀著。", "《红楼梦》他还在读着。"),
        ("她微笑著\n他沉默著", "她微笑着\n他沉默着"),
    ],
)
def test_the_mark_of_an_author(text, expect):
    """著 after a name at the end of a citation is the author's, after a verb the particle."""
    assert SIMPLIFIER.text(text) == expect


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("看「進撃の巨人」這部動畫", "看「進撃の巨人」这部动画"),
        ("宮崎駿（日語：宮崎 駿）導演", "宫崎骏（日語：宮崎 駿）导演"),
        ("他（みやざき はやお，生於東京）說", "他（みやざき はやお，生于东京）说"),
        ("《千と千尋の神隱し》的導演", "《千と千尋の神隱し》的导演"),
        ("臺灣の美食很有名", "台湾の美食很有名"),
    ],
)
def test_what_is_japanese_is_spared(text, expect):
    """Quotations with kana, readings, and what is called Japanese; a lone の is decoration."""
    assert SIMPLIFIER.text(text) == expect


def test_choices_are_counted():
    """Characters with more than one simplified form are counted, by word or by default."""
    done = SIMPLIFIER.column(pl.Series(["看著乾隆的名著，於是走了", "你好", ""]))
    assert done.chosen.tolist() == [4, 0, 0]
    assert done.changed.tolist() == [2, 0, 0]


def test_alternatives_are_spelled_out():
    """Brackets stand for either character."""
    assert list(expanded("[甲乙]丙[丁戊] 己")) == ["甲丙丁", "甲丙戊", "乙丙丁", "乙丙戊", "己"]


def test_words_that_disagree_do_not_load(tmp_path):
    """A word with two forms is an error of the pack that names the word."""
    refused(
        tmp_path, PACK["senses"]["著"] | {"forms": {"著": "名著", "着": "名著"}}, "名著 becomes"
    )


@pytest.mark.parametrize(
    ("key", "texts", "said"),
    [
        ("hits", ["看著你"], "does not find '看著你'"),
        ("misses", ["魯迅名著"], "must not find '魯迅名著'"),
        ("misses", ["看了你"], "does not stand in '看了你'"),
    ],
)
def test_a_sense_that_contradicts_its_examples_does_not_load(tmp_path, key, texts, said):
    """In `hits` a listed word holds, in `misses` the usual form does."""
    refused(tmp_path, PACK["senses"]["著"] | {key: texts}, f"sense 著: {said}")


def refused(folder, sense, said):
    path = folder / "senses.yaml"
    pack = {**PACK, "senses": {**PACK["senses"], "著": sense}}
    path.write_text(yaml.safe_dump(pack, allow_unicode=True), encoding="utf-8")
    with pytest.raises(PipelineError, match=said):
        load_simplifier(asset(str(path)))
