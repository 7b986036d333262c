"""Words: the fast cutter and jieba agree, and a user dictionary is read as jieba reads it."""

import io
import re
import tempfile

import polars as pl
import pytest
import zstandard
from frames import asset

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.words import load_cutter
from corpus_pipeline.text.tokens.words import rust_words, word_edges

STOP = re.compile(r"[。！？；，、!?;\n\r\t ]")
#: Single characters that only the hidden Markov model groups, where each takes another reading
#: (常|在|黄, 常在|黄): 1 of 19,378 clauses of the sample.
OTHERWISE = {"常在黄秀才左右"}


def dictionary(folder, *lines):
    path = folder / "words.txt"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return asset(str(path))


def edges_beside_han(clause, words):
    """Edges between two ASCII characters left out: rjieba keeps `wchar_t`, jieba cuts wchar|_|t."""
    return {
        edge
        for edge in word_edges(clause, lambda _: words)
        if not clause[max(edge - 1, 0) : edge + 1].isascii()
    }


def test_both_give_the_same_words(data_dir, tmp_path):
    """Of clauses of all sources of the sample, but for one, both find the same edges of words."""
    with (data_dir / "text" / "sample.jsonl.zst").open("rb") as file:
        raw = zstandard.ZstdDecompressor().stream_reader(file).read()
    texts = pl.read_ndjson(io.BytesIO(raw), infer_schema_length=None)["text"]
    clauses = [part for text in texts for part in STOP.split(text)[1:3] if part]
    jieba = load_cutter(dictionary(tmp_path))
    other = {
        clause
        for clause in clauses
        if edges_beside_han(clause, jieba(clause)) != edges_beside_han(clause, rust_words(clause))
    }

    assert len(clauses) > 3000
    assert other <= OTHERWISE


def test_words_of_the_user_hold_together(tmp_path):
    """A word with or without frequency and tag is cut as one, in whatever case it is written."""
    cut = load_cutter(dictionary(tmp_path, "催情水 3 n", "石墨烯电池", "KTV公关 5", ""))

    assert cut("催情水微信") == ["催情水", "微信"]
    assert "石墨烯电池" in cut("新型石墨烯电池面世")
    assert cut("招ktv公关") == ["招", "ktv公关"]


@pytest.mark.parametrize("line", ["催情水 三 n", "催情 水 3 n", "催情水 3 N", "催情水\t3"])
def test_a_line_that_is_no_entry_is_named(line, tmp_path):
    """What jieba would read as a word with a blank in it is one clear error."""
    with pytest.raises(PipelineError, match=r"dictionary words\.txt, line 2: .* is not `word`"):
        load_cutter(dictionary(tmp_path, "好词 3 n", line))


def test_a_dictionary_of_another_charset_is_refused(tmp_path):
    """GBK bytes are no dictionary."""
    (tmp_path / "words.txt").write_bytes("催情水 3 n".encode("gbk"))
    with pytest.raises(PipelineError, match="is not UTF-8"):
        load_cutter(asset(str(tmp_path / "words.txt")))


def test_nothing_is_written_and_nothing_said(tmp_path, monkeypatch, capfd):
    """No table of jieba is left in the folder for temporary files, no line on standard error."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    load_cutter(dictionary(tmp_path, "另一个词 3 n"))("春眠不觉晓")

    assert list(folder.iterdir()) == []
    assert capfd.readouterr() == ("", "")
