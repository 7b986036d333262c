"""Small objects of a store are fetched before they are opened, and are checked as any others."""

import time
from collections import Counter

import pytest
from engine_runs import job
from engine_stages import Measure
from s3 import Fault, fault_proxy, point

from corpus_pipeline.engine.run import run
from corpus_pipeline.io.checked import InputChangedError
from corpus_pipeline.io.fs import place
from corpus_pipeline.io.inputs import discover
from corpus_pipeline.io.opening import SMALL, ahead, opened
from corpus_pipeline.io.readers import read
from corpus_pipeline.io.scan import scan
from corpus_pipeline.io.splits import plan
from corpus_pipeline.tasks.local import LocalEngine

TEXT = "春眠不觉晓，处处闻啼鸟。".encode()
#: Objects, and seconds that a request is under way.
MANY, AWAY = 64, 0.1


@pytest.fixture
def bucket(s3, monkeypatch):
    """A bucket of small objects."""
    point(monkeypatch, s3)
    name = s3.new_bucket()
    for number in range(MANY):
        place(f"s3://{name}/in/{number:02}.txt").write_bytes(TEXT + str(number).encode())
    return name


def test_a_distant_store_is_not_waited_for_object_by_object(s3, bucket, tmp_path, monkeypatch):
    """Scan and reading make one request an object each, many at a time; no document is lost."""
    source = f"s3://{bucket}/in"
    with fault_proxy(s3, Fault("slow", "GET", r"/in/\d", count=1 << 30, seconds=AWAY)) as proxy:
        point(monkeypatch, proxy)
        given = job(source, tmp_path / "out", Measure)
        seen, started = len(proxy.requests), time.perf_counter()
        content = run(given, LocalEngine())
        wall = time.perf_counter() - started
    asks = Counter(path for _, path, kind in proxy.requests[seen:] if kind)
    assert set(asks.values()) == {2}
    assert len(asks) == content["counts"]["read"] == MANY
    assert wall < MANY * 2 * AWAY / 2


def test_what_was_fetched_is_compared_with_the_scan(bucket):
    """An object that changed since, or is gone, is refused; one that was not fetched is opened."""
    found = discover([f"s3://{bucket}/in"])
    (split,) = plan(map(scan, found), 1 << 20)
    files = [(item.path, item.bytes) for item in found]
    place(found[0].path).write_bytes(TEXT[::-1] + b"0")
    place(found[1].path).unlink()
    with ahead(files):
        for piece, said in zip(split.pieces, ("other ones", "vanished"), strict=False):
            with pytest.raises(InputChangedError, match=said):
                list(read(piece))
        assert list(read(split.pieces[2]))
        for item in found[3:]:
            assert (
                opened(item.path).read()
                == opened(item.path).read()
                == TEXT + item.locator[:2].lstrip("0").encode()
            )


def test_an_object_that_has_grown_is_not_held(bucket):
    """What was small in the listing and no longer is comes as any large object, in ranges."""
    path = place(f"s3://{bucket}/in/00.txt")
    path.write_bytes(bytes(SMALL + 1))
    assert path.small(SMALL) is None
    with ahead([(str(path), 9), (f"s3://{bucket}/in/01.txt", 9)]):
        assert len(opened(str(path)).read()) == SMALL + 1
