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
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest
import yaml
import zstandard
from leak_plants import (
    VALUES,
    benchmark,
    contents,
    file_name,
    parquet,
    planted,
    said,
    text,
    url,
)

import corpus_pipeline as cp
from corpus_pipeline import cli
from corpus_pipeline.io.assets import resolve
from corpus_pipeline.io.formats import FORMATS
from corpus_pipeline.products.audit.formats import FILES
from corpus_pipeline.products.audit.profile import document_names, load_profile
from corpus_pipeline.rules.pii.detector import load_detector

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
        "source_admission",
    ),
]
#: The day of audits, and the last one on which what was handed in holds.
DAY, LAST = "2026-11-29", "2026-12-31"
#: A mixture that names values of columns.
RECIPE = {
    "filter": [{"column": "title", "op": "!=", "value": said(2)}],
    "weights": [{"column": "extract_author", "values": {said(3): 2.0}}],
    "validation": {"share": 0.2},
}
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
    if data[:4] == b"PK\3\4":
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
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
    code, spoken = call(
        *("run", home.config, "--input", home.raw, "--output", target, "--engine", "local")
    )
    assert code in (0, 3), spoken
    return target, spoken


def test_the_plants_are_read(finished):
    """Documents of all formats are kept, dropped and quarantined, or the search would be empty."""
    run = cp.open_run(finished[0])
    counts = run.counts

    assert len(VALUES) == 60
    assert counts["kept"] > 130
    assert counts["dropped"] > 15
    assert counts["quarantined"] > 30
    # Archives hold texts: the format of their members.
    assert {entry["format"] for entry in run.manifest["inputs"]} == set(FORMATS)
    suffixes = {Path(name).suffix for name in contents()}
    assert suffixes >= {one.suffixes[0] for one in FORMATS.values()} - {".tsv", ".warc"}
    spans = run.kept().collect()["pii_spans"].explode().struct.field("type").unique().drop_nulls()
    assert set(spans) == set(masked_types())
    rules = set(counts["by_rule"])
    assert {"exact_dedup/exact_duplicate", "langid/not_chinese"} <= rules


def test_nothing_raw_is_in_a_finished_run(finished):
    """No file of the run, its dataset or its manifests holds a value, and nothing printed does."""
    assert leaks(finished[0]) == {}
    assert found_in(finished[1].encode()) == set()


def masked_types() -> set[str]:
    """The types that the packaged rules replace wherever they stand; a name alone is no finding."""
    pack = load_detector(resolve("package:rules/packs/pii.yaml", Path())).pack
    return {name for name, kind in pack.types.items() if kind.policy == "redact"} - {"name"}


def ids_of(run: Path) -> list[str]:
    """A kept document, two that were dropped by different rules, two records of quarantine."""
    kept = pl.read_parquet(run / "kept" / "*.parquet").head(1)
    dropped = pl.read_parquet(run / "dropped" / "*.parquet").unique("drop_rule", keep="first")
    broken = pl.read_parquet(run / "quarantine" / "*.parquet").unique("reason", keep="first")
    return [*kept["id"], *dropped["id"][:2], *broken["locator"][:2]]


def commands(home: Home, run: Path, out: Path) -> list[tuple[object, ...]]:
    """Every command about a finished run, but for those about one document."""
    mixture = home.raw.parent / "export.yaml"
    mixture.write_text(yaml.safe_dump({"export": {"recipe": RECIPE}}))
    return [
        ("report", run, "--output", out / "report.html"),
        *(("sample", run, "-n", "99", "-o", out / f"sample{end}") for end in (".csv", ".parquet")),
        ("tune", run, "--rule", "too_short", "--json"),
        ("names", run, "--output", out / "names.tsv"),
        ("export", run, "--output", out / "export", "-c", mixture),
        ("plan", home.config, "--input", home.raw),
        ("verify", run, "--inputs", home.raw),
    ]


def test_nothing_raw_is_said_of_a_run(home, finished):
    """Whatever the products print or write of a run holds no value."""
    run, out = finished[0], home.out / "products"
    out.mkdir()
    told = [(0, call("explain", run, key, "--text")[1]) for key in ids_of(run)]
    told.append(call("explain", run, ids_of(run)[0], "--json", "--text"))
    asked = commands(home, run, out)
    told += [call(*words) for words in asked]

    done = zip(asked, told[-len(asked) :], strict=True)
    assert {words[0]: line for words, (code, line) in done if code}.keys() <= {"audit"}
    assert len("".join(line for _, line in told)) > 10_000
    assert {line: values for _, line in told if (values := found_in(line.encode()))} == {}
    assert leaks(out) == {}


