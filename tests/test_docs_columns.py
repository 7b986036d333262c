"""docs/columns.md lists every output column, and what it says of null is so."""

import polars as pl
import pytest

from corpus_pipeline.model import DOCUMENT, QUARANTINE, VERDICT
from corpus_pipeline.model.schema import DESCRIBES
from corpus_pipeline.stages import STAGES
from scripts import columns, golden


def test_the_page_is_what_the_code_says():
    """`python -m scripts.columns` would change nothing."""
    assert columns.PAGE.read_text("utf-8") == columns.page()


@pytest.mark.parametrize("name", STAGES)
def test_every_column_of_a_stage_is_described(name):
    """Each column has a sentence beside it, and no sentence speaks of a column that is gone."""
    cls = STAGES[name].load()

    assert list(cls.describes) == list(cls.columns)
    for text in cls.describes.values():
        assert text.endswith(".")
        assert len(text) > 4


def test_every_column_of_a_document_is_described():
    """So has each column that no stage adds."""
    assert set(DESCRIBES) == {*DOCUMENT, *VERDICT, *QUARANTINE}


@pytest.fixture(scope="module")
def output():
    made = {}
    return lambda name: made.setdefault(name, golden.output(name))


@pytest.mark.parametrize("name", STAGES)
def test_null_means_what_the_page_says(output, name):
    """Over the golden texts no column is null of which the page says that it never is."""
    out = output(name).filter(pl.col("dropped_by").is_null() | (pl.col("dropped_by") == name))

    never = [column.name for column in columns.of_stage(name) if column.null == columns.NEVER]
    assert out.height > 0
    assert [column for column in never if out[column].null_count()] == []


def test_a_column_without_a_description_has_no_page():
    """The generator refuses a column that nobody described."""
    with pytest.raises(KeyError, match="toy_length"):
        columns.columns({"toy_length": pl.UInt32()}, {})
