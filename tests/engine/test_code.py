"""The `code` of a run names what can decide its output, and nothing that cannot."""

import ast
import shutil
import sys
import time
import unicodedata
from importlib.metadata import packages_distributions

from corpus_pipeline.engine import code as module
from corpus_pipeline.engine.code import LIBRARIES, MAKERS, NO_MATTER, PACKAGE, code, sources


def distributions() -> set[str]:
    """What the packages that make documents import from others."""
    names = set()
    for maker in MAKERS:
        for path in (PACKAGE / maker).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    names |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names.add((node.module or "").partition(".")[0])
    others = names - set(sys.stdlib_module_names) - {PACKAGE.name}
    known = packages_distributions()
    return {known[name][0].lower().replace("_", "-") for name in others}


def test_every_library_is_named_or_excused():
    """Imported distributions are those that decide and those with a reason why they do not."""
    assert not set(LIBRARIES) & set(NO_MATTER)
    assert set(LIBRARIES) | set(NO_MATTER) == distributions(), "see engine/code.py"
    assert all(len(reason) > 10 for reason in NO_MATTER.values())


def test_every_maker_exists():
    """The packages that are searched for imports are packages of ours."""
    assert [maker for maker in MAKERS if not (PACKAGE / maker / "__init__.py").exists()] == []


def test_python_and_its_unicode_tables_are_named():
    """A run under another Python or other Unicode tables has another `code`."""
    found = code()

    assert found["python"] == ".".join(map(str, sys.version_info[:2]))
    assert found["unicode"] == unicodedata.unidata_version


def test_an_edit_of_a_source_shows(tmp_path):
    """One changed character of one source file changes the digest; a copy elsewhere does not."""
    copy = tmp_path / "elsewhere"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "assets"))
    assert sources(copy) == sources() == code()["sources"]

    stage = copy / "stages" / "quality.py"
    stage.write_text(stage.read_text("utf-8") + "\n", "utf-8")
    assert sources(copy) != sources()


def test_code_is_cheap():
    """Reading all of it takes a twentieth of a second of the processor at most; then it is kept."""
    module.code.cache_clear()
    start = time.process_time()
    first = code()
    assert time.process_time() - start < 0.05
    assert code() is first
