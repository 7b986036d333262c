"""`.ci/run`: linters and tests, both must pass, and the end says what the tests found."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Stands for `make`: what each target would print and return.
MAKE = """#!/bin/sh
case "$1" in
check) echo "Found 3 errors."; exit {check} ;;
test) echo "....."; echo "{tests} in 2.00s"; exit {test} ;;
esac
"""


@pytest.mark.parametrize(
    ("check", "test", "tests", "passes"),
    [
        (0, 0, "5 passed", True),
        (1, 0, "5 passed", False),
        (0, 1, "1 failed, 4 passed", False),
        (2, 2, "1 failed, 4 passed", False),
    ],
)
def test_linters_and_tests_must_both_pass(tmp_path, check, test, tests, passes):
    """A fault found by either fails the whole; pytest's summary is the last line in any case."""
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    make = tmp_path / "bin" / "make"
    make.parent.mkdir()
    make.write_text(MAKE.format(check=check, test=test, tests=tests))
    make.chmod(0o755)
    path = f"{make.parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        [tmp_path / ".ci" / "run"],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode == 0) == passes
    assert done.stdout.splitlines()[-1] == f"{tests} in 2.00s"
    assert "Found 3 errors." in done.stdout