def papers(home: Home, run: Path, profile: str) -> list[object]:
    """What people hand in with an audit, quoting what they read; the options that name it."""
    folder, clauses = home.raw.parent, load_profile(profile).clauses
    paper = folder / file_name(3, ".pdf")
    paper.write_text(said(3))
    named = sorted(document_names(load_profile(profile)))
    entries = [{"name": name, "path": paper.name, "valid_until": LAST} for name in named]
    waived = [
        {"control_id": clause.id, "expires": LAST, "justification": said(4), "approver": "审核人"}
        for clause in clauses
    ]
    stated = [
        {"control_id": clause.id, "plan": said(5), "equivalent_measure": said(6)}
        for clause in clauses
    ]
    seen = {"id": ids_of(run)[0], "verdict": "fail", "reviewer": "审核人", "date": DAY}
    contents = {
        **({"documents": yaml.safe_dump({"documents": entries})} if entries else {}),
        "waivers": yaml.safe_dump({"waivers": waived, "statements": stated}),
        "results": json.dumps({**seen, "note": said(7), said(8): said(9)}),
    }
    options: list[object] = []
    for name, content in contents.items():
        file = folder / f"{name}{file_name(2, '.yaml')}"
        file.write_text(content)
        options += [f"--{name}", file]
    return options


def test_no_audit_holds_a_value(home, finished):
    """All formats and the folder for a filing, handed papers that quote values, and a baseline."""
    run, out = finished[0], home.out / "audits"
    given = ["-p", "gbt45654", "--date", DAY, *papers(home, run, "gbt45654")]
    forms = [word for form in FILES for word in ("--format", form)]

    told = [
        call("audit", run, *given, *forms, "-o", out, "--evidence", out / "filing"),
        call("audit", run, *given, "--baseline", out / FILES["sarif"], "--format", "json"),
    ]

    assert {code for code, _ in told} <= {0, 1, 3}, told
    assert found_in("".join(line for _, line in told).encode()) == set()
    assert {path.name for path in out.iterdir()} == {*FILES.values(), "filing"}
    assert len(list((out / "filing").rglob("*.xlsx"))) > 1
    assert "<手机号>" in (out / FILES["json"]).read_text()
    assert leaks(out) == {}


def test_whoever_has_the_raw_name_finds_the_document(finished):
    """The name of a file or an address as it was given finds what it was hidden as."""
    name = f"{file_name(0, '')}/{file_name(1, '.jsonl')}@0"
    codes, lines = zip(*(call("explain", finished[0], key) for key in (name, url(2))), strict=True)

    assert codes[0] == 0, lines[0]
    assert "documents have" in lines[1]  # many addresses differ in what is hidden alone
    assert found_in("".join(lines).encode()) == set()


def test_stages_alone_and_a_second_run_hold_nothing(home, finished):
    """`pii` alone on raw inputs, a stage on its documents, a run against an index."""
    out = home.out / "alone"
    done = [
        call("pii", *some(home), "--output", out / "pii"),
        call("langid", out / "pii", "--output", out / "langid"),
        call("index", finished[0], "--output", out / "index"),
        call("near-dedup", out / "pii", "--against", out / "index", "--output", out / "near"),
        call("verify", out / "index"),
    ]

    assert [code for code, _ in done] == [0, 0, 0, 0, 0], done
    assert found_in("".join(line for _, line in done).encode()) == set()
    assert leaks(out) == {}
    dropped = pl.read_parquet(out / "near" / "dropped" / "*.parquet")
    assert dropped.height > 25  # all that the index has


def test_without_pii_only_the_documents_are_raw(home):
    """Names, manifests, quarantine, indexes' names, lines and products hide what texts show."""
    run = home.out / "ingest"
    code, spoken = call("langid", home.raw, "--output", run)
    assert code in (0, 3)

    assert set(leaks(run)) == {"kept/part-00000.parquet", "dropped/part-00000.parquet"}
    raw = pl.read_parquet(run / "kept" / "*.parquet")
    assert found_in(json.dumps(raw["locator"].to_list(), ensure_ascii=False).encode()) == set()
    spoken += said_by_products(run, home.out / "raw")
    spoken += call("audit", run, "--evidence", home.out / "raw" / "filing")[1]
    assert (home.out / "raw" / "filing" / "samples").exists()
    assert found_in(spoken.encode()) == set()
    assert leaks(home.out / "raw") == {}


def said_by_products(run: Path, out: Path) -> str:
    """What the products that show texts say of a run; `out`: where they write."""
    out.mkdir()
    said_of = [call("explain", run, key, "--text") for key in ids_of(run)]
    said_of.append(call("sample", run, "--by", "rule", "-n", "50"))
    said_of.append(call("report", run, "--output", out / "report.html", "--json"))
    assert {code for code, _ in said_of} <= {0, 1}, said_of
    return "".join(line for _, line in said_of)


def test_raw_dropped_is_the_one_option(home):
    """With it the texts that earlier stages dropped are raw, and nothing else is."""
    run, config, changes = home.out / "asked", home.out / "asked.yaml", home.out / "changes.yaml"
    config.write_text("{stages: [langid, pii, quality], pii: {raw_dropped: true}}")
    changes.write_text("quality: {min_score: 0.99}")
    given = home.raw / file_name(0, "")
    code, spoken = call("run", config, "--input", given, "--output", run, "--engine", "local")
    tuned, told = call("tune", run, "--apply", changes, "-o", home.out / "tuned", "--json")

    assert (code, tuned) == (3, 0), spoken + told
    for folder in (run, home.out / "tuned"):
        assert set(leaks(folder)) == {"dropped/part-00000.parquet"}
    spoken += told + call("sample", run, "--by", "rule", "-n", "50")[1]
    spoken += "".join(call("explain", run, key, "--text")[1] for key in ids_of(run))
    assert found_in(spoken.encode()) == set()


