"""A compressed file is held between its windows."""

import random

import pytest
import zstandard

from corpus_pipeline.io.inputs import survey
from corpus_pipeline.io.readers import held
from corpus_pipeline.io.readers.base import IngestOptions
from corpus_pipeline.io.readers.lines import lines
from corpus_pipeline.io.scan import scan
from corpus_pipeline.io.splits import plan

OPTIONS = IngestOptions()


@pytest.fixture
def windows(tmp_path):
    """The windows of a file of 16 MB; one line is longer than what is held behind a window."""
    rng = random.Random(7)
    parts = [b"%d %s\n" % (n, rng.randbytes(20).hex().encode() * 40) for n in range(8000)]
    parts[4400] = b"x" * (3 << 20) + b"\n"
    path = tmp_path / "lines.jsonl.zst"
    path.write_bytes(zstandard.compress(b"".join(parts)))
    (item,) = survey([str(path)]).inputs
    yield [split.pieces[0] for split in plan([scan(item)], 2 << 20, "file")]
    held.let_go()


def read(piece):
    return list(lines(piece, OPTIONS, 8 << 20))


def test_windows_have_the_same_lines_in_whatever_order_they_are_read(windows):
    """What is held changes no line: in order, with gaps, backwards, and each from the beginning."""
    alone = {}
    for piece in windows:
        held.let_go()
        alone[piece.start] = read(piece)
    assert sum(map(len, alone.values())) == 8000
    for order in (windows, windows[::2], windows[1::2], windows[::-1]):
        for piece in order:
            assert read(piece) == alone[piece.start]


def test_the_next_window_does_not_begin_at_the_beginning_of_the_file(windows):
    """Behind a window its file is held; a window before it, and another file, begin anew."""
    read(windows[2])
    events, begin = held.window(windows[4], OPTIONS.limits)
    assert windows[2].start < begin < windows[4].start
    assert next(events)
    events.close()
    assert held.window(windows[1], OPTIONS.limits)[1] == 0


def test_a_changed_file_is_not_held(windows, tmp_path):
    """The windows of a file that was written anew are those of its new bytes."""
    read(windows[0])
    path = tmp_path / "lines.jsonl.zst"
    path.write_bytes(zstandard.compress((b"new" * 100 + b"\n") * 20_000))
    (item,) = survey([str(path)]).inputs
    new = [split.pieces[0] for split in plan([scan(item)], 2 << 20, "file")]
    assert {line.data for line in read(new[1])} == {b"new" * 100}
