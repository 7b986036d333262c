"""Long lists are held packed, and are lists all the same."""

import pickle
import random
from array import array
from typing import NamedTuple

from corpus_pipeline.io import records
from corpus_pipeline.io.inputs import survey
from corpus_pipeline.io.records import Records, in_order, repeated


class Row(NamedTuple):
    """A name and a number."""

    name: str
    number: int


def rows(count):
    return [Row(f"{number:07d}.txt", number) for number in range(count)]


def test_packed_records_are_the_ones_that_came():
    """Walked, indexed, cut, counted, sent to a worker or seen as something else."""
    plain = rows(2 * records.BLOCK + 3)
    packed = Records(Row._make, iter(plain))
    assert list(packed) == plain
    assert len(packed) == len(plain)
    places = (0, -1, records.BLOCK, 2 * records.BLOCK)
    assert [packed[at] for at in places] == [plain[at] for at in places]
    assert packed[::500] == plain[::500]
    assert list(pickle.loads(pickle.dumps(packed))) == plain
    assert sum(packed.seen_as(lambda row: list(row)[1])) == sum(row.number for row in plain)
    assert sum(map(len, packed._blocks)) < len(pickle.dumps(plain)) / 5


def test_any_order_is_put_right(monkeypatch):
    """Several runs are merged, equal keys in the order in which they came."""
    monkeypatch.setattr(records, "RUN", 100)
    plain = [*rows(1000), Row("0000500.txt", -1)]
    mixed = plain.copy()
    random.Random(1).shuffle(mixed)
    key = [row for row in mixed if row.name == "0000500.txt"]
    out = list(in_order(Row._make, mixed, lambda row: row.name))
    assert [row.name for row in out] == sorted(row.name for row in plain)
    assert [row for row in out if row.name == "0000500.txt"] == key
    assert repeated(array("Q", [3, 1, 3, 2, 2])) == {2, 3}


def test_a_survey_holds_little_of_a_file(tmp_path):
    """A file takes less than 50 bytes, those of the last block aside."""
    for folder in range(3):
        (tmp_path / str(folder)).mkdir()
        for number in range(1000):
            (tmp_path / str(folder) / f"{number}.txt").write_bytes(b"a")
    found = survey([tmp_path]).inputs
    assert len(found) == 3000
    assert isinstance(found, Records)
    assert sum(map(len, found._blocks)) < 50 * 2 * records.BLOCK
