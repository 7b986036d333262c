"""Every command that writes a folder refuses one to which somebody else is writing."""

import sys
from pathlib import Path

import pytest
import typer

from corpus_pipeline import run
from corpus_pipeline.cli import app, main
from corpus_pipeline.engine import folder
from corpus_pipeline.stages import STAGES

RAW = Path(__file__).parents[1] / "corpus_pipeline" / "assets" / "sample" / "raw"
FORUM = RAW / "forum.jsonl"
CONFIG = "stages: [heuristics, exact_dedup]\nsources: [{name: web, match: ['*']}]\n"
FILES = ("RUN", "CONFIG", "CHANGES", "PROJECT", "ANSWERS", "GOOD", "BAD")
#: The other arguments of each command that writes a folder; `FILES` lie in one folder.
WRITERS = {
    "run": ["CONFIG", "--input", FORUM, "--engine", "local"],
    "ingest": [FORUM],
    **{name.replace("_", "-"): [FORUM] for name in STAGES},
    "index": ["RUN"],
    "export": ["RUN"],
    "tune": ["RUN", "--apply", "CHANGES"],
    "erase": ["RUN", "--id", "0" * 32, "--request", "R-1", "--date", "2026-11-29"],
    "ledger": ["RUN"],
    "standards": ["RUN"],
    "train": ["quality", "--good", "GOOD", "--bad", "BAD"],
    "annotate export": ["RUN", "--questions", "quality"],
    "annotate import": ["PROJECT", "ANSWERS"],
}
#: Options other than `--output` that name a folder to write.
OTHERS = {"audit": ["RUN", "--evidence"]}
#: Folders that are only read, and one in which all processes share compiled code.
READ = {("verify", "inputs"), ("ledger", "check"), ("warm", "cache")}


def commands(group, before=""):
    """Every command by its whole name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, command


def test_every_writer_is_known():
    """A command with an option for a folder to write is in the table: none is forgotten."""
    named = {
        (name, option.name)
        for name, command in commands(typer.main.get_command(app))
        for option in command.params
        if option.metavar == "FOLDER" and option.param_type_name == "option"
    }
    assert named - READ == {(name, "output") for name in WRITERS} | {("audit", "evidence")}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A run with a dataset, and the files that commands are given."""
    home = tmp_path_factory.mktemp("writers")
    (home / "CONFIG").write_text(CONFIG, "utf-8")
    (home / "CHANGES").write_text("heuristics: {judge: false}\n", "utf-8")
    run(home / "CONFIG", inputs=FORUM, output=home / "RUN", engine="local")
    return home


@pytest.mark.parametrize("name", [*WRITERS, *OTHERS])
def test_a_second_writer_is_refused(name, home, tmp_path, monkeypatch, capsys):
    """Exit code 2 and one line that names the writer; in the folder nothing has changed."""
    given = [str(home / one) if one in FILES else str(one) for one in (WRITERS | OTHERS)[name]]
    output = [] if name in OTHERS else ["--output"]
    command = ["corpus-pipeline", *name.split(), *given, *output, str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", command)
    with folder.lock(tmp_path / "out"):
        before = (tmp_path / "out" / "work" / "lock").read_bytes()
        with pytest.raises(SystemExit) as ended:
            main()
        assert [path.name for path in (tmp_path / "out").rglob("*")] == ["work", "lock"]
        assert (tmp_path / "out" / "work" / "lock").read_bytes() == before
    line = capsys.readouterr().err.splitlines()[-1]
    assert ended.value.code == 2
    assert f"another run is writing to {tmp_path / 'out'} (process" in line
