"""The recipes of CONTRIBUTING.md, carried out to the letter in a copy of the package, and run."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).parents[1]

#: Runs commands one after the other in one process and writes down what each gave.
DRIVER = """
import contextlib, io, json, sys
from corpus_pipeline.cli import app
done = []
for arguments in json.load(sys.stdin):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = app(arguments, standalone_mode=False)
    done.append([code, out.getvalue()])
json.dump(done, sys.stdout)
"""


@dataclass(frozen=True)
class Block:
    """A code block of a recipe: the file it names, how it goes in, and where."""

    path: str
    how: str  # "" (it is the file), "into" or "before"
    name: str
    code: str


def blocks():
    """The code blocks that name a file, in order."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    fence = re.compile(
        r"^( *)```\w+ (\S+\.\w+)(?: (into|before) (\w+))?\n(.*?)^\1```$", re.DOTALL | re.MULTILINE
    )
    return [
        Block(path, how or "", name or "", textwrap.dedent(code))
        for _, path, how, name, code in (match.groups() for match in fence.finditer(text))
    ]


def named(tree, name):
    """The top-level definition or assignment of this name."""
    for node in tree.body:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        names = {getattr(node, "name", None), *(getattr(t, "id", None) for t in targets)}
        if name in names:
            return node
    raise LookupError(name)


def put(package, block):
    """Do what the recipe says with one block."""
    path = package / block.path
    if not block.how:
        assert not path.exists()
        path.write_text(block.code, "utf-8")
        return
    source = path.read_text("utf-8")
    node = named(ast.parse(source), block.name)
    lines = source.splitlines(keepends=True)
    if block.how == "before":
        lines.insert(node.lineno - 1, f"{block.code}\n\n")
    else:
        # The list is the longest tuple of the definition.
        tuples = [n for n in ast.walk(node) if isinstance(n, ast.Tuple)]
        last = max(tuples, key=lambda n: len(n.elts)).elts[-1]
        line = lines[last.end_lineno - 1].encode()
        head, tail = line[: last.end_col_offset], line[last.end_col_offset :]
        entry = block.code.strip().encode()
        lines[last.end_lineno - 1] = (head + b",\n" + entry + tail).decode()
    path.write_text("".join(lines), "utf-8")


def environment(package):
    """The copy's, with nothing of the working tree on the path."""
    return {**os.environ, "PYTHONPATH": str(package), "COLUMNS": "200"}


def python(package, *arguments, **changes):
    """A process in the copy; what it wrote on standard output."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=package,
        env=environment(package),
        capture_output=True,
        text=True,
        check=False,
        **changes,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the package in which every recipe was followed."""
    home = tmp_path_factory.mktemp("copy")
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "corpus_pipeline", home / "corpus_pipeline", ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", home)
    for block in blocks():
        put(home, block)
    return home


GOOD = "第{}条街道的路灯修好了，居民说比以前亮。"
END = "本站由某某网提供"
TOYS = ("shouting", "title_dedup", "signature", "source_loss")
CONFIG = f"""
name: toys
stages: [{", ".join(TOYS)}]
signature: {{documents: 8}}
limits: {{quarantine_share: 1}}
sources:
  - {{name: talk, match: ["*.qa"]}}
  - {{name: news}}
"""


def write_raw(home):
    """Ten pieces of news with eight titles and one end, one shout; four lines of questions."""
    home.mkdir()
    rows = [{"text": f"{GOOD.format(i)}\n{END}", "title": f"路灯{i % 8}"} for i in range(10)]
    rows.append({"text": "快来！！！！快来！！！！", "title": "喊"})
    (home / "news.jsonl").write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    pairs = [
        "路灯坏了找谁？\t找街道办。",
        "没有回答",
        "为什么！！！！\t快！！！！",
        "喂！！！\t！！！",
    ]
    (home / "talk.qa").write_text("\n".join(["#qa", *pairs]), "utf-8")


def driven(package, *commands):
    """Code and standard output of each command, all of them in one process."""
    given = json.dumps([list(map(str, command)) for command in commands])
    return json.loads(python(package, "-c", DRIVER, input=given))


