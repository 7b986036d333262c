"""The page about a run: its numbers are the run's, its texts are harmless, it needs no network."""

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from corpus_pipeline import PipelineError, run
from corpus_pipeline.app.masking import masked
from corpus_pipeline.io import manifest
from corpus_pipeline.io.decoders import MAGIC
from corpus_pipeline.products.report import names
from corpus_pipeline.products.report import page as report
from corpus_pipeline.products.verify.chain import verify

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "corpus_pipeline" / "assets" / "sample" / "raw"
VOID = {"meta", "input", "rect", "line", "br"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
HOSTILE = (
    '<script>alert(1)</script><img src="https://evil.invalid/x.png" onerror="alert(2)">'
    "</p></main></body><style>*{display:none}</style>"
)


class Page(HTMLParser):
    """The elements of a page; fails where one is closed that is not open."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.cells: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)
        if "td" in self.open:
            self.cells[-1] += data

    @property
    def text(self) -> str:
        return "".join(self.words)


def run_of(folder: Path, lines: list[dict], stages: list[str], **config) -> Path:
    source = folder / "in.jsonl"
    source.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in lines), "utf-8")
    settings = {"stages": stages, **config}
    run(settings, inputs=source, output=folder / "RUN", engine="local", export=False)
    return folder / "RUN"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The whole pipeline over the embedded sample."""
    root = tmp_path_factory.mktemp("report") / "RUN"
    run(ROOT / "configs" / "demo.yaml", inputs=SAMPLE, output=root, engine="local", export=False)
    return root


@pytest.fixture(scope="module")
def made(demo):
    content, facts = report.page(demo, masked)
    return content.decode(), facts


def test_every_count_is_that_of_the_manifest(demo, made):
    """Totals, drops by rule and quarantine stand on the page as the manifest has them."""
    counts = manifest.read(demo / "manifest.json")["counts"]
    text, facts = made
    found = Page(text)
    cards = dict(re.findall(r'<b id="n-(\w+)">([\d,]+)</b>', text))
    rules = {f"{row['stage']}/{row['rule']}": row["documents"] for row in facts.rules}

    assert {name: int(n.replace(",", "")) for name, n in cards.items()} == {
        name: counts[name] for name in ("kept", "dropped", "quarantined")
    }
    assert rules == counts["by_rule"]
    for key, rows in {**counts["by_rule"], **counts["by_quarantine"]}.items():
        at = [n for n, cell in enumerate(found.cells) if key.partition("/")[2] in cell]
        assert any(f"{rows:,}" in found.cells[n + 1 : n + 3] for n in at), key
    assert facts.steps[-1].left == counts["kept"]
    assert facts.steps[-1].left_chars == facts.tally.kept_chars
    for name, states in counts["by_source"].items():
        [row] = [row for row in facts.tally.rows("source") if row["value"] == name]
        assert (row["kept"], row["dropped"]) == (states["kept"], states["dropped"])


def test_sums_are_those_of_the_columns(demo, made):
    """Characters, personal data and scores are what Polars counts in the parts."""
    kept = pl.read_parquet(demo / "kept" / "*.parquet")
    both = pl.concat([kept, pl.read_parquet(demo / "dropped" / "*.parquet")])
    _, facts = made
    spans = both["pii_spans"].explode().struct.field("type").drop_nulls().value_counts()

    assert facts.tally.kept_chars == kept["text"].str.len_chars().sum()
    assert {row["value"]: row["hits"] for row in facts.tally.rows("pii")} == dict(spans.iter_rows())
    score = facts.tally.measures["quality_score"]
    assert score.documents == both["quality_score"].drop_nulls().len()
    assert score.quantile(0.5) == pytest.approx(both["quality_score"].median(), abs=0.01)


def test_two_pages_of_a_run_are_the_same_bytes(demo, made):
    """The page depends on the run alone."""
    assert report.page(demo, masked)[0].decode() == made[0]


def test_nothing_outside_is_referred_to(made):
    """No element loads or runs anything, and the policy forbids it."""
    found = Page(made[0])
    policy = [a["content"] for _, a in found.tags if a.get("http-equiv")]
    links = [a["href"] for _, a in found.tags if "href" in a]

    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]
    assert {tag for tag, _ in found.tags} & {"script", "img", "link", "iframe", "object"} == set()
    assert [a for _, a in found.tags if "src" in a or any(k.startswith("on") for k in a)] == []
    assert links
    assert all(link.startswith("#") for link in links)
    anchors = {a["id"] for _, a in found.tags if "id" in a}
    assert {link[1:] for link in links} <= anchors
    assert "url(" not in made[0]
    assert "@import" not in made[0]


