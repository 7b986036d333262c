"""Nothing raw leaves: sixty values in every place of every format, sought in every byte written.

One run is shared by all tests of this file; `leak_plants` says what is planted where.
"""

import contextlib
import gzip
import io
import json
import logging
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest
import yaml
import zstandard
from leak_plants import VALUES, benchmark, file_name, planted

import corpus_pipeline as cp
from corpus_pipeline import cli

STAGES = [
    *("decode", "extract", "langid", "normalize", "heuristics", "decontaminate", "pii", "spam"),
    *("compliance", "quality", "domain", "exact_dedup", "near_dedup", "line_dedup", "spam_names"),
]
#: Value → the bytes that it may be written as.
FORMS = {
    value: {
        value.encode(),
        value.encode("gb18030"),
        value.encode("utf-16-le"),
        quote(value, safe="").encode(),
        json.dumps(value)[1:-1].encode(),
    }
    for _, value in VALUES
}


def plain_bytes(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and what they are when decompressed or read as a table."""
    data = path.read_bytes()
    yield data
    if data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        yield zstandard.ZstdDecompressor().stream_reader(data).read()
    if data[:4] == b"PAR1":
        frame = pl.read_parquet(path)
        yield json.dumps(frame.to_dicts(), ensure_ascii=False, default=str).encode()
        yield repr(frame.columns).encode()


def found_in(data: bytes) -> set[str]:
    """The values that stand in the bytes."""
    return {value for value, forms in FORMS.items() if any(form in data for form in forms)}


def leaks(folder: Path) -> dict[str, set[str]]:
    """File → values in its bytes or in its name."""
    out: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        found = found_in(name.encode())
        if path.is_file():
            for data in plain_bytes(path):
                found |= found_in(data)
        if found:
            out[name] = found
    return out


class Remarks(logging.Handler):
    """Collects what the log would say."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def call(*arguments: object) -> tuple[int, str]:
    """The exit code of a command, and all that it says."""
    out, log, before = io.StringIO(), Remarks(), signal.getsignal(signal.SIGTERM)
    logging.getLogger("corpus_pipeline").addHandler(log)
    argv, sys.argv = sys.argv, ["corpus-pipeline", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            cli.main()
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    finally:
        sys.argv = argv
        signal.signal(signal.SIGTERM, before)
        logging.getLogger("corpus_pipeline").removeHandler(log)
    return code, "\n".join([out.getvalue(), *log.lines])


class Home:
    """The inputs, the config and the outputs."""

    def __init__(self, root: Path) -> None:
        self.raw = planted(root)
        self.out = root / "out"
        self.out.mkdir()
        asked = benchmark(root / file_name(12, ".jsonl"))
        listed = [f"*{file_name(0, '')}*", "**"]
        config = {
            "name": "leaks",
            "stages": STAGES,
            "sources": [{"name": "web", "match": listed, "license": "CC0-1.0"}],
            "decontaminate": {"benchmarks": [str(asked)]},
            "normalize": {"script": "both"},
        }
        self.config = root / "config.yaml"
        self.config.write_text(yaml.safe_dump(config, allow_unicode=True))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("leaks"))


@pytest.fixture(scope="module")
def finished(home):
    """The whole pipeline over everything, with its dataset; what the command said."""
    target = home.out / "run"
    code, spoken = call("run", home.config, "--input", home.raw, "--output", target)
    assert code in (0, 3), spoken
    return target, spoken


def test_the_plants_are_read(finished):
    """Documents of all formats are kept, dropped and quarantined, or the search would be empty."""
    run = cp.open_run(finished[0])
    counts = run.counts

    assert counts["kept"] > 200
    assert counts["dropped"] > 60
    assert counts["quarantined"] > 60
    assert {entry["format"] for entry in run.manifest["inputs"]} >= {
        *("jsonl", "csv", "parquet", "warc", "wikixml", "text", "html", "zip", "tar"),
    }
    spans = run.kept().collect()["pii_spans"].explode().struct.field("type").unique().drop_nulls()
    assert spans.len() > 15
    rules = set(counts["by_rule"])
    assert {"exact_dedup/exact_duplicate", "langid/not_chinese"} <= rules


def test_nothing_raw_is_in_a_finished_run(finished):
    """No file of the run, its dataset or its manifests holds a value, and nothing printed does."""
    assert leaks(finished[0]) == {}
    assert found_in(finished[1].encode()) == set()
