"""A folder with what a reader of the README has, and the commands of the Makefile run in it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Clone(NamedTuple):
    """A folder with what a clone has, and the environment to run commands in."""

    root: Path
    environment: dict[str, str]

    def shell(self, line: str) -> None:
        """Run a line as the reader would; it must succeed."""
        self.run(["bash", "-c", line])

    def run(self, command: list[str]) -> None:
        """Run a command in the folder; it must succeed."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"


def recipe(target: str) -> list[str]:
    """The commands of a Makefile target, with this interpreter's tools."""
    text = (ROOT / "Makefile").read_text()
    body = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert body, f"the README names `make {target}`, the Makefile does not know it"
    return [line.strip().replace("$(BIN)/", "") for line in body.group(1).splitlines()]


def made(root: Path) -> Clone:
    """The clone in `root`, nothing run yet."""
    for name in ("configs", "corpus_pipeline", "docs"):
        (root / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "Makefile", root)
    (root / "out").mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return Clone(root, {**os.environ, "PATH": path, "HF_HOME": str(root / "hf")})
