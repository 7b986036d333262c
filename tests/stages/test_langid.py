"""Which language a document is in, by characters first and the packaged model second."""

import json
import sys
from pathlib import Path

import polars as pl
import pytest
from clock import linear
from frames import docs_of, stage
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from corpus_pipeline.cli import main
from corpus_pipeline.model import VERDICT, PipelineError
from corpus_pipeline.rules.fasttext_model import labels_of
from corpus_pipeline.stages.langid import LABELS, LangId
from corpus_pipeline.stages.langid.blocks import find_blocks

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "langid.jsonl").read_bytes().splitlines()
]
CHINESE = ("zh-Hans", "zh-Hant", "yue", "wuu", "lzh", "mixed")

ENGLISH = (
    "The committee adopted the resolution by consensus after a long debate in the assembly.\n"
    "Most of the members were present, and nobody voted against it in the end.\n"
    "It enters into force tomorrow morning and shall be published in all official languages.\n"
)
OPENING = "委员会经过长时间的辩论，协商一致通过了这项决议。我们把全文抄在下面，供大家参考。\n"
ENDING = "决议明天早上生效，并且将以所有的正式语文公布。这就是我们昨天看到的全部内容。\n"
MIXED = OPENING + ENGLISH + ENDING


@pytest.fixture(scope="module")
def langid():
    return stage("langid")


def _param(case):
    marks = [pytest.mark.xfail(reason=case["xfail"])] if "xfail" in case else []
    return pytest.param(case, id=case["label"], marks=marks)


@pytest.mark.parametrize("case", [_param(case) for case in CASES])
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
    texts = [case["text"] for case in CASES] + [None, "好" * 70_000, "\x00", "𠮷" * 3, MIXED]
    together = langid(docs_of(texts))
    alone = pl.concat([langid(docs_of([text])) for text in texts])
    columns = list(langid.columns)
    assert together.select(columns).equals(alone.select(columns))


def test_keep_is_an_option():
    """A config may keep other languages, and drop mixed text."""
    texts = ["We went to the library yesterday and borrowed books.", "我们昨天去了图书馆借书。"]
    out = stage("langid", keep=["en"])(docs_of(texts))
    assert out.get_column("langid_keep").to_list() == [True, False]


def test_a_label_that_nobody_gives_is_refused():
    """`keep: [zh]` would drop everything: it is refused with the labels there are."""
    with pytest.raises(ValidationError) as caught:
        LangId.OptionsModel(keep=["zh-Hans", "zh"])
    said = caught.value.errors()[0]
    assert said["loc"] == ("keep",)
    assert f"there is no label 'zh'; known: {', '.join(LABELS)}" in said["msg"]


def test_the_known_labels_are_those_of_the_model_and_of_the_rules(langid):
    """Every label of the packaged model can be kept; `zh` is always told apart by script."""
    assert set(labels_of(langid.model)) - {"zh"} <= set(LABELS)
    assert {case["expect"] for case in CASES} - {"kept", "not_chinese"} <= set(LABELS)


def test_the_command_line_names_the_known_labels(tmp_path, monkeypatch, capsys):
    """Exit code 2 and one line with key, value and the known labels, before anything is written."""
    (tmp_path / "one.txt").write_text("这是中文。", encoding="utf-8")
    words = ["langid", str(tmp_path / "one.txt"), "-o", str(tmp_path / "out"), "-s", "keep=[zh]"]
    monkeypatch.setattr(sys, "argv", ["corpus-pipeline", *words])
    with pytest.raises(SystemExit) as leaving:
        main()
    [line] = capsys.readouterr().err.strip().splitlines()
    assert leaving.value.code == 2
    assert "langid.keep: " in line
    assert "no label 'zh'; known: zh-Hans, zh-Hant, yue, wuu, lzh, mixed, code" in line
    assert not (tmp_path / "out").exists()


def test_any_other_fasttext_model_by_path(tmp_path):
    """A model with other labels is read as plain text, its labels are mapped and may be kept."""
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
    kept = stage("langid", model=str(tmp_path / "other.bin"), keep=["xx_Latn"])
    assert kept(docs_of(["qwerty asdfgh"])).get_column("langid_keep").to_list() == [True]
    with pytest.raises(
        PipelineError, match=r"langid\.keep: there is no label 'fr'; known: zh-Hans"
    ):
        stage("langid", model=str(tmp_path / "other.bin"), keep=["fr"])


def test_dropped_documents_pass_by(langid):
    """A document that was dropped before is not judged again."""
    docs = docs_of(["図書館へ行きました。"], dropped_by=["decode"], drop_rule=["bad"])
    out = langid(docs)
    assert out.get_column("langid_label").to_list() == [None]
    assert out.get_column("drop_rule").to_list() == ["bad"]


def test_the_model_is_small():
    """The packaged model stays under 2 MB."""
    from frames import PACKAGE

    assert (PACKAGE / "assets" / "langid.ftz").stat().st_size < 2_000_000


def test_loading_is_quiet(capfd):
    """Neither loading nor asking the model writes anywhere."""
    stage("langid")(docs_of(["子曰學而時習之不亦說乎"]))
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize(
    ("texts", "name", "least"), [("sample", "source", 0.995), ("web", "register", 0.99)]
)
def test_chinese_documents_stay(request, langid, texts, name, least):
    """Of each source or register of real Chinese documents hardly any is dropped.

    The sample is the half that nothing was fitted on; the model has seen nothing of the web set.
    """
    rows = request.getfixturevalue(texts)
    out = langid(docs_of([row["text"] for row in rows]))
    groups = out.with_columns(origin=pl.Series([row.get(name) for row in rows])).group_by("origin")
    shares = groups.agg(pl.len(), pl.col("langid_keep").mean()).filter(pl.col("len") >= 100)
    assert shares.height >= 4
    assert shares.get_column("langid_keep").min() >= least


