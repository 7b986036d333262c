"""Which language a document is in, by characters first and the packaged model second."""

import json
from pathlib import Path

import polars as pl
import pytest
from frames import docs_of, stage

from corpus_pipeline.model import VERDICT

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "langid.jsonl").read_bytes().splitlines()
]
CHINESE = ("zh-Hans", "zh-Hant", "yue", "wuu", "lzh", "mixed")


@pytest.fixture(scope="module")
def langid():
    return stage("langid")


@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
def test_case(langid, case):
    """Each case gets its label, or at least stays or goes as it should."""
    label, keep = langid(docs_of([case["text"]])).select("langid_label", "langid_keep").row(0)
    if case["expect"] == "kept":
        assert keep
    elif case["expect"] == "not_chinese":
        assert not keep
    else:
        assert label == case["expect"]
        assert keep == (label in CHINESE)


def test_a_drop_shows_label_and_score(langid):
    """What is dropped names the stage, the rule, the label and the score."""
    out = langid(docs_of(["これは日本語の文章です。とても短いです。"]))
    by, rule, evidence = out.select(list(VERDICT)).row(0)
    assert (by, rule) == ("langid", "not_chinese")
    assert evidence.startswith("label=ja score=0.9")


def test_the_answer_does_not_depend_on_the_batch(langid):
    """One document at a time or all together: the same labels and scores."""
    texts = [case["text"] for case in CASES] + [None, "好" * 70_000, "\x00", "𠮷" * 3]
    together = langid(docs_of(texts))
    alone = pl.concat([langid(docs_of([text])) for text in texts])
    columns = list(langid.columns)
    assert together.select(columns).equals(alone.select(columns))


def test_keep_is_an_option():
    """A config may keep other languages, and drop mixed text."""
    texts = ["We went to the library yesterday and borrowed books.", "我们昨天去了图书馆借书。"]
    out = stage("langid", keep=["en"])(docs_of(texts))
    assert out.get_column("langid_keep").to_list() == [True, False]


def test_any_other_fasttext_model_by_path(tmp_path):
    """A model with other labels is read as plain text and its labels are mapped."""
    import fasttext

    lines = ["__label__lzh_Hani 子曰學而時習之", "__label__xx_Latn qwerty asdfgh zxcvbn"] * 20
    path = tmp_path / "train.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    model = fasttext.train_supervised(
        str(path), dim=4, minn=1, maxn=3, epoch=60, lr=1.0, thread=1, verbose=0, bucket=1000
    )
    model.save_model(str(tmp_path / "other.bin"))
    other = stage("langid", model=str(tmp_path / "other.bin"))
    labels = other(docs_of(["子曰學而時習之", "qwerty asdfgh"])).get_column("langid_label")
    assert labels.to_list() == ["lzh", "xx_Latn"]


def test_dropped_documents_pass_by(langid):
    """A document that was dropped before is not judged again."""
    docs = docs_of(["図書館へ行きました。"], dropped_by=["decode"], drop_rule=["bad"])
    out = langid(docs)
    assert out.get_column("langid_label").to_list() == [None]
    assert out.get_column("drop_rule").to_list() == ["bad"]


def test_the_model_is_small():
    """The packaged model stays under 1.5 MB."""
    from frames import PACKAGE

    assert (PACKAGE / "assets" / "langid.ftz").stat().st_size < 1_500_000


def test_loading_is_quiet(capfd):
    """Neither loading nor asking the model writes anywhere."""
    stage("langid")(docs_of(["子曰學而時習之不亦說乎"]))
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_chinese_documents_stay(data_dir, langid):
    """Of real Chinese documents (poems, comments, statutes, manuals) hardly any is dropped."""
    sample = pl.read_ndjson(data_dir / "text" / "sample.jsonl.zst", infer_schema_length=None)
    out = langid(docs_of(sample.get_column("text").to_list()))
    by_source = out.with_columns(origin=sample.get_column("source")).group_by("origin")
    shares = by_source.agg(pl.col("langid_keep").mean())
    assert shares.get_column("langid_keep").min() >= 0.995