@pytest.fixture(scope="module")
def work(package, tmp_path_factory):
    """The folder in which the toys have run: all of them as `run`, and each alone."""
    home = tmp_path_factory.mktemp("work")
    write_raw(home / "raw")
    (home / "config.yaml").write_text(CONFIG, "utf-8")
    end = ("--engine", "local", "--json")
    whole = ("run", home / "config.yaml", "--input", home / "raw", "--output", home / "run", *end)
    news = home / "raw" / "news.jsonl"
    alone = [(name.replace("_", "-"), news, "--output", home / name, *end) for name in TOYS]
    checks = [("verify", home / name) for name in ("run", *TOYS)]
    done = driven(package, whole, *alone, *checks)
    assert [code for code, _ in done] == [0] * len(done)
    return home


def rows_of(folder, kind):
    """The documents of one folder of a run."""
    return pl.read_parquet(sorted((folder / kind).glob("part-*.parquet")))


def test_every_recipe_has_blocks():
    """Each recipe but that of a rule, which lives in packs, has code that this file carries out."""
    headings = re.findall(
        r"^## Add an? (.*)$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE
    )
    assert headings == [
        "rule",
        *("local stage", "pair stage", "counting stage", "aggregating stage"),
        *("reader", "audit clause", "product"),
    ]
    assert len(blocks()) == 4 * 2 + 2 + 3 + 3


def test_the_toys_are_well_formed(package):
    """What the recipes say to write passes the linter as it stands."""
    paths = sorted(
        {block.path for block in blocks() if block.path.endswith(".py") and not block.how}
    )
    python(package, "-m", "ruff", "check", *paths)


def test_help_lists_them(package):
    """The command line has the stages and the product, with their help."""
    text = python(package, "-m", "corpus_pipeline.cli", "--help")
    for name in (*TOYS, "shares"):
        assert name.replace("_", "-") in text
    assert "One document a title; the best survives." in text
    assert "What is left of each source." in text


def test_each_stage_runs_alone(work):
    """Each stage does on raw JSONL what its recipe says, and `verify` passes (see `work`)."""
    assert rows_of(work / "shouting", "dropped")["drop_evidence"].to_list() == ["ratio=0.67 > 0.2"]
    titles = rows_of(work / "title_dedup", "kept")["title_dedup_cluster_size"]
    assert sorted(titles) == [1] * 7 + [2] * 2
    texts = rows_of(work / "signature", "kept")
    assert texts.filter(pl.col("text").str.contains(END)).is_empty()
    assert set(texts["signature_documents"]) == {10, 0}
    assert set(rows_of(work / "source_loss", "kept")["source_loss_share"]) == {0.0}


def test_all_together(work):
    """One run of all toys: the reader's documents, every verdict, and the source over its limit."""
    counts = json.loads((work / "run" / "manifest.json").read_text())["counts"]
    assert counts["by_rule"] == {
        "shouting/shouting": 3,
        "source_loss/source_lost_too_much": 1,
        "title_dedup/same_title": 2,
    }
    assert counts["by_quarantine"] == {"ingest/no_tab": 1}
    gone = rows_of(work / "run", "dropped").filter(dropped_by="source_loss")
    assert gone.select("source", "text", "drop_evidence").rows() == [
        ("talk", "路灯坏了找谁？\n找街道办。", "share=0.67 > 0.5")
    ]
    kept = rows_of(work / "run", "kept")
    assert set(kept["signature_documents"]) == {8}
    assert kept.filter(pl.col("text").str.contains(END)).is_empty()


def test_products_know_them(package, work):
    """`explain` names the survivor, `audit` asks the new clause, the new product answers."""
    gone = rows_of(work / "run", "dropped").filter(dropped_by="title_dedup")
    explained, audited, shares = driven(
        package,
        ("explain", work / "run", gone["id"][0], "--json"),
        ("audit", work / "run", "--profile", "library", "--format", "json"),
        ("shares", work / "run", "--json"),
    )
    story = json.loads(explained[1])
    assert story["survivor"]["id"] == gone["title_dedup_cluster"][0]
    assert story["survivor"]["cluster_size"] == 2
    assert {"shouting", "title_dedup"} <= {step["stage"] for step in story["steps"]}
    (clause,) = json.loads(audited[1])["clauses"]
    assert (audited[0], clause["id"], clause["status"]) == (0, "titles", "pass")
    assert json.loads(shares[1]) == {"news": 8 / 11, "talk": 0.0}
