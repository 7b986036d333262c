"""What is declared is imported, what is imported is declared, and nobody needs SciPy to run."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OWN = "corpus-pipeline"


def key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported() -> set[str]:
    """The distributions that modules of the package import, anywhere in them."""
    modules = set()
    for path in (ROOT / "corpus_pipeline").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    modules -= sys.stdlib_module_names | {"corpus_pipeline"}
    providers = importlib.metadata.packages_distributions()
    return {key(providers[module][0]) for module in modules}


def needed(names: list[str]) -> set[str]:
    """The distributions with all that they require in turn, extras left out."""
    reached: set[str] = set()
    waiting = [key(Requirement(name).name) for name in names]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            for line in importlib.metadata.requires(name) or []:
                part = Requirement(line)
                if part.marker is None or part.marker.evaluate({"extra": ""}):
                    waiting.append(key(part.name))
    return reached


def test_declared_is_imported_and_imported_is_declared():
    """Every requirement acts, and no module leans on what another package happens to bring."""
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["sign"]]
    declared = {key(Requirement(line).name) for line in lines}

    assert imported() == declared


@pytest.mark.parametrize("name", ["scipy", "pandas", "datasketch", "fastwarc", "resiliparse"])
def test_a_run_needs_none_of_the_large_ones(name):
    """What serves tests and comparisons is not installed by who only runs the pipeline."""
    assert name not in needed(PROJECT["dependencies"])


def test_constraints_pin_all_of_it():
    """Runtime and development requirements have a tested version, all that they bring included."""
    pinned = {
        key(line.partition("==")[0])
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if not line.startswith("#")
    }
    development = PROJECT["optional-dependencies"]["dev"]

    assert needed([*PROJECT["dependencies"], *development]) - pinned == set()