def test_no_policy_shows_a_value_or_the_key(home, monkeypatch):
    """Parts that are shown, and codes made with a key, in texts as in all other columns."""
    key, run, config = "a key of twenty-four bytes", home.out / "coded", home.out / "coded.yaml"
    monkeypatch.setenv("KEY_OF_CODES", key)
    codes = dict.fromkeys(("resident_id", "bank_card", "email", "wechat"), "pseudonym")
    policy = {"mobile": "mask", "landline": "mask", "passport": "drop", **codes}
    pii = {"policy": policy, "key_env": "KEY_OF_CODES"}
    config.write_text(yaml.safe_dump({"stages": ["decode", "extract", "pii"], "pii": pii}))
    _, spoken = call("run", config, "--input", *some(home), "--output", run, "--engine", "local")

    assert leaks(run) == {}
    assert found_in(spoken.encode()) == set()
    files = [path for path in run.rglob("*") if path.is_file()]
    assert not any(key.encode() in data for path in files for data in plain_bytes(path))
    texts = "".join(pl.read_parquet(run / "kept" / "*.parquet")["text"])
    assert "138****00" in texts
    assert "<银行卡号:" in texts


def test_messages_of_errors_hold_nothing(home, monkeypatch):
    """A wrong path, a wrong config, a fault of ours that quotes a document: one line, masked."""
    config = home.out / "wrong.yaml"
    config.write_text(yaml.safe_dump({"ingest": {"split_mb": said(3)}, said(4): 1}))
    absent = home.out / file_name(2, ".jsonl")
    told = [
        call("run", home.config, "--input", absent, "--output", home.out / "wrong"),
        call("run", config, "--input", home.raw, "--output", home.out / "wrong"),
        call("explain", absent, said(5)),
        call("train", "spam", "--good", absent, "--bad", absent, "--output", home.out / "wrong"),
    ]

    def broken(*_: object) -> None:
        raise ValueError(text(7))

    monkeypatch.setattr("corpus_pipeline.engine.run._scan", broken)
    told.append(call("pii", home.raw, "--output", home.out / "wrong"))

    assert [code for code, _ in told] == [2, 2, 2, 2, 70]
    assert all("<" in line for _, line in told), told
    assert found_in("".join(line for _, line in told).encode()) == set()


def test_a_model_of_ones_own_holds_nothing(home):
    """Neither the model, nor its card, nor what the command says."""
    folder = home.out / "training"
    folder.mkdir()
    files = []
    for at, kind in enumerate(("--good", "--bad")):
        rows = [
            {"text": text(at * 900 + n), "source": said(n % 3), "license": said(n % 4)}
            for n in range(60)
        ]
        file = folder / file_name(at, ".parquet")
        file.write_bytes(parquet({key: [row[key] for row in rows] for key in rows[0]}))
        files += [kind, file]
    code, spoken = call("train", "spam", *files, "--output", home.out / "model")

    assert code == 0, spoken
    assert found_in(spoken.encode()) == set()
    assert leaks(home.out / "model") == {}
    assert "<手机号>" in (home.out / "model" / "card.md").read_text()


def some(home: Home) -> list[Path]:
    """Documents, pages with a broken record, members of an archive."""
    return [home.raw / file_name(*one) for one in ((4, ".parquet"), (6, ".warc.gz"), (9, ".zip"))]


class StopError(Exception):
    """What ends a run in the middle."""


def test_what_an_interrupted_run_leaves_holds_nothing(home):
    """Markers, progress and parts of a run that was stopped; going on gives all documents."""
    target = home.out / "stopped"
    options = {"inputs": some(home), "output": target, "engine": "local", "export": False}
    config = {"stages": ["decode", "extract", "pii", "exact_dedup"], "ingest": {"split_mb": 0.05}}

    for phase in ("scan", "local"):

        def stop(done: str, *_: object, phase: str = phase) -> None:
            if done == phase:
                raise StopError

        with pytest.raises(StopError):
            cp.run(config, **options, on_done=stop)
        assert any((target / "work").rglob("*.json"))
        assert leaks(target) == {}
    assert cp.run(config, **options).counts["kept"] > 25
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
    "io.inputs.renamed": (lambda _names: {}, "manifest.json"),
    "io.archives.names.concealed": (str, "kept/part-00000.parquet"),
    "io.readers.base.concealed": (str, "quarantine/part-00000.parquet"),
}


@pytest.mark.parametrize("part", PARTS)
def test_the_search_finds_what_is_not_hidden(home, tmp_path, monkeypatch, part):
    """Without a part of the machinery the same run leaks, and the search says where."""
    nothing, where = PARTS[part]
    config, run = {"stages": ["decode", "pii"]}, tmp_path / "run"
    monkeypatch.setattr(f"corpus_pipeline.{part}", nothing)

    cp.run(config, inputs=some(home)[1:], output=run, engine="local", export=False)

    assert where in leaks(run)
