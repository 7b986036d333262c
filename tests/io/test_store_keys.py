"""Keys as people make them: each is read, or named with the reason; never is a bucket lost."""

import pytest
from engine_runs import job
from engine_stages import Measure
from s3 import Fault, fault_proxy, point

from corpus_pipeline.engine.run import run
from corpus_pipeline.io.fs import place
from corpus_pipeline.io.fs.settings import connection
from corpus_pipeline.io.fs.signed import asked
from corpus_pipeline.io.inputs import survey
from corpus_pipeline.io.opening import opened
from corpus_pipeline.model import PipelineError
from corpus_pipeline.tasks.local import LocalEngine

TEXT = "春眠不觉晓，处处闻啼鸟。".encode()
READ = (
    "%2F.txt",
    "a b.txt",
    "a%2Fb.txt",
    "a+b.txt",
    "a..b.txt",
    "q?#&=.txt",
    "~.txt",
    "诗/春 望.txt",
)
NAMED = ("line\nbreak.txt", "return\r.txt", "one\x01.txt")


@pytest.fixture
def bucket(s3, monkeypatch):
    """A bucket with all these keys, and an empty object for a folder."""
    point(monkeypatch, s3)
    name = s3.new_bucket()
    keys = {"access_key_id": s3.key, "secret_access_key": s3.secret}
    for key in (*READ, *NAMED, "诗/"):
        body = b"" if key.endswith("/") else TEXT
        asked(connection("s3", name), keys, {}, key=f"in/{key}", method="PUT", body=body)
    return name


def test_a_key_that_is_no_path_costs_no_other(s3, bucket, monkeypatch):
    """A line break in one key: it is listed as left out, and all others are read.

    So they are where the store asks to slow down meanwhile.
    """
    with fault_proxy(s3, Fault("answer", path="encoding-type", count=2)) as proxy:
        point(monkeypatch, proxy)
        found = survey([f"s3://{bucket}/in"])
        assert proxy.struck()
    point(monkeypatch, s3)
    assert [item.locator for item in found.inputs] == sorted(READ)
    assert all(opened(item.path).read() == TEXT for item in found.inputs)
    assert [one.locator for one in found.left_out] == [
        r"line\x0abreak.txt",
        r"one\x01.txt",
        r"return\x0d.txt",
    ]
    assert all("control character: rename it" in one.reason for one in found.left_out)


def test_one_request_tells_what_a_small_object_is(s3, bucket, monkeypatch):
    """Besides the listing, each object is asked once for its beginning.

    An empty one is asked whether it is there: the client shows `sub/`, a folder's, as `sub`.
    """
    keys = {"access_key_id": s3.key, "secret_access_key": s3.secret}
    asked(connection("s3", bucket), keys, {}, key="more/sub/", method="PUT")
    for name in ("a.txt", "sub/b.txt"):
        place(f"s3://{bucket}/more/{name}").write_bytes(TEXT)
    with fault_proxy(s3) as proxy:
        point(monkeypatch, proxy)
        found = survey([f"s3://{bucket}/more"]).inputs
    assert [item.locator for item in found] == ["a.txt", "sub/b.txt"]
    asks = [(method, path) for method, path, _ in proxy.requests if "/more/" in path.split("?")[0]]
    assert sorted(asks) == [
        ("GET", f"/{bucket}/more/a.txt"),
        ("GET", f"/{bucket}/more/manifest.json"),
        ("GET", f"/{bucket}/more/sub/b.txt"),
        ("HEAD", f"/{bucket}/more/sub"),
    ]


def test_a_token_that_the_server_refuses(s3, bucket, monkeypatch):
    """A right signature with a token that is none: one line that speaks of the token."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "ended")
    point(monkeypatch, s3)
    with pytest.raises(PipelineError, match=rf"s3://{bucket}/in: .*its session token") as caught:
        survey([f"s3://{bucket}/in"])
    assert "\n" not in str(caught.value)


def test_a_token_that_ends_in_mid_run(s3, bucket, monkeypatch):
    """It is one line with the mend, and a rerun with another token continues."""
    source, out = f"s3://{bucket}/in", place(f"s3://{bucket}/out")
    options = {"split_bytes": 80}
    ended = Fault("answer", "PUT", "/out/manifests/split-00001", count=99, status=400)
    ended.code = "ExpiredToken"
    with fault_proxy(s3, ended) as proxy:
        point(monkeypatch, proxy)
        with pytest.raises(PipelineError, match=r"session token has expired .* a rerun continues"):
            run(job(source, out, Measure, **options), LocalEngine())
    point(monkeypatch, s3)
    first = (out / "manifests" / "split-00000.json").stat()
    content = run(job(source, out, Measure, **options), LocalEngine())
    assert content["counts"]["kept"] == len(READ)
    assert (out / "manifests" / "split-00000.json").stat() == first