def test_both_languages_stand_in_it(made):
    """Each English passage of the page has its Chinese twin."""
    langs = [a["lang"] for tag, a in Page(made[0]).tags if tag == "span" and "lang" in a]

    assert langs.count("en") == langs.count("zh") > 100
    assert langs[::2] == ["en"] * (len(langs) // 2)


def test_samples_show_the_trigger_and_the_difference(made):
    """Dropped samples have marks, pairs have differences."""
    text, _ = made

    assert text.count("<mark>") > 10
    assert text.count('<mark class="only">') > 4


def test_verify_accepts_the_page_and_no_other_file(full_run):
    """`report.html` in a run is no finding; a page elsewhere in it is refused."""
    target = report.place(full_run, None)
    target.write_bytes(report.page(full_run, masked)[0])

    assert target == full_run / "report.html"
    assert verify(full_run) == []
    with pytest.raises(PipelineError, match="lies inside the run"):
        report.place(full_run, full_run / "kept" / "page.html")
    with pytest.raises(PipelineError, match="is a folder"):
        report.place(full_run, full_run.parent)


def test_hostile_texts_are_shown_and_do_nothing(tmp_path):
    """HTML, direction marks, emoji and a line of 1 MB are text; personal data is masked."""
    texts = [
        HOSTILE,
        "从右到左\u202eabc\u0007",
        "🙂" * 500,
        "长" * 1_000_000,
        "请打电话13912345678找张三，或写信zhangsan@example.cn。",
        "数字" + "13912345678 " * 30,
    ]
    url = 'https://13912345678.invalid"><script>x</script>/1'
    lines = [{"text": text, "url": url} for text in texts]
    root = run_of(tmp_path, lines, ["heuristics", "quality"], name="<b>名</b>")
    content, _ = report.page(root, masked)
    text = content.decode()
    found = Page(text)

    assert {tag for tag, _ in found.tags} & {"script", "img"} == set()
    assert "alert(1)" in found.text
    assert "<b>名</b>" in found.text
    assert "\\u202eabc\\x07" in found.text
    assert not re.search("[\u202e\u0007]", text)
    assert "13912345678" not in text
    assert "zhangsan@" not in text
    assert len(content) < 300_000


@pytest.mark.parametrize("stage", ["decode", "langid", "pii", "exact_dedup"])
def test_a_run_of_one_stage_has_a_page(tmp_path, stage):
    """Sections whose columns are absent say so."""
    root = run_of(tmp_path, [{"text": "路灯修好了。"}, {"text": "路灯修好了。"}], [stage])
    text = report.page(root, masked)[0].decode()

    assert Page(text).text.count("did not run") >= 2


def test_what_was_not_read_is_weighed_and_named_in_both_languages(tmp_path):
    """A reason of quarantine has its two names, its records, and its bytes and characters."""
    lines = [{"text": "路灯修好了。"}] * 3 + [{"text": "长" * 500_000}, {"n": 1}]
    root = run_of(tmp_path, lines, ["heuristics"], ingest={"max_document_bytes": 1_000_000})
    text = report.page(root, masked)[0].decode()
    counts = manifest.read(root / "manifest.json")["counts"]
    quarantined = text[text.index('<b id="n-quarantined">') :][:400]

    assert counts["quarantined_characters"] == 500_000
    assert "1.5 MB" in quarantined
    assert re.search(r"500[.,]?0*k?", quarantined)
    for name, size in (("文档过大", "1.5 MB"), ("无正文字段", "<0.001 MB")):
        row = next(row for row in text.split("<tr>") if name in row)
        assert size.replace("<", "&lt;") in row
    assert "某来源有 100% 的字节无法读取" in text


def test_a_reason_without_a_name_is_refused(monkeypatch):
    """The words are not loaded where a reason has none; each compression has its two reasons."""
    assert {f"{end}_{name}" for end in ("corrupt", "truncated") for name in MAGIC} <= names.REASONS
    monkeypatch.setattr(names, "REASONS", names.REASONS | {"moth_eaten"})
    with pytest.raises(PipelineError, match="moth_eaten"):
        names._words.__wrapped__()


def test_a_run_that_kept_nothing_has_a_page(tmp_path):
    """Zero kept, and zero read, are shown as they are."""
    root = run_of(tmp_path, [{"text": "短"}], ["heuristics"])
    assert "No document was kept." in report.page(root, masked)[0].decode()
    (tmp_path / "none").mkdir()
    empty = run_of(tmp_path / "none", [], ["heuristics"])
    assert "No document was dropped." in report.page(empty, masked)[0].decode()


def test_what_is_no_finished_run_is_refused_in_a_line(tmp_path, full_run):
    """A folder without a run, and an unfinished run, raise `PipelineError`."""
    with pytest.raises(PipelineError, match="not a finished run"):
        report.page(tmp_path, masked)
    (full_run / "manifest.json").unlink()
    with pytest.raises(PipelineError, match="did not finish"):
        report.page(full_run, masked)


def test_the_command_writes_the_file_and_prints_figures(full_run, tmp_path):
    """`report RUN --output F --json`: the file, and its figures without a text."""
    target = tmp_path / "page.html"
    command = [sys.executable, "-m", "corpus_pipeline", "report", str(full_run)]
    done = subprocess.run(
        [*command, "--output", str(target), "--json"], capture_output=True, check=True
    )
    figures = json.loads(done.stdout)

    assert figures["summary"]["kept"] == 16
    assert figures["bytes"] == target.stat().st_size <= report.LIMIT
    assert "今天的新闻" not in done.stdout.decode()
    assert "今天的新闻" in target.read_text("utf-8")


def test_a_browser_shows_it_without_a_request_or_an_error(made, tmp_path):
    """Chromium draws the page, logs no error, and asks no proxy for anything."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on the path")
    (tmp_path / "page.html").write_text(made[0], "utf-8")
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=360,800"]
    command += ["--enable-logging=stderr", "--v=0", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--log-net-log={tmp_path / 'net.json'}"]
    command += [f"--screenshot={tmp_path / 'page.png'}", "--dump-dom"]
    done = subprocess.run(
        [*command, (tmp_path / "page.html").as_uri()],
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert b"CONSOLE" not in done.stderr
    assert 'id="samples"' in done.stdout.decode()
    assert (tmp_path / "page.png").stat().st_size > 10_000
    asked = re.findall(r'"(https?://[^"]+)"', (tmp_path / "net.json").read_text("utf-8"))
    assert [url for url in asked if "example" in url or "invalid" in url] == []
