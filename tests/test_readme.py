"""Every command in the README is executed, in its order, as a reader would."""

import html
import re
import subprocess
import sys
from pathlib import Path

import obstore
import pytest
from clones import recipe

from corpus_pipeline.products.report.summary import summary

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)]+)\)")


def test_links_of_the_pages_lead_somewhere():
    """Every relative link of the READMEs and of docs/ names a file of the repository."""
    links = [
        (page, link.partition("#")[0])
        for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
        for link in LINK.findall(page.read_text("utf-8"))
        if not link.startswith(("http", "#"))
    ]

    assert len(links) >= 20
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []


@pytest.mark.slow
def test_the_picture_shows_the_demo(clone):
    """`docs/run.svg` has the counts of `make demo` as it is today."""
    picture = html.unescape(re.sub(r"<[^>]+>", " ", (ROOT / "docs/run.svg").read_text("utf-8")))
    figures = summary(clone.root / "demo")
    states = {
        "read": figures.read,
        "kept": figures.kept,
        "dropped": figures.dropped,
        "quarantined": figures.quarantined,
    }
    rules = {rule: rows for line in figures.lines for rule, rows in line.rules.items()}

    assert rules
    for name, rows in {**states, **rules}.items():
        assert re.search(rf"\b{name}\s+│\s+{rows}\s+│", picture), (name, rows)


@pytest.mark.slow
def test_readme_commands_work(clone, s3):
    """All shell and Python blocks of the README run in a copy of what a clone has.

    Its bucket is one of a real S3 server.
    """
    demo, ran = 0, 0
    clone = clone._replace(environment={**clone.environment, **s3.environment})
    raw = ROOT / "corpus_pipeline" / "assets" / "sample" / "raw" / "forum.jsonl"
    obstore.put(s3.store(s3.new_bucket("bucket")), f"raw/{raw.name}", raw)
    for kind, block in BLOCK.findall((ROOT / "README.md").read_text("utf-8")):
        if kind == "python":
            clone.run([sys.executable, "-c", block])
            ran += 1
            continue
        for line in block.splitlines():
            target = re.match(r"make (\w+)", line)
            if target and target[1] == "demo":  # the clone was made by it
                demo += len(recipe("demo"))
            elif line and not line.startswith("make test"):
                for step in recipe(target[1]) if target else [line]:
                    clone.shell(step)
                    ran += 1

    assert demo == 3
    assert ran >= 14


def test_both_readmes_tell_the_same():
    """The Chinese README has the sections, tables, examples and links of the English one."""
    english = (ROOT / "README.md").read_text("utf-8")
    chinese = (ROOT / "README.zh.md").read_text("utf-8")
    commands = re.findall(r"^\| `(\w+)[ `]", english, re.MULTILINE)

    assert len(commands) >= 8
    assert [c for c in commands if f"| `{c}" not in chinese] == []
    assert english.count("\n|") == chinese.count("\n|")
    assert english.count("\n## ") == chinese.count("\n## ")
    assert english.count("\n- ") == chinese.count("\n- ")
    assert [without_remarks(code) for _, code in BLOCK.findall(english)] == [
        without_remarks(code) for _, code in BLOCK.findall(chinese)
    ]
    assert set(LINK.findall(english)) - {"README.zh.md"} == (
        set(LINK.findall(chinese)) - {"README.md"}
    )


def without_remarks(code):
    return re.sub(r" +#.*", "", code)


def test_every_command_is_in_the_readme():
    """What `--help` lists, the README explains."""
    done = subprocess.run(
        [sys.executable, "-m", "corpus_pipeline.cli", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    listed = re.findall(r"^  ([a-z][a-z-]+)  ", done.stdout, re.MULTILINE)

    assert len(listed) >= 18
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in listed if f"`{name}" not in readme] == []
