"""The S3 server and the proxy of the tests do what they say."""

import obstore
import pytest
import s3 as s3_server
from s3 import Chance, Fault, fault_proxy


def test_the_server_takes_and_gives_chinese_keys(s3):
    """An object put under a Chinese key with a space comes back and is listed."""
    bucket = s3.new_bucket()
    store = s3.store(bucket)

    obstore.put(store, "数据/第一 批.txt", "你好".encode())

    assert bytes(obstore.get(store, "数据/第一 批.txt").bytes()).decode() == "你好"
    assert s3.keys(bucket) == ["数据/第一 批.txt"]


def test_the_server_creates_only_where_nothing_is(s3):
    """A conditional put over an object fails: `If-None-Match` is honoured."""
    store = s3.store(s3.new_bucket())
    obstore.put(store, "marker", b"1", mode="create")

    with pytest.raises(obstore.exceptions.AlreadyExistsError):
        obstore.put(store, "marker", b"2", mode="create")


@pytest.mark.parametrize("kind", ["answer", "reset", "cut", "lost"])
def test_a_fault_strikes_once_and_the_rest_passes(s3, kind):
    """The matched request is struck, the library's retry gets through, and the list says so."""
    bucket = s3.new_bucket()
    obstore.put(s3.store(bucket), "a", b"x" * 4096)

    with fault_proxy(s3, Fault(kind, method="GET", path="/a")) as proxy:
        content = bytes(obstore.get(proxy.store(bucket), "a").bytes())

    assert content == b"x" * 4096
    assert proxy.struck() == [kind]


def test_a_seeded_proxy_strikes_alike_each_time(s3):
    """The same seed strikes the same of the same requests."""
    bucket = s3.new_bucket()
    struck = []
    for _ in range(2):
        with fault_proxy(s3, Chance("answer", 0.3, seed=0)) as proxy:
            for number in range(6):
                obstore.put(proxy.store(bucket), f"k{number}", b"x")
        struck.append([kind for _, _, kind in proxy.requests])

    assert struck[0] == struck[1]
    assert "answer" in struck[0]


def test_kinds_are_all_there_is():
    """Every kind of fault is tested above or has tests of its own (`stall`, `edit`, `slow`)."""
    assert set(s3_server.KINDS) == {"answer", "reset", "cut", "lost", "stall", "edit", "slow"}
