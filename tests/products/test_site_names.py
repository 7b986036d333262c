"""Names that a run found become a dated list, and the list finds the next page."""

import subprocess
import sys

import polars as pl
import pytest
from frames import docs_of, stage

from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.runs import open_run
from corpus_pipeline.products.site_names import site_names

BODY = "春耕时节，农户抢抓农时，整地施肥，播种育苗，田间一派繁忙。{}号田的老周说今年雨水好。" * 6


def command(*arguments):
    """The command line as a user calls it."""
    line = [sys.executable, "-m", "corpus_pipeline", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Eight pages of eight hosts with one name of no list, run as a user would."""
    folder = tmp_path_factory.mktemp("names")
    rows = [
        {
            "text": BODY.replace("{}", f"{n * n}"),
            "title": f"第{n}号田里的春天_鼎沄阁{'官网登录' if n % 2 else ''}",
            "url": f"https://www.host{n}.example.cn/",
            "fetched_at": f"2026-11-{n + 10}T08:00:00Z",
        }
        for n in range(8)
    ]
    pl.DataFrame(rows).write_parquet(folder / "in.parquet")
    done = command("spam-names", folder / "in.parquet", "--output", folder / "run")
    assert done.returncode == 0, done.stderr
    return folder / "run"


def test_the_list_has_names_hosts_and_days(run):
    """Each name has its documents, its hosts, and the first and last day of its pages."""
    assert site_names(open_run(run)).to_dicts() == [
        {
            "name": "鼎沄阁",
            "documents": 8,
            "hosts": 8,
            "first_seen": "2026-11-10",
            "last_seen": "2026-11-17",
        }
    ]


def test_a_later_run_reads_the_list(run, tmp_path):
    """A page that shows a listed name in its title alone is hijacked with the list, not without."""
    path = tmp_path / "names.tsv"
    assert command("names", run, "--output", path).returncode == 0
    docs = docs_of([BODY.replace("{}", "99")], title=["农事_鼎沄阁"])

    assert stage("spam")(docs)["drop_rule"][0] is None
    assert stage("spam", names=(str(path),))(docs)["drop_rule"][0] == "hijacked_spam"


@pytest.mark.parametrize("content", [b"", b"word\tn\nx\t1\n", b"name\n\n", b"\xff\xfe"])
def test_a_file_that_is_no_list_is_named(tmp_path, content):
    """An empty, foreign or unreadable list is one clear error."""
    path = tmp_path / "names.tsv"
    path.write_bytes(content)

    with pytest.raises(PipelineError, match="names"):
        stage("spam", names=(str(path),))


def test_a_run_without_names_is_told_so(tmp_path):
    """`names` of a run in which no stage looked for names says so and exits with 2."""
    (tmp_path / "a.jsonl").write_text('{"text": "今天天气很好，我们去了公园。"}\n', "utf-8")
    command("normalize", tmp_path / "a.jsonl", "--output", tmp_path / "run")

    told = command("names", tmp_path / "run")

    assert told.returncode == 2
    assert "neither spam nor spam_names ran" in told.stderr
