"""What was taken back is refused by its traces, and leaves no word."""

import random

import polars as pl
import pytest
from frames import asset, docs_of

from corpus_pipeline.io.storage import sha256_file
from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.dedup_key import KEY_TABLE, SIGN_TABLE, load_key_table, load_sign_table
from corpus_pipeline.stages.erased import TRACES, Erased, ErasedOptions
from corpus_pipeline.text.dedup.traces import traces

TABLES = {"key_table": asset(KEY_TABLE), "sign_table": asset(SIGN_TABLE)}
RNG = random.Random(4)
HAN = [chr(code) for code in range(0x4E00, 0x8000)]
GONE, OTHER = ("".join(RNG.choices(HAN, k=200)) for _ in range(2))
STONE = "0" * 31 + "7"


def erased(path, texts):
    """The stage with the traces of some texts."""
    key = load_key_table(TABLES["key_table"])
    made = traces(pl.Series(texts), key, load_sign_table(TABLES["sign_table"], key))
    made.frame(pl.Series([STONE] * len(texts))).write_parquet(path)
    own = Asset("INDEX/erased.parquet", path, sha256_file(path))
    return Erased(ErasedOptions(), {**TABLES, f"{TRACES}00": own})


def test_rows_lose_their_words(tmp_path):
    """Kept or dropped, a row that is known has a verdict, the tombstone's id, and no word."""
    stage = erased(tmp_path / "a.parquet", [GONE])
    verdict = {"dropped_by": [None, "langid", None], "drop_rule": [None, "not_chinese", None]}
    docs = docs_of([f"{GONE}。", GONE[5:], OTHER], url=["u"] * 3, title=[GONE[:5]] * 3, **verdict)
    out = stage(docs)
    assert out["id"].equals(docs["id"])
    columns = ["text", "url", "title", "dropped_by", "drop_rule", "drop_evidence"]
    assert out.select(columns).rows() == [
        ("", None, None, "erased", "erased_before", f"of={STONE}"),
        ("", None, None, "langid", "not_chinese", f"of={STONE}"),
        (OTHER, "u", GONE[:5], None, None, None),
    ]
    single = pl.concat([stage(docs[row : row + 1]) for row in range(3)])
    assert single.equals(out)


def test_no_traces_refuse_nothing(tmp_path):
    """An index from which nothing but empty texts was erased lets everything in."""
    docs = docs_of([GONE, "", "。"])
    assert erased(tmp_path / "a.parquet", ["", "！"])(docs).equals(docs)


def test_a_file_of_another_shape_is_refused(tmp_path):
    """A Parquet file that holds no traces is an error of one line."""
    path = tmp_path / "b.parquet"
    pl.DataFrame({"id": ["a"]}).write_parquet(path)
    with pytest.raises(PipelineError, match="holds no traces"):
        Erased(ErasedOptions(), {**TABLES, f"{TRACES}00": Asset("b", path, "0" * 64)})
