"""Paths of an object store, beside paths of this machine with the same files."""

import inspect
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import pytest

from corpus_pipeline.io.exclusive import change
from corpus_pipeline.io.fs import (
    StorePath,
    create,
    forget_copies,
    local_copy,
    place,
    relative,
    replace_if,
)
from corpus_pipeline.io.storage import begin, commit, copy, finish, remove_tree
from corpus_pipeline.model import PipelineError

FILES = ("a.jsonl", "b c/春 望.jsonl", "b c/d/e.jsonl", "b c/d/f.txt", "b/x.jsonl", "q?*#%41.txt")


@pytest.fixture
def stored(s3, monkeypatch) -> StorePath:
    """An empty folder of a bucket."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    folder = place(f"s3://{s3.new_bucket()}/folder")
    assert isinstance(folder, StorePath)
    return folder


@pytest.fixture
def trees(stored, tmp_path) -> tuple[StorePath, Path]:
    """The same files on a store and on this machine."""
    for root in (stored, tmp_path):
        for name in FILES:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(name, "utf-8")
    return stored, tmp_path


def test_no_access_of_a_path_goes_to_this_machine():
    """What `Path` adds to a pure path is defined anew, so that nothing falls through."""
    pure = {name for name, _ in inspect.getmembers(PurePosixPath)}
    methods = {name for name, _ in inspect.getmembers(Path, callable) if not name.startswith("_")}
    constructors = {"cwd", "home", "from_uri"}
    assert methods - pure - constructors - set(vars(StorePath)) == set()


def test_a_path_is_taken_apart_and_sent_as_any_other():
    """Joining, parents and pickling keep the URL; a name of this machine it is not."""
    path = place("S3://bucket/a b/春.txt")
    assert str(path) == path.as_posix() == "s3://bucket/a b/春.txt"
    assert str(path.parent) == "s3://bucket/a b"
    assert path.with_name("c") == path.parent / "c" == place("s3://bucket/a b") / "c"
    assert path.relative_to(path.parents[1]).as_posix() == "a b/春.txt"
    assert str(pickle.loads(pickle.dumps(path))) == str(path)
    assert path.resolve() == path.absolute() == path
    assert (path.parent / "../x").resolve() == place("s3://bucket/x")
    with pytest.raises(TypeError, match="no file of this machine"):
        os.fspath(path)


@pytest.mark.parametrize("given", ["s3://", "s3:///", "s3:///key", "ftp://h/a", "nfs://h/a"])
def test_a_url_that_names_no_place_is_refused(given):
    """Without a bucket, or with a scheme that nobody serves, it is one line."""
    with pytest.raises(PipelineError, match=r"^[^\n]+$"):
        place(given)


def test_a_store_lists_as_a_folder_does(trees):
    """Names, kinds, sizes and globs are those of the same files on this machine."""
    stored, local = trees

    def seen(root, paths):
        return sorted(path.relative_to(root).as_posix() for path in paths)

    assert seen(stored, stored.iterdir()) == seen(local, local.iterdir())
    assert [path.name for path in stored.iterdir()] == sorted(p.name for p in local.iterdir())
    for pattern in ("*.jsonl", "*/*.jsonl", "**/*.jsonl", "b*/*", "[ab].jsonl", "?.jsonl"):
        files = [path for path in local.glob(pattern) if path.is_file()]
        assert seen(stored, (p for p in stored.glob(pattern) if p.is_file())) == seen(local, files)
    assert seen(stored, stored.rglob("*.jsonl")) == seen(local, local.rglob("*.jsonl"))
    for name in (*FILES, "b c", "b c/d", "none", "b c/d/e"):
        kinds = [(p.exists(), p.is_file(), p.is_dir()) for p in (stored / name, local / name)]
        assert kinds[0] == kinds[1], name
    assert [(stored / n).stat().st_size for n in FILES] == [
        (local / n).stat().st_size for n in FILES
    ]


def test_bytes_come_back_however_they_are_asked_for(stored):
    """Whole, in ranges, as lines, as a copy on this machine; an absent object is said to be."""
    data = os.urandom(300_000)
    path = stored / "x.bin"
    path.write_bytes(data)
    with path.open("rb") as file:
        assert file.read(10) == data[:10]
        assert file.seek(-10, os.SEEK_END) == len(data) - 10
        assert file.read() == data[-10:]
        file.seek(100_000)
        assert file.read(150_000) == data[100_000:250_000]
    copied = local_copy(path)
    assert copied.read_bytes() == path.read_bytes() == data
    path.write_bytes(b"new")
    assert local_copy(path).read_bytes() == b"new"
    forget_copies()
    assert not copied.exists()
    for act in (path.with_name("y").read_bytes, path.with_name("y").open, path.with_name("y").stat):
        with pytest.raises(FileNotFoundError):
            act()


def test_of_two_that_create_an_object_one_does(stored):
    """The second is told so; overwriting is bound to what was seen."""
    path = stored / "marker"
    assert [create(path, b"1"), create(path, b"2")] == [True, False]
    tag = str(path.facts()["e_tag"])
    assert [replace_if(path, b"3", tag), replace_if(path, b"4", tag)] == [True, False]
    assert path.read_bytes() == b"3"
    path.unlink()
    assert not replace_if(path, b"5", tag)
    path.unlink()


def test_what_several_add_to_an_object_is_all_in_it(stored):
    """A change is made again to the object that another writer put meanwhile."""
    path = stored / "lines"

    def add(number: int) -> None:
        change(path, lambda before: before + b"%d\n" % number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(12)))
    assert sorted(map(int, path.read_bytes().split())) == list(range(12))
    path.unlink()


def test_a_file_is_put_whole_or_not_at_all(stored):
    """What is being written lies in the scratch folder; a failing writer leaves nothing behind."""
    temporary = begin(stored / "part")
    assert not isinstance(temporary, StorePath)
    temporary.write_bytes(b"whole")
    assert not stored.is_dir()
    finish(temporary, stored / "part")
    assert (stored / "part").read_bytes() == b"whole"
    assert not temporary.exists()

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise ValueError("full")

    with pytest.raises(ValueError, match="full"):
        commit(stored / "other", fail)
    assert [path.name for path in stored.iterdir()] == ["part"]
    copy(stored / "part", stored / "b" / "copy")
    assert (stored / "b" / "copy").read_bytes() == b"whole"
    remove_tree(stored)
    assert not stored.exists()


def test_what_a_store_cannot_do_is_said(stored):
    """A rename, a link and opening for writing are one line and no local file."""
    (stored / "x").write_bytes(b"")
    for act in (
        lambda: (stored / "x").rename(stored / "y"),
        lambda: (stored / "y").symlink_to(stored / "x"),
        lambda: (stored / "y").open("wb"),
        (stored / "y").touch,
    ):
        with pytest.raises(PipelineError, match=r"^s3://[^\n]+$"):
            act()


def test_the_way_to_a_manifest_names_no_other_bucket(tmp_path):
    """Within a bucket it is relative; between stores, or from one to here, only its end."""
    run = place("s3://bucket/runs/a/manifest.json")
    assert relative(run, place("s3://bucket/runs/b")) == "../a/manifest.json"
    assert relative(run, place("s3://other/b")) == "a/manifest.json"
    assert relative(run, tmp_path) == "a/manifest.json"
    assert relative(tmp_path / "a" / "x", tmp_path / "b") == "../a/x"


def test_the_scratch_folder_goes_with_its_process(tmp_path, monkeypatch):
    """At its end, and after a kill with the next process that needs one; a living one's stays."""
    monkeypatch.setenv("CORPUS_PIPELINE_SCRATCH", str(tmp_path / "s"))
    code = "from corpus_pipeline.io.fs import scratch; (scratch() / 'x').touch(); {}"
    command = [sys.executable, "-c"]
    subprocess.run([*command, code.format("pass")], check=True)
    assert list((tmp_path / "s").iterdir()) == []

    alive = subprocess.Popen(
        [*command, code.format("print(flush=True); input()")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    alive.stdout.readline()
    killed = code.format("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    subprocess.run([*command, killed], check=False)
    assert len(list((tmp_path / "s").iterdir())) == 2
    subprocess.run([*command, code.format("pass")], check=True)
    assert len(list((tmp_path / "s").iterdir())) == 1
    alive.communicate(b"\n")
    assert list((tmp_path / "s").iterdir()) == []
