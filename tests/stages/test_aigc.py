"""`aigc` records who states that a text was generated, and guesses nothing."""

import json

import polars as pl
import pytest
from frames import docs_of, stage
from reading import read_all

from corpus_pipeline.io.inputs import discover
from corpus_pipeline.io.readers import IngestOptions, read
from corpus_pipeline.io.splits import whole
from corpus_pipeline.model import PipelineError
from corpus_pipeline.sources.record import Source


@pytest.fixture(scope="module")
def aigc():
    return stage("aigc")


@pytest.mark.parametrize(
    ("stated", "label"),
    [
        ("1", "1"),
        (" True ", "1"),
        ("2", "2"),
        ("3", "3"),
        ("0", None),
        ("否", None),
        ('{"AIGC":{"Label":"3","ContentProducer":"某公司"}}', "3"),
        ("见说明", "2"),
        ("", None),
        (None, None),
    ],
)
def test_the_label_of_a_record_is_read(aigc, stated, label):
    """Words and numbers of records become the labels of GB 45438-2025; what is unreadable is 2."""
    row = aigc(docs_of(["春天来了，河水涨了起来。"], aigc=[stated])).row(0, named=True)

    assert (row["aigc_label"], row["aigc_basis"]) == (label, ["input"] if label else [])


def test_a_notice_in_the_text_is_a_statement_and_names_its_model(aigc):
    """A text that says at its end that a named model wrote it has the label and the model."""
    texts = [
        "春天来了，河水涨了起来。\n本文由文心一言生成，仅供参考。",
        "记者问，本文由AI生成的说法从何而来？他说不知道。",
    ]
    docs = aigc(docs_of(texts))

    assert docs["aigc_label"].to_list() == ["1", None]
    assert docs["aigc_model"].to_list() == ["文心一言", None]


def test_a_page_that_declares_itself_is_a_statement(aigc):
    """The label in a page's metadata counts, and of two statements the surest."""
    pages = pl.Series(["2", "iptc:trainedAlgorithmicMedia", "mark:由AI生成", None])
    docs = aigc(docs_of(["春天来了。"] * 4, aigc=["1", None, None, None], extract_aigc=pages))

    assert docs["aigc_label"].to_list() == ["1", "1", "1", None]
    assert docs["aigc_basis"].to_list() == [["input", "page"], ["page"], ["notice"], []]


def test_a_label_is_dropped_where_asked_to():
    """`drop` names labels; all others stay, with their label."""
    docs = stage("aigc", drop=["1"])(docs_of(["春天来了。"] * 2, aigc=["1", "2"]))

    assert docs["drop_rule"].to_list() == ["generated", None]
    assert docs["drop_evidence"][0] == "label=1 by=input"


def test_a_pack_that_disagrees_with_its_examples_is_refused(tmp_path):
    """A statement that misses its own hit makes the pack unusable, and the message names it."""
    pack = tmp_path / "aigc.yaml"
    pack.write_text(
        "pack: aigc\nversion: 1\nsource: own\nmodels: [甲]\nstatements:\n"
        "  - {id: yes_word, label: '1', pattern: '^yes$', why: own, hits: [nay], misses: [z]}\n",
        "utf-8",
    )

    with pytest.raises(PipelineError, match="yes_word: does not find 'nay'"):
        stage("aigc", pack=str(pack))(docs_of(["春天来了。"]))


ROWS = [
    {"text": "春天来了，河水涨了。", "AIGC": {"Label": "1"}, "aigc_model": "模型-2.1"},
    {"text": "秋天到了，稻子黄了。", "aigc_at": "2026-03-01"},
]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_readers_carry_the_statement(tmp_path, form):
    """Label, model and time of a record arrive in the columns, whatever the format."""
    path = tmp_path / f"a.{form}"
    flat = [
        {
            "text": row["text"],
            "aigc_label": (row.get("AIGC") or {}).get("Label"),
            "aigc_model": row.get("aigc_model"),
            "aigc_at": row.get("aigc_at"),
        }
        for row in ROWS
    ]
    if form == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in ROWS), "utf-8")
    elif form == "csv":
        pl.DataFrame(flat).write_csv(path)
    else:
        pl.DataFrame(flat).write_parquet(path)
    docs = read_all(path).docs

    stated = docs.select("aigc", "aigc_model", "aigc_at").rows()
    assert [tuple(v or None for v in row) for row in stated] == [
        ("1", "模型-2.1", None),
        (None, None, "2026-03-01"),
    ]


@pytest.mark.parametrize("form", ["jsonl", "parquet", "txt"])
def test_a_synthetic_source_labels_its_records(tmp_path, form):
    """What the registry says of a source holds for each record that does not say it itself."""
    source = Source(name="made", kind="synthetic", aigc_model="模型-1", aigc_at="2026-01")
    path = tmp_path / f"a.{form}"
    if form == "jsonl":
        path.write_text(json.dumps({"text": "春天来了。", "aigc_model": "模型-2"}), "utf-8")
    elif form == "parquet":
        pl.DataFrame({"text": ["春天来了。"], "aigc_model": ["模型-2"]}).write_parquet(path)
    else:
        path.write_text("春天来了。", "utf-8")
    (item,) = discover([path])
    piece = whole(item._replace(source=source.name, generated=source.generated))
    (chunk,) = read(piece, IngestOptions())

    model = "模型-1" if form == "txt" else "模型-2"
    assert chunk.docs.select("aigc", "aigc_model", "aigc_at").row(0) == ("1", model, "2026-01")
