"""Benchmark questions in documents: found in any spelling, named in the evidence."""

import gzip
import json
import random
import re
import tarfile
from pathlib import Path

import opencc
import polars as pl
import pytest
import zstandard
from clock import linear
from frames import asset, docs_of, stage

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules import benchmarks
from corpus_pipeline.rules.benchmarks import load_benchmark
from corpus_pipeline.stages.decontaminate import Decontaminate, DecontaminateOptions
from corpus_pipeline.training import halves as split

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "decontaminate.jsonl")
    .read_text("utf-8")
    .splitlines()
]
QUESTION = "某商场销售一批衬衫，平均每天可售出二十件，每件盈利四十元，为了扩大销售决定降价"
ASKED = [
    {"question": QUESTION},
    {"question": "鼠疫的病原体属于哪一类微生物，它通过什么途径传播给人"},
]
PAGE = "今天天气很好，我们一起去公园散步，看到了许多美丽的花。" * 3


def built(**options):
    chosen = DecontaminateOptions(**options)
    refs = Decontaminate.asset_refs(chosen)
    return Decontaminate(chosen, {name: asset(ref) for name, ref in refs.items()})


@pytest.fixture(scope="module")
def exam(tmp_path_factory):
    path = tmp_path_factory.mktemp("exam") / "exam.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in ASKED), encoding="utf-8")
    return built(benchmarks=(str(path),))


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """The items of all cases as one benchmark, the case's number their place."""
    path = tmp_path_factory.mktemp("paper") / "paper.jsonl"
    path.write_text("\n".join(json.dumps(case["item"]) for case in CASES), encoding="utf-8")
    return built(benchmarks=(str(path),))


def case_params():
    for number, case in enumerate(CASES):
        marks = [pytest.mark.xfail(reason=case["xfail"])] if "xfail" in case else []
        yield pytest.param(number, case, id=case["label"], marks=marks)


@pytest.mark.parametrize(("number", "case"), list(case_params()))
def test_cases(paper, number, case):
    """Each text is clean of its item, or names it, or goes for the part that is expected."""
    out = paper(docs_of([case["text"]]))
    named = [hit["item"] for hit in out["decontaminate_hits"][0]]
    part = (out["drop_evidence"][0] or "").rpartition("part=")[2]
    found = part or ("reported" if str(number) in named else "clean")
    assert found == case["expect"]


def test_without_benchmarks_hits_are_empty():
    """With nothing to keep out the stage writes empty hits and drops nothing."""
    out = stage("decontaminate")(docs_of([PAGE, "", None]))
    assert out["decontaminate_hits"].to_list() == [[], [], []]
    assert out["dropped_by"].null_count() == 3


@pytest.mark.parametrize(
    "spelling",
    [
        QUESTION,
        opencc.OpenCC("s2t").convert(QUESTION),
        QUESTION.replace("，", " , "),
        "\n".join(QUESTION),
        "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in QUESTION),
    ],
)
def test_spelling_hides_nothing(exam, spelling):
    """A question in other script, width, punctuation or lines is found whole."""
    out = exam(docs_of([PAGE + spelling + PAGE, PAGE]))
    assert out["decontaminate_hits"].to_list() == [
        [{"benchmark": "exam", "item": "0", "overlap": 1.0}],
        [],
    ]
    assert out["drop_rule"].to_list() == ["benchmark_contamination", None]
    assert out["drop_evidence"][0] == "benchmark=exam item=0 overlap=1.00 part=question"


def test_part_of_a_question_is_reported_and_stays(exam):
    """Between the two bounds a hit is written and nothing dropped; below, nothing is written."""
    out = exam(docs_of([PAGE + QUESTION[:29] + PAGE, PAGE + QUESTION[:18] + PAGE]))
    (hit,) = out["decontaminate_hits"][0]
    assert 0.7 <= hit["overlap"] < 0.8
    assert out["decontaminate_hits"][1].to_list() == []
    assert out["dropped_by"].null_count() == 2


def test_grams_never_cross_documents(exam):
    """A question whose halves stand in two neighbouring documents is in neither."""
    out = exam(docs_of([PAGE + QUESTION[:15], QUESTION[15:30] + PAGE]))
    assert out["decontaminate_hits"].list.len().to_list() == [0, 0]


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_neighbours_do_not_matter(exam, batch):
    """Each document has in any batch what it has alone."""
    docs = docs_of([PAGE, QUESTION, "", QUESTION[:25], "好" * 20, PAGE + ASKED[1]["question"]])
    alone = pl.concat([exam(docs[i : i + 1]) for i in range(docs.height)])
    pieces = pl.concat([exam(docs[i : i + batch]) for i in range(0, docs.height, batch)])
    assert pieces.equals(alone)
    assert exam(docs).equals(alone)


