"""The house rules: floors, budgets, no hidden I/O, docstrings.  `make check` runs the linters."""

import ast
import re
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "corpus_pipeline"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

#: What each room may import of ours; a room may always import itself.
MAY_IMPORT = {
    "model": set(),
    "text": set(),
    "rules": {"model", "text"},
    "stages": {"model", "text", "rules"},
    "io": {"model", "text"},
    "tasks": {"model", "io"},
    "engine": {"model", "text", "io", "tasks"},
    "products": {"model", "text", "rules", "io", "tasks"},
    "training": {"model", "text", "rules", "stages"},
    "app": {"model", "text", "rules", "io", "stages", "tasks", "engine", "products"},
    "cli": {"model", "text", "rules", "io", "stages", "engine", "products", "app"},
    "package": {"model", "app"},  # the public face, and `python -m corpus_pipeline`
    "__main__": {"cli"},
}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """The modules of ours that a file imports, anywhere in it."""
    known = {name_of(module) for module in MODULES}
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import module` needs the module; the package's front door is no knot.
            named = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= named & known or {node.module}
    return {name for name in found if name in known and name != "corpus_pipeline"}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else "package"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_down(path):
    """A module imports only rooms that lie below its own."""
    mine = room(name_of(path))
    allowed = MAY_IMPORT.get(mine, set()) | {mine}

    assert {room(name) for name in imports(path)} <= allowed


def test_no_import_cycles():
    """No two modules need each other."""
    graph = {name_of(path): imports(path) - {name_of(path)} for path in MODULES}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))

    assert order


def test_one_file_imports_ray():
    """`tasks/ray.py` is the only file with `import ray`."""
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if re.search(r"^\s*(import ray\b|from ray\b)", path.read_text("utf-8"), re.MULTILINE)
    }

    assert users == {"tasks/ray.py"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_keep_their_budget(path):
    """A stage is read in five minutes (200 lines), any other file in ten (350)."""
    budget = 200 if room(name_of(path)) == "stages" else 350

    assert len(path.read_text("utf-8").splitlines()) <= budget


@pytest.mark.parametrize("path", sorted((PACKAGE / "stages").rglob("*.py")), ids=name_of)
def test_stages_do_no_io(path):
    """No stage opens, reads or writes a file, a socket or the clock."""
    forbidden = re.compile(
        r"\bopen\(|\.read_(text|bytes|parquet|csv)\(|\.write_\w+\(|\bscan_\w+\(|"
        r"\b(requests|socket|urllib|subprocess|time|datetime\.now|random)\b\s*[.(]"
    )
    code = ast.unparse(ast.parse(path.read_text("utf-8")))

    assert forbidden.findall(_without_docstrings(code)) == []


def _without_docstrings(code: str) -> str:
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(value="")
    return ast.unparse(tree)


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_ignore_has_a_reason(path):
    """A linter is silenced with a reason on the same line."""
    bare = [
        line
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"#\s*noqa(: [A-Z0-9, ]+)?\s*$|#\s*type:\s*ignore(\[[^\]]*\])?\s*$", line)
    ]

    assert bare == []


@pytest.mark.parametrize("path", TESTS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_tests_state_their_promise(path):
    """Every test function says in a sentence what it promises."""
    tree = ast.parse(path.read_text("utf-8"))
    silent = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]

    assert silent == []


def test_there_is_no_cupboard():
    """No file is called utils, helpers or misc."""
    cupboards = [p for p in MODULES if p.stem in {"utils", "helpers", "misc", "common"}]

    assert cupboards == []


def test_no_path_of_one_machine():
    """Nothing we ship names a folder of somebody's machine or a package registry."""
    hosts = "|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "files" + r"\.pyth"))
    pattern = re.compile(rf"/(work|root|home)/\w+|{hosts}")
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    found = []
    for name in filter(None, tracked):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".yaml", ".toml", ".txt", ""} and path.is_file():
            text = path.read_text("utf-8", errors="replace")
            found += [f"{name}: {hit.group()}" for hit in pattern.finditer(text)]

    assert found == []
