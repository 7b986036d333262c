"""Kernels: where they stand, for which types they are compiled, and whose code is kept."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core.errors import NumbaError

from corpus_pipeline.text import kernel_cache
from corpus_pipeline.text.arrays import U8, Int
from corpus_pipeline.text.compiled import KERNELS, compile_all, compiled_uncounted
from corpus_pipeline.text.tokens.quality_kernel import cut

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "corpus_pipeline"
#: What a kernel file may import beside the kernels of other files.
MAY_IMPORT = {
    "__future__",
    "numpy",
    "numba",
    "corpus_pipeline.text.arrays",
    "corpus_pipeline.text.compiled",
}
#: Counts the code points of a text: one kernel that calls another one of another file.
COUNT = """
import polars as pl
from corpus_pipeline.text.unicode.classes import CharTable, HAN, mask
print(CharTable({"han": mask(HAN)}).count(pl.Series(["路灯"])).row(0)[0])
"""
#: Compiles the kernels of two files and prints how many of them this process made.
MAKE = """
from corpus_pipeline.text import compiled
from corpus_pipeline.text.tokens import quality_kernel
for kernel in compiled.KERNELS:
    kernel.compile(())
print(sum(sum(kernel.stats.cache_misses.values()) for kernel in compiled.KERNELS))
"""


def python(code: str, cache: Path, package: Path = ROOT) -> subprocess.Popen[str]:
    known = {**os.environ, "PYTHONPATH": str(package), kernel_cache.VARIABLE: str(cache)}
    command = [sys.executable, "-c", code]
    return subprocess.Popen(
        command,
        env=known,
        cwd=cache.anchor,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip(), err


def imported(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "a relative import"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_kernels_stand_in_kernel_files(path):
    """`@compiled` stands in `text/**/*_kernel.py` alone, and these see what the digest covers."""
    tree = ast.parse(path.read_text("utf-8"))
    uses = imported(tree)
    if path.name.endswith("_kernel.py"):
        assert PACKAGE / "text" in path.parents
        assert {name for name in uses if not name.endswith("_kernel")} <= MAY_IMPORT
    elif path.name != "compiled.py":
        assert not any("numba" in name for name in uses)
        decorators = [ast.unparse(d) for node in ast.walk(tree) for d in _decorators(node)]
        assert not [name for name in decorators if "compiled" in name or "njit" in name]


def _decorators(node: ast.AST) -> list[ast.expr]:
    return node.decorator_list if isinstance(node, ast.FunctionDef) else []


def test_a_kernel_takes_the_types_it_names():
    """Another integer type, or a read-only array where one is written, is a `TypeError`."""
    data, at = np.frombuffer(b"a", dtype=np.uint8), np.array([0, 1])
    fates, line, ends = np.zeros(128, np.uint8), np.zeros(9, np.uint8), np.zeros(2, np.int64)
    cut(data, at, fates, line, ends)
    for wrong in (
        (data, at.astype(np.int32), fates, line, ends),
        (data, at, fates, data, ends),
        (data, at, fates, line[::2], ends),
    ):
        with pytest.raises(TypeError):
            cut(*wrong)


def test_an_uncounted_kernel_makes_no_array():
    """A kernel whose references are not counted is refused where it makes an array."""

    def copied(data: "U8") -> "Int":
        return len(np.zeros(len(data), dtype=np.uint8))

    kernel = compiled_uncounted(copied)
    KERNELS.remove(kernel)
    with pytest.raises(NumbaError):
        kernel(np.zeros(3, dtype=np.uint8))


def test_an_edited_helper_never_answers_from_the_old_cache(tmp_path):
    """A kernel has a new answer on the same cache as soon as one that it calls is edited."""
    copy, cache = tmp_path / "copy", tmp_path / "cache"
    shutil.copytree(PACKAGE, copy / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    cold, told = ran(python(COUNT, cache, copy))
    warm, silent = ran(python(COUNT, cache, copy))
    assert (cold, warm) == ("2", "2")
    assert told.startswith("corpus-pipeline: compiling kernels")
    assert (told.count("\n"), silent) == (1, "")

    helper = copy / PACKAGE.name / "text" / "unicode" / "utf8_kernel.py"
    text = helper.read_text("utf-8")
    edited = text.replace(
        "(lead & 0x0F) << 12 | second << 6 | third, at + 3", "lead & 0x0F, at + 3"
    )
    assert edited != text
    helper.write_text(edited, "utf-8")

    assert ran(python(COUNT, cache, copy))[0] == "0"
    helper.write_text(text, "utf-8")
    assert ran(python(COUNT, cache, copy)) == ("2", "")


def test_without_a_writable_folder_each_process_compiles_and_says_so(tmp_path):
    """Where the root cannot be made the answer is right and one line says why it took long."""
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    answer, told = ran(python(COUNT, blocked / "cache"))

    assert answer == "2"
    assert told.count("\n") == 1
    assert "cannot be written" in told
    assert kernel_cache.VARIABLE in told


def test_a_cache_that_cannot_be_written_is_read(tmp_path):
    """Kernels of an image are loaded where its files are read-only."""
    cache = tmp_path / "cache"
    ran(python(COUNT, cache))
    for folder in (*cache.iterdir(), cache):
        folder.chmod(0o555)
    try:
        assert ran(python(COUNT, cache)) == ("2", "")
    finally:
        for folder in (cache, *cache.iterdir()):
            folder.chmod(0o755)


def test_damaged_machine_code_is_made_again(tmp_path):
    """A file cut short or overwritten costs a compilation, not the run."""
    cache = tmp_path / "cache"
    ran(python(COUNT, cache))
    for path in cache.glob("*/*.nb[ci]"):
        path.write_bytes(path.read_bytes()[:40])
    answer, told = ran(python(COUNT, cache))

    assert answer == "2"
    assert told.startswith("corpus-pipeline: compiling kernels")
    assert ran(python(COUNT, cache)) == ("2", "")


def test_processes_that_start_together_compile_once(tmp_path):
    """Of several processes on an empty cache one makes each kernel, the others load it."""
    cache = tmp_path / "cache"
    made = [int(ran(process)[0]) for process in [python(MAKE, cache) for _ in range(3)]]

    kernels = len(list(cache.glob("*/*.nbi")))
    assert kernels >= 3
    assert sum(made) == kernels


def test_caches_of_other_kernels_do_not_pile_up(tmp_path):
    """A new cache leaves the few newest of its siblings and touches nothing else."""
    for number in range(9):
        old = tmp_path / f"kernels-{number}"
        old.mkdir()
        os.utime(old, (number, number))
    (tmp_path / "mine.txt").write_text("kept")
    kernel_cache.prepared.cache_clear()

    assert kernel_cache.prepared(tmp_path / "kernels-new")
    left = {path.name for path in tmp_path.iterdir()}
    newest = {f"kernels-{number}" for number in range(9 - kernel_cache.KEPT, 9)}
    assert left == {*newest, "kernels-new", "mine.txt"}


@pytest.mark.slow
def test_nothing_is_left_to_compile_after_warm(tmp_path):
    """After `warm` a run of every stage compiles nothing and says nothing; it makes what lacks."""
    cache = tmp_path / "cache"
    own = kernel_cache.folder()
    assert own is not None
    compile_all()
    shutil.copytree(own, cache / own.name)
    for path in (cache / own.name).glob("width_kernel.*"):
        path.unlink()
    run = [sys.executable, "-m", "corpus_pipeline.cli"]
    told = subprocess.run(
        [*run, "warm", "--cache", str(cache)], cwd=ROOT, capture_output=True, text=True, check=True
    ).stderr
    assert told.count("compiling kernels") == 1
    before = sorted((cache / own.name).rglob("*"))
    kernels = {path.name.partition("-")[0] for path in before}
    declared = [
        f"{path.stem}.{node.name}"
        for path in PACKAGE.rglob("*_kernel.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if _decorators(node)
    ]
    assert set(declared) <= kernels

    sample = PACKAGE / "assets" / "sample" / "raw"
    rest = ["configs/demo.yaml", "--input", str(sample), "--output", str(tmp_path / "out")]
    done = subprocess.run(
        [*run, "run", *rest, "--engine", "local"],
        cwd=ROOT,
        env={**os.environ, kernel_cache.VARIABLE: str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "compiling" not in done.stderr
    assert sorted((cache / own.name).rglob("*")) == before


@pytest.mark.slow
def test_ray_workers_share_the_cache(tmp_path):
    """Ray workers fill the folder the driver was given, and the user reads one line about it."""
    cache = tmp_path / "cache"
    for number in range(4):
        (tmp_path / f"{number}.jsonl").write_text('{"text": "路灯一盏盏亮起来。"}\n' * 9, "utf-8")
    code = (
        "from corpus_pipeline.cli import main; import sys; "
        f"sys.argv[1:] = ['quality', {str(tmp_path / '*.jsonl')!r}, '--output', "
        f"{str(tmp_path / 'out')!r}, '--engine', 'ray', '--workers', '2']; main()"
    )
    _, told = ran(python(code, cache))

    assert told.count("compiling kernels") == 1
    assert {path.name.partition("-")[0] for path in cache.glob("*/*.nbi")} >= {
        "quality_kernel.cut",
        "utf8_kernel.decoded",
    }