def test_a_phrase_of_the_benchmark_is_no_question(tmp_path):
    """What every second item begins with counts for none of them."""
    path = tmp_path / "b.jsonl"
    rng = random.Random(1)
    names = ["".join(rng.choices("甲乙丙丁戊己庚辛壬癸", k=20)) for _ in range(30)]
    phrase = "根据上述材料并结合所学知识回答下列各项问题"
    path.write_text("\n".join(json.dumps({"question": phrase + n}) for n in names), "utf-8")
    found = built(benchmarks=(str(path),))(
        docs_of([PAGE + phrase + PAGE, PAGE + phrase + names[7]])
    )
    assert found["decontaminate_hits"].list.len().to_list() == [0, 1]
    assert found["decontaminate_hits"][1][0]["item"] == "7"


def test_short_questions_are_reported_and_never_drop(tmp_path):
    """A question that tells too little is found whole; it may be anybody's phrase."""
    path = tmp_path / "b.csv"
    path.write_text("Question,Answer\n葵扇之乡是指哪里,新会\n鼓室,A\n", encoding="utf-8")
    out = built(benchmarks=(str(path),))(docs_of([PAGE + "葵扇之乡是指哪里？", "葵扇之乡，鼓室"]))
    assert out["decontaminate_hits"].list.len().to_list() == [1, 0]
    assert out["dropped_by"].null_count() == 2


def test_choices_make_a_short_question_recognisable(tmp_path):
    """A short question is compared with its choices, and dropped with them."""
    path = tmp_path / "b.csv"
    choices = "由于冲击作用产生,由于摩擦作用产生,由于拉伸作用产生,由于弯曲作用产生"
    path.write_text(f",Question,A,B,C,D,Answer\n0,裂纹,{choices},A\n", encoding="utf-8")
    printed = "裂纹\n" + "\n".join(
        f"{letter}、{text}" for letter, text in zip("ABCD", choices.split(","), strict=True)
    )
    out = built(benchmarks=(str(path),))(docs_of([PAGE + printed + PAGE, PAGE + "裂纹"]))
    assert out["drop_rule"].to_list() == ["benchmark_contamination", None]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "a.jsonl",
            '{"question": "甲？", "options": ["(A)一", "二"]}\n\n{"text": "乙"}',
            ["甲？", "乙"],
        ),
        (
            "a.json",
            '{"data": [{"paragraphs": [{"context": "文", "qas": [{"question": "问"}]}]}]}',
            ["问"],
        ),
        ("a.json", '[{"question": "一", "answer": {"text": "答"}}, "二"]', ["一", "二"]),
        ("a.tsv", "第一题\t18\n第二题\t3\n", ["第一题", "第二题"]),
        ("a.csv", '\ufeff题目,A\n"带,逗号",x\n', ["带,逗号"]),
    ],
)
def test_shapes_of_benchmarks(tmp_path, name, content, expected):
    """JSONL, nested JSON, tables with and without header give their questions in order."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    zipped = tmp_path / f"{name}.zst"
    zipped.write_bytes(zstandard.compress(path.read_bytes()))
    for form in (path, packed, zipped):
        assert [item.text for item in load_benchmark("b", form)] == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("b.jsonl", "{broken", "b.jsonl: "),
        ("b.jsonl", "{}", "b.jsonl: no question"),
        ("b.md", "# 说明", "b.md: not one of"),
        ("b.jsonl", '{"question": "甲"}\n{broken', "b.jsonl: line 2 is no JSON"),
        ("b.json", "[" * 3000, "b.json: "),
        ("b.json", "42", "b.json: no question"),
        ("b.json", "", "b.json: "),
        ("b.csv", "", "b.csv: no question"),
        ("b.csv", 'question\n"' + "长" * 200_000, "b.csv: field larger"),
    ],
)
def test_a_benchmark_that_guards_nothing_is_an_error(tmp_path, name, content, message):
    """A file that cannot be read or holds no question is an error of the config, in one line."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(PipelineError, match=message):
        built(benchmarks=(str(path),))


