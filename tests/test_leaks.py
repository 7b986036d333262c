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
from leak_plants import VALUES, benchmark, file_name, planted, said, url

import corpus_pipeline as cp
from corpus_pipeline import cli

STAGES = [
    *("decode", "extract", "langid", "normalize", "heuristics", "decontaminate", "pii", "spam"),
    *(
        "compliance",
        "aigc",
        "ip",
        "quality",
        "domain",
        "exact_dedup",
        "near_dedup",
        "line_dedup",
        "spam_names",
    ),
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


def ids_of(run: Path) -> list[str]:
    """A kept document of each format, a dropped one and its survivor, a quarantined record."""
    kept = pl.read_parquet(run / "kept" / "*.parquet").unique("media_type", keep="first")
    dropped = pl.read_parquet(run / "dropped" / "*.parquet").unique("drop_rule", keep="first")
    broken = pl.read_parquet(run / "quarantine" / "*.parquet").unique("reason", keep="first")
    return [*kept["id"], *dropped["id"], *broken["locator"]]


def test_nothing_raw_is_said_of_a_run(home, finished):
    """explain, audit, report, sample, tune, names, verify, export, index: printed or written."""
    run, out = finished[0], home.out / "products"
    out.mkdir()
    spoken = [call("explain", run, key, "--text")[1] for key in ids_of(run)]
    spoken += [call("explain", run, key, "--json", "--text")[1] for key in ids_of(run)[:3]]
    # Whoever has the raw name of a file or the raw address finds the document by it.
    name = f"{file_name(0, '')}/{file_name(1, '.jsonl')}@0"
    found = [call("explain", run, key) for key in (name, url(200), f"{file_name(9, '.txt')}@0")]
    assert found[0][0] == 0, found[0]
    assert ["documents have" in line for _, line in found] == [False, True, True]
    spoken += [line for _, line in found]
    spoken.append(call("explain", run, said(0))[1])
    for form in ("text", "json", "sarif", "junit"):
        spoken.append(call("audit", run, "--format", form)[1])
        spoken.append(call("audit", run, "--format", form, "-o", out / f"audit.{form}")[1])
    spoken.append(call("report", run, "--output", out / "report.html", "--json")[1])
    for by in ("rule", "source", "language"):
        spoken.append(call("sample", run, "--by", by, "-n", "40")[1])
    spoken.append(call("sample", run, "--output", out / "sample.parquet")[1])
    spoken.append(call("tune", run, "--rule", "too_short")[1])
    spoken.append(call("names", run, "--output", out / "names.tsv")[1])
    spoken.append(call("export", run, "--output", out / "export")[1])
    code, said_of = call("verify", run, "--inputs", home.raw)
    assert code == 0, said_of
    spoken += [said_of, call("plan", home.config, "--input", home.raw)[1]]
    assert call("index", run, "--output", out / "index")[0] == 0
    spoken.append(call("verify", out / "index")[1])

    assert len("".join(spoken)) > 20_000
    assert {line: values for line in spoken if (values := found_in(line.encode()))} == {}
    assert leaks(out) == {}


def test_stages_alone_and_a_second_run_hold_nothing(home, finished):
    """Stages on the run's documents, `pii` alone on raw inputs, a run against an index."""
    out = home.out / "alone"
    done = [
        call("pii", home.raw, "--output", out / "pii"),
        call("spam", out / "pii", "--output", out / "spam"),
        call("exact-dedup", finished[0], "--output", out / "exact"),
        call("index", finished[0], "--output", out / "index"),
        call("near-dedup", out / "pii", "--against", out / "index", "--output", out / "near"),
    ]

    assert [code for code, _ in done] == [0, 0, 0, 0, 0] or done[0][0] == 3, done
    assert found_in("".join(line for _, line in done).encode()) == set()
    assert leaks(out) == {}
    dropped = pl.read_parquet(out / "near" / "dropped" / "*.parquet")
    assert dropped.height > 200  # all that the index has


def test_without_pii_only_the_documents_are_raw(home):
    """Names, manifests, quarantine, indexes' names, lines and products hide what texts show."""
    run = home.out / "ingest"
    code, spoken = call("langid", home.raw, "--output", run)
    assert code in (0, 3)

    assert set(leaks(run)) == {"kept/part-00000.parquet", "dropped/part-00000.parquet"}
    raw = pl.read_parquet(run / "kept" / "*.parquet")
    assert found_in(json.dumps(raw["locator"].to_list(), ensure_ascii=False).encode()) == set()
    spoken += "".join(call("explain", run, key, "--text")[1] for key in ids_of(run))
    spoken += call("sample", run, "-n", "50")[1] + call("sample", run, "--by", "rule")[1]
    spoken += call("report", run, "--output", home.out / "raw.html", "--json")[1]
    spoken += call("audit", run)[1]
    assert found_in(spoken.encode()) == set()
    assert found_in((home.out / "raw.html").read_bytes()) == set()


class StopError(Exception):
    """What ends a run in the middle."""


def test_what_an_interrupted_run_leaves_holds_nothing(home):
    """Markers, progress and parts of a run that was stopped; going on gives all documents."""
    target = home.out / "stopped"
    options = {"inputs": home.raw, "output": target, "engine": "local", "export": False}
    config = {"stages": ["decode", "extract", "pii", "exact_dedup"], "ingest": {"split_mb": 0.1}}

    for phase in ("scan", "local"):

        def stop(done: str, *_: object, phase: str = phase) -> None:
            if done == phase:
                raise StopError

        with pytest.raises(StopError):
            cp.run(config, **options, on_done=stop)
        assert any((target / "work").rglob("*.json"))
        assert leaks(target) == {}
    assert cp.run(config, **options).counts["kept"] > 300
    assert leaks(target) == {}


def test_names_that_differ_in_what_is_hidden_stay_apart(tmp_path):
    """Such files have ids of their own, the same every time, and are verified by their content."""
    raw = tmp_path / "raw"
    raw.mkdir()
    for number in (1, 2, 3):
        (raw / f"1380000000{number}.txt").write_text(f"第{number}份。")
    given = sorted(map(str, raw.iterdir()))
    runs = [
        cp.run({"stages": ["decode", "pii"]}, inputs=paths, output=tmp_path / name, engine="local")
        for name, paths in (("one", given), ("two", given[::-1]))
    ]
    kept = [run.kept().select("id", "locator", "text").collect() for run in runs]

    name = "<手机号>.txt"
    assert kept[0]["locator"].to_list() == [f"{name}@0", f"{name}~2@0", f"{name}~3@0"]
    assert kept[0]["text"].to_list() == ["第1份。", "第2份。", "第3份。"]
    assert kept[0]["id"].n_unique() == 3
    assert kept[0].equals(kept[1])
    assert runs[0].verify(raw) == []
    (raw / "13800000002.txt").write_text("换了。")
    changed = ["the input was changed since the run"]
    assert [finding.problem for finding in runs[0].verify(raw)] == changed


#: A part of the machinery that is taken out → what stands for it, and where the search then finds
#: something.
PARTS = {
    "stages.pii.carried": (lambda _docs: [], "kept/part-00000.parquet"),
    "stages.pii.mask": (lambda text, *_: (text, []), "kept/part-00000.parquet"),
    "io.inputs.distinct": (list, "manifest.json"),
    "io.archives.names.concealed": (str, "kept/part-00000.parquet"),
    "io.readers.base.concealed": (str, "quarantine/part-00000.parquet"),
}


@pytest.mark.parametrize("part", PARTS)
def test_the_search_finds_what_is_not_hidden(home, tmp_path, monkeypatch, part):
    """Without a part of the machinery the same run leaks, and the search says where."""
    nothing, where = PARTS[part]
    inputs = [home.raw / file_name(*one) for one in ((4, ".parquet"), (6, ".warc.gz"), (9, ".zip"))]
    config, run = {"stages": ["decode", "pii"]}, tmp_path / "run"
    monkeypatch.setattr(f"corpus_pipeline.{part}", nothing)

    cp.run(config, inputs=inputs, output=run, engine="local", export=False)

    assert where in leaks(run)
