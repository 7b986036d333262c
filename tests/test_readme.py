"""Every command in the README is executed, in its order, as a reader would."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def recipe(target: str) -> list[str]:
    """The commands of a Makefile target, with this interpreter's tools."""
    text = (ROOT / "Makefile").read_text()
    body = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert body, f"the README names `make {target}`, the Makefile does not know it"
    return [line.strip().replace("$(BIN)/", "") for line in body.group(1).splitlines()]


@pytest.mark.slow
def test_readme_commands_work(tmp_path):
    """All shell and Python blocks of the README run in a copy of what a clone has."""
    for name in ("configs", "corpus_pipeline", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "out").mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HF_HOME": str(tmp_path / "hf")}
    ran = 0

    for kind, block in BLOCK.findall((ROOT / "README.md").read_text("utf-8")):
        lines = [line for line in block.splitlines() if line and not line.startswith("make test")]
        if kind == "python":
            commands = [[sys.executable, "-c", block]]
        else:
            commands = []
            for line in lines:
                made = re.match(r"make (\w+)", line)
                steps = recipe(made.group(1)) if made else [line]
                commands += [["bash", "-c", step] for step in steps]
        for command in commands:
            done = subprocess.run(
                command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
            ran += 1

    assert ran >= 14


def test_both_readmes_tell_the_same():
    """The Chinese README names the same commands and exit codes as the English one."""
    english = (ROOT / "README.md").read_text("utf-8")
    chinese = (ROOT / "README.zh.md").read_text("utf-8")
    commands = re.findall(r"^\| `(\w+)[ `]", english, re.MULTILINE)

    assert len(commands) >= 8
    assert [c for c in commands if f"| `{c}" not in chinese] == []
    assert english.count("\n|") == chinese.count("\n|")


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