@pytest.mark.parametrize(
    "content",
    [
        '{"question": "这是什么"}'.encode("gbk"),
        b"\x28\xb5\x2f\xfd" + b"broken",
        b"\x1f\x8b\x08\x00broken",
        zstandard.compress(b'{"question": "q"}')[:-4],
    ],
    ids=["charset", "zstd", "gzip", "cut"],
)
def test_unreadable_bytes_are_one_line(tmp_path, content):
    """A wrong charset or a damaged archive is an error that names the file, in one line."""
    path = tmp_path / "b.jsonl"
    path.write_bytes(content)
    with pytest.raises(PipelineError, match=r"\Ab\.jsonl: [^\n]+\Z"):
        built(benchmarks=(str(path),))


def test_too_many_questions(tmp_path, monkeypatch):
    """A file with more questions than memory is made for is refused."""
    monkeypatch.setattr(benchmarks, "MOST_ITEMS", 3)
    path = tmp_path / "b.jsonl"
    path.write_text('{"question": "甲"}\n' * 4, "utf-8")
    with pytest.raises(PipelineError, match="more than 3 questions"):
        built(benchmarks=(str(path),))


def test_missing_benchmark(tmp_path):
    """A path that does not exist is named."""
    with pytest.raises(PipelineError, match="nowhere"):
        built(benchmarks=(str(tmp_path / "nowhere"),))


def test_a_long_document_and_a_repeated_one(exam):
    """A question amid 100 kB is found; five million characters of questions take under 4 s."""
    out = exam(docs_of([PAGE * 600 + QUESTION + "\n" + PAGE * 600, QUESTION * 140_000]))
    assert out["drop_rule"].to_list() == ["benchmark_contamination"] * 2
    assert out["decontaminate_hits"].list.len().to_list() == [1, 1]
    # Measured: 0.2 and 0.04 s.
    linear(exam, lambda n: docs_of([QUESTION * n]), 140_000, most=4)
    linear(exam, lambda n: docs_of([PAGE * n + QUESTION + PAGE * n]), 24_000, most=4)


def edited(text, rng):
    letters = list(text)
    at = rng.choice([i for i, c in enumerate(letters) if c.isalnum()])
    letters[at] = rng.choice("天地人和日月水火")
    return "".join(letters)


@pytest.fixture(scope="module")
def real(data_dir, tmp_path_factory):
    """The stage against all benchmark files of the data folder."""
    folder = tmp_path_factory.mktemp("real")
    packed = data_dir / "benchmarks" / "zh_benchmarks.tar.zst"
    with zstandard.open(packed, "rb") as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.4 and later
        archive.extractall(folder)
    return built(benchmarks=(str(folder / "benchmarks"),))


@pytest.mark.slow
@pytest.mark.parametrize("texts", ["sample", "web"])
def test_clean_documents_stay(real, request, texts):
    """No document of the half or the sources not tuned on is dropped, at most 1 in 50 is named."""
    rows = request.getfixturevalue(texts)
    if texts == "web":
        rows = [row for row in rows if row.get("register") in split.GOOD_REGISTERS]

    out = real(docs_of([row["text"] for row in rows]))

    assert out["dropped_by"].drop_nulls().to_list() == []
    assert out.filter(pl.col("decontaminate_hits").list.len() > 0).height <= len(rows) / 50


#: Questions by their Han characters: what the index thinks of an item does not choose it.
SIZES = [
    pytest.param(30, 10_000, id="30 or more"),
    pytest.param(
        20,
        29,
        id="20 to 29",
        marks=pytest.mark.xfail(
            reason="96.3 % named (385 of 400): phrases of many papers (下列说法不正确的一项是)",
            strict=True,
        ),
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("least", "most"), SIZES)
def test_real_benchmarks(real, sample, least, most):
    """Of 400 real questions in real pages 99 in 100 are named and 97 dropped, 93 when edited."""
    rng = random.Random(3)
    asked = [
        item
        for item in real.items
        if least <= len(re.findall("[\u4e00-\u9fff]", item.text)) <= most
    ]
    chosen, around = rng.sample(asked, 400), rng.sample([row["text"] for row in sample], 400)
    ways = (
        (str, 0.97),
        (opencc.OpenCC("s2tw").convert, 0.97),
        (lambda text: text.replace("，", " "), 0.97),
        (lambda text: edited(text, rng), 0.93),
    )
    for spelling, dropped in ways:
        planted = [
            f"{page[:300]}\n{spelling(item.text)}\n{page[300:600]}"
            for page, item in zip(around, chosen, strict=True)
        ]
        out = real(docs_of(planted))
        caught = [
            any((hit["benchmark"], hit["item"]) == (item.benchmark, item.item) for hit in hits)
            for hits, item in zip(out["decontaminate_hits"].to_list(), chosen, strict=True)
        ]
        assert sum(caught) / 400 >= 0.99
        assert out["dropped_by"].drop_nulls().len() / 400 >= dropped