def test_shares_of_scripts_add_up(langid):
    """The shares of a document's letters sum to one, four Latin letters being one word's worth."""
    out = langid(docs_of(["中文abcd", "ひらがな漢", "한국어", "Привет", "2026"]))
    shares = out.get_column("langid_shares").struct.unnest()
    assert shares.row(0, named=True) == {
        "han": pytest.approx(2 / 3),
        "kana": 0,
        "hangul": 0,
        "latin": pytest.approx(1 / 3),
        "other": 0,
    }
    sums = shares.sum_horizontal().to_list()
    assert sums == [pytest.approx(1)] * 4 + [0]


def test_a_mixed_document_says_where(langid):
    """Where a Chinese document holds a block of another language, both starts are given."""
    out = langid(docs_of([MIXED, OPENING]))
    blocks = out.get_column("langid_paragraphs").to_list()
    label = out.get_column("langid_label").to_list()
    assert label[1] == "zh-Hans"
    assert blocks[1] is None
    assert [block["label"] for block in blocks[0]][1] == "en"
    starts = [block["start"] for block in blocks[0]]
    assert starts == [0, len(OPENING), len(OPENING) + len(ENGLISH)]


def test_foreign_blocks_are_cut_on_demand():
    """With `cut_foreign` a foreign block goes, is counted, and offsets fit the new text."""
    out = stage("langid", cut_foreign=True)(docs_of([MIXED, OPENING, "程序：\n" + ENGLISH]))
    assert out.get_column("text").to_list()[:2] == [OPENING + ENDING, OPENING]
    assert out.get_column("langid_cut").to_list()[:2] == [len(ENGLISH), 0]
    starts = [block["start"] for block in out.get_column("langid_paragraphs")[0]]
    assert starts == [0, len(OPENING)]


def test_without_the_option_no_text_changes(langid):
    """By default nothing is cut."""
    out = langid(docs_of([MIXED]))
    assert out.get_column("text").to_list() == [MIXED]
    assert out.get_column("langid_cut").to_list() == [0]


def test_listings_are_not_cut():
    """Code belongs to a manual."""
    listing = "def total(paths):\n    size = 0\n    for path in paths:\n        size += len(path)\n"
    listing += "    return size\n\n\nprint(total(['alpha.txt', 'beta.txt', 'gamma.txt']))\n" * 3
    text = OPENING + listing + ENDING
    out = stage("langid", cut_foreign=True)(docs_of([text]))
    assert out.get_column("text").to_list() == [text]
    assert "code" in [block["label"] for block in out.get_column("langid_paragraphs")[0]]


def test_without_evidence_the_score_is_near_a_half(langid):
    """What could be either script, or either language, says so in its score."""
    out = langid(docs_of(["好的。", "第12条", "今天我们去图书馆借书，他说这本书写得很好。"]))
    either, heading, plain = out.get_column("langid_score").to_list()
    assert either <= 0.61
    assert heading <= 0.61
    assert plain > 0.95


LINES = st.lists(
    st.sampled_from(["这是中文的一行，写得很长很长很长很长。", "Some English words here, a line.",
                     "これは日本語の文章です。", "한국어 문장입니다 그리고", "x = 1;", "12 34",
                     "", "𠮷野家"]),
    max_size=14,
)  # fmt: skip


@given(LINES)
@settings(max_examples=60, deadline=None)
def test_blocks_start_at_lines_and_cover_the_text(lines):
    """Blocks begin at the first character, then only at beginnings of lines, in order."""
    text = "\n".join(lines)
    found = find_blocks(pl.Series(["前", text]), 12)
    starts = found.get_column("start").to_list()
    places = {0} | {i + 1 for i, c in enumerate(text) if c == "\n"}
    assert starts == sorted(set(starts))
    assert set(starts) <= places
    assert found.height != 1
    if found.height:
        assert starts[0] == 0
        assert found.get_column("size").sum() == len(text.encode())
        pieces = zip(found["byte"], found["start"], strict=True)
        assert all(len(text.encode()[:byte].decode()) == start for byte, start in pieces)


def test_hard_negatives_stay_out(data_dir, langid):
    """Of Japanese and Korean sentences hardly any is kept, of Chinese ones hardly any dropped."""
    rows = pl.read_ndjson(data_dir / "lid" / "lid_dev.jsonl.zst")
    rows = rows.filter(pl.col("source").str.contains("UD_(Japanese|Korean|Chinese|Cantonese)|udhr"))
    foreign = rows.filter(pl.col("lang").str.contains("^(ja|ko|vi|udhr:(jpn|kor|vie$|eng))"))
    chinese = rows.filter(pl.col("lang").str.contains("^(zh|yue|udhr:(cmn|yue|wuu))"))
    kept = [
        langid(docs_of(part.get_column("text").to_list())).get_column("langid_keep").mean()
        for part in (foreign, chinese)
    ]
    assert kept[0] <= 0.003
    assert kept[1] >= 0.99


def test_a_text_of_nothing_but_signs_of_wu_is_read_once(langid):
    """200,000 lines of 个 and 侬 take no longer than their length says."""
    linear(langid, lambda size: docs_of(["侬个勿垃\n" * size]), 200_000, most=2)
