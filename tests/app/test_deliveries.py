"""Two deliveries that hold files of one name: refused, or told apart by a name of their own."""

from pathlib import Path

import polars as pl
import pytest

from corpus_pipeline import PipelineError, index, run, verify
from corpus_pipeline.app.config import load
from corpus_pipeline.model import document_id

CONFIG = {"stages": ["exact_dedup"], "sources": [{"name": "press", "match": ["news/*"]}]}
OLD, NEW = "公园里的花都开了，孩子们在草地上跑。", "第七号街道的路灯修好了，晚上不再黑。"


def folder(home: Path, *texts: str) -> Path:
    """A delivery: one file, `news/a.jsonl`, of these texts."""
    file = home / "news" / "a.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(f'{{"text": "{text}"}}\n' for text in texts), "utf-8")
    return home


def ids(root: Path) -> list[str]:
    return pl.read_parquet(root / "kept" / "*.parquet")["id"].to_list()


def cleaned(delivery: Path, output: Path, **more):
    settings = {"ingest": {"delivery": more.pop("name", None)}}
    return run(
        {**CONFIG, **settings}, inputs=delivery, output=output, engine="local", export=False, **more
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Two deliveries, the run over the first, and its index."""
    home = tmp_path_factory.mktemp("deliveries")
    folder(home / "1", OLD)
    folder(home / "2", NEW)
    cleaned(home / "1", home / "RUN")
    index([home / "RUN"], output=home / "INDEX", config=CONFIG)
    return home


def test_a_file_of_an_old_name_and_new_content_is_refused_before_it_is_read(home, tmp_path):
    """A run against an index names the file, the source, and the mend; nothing is written."""
    index([home / "INDEX"], output=tmp_path / "SMALLER")
    for old in (home / "INDEX", tmp_path / "SMALLER"):
        with pytest.raises(PipelineError, match=r"news/a\.jsonl of source press.*ingest\.delivery"):
            cleaned(home / "2", tmp_path / "OUT", against=[old])
        assert not list((tmp_path / "OUT").rglob("*.parquet"))


def test_a_run_that_was_made_before_is_refused_as_its_files_are(home, tmp_path):
    """The files of a run that is compared later are known as well."""
    cleaned(home / "2", tmp_path / "NEW")
    with pytest.raises(PipelineError, match=r"news/a\.jsonl of source press"):
        cleaned(tmp_path / "NEW", tmp_path / "OUT", against=[home / "INDEX"])


def test_the_same_file_may_come_again(home, tmp_path):
    """A delivery that holds the old files too is dropped where it is old."""
    done = cleaned(home / "1", tmp_path / "OUT", against=[home / "INDEX"])

    assert done.counts["by_rule"] == {"exact_dedup/exact_duplicate": 1}


def test_the_name_of_a_delivery_makes_its_own_ids(home, tmp_path):
    """It stands before the locators; without one, ids are what they were."""
    cleaned(home / "2", tmp_path / "OUT", against=[home / "INDEX"], name="2026-11")

    assert ids(home / "RUN") == [document_id("press", "news/a.jsonl@0")]
    assert ids(tmp_path / "OUT") == [document_id("press", "2026-11/news/a.jsonl@0")]
    assert verify(tmp_path / "OUT", inputs=home / "2") == []


def test_two_deliveries_in_one_run_are_told_apart_by_their_folders(home, tmp_path):
    """Files of one name in two folders are called after the folders; else the run is refused."""
    both = {**CONFIG, "sources": [{"name": "press"}]}
    inputs = [home / "1", home / "2"]
    run(both, inputs=inputs, output=tmp_path / "OUT", engine="local", export=False)
    assert set(ids(tmp_path / "OUT")) == {
        document_id("press", f"{name}/news/a.jsonl@0") for name in "12"
    }
    again = folder(tmp_path / "1", NEW)
    with pytest.raises(PipelineError, match=r"same locator '1/news/a\.jsonl'"):
        run(both, inputs=[home / "1", again], output=tmp_path / "NONE", engine="local")
    assert not (tmp_path / "NONE").exists()


@pytest.mark.parametrize("name", ["", "a/b", "..", "a\\b", "a\nb"])
def test_a_name_that_is_no_folder_is_refused(name):
    """The name of a delivery is one part of a path."""
    with pytest.raises(PipelineError, match=r"ingest\.delivery"):
        load({"ingest": {"delivery": name}})
