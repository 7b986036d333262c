"""The house rules: floors, budgets, no hidden I/O, docstrings.  `make check` runs the linters."""

import ast
import re
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from groups import RAY, group

from corpus_pipeline.io.formats import FORMATS
from corpus_pipeline.stages import STAGES

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
    "io": {"model", "text", "rules"},  # what readers of markup know is data too
    "sources": {"model", "text", "rules", "io"},
    "tasks": {"model", "io"},
    "engine": {"model", "text", "io", "tasks"},
    "products": {"model", "text", "rules", "io", "sources", "tasks"},
    "training": {"model", "text", "rules", "stages"},
    "app": {"model", "text", "rules", "io", "sources", "stages", "tasks", "engine", "products"},
    "cli": {"model", "text", "rules", "io", "stages", "engine", "products", "training", "app"},
    "package": {"model", "app"},  # the public face, and `python -m corpus_pipeline`
    "__main__": {"cli"},
}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


KNOWN = {name_of(module) for module in MODULES}


def imports(path: Path) -> set[str]:
    """The modules of ours that a file imports, anywhere in it."""
    package = name_of(path) if path.stem == "__init__" else name_of(path).rpartition(".")[0]
    return imported(path.read_text("utf-8"), package)


def imported(code: str, package: str) -> set[str]:
    """The modules of ours that code in a package imports, whether by full name or by dots."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            module = ".".join([*(above if node.level else ()), *filter(None, [node.module])])
            # `from package import module` needs the module; the package's front door is no knot.
            full = {f"{module}.{alias.name}" for alias in node.names}
            names |= full & KNOWN or {module}
    return {name for name in names if name in KNOWN and name != "corpus_pipeline"}


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("import corpus_pipeline.engine.run", "corpus_pipeline.engine.run"),
        ("from corpus_pipeline.engine import run", "corpus_pipeline.engine.run"),
        ("from corpus_pipeline.engine.run import Job", "corpus_pipeline.engine.run"),
        ("from . import key", "corpus_pipeline.text.dedup.key"),
        ("from .key import fold", "corpus_pipeline.text.dedup.key"),
        ("from ..charset import detect", "corpus_pipeline.text.charset.detect"),
        ("from ...engine.run import Job", "corpus_pipeline.engine.run"),
        ("def f():\n    from ... import stages", "corpus_pipeline.stages"),
    ],
)
def test_every_spelling_of_an_import_is_seen(code, needed):
    """Full names, names of a package, dots and imports inside functions are all seen."""
    assert imported(code, "corpus_pipeline.text.dedup") == {needed}


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


def test_few_arrows_between_the_packages_of_text():
    """The packages of `text/` know little of each other: under 15 arrows, none both ways."""
    packages = {path.name for path in (PACKAGE / "text").iterdir() if path.is_dir()}
    ends = {
        (path.relative_to(PACKAGE / "text").parts[0], name.split(".")[2])
        for path in MODULES
        if path.is_relative_to(PACKAGE / "text")
        for name in imports(path)
        if name.count(".") > 1
    }
    arrows = {(start, end) for start, end in ends if {start, end} <= packages and start != end}

    assert 0 < len(arrows) < 15
    assert [(a, b) for a, b in arrows if (b, a) in arrows] == []


def length(function: ast.AST) -> int:
    """Lines from `def` to the end, less those of the docstring; decorators stand above `def`."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function):
        lines -= function.body[0].end_lineno - function.body[0].lineno + 1
    return lines


#: Kernels are exempt: a loop that numba compiles is not cut in pieces for the reader's sake, each
#: call and each tuple between the pieces being machine code of its own.
READABLE = [path for path in MODULES if not path.stem.endswith("_kernel")]


@pytest.mark.parametrize("path", READABLE, ids=name_of)
def test_functions_keep_their_budget(path):
    """A function is read at one glance: 45 lines, its docstring aside."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert [(node.name, length(node)) for node in functions if length(node) > 45] == []


@pytest.mark.parametrize(
    ("names", "home", "least"),
    [(set(STAGES), "stages/__init__.py", 4), (set(FORMATS), "io/formats.py", 3)],
    ids=["stages", "formats"],
)
def test_there_is_one_list(names, home, least):
    """Stages are listed in one file, and formats in one; every other list is derived from it."""
    names = names | {name.replace("_", "-") for name in names}
    lists = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in MODULES
        if path.relative_to(PACKAGE).as_posix() != home
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if len(names & literals(node)) >= least
    ]

    assert lists == []


def literals(node: ast.AST) -> set[str]:
    """The strings that a collection, a call, a `case a | b` or a string of words holds."""
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            pass
        case ast.Dict(keys=parts) | ast.Call(args=parts):
            pass
        case ast.MatchOr(patterns=patterns):
            parts = [pattern.value for pattern in patterns if isinstance(pattern, ast.MatchValue)]
        case ast.Constant(value=str(text)):  # "decode extract langid".split()
            return set(text.split()) if "\n" not in text else set()
        case _:
            return set()
    return {part.value for part in parts if isinstance(part, ast.Constant)} - {None}


def test_what_starts_ray_runs_in_one_group():
    """A test that names the Ray engine is in the group of Ray when tests run beside each other."""
    outside = []
    for path in TESTS:
        source = path.read_text("utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                code = ast.get_source_segment(source, node)
                name = f"{path.relative_to(ROOT).as_posix()}::{node.name}"
                if re.search(r'\bray_engine\b|"--engine", "ray"|RayEngine\(', code):
                    outside += [name] if group(name) != RAY else []

    assert outside == []


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
    pattern = re.compile(rf"(?<![\w.])/(work|root|home)/\w+|{hosts}")
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
