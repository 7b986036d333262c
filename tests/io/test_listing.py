"""Folders and what lies below them: links are followed once, and nothing is passed by unsaid."""

import os

import pytest

from corpus_pipeline.io.inputs import survey
from corpus_pipeline.io.listing import Walker, listing
from corpus_pipeline.model import PipelineError


def write(path, data=b'{"text": "a"}\n'):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def link(path, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def surveyed(*paths):
    """The locators of the inputs, and of what was left out, with the reason."""
    found = survey(list(paths))
    return [one.locator for one in found.inputs], {o.locator: o.reason for o in found.left_out}


def test_a_link_to_a_folder_is_followed(tmp_path):
    """What lies behind it is read under the name of the link, as deep as it goes."""
    write(tmp_path / "in" / "x.jsonl")
    write(tmp_path / "far" / "y.jsonl")
    write(tmp_path / "far" / "deep" / "z.jsonl")
    write(tmp_path / "farther" / "w.jsonl")
    link(tmp_path / "in" / "linked", tmp_path / "far")
    link(tmp_path / "far" / "more", tmp_path / "farther")
    inputs, left_out = surveyed(tmp_path / "in")
    assert inputs == ["linked/deep/z.jsonl", "linked/more/w.jsonl", "linked/y.jsonl", "x.jsonl"]
    assert left_out == {}


def test_cycles_are_cut_and_said(tmp_path):
    """Links to the folder itself, to one above it, and around two folders: each file once."""
    write(tmp_path / "out.jsonl")
    write(tmp_path / "in" / "a" / "x.jsonl")
    write(tmp_path / "far" / "y.jsonl")
    link(tmp_path / "in" / "a" / "self", ".")
    link(tmp_path / "in" / "a" / "up", tmp_path / "in")
    link(tmp_path / "in" / "a" / "above", tmp_path)
    link(tmp_path / "in" / "far", tmp_path / "far")
    link(tmp_path / "far" / "back", tmp_path / "in")
    inputs, left_out = surveyed(tmp_path / "in")
    assert inputs == ["a/x.jsonl", "far/y.jsonl"]
    above = "a link to a folder above it"
    assert left_out == {
        "a/self": above,
        "a/up": above,
        "a/above": above,
        "far/back": "a link to a folder that is read already",
    }
    assert surveyed(f"{tmp_path}/in/**/*.jsonl")[0] == inputs


def test_two_links_to_one_folder_give_each_file_once(tmp_path):
    """The first name in order is read, the second is said; a folder itself goes before links."""
    write(tmp_path / "far" / "y.jsonl")
    for name in ("b", "a"):
        link(tmp_path / "in" / name, tmp_path / "far")
    assert surveyed(tmp_path / "in") == (
        ["a/y.jsonl"],
        {"b": "a link to a folder that is read already"},
    )
    write(tmp_path / "in" / "real" / "z.jsonl")
    link(tmp_path / "in" / "c", tmp_path / "in" / "real")
    inputs, left_out = surveyed(tmp_path / "in")
    assert inputs == ["a/y.jsonl", "real/z.jsonl"]
    assert sorted(left_out) == ["b", "c"]


def test_a_folder_that_holds_a_read_one_is_not_read_twice(tmp_path):
    """A link to a folder, and one to a folder below that: what is in both comes once."""
    write(tmp_path / "far" / "deep" / "z.jsonl")
    write(tmp_path / "far" / "y.jsonl")
    link(tmp_path / "in" / "a", tmp_path / "far" / "deep")
    link(tmp_path / "in" / "b", tmp_path / "far")
    assert surveyed(tmp_path / "in")[0] == ["a/z.jsonl", "b/y.jsonl"]


def test_links_to_files_and_to_nothing(tmp_path):
    """A link to a file is that file, of two names the shorter; one to nothing is left out."""
    write(tmp_path / "in" / "longer.jsonl")
    link(tmp_path / "in" / "x.jsonl", "longer.jsonl")
    link(tmp_path / "in" / "gone.jsonl", tmp_path / "nothing")
    link(tmp_path / "in" / "loop.jsonl", "loop.jsonl")
    os.mkfifo(tmp_path / "in" / "pipe")
    inputs, left_out = surveyed(tmp_path / "in")
    assert inputs == ["x.jsonl"]
    assert left_out == {
        "gone.jsonl": "a link to nothing",
        "loop.jsonl": "a link to nothing",
        "pipe": "no regular file",
    }


def test_a_root_that_is_a_link(tmp_path):
    """The folder that a user names may be a link; two names of one folder give its files once."""
    write(tmp_path / "in" / "x.jsonl")
    link(tmp_path / "name", tmp_path / "in")
    assert surveyed(tmp_path / "name")[0] == ["x.jsonl"]
    assert surveyed(tmp_path / "name", tmp_path / "in")[0] == ["x.jsonl"]


def test_files_come_in_the_order_of_their_locators(tmp_path):
    """Whatever the names: a walk is sorted as a list of its locators is."""
    names = ("a/x", "a.b/x", "a-b/x", "a0", "a!", "b/ä", "b/春", r"b\x5c", "A/z", "a/b/c/d")
    for name in names:
        write(tmp_path / name)
    write(tmp_path / os.fsdecode(b"\xb4\xba") / "x")
    found = [file.locator for file in Walker(lambda *_: None).below(tmp_path)]
    assert found == sorted(found)
    assert len(found) == len(names) + 1


def test_a_folder_that_cannot_be_listed_is_one_line(tmp_path):
    """It is named, with the reason."""
    with pytest.raises(PipelineError, match=r"cannot read the folder .*absent: No such file"):
        listing(tmp_path / "absent")
