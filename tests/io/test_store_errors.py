"""What goes wrong with a store is one line with the mend, in a known time, and tells no secret."""

import time

import obstore
import pytest
from s3 import KEY, SECRET, Fault, fault_proxy

from corpus_pipeline.io.fs import place, settings
from corpus_pipeline.io.fs.errors import StoreError, explained
from corpus_pipeline.model import PipelineError

SECONDS = 0.3


@pytest.fixture
def at(monkeypatch):
    """Points the environment at an endpoint and gives the path of a bucket there."""

    def at(server, bucket, **variables):
        given = server.environment | {"CORPUS_PIPELINE_STORE_TIMEOUT": str(SECONDS)} | variables
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        settings._opened.cache_clear()
        return place(f"s3://{bucket}/folder")

    yield at
    settings._opened.cache_clear()


def said(act) -> str:
    """The line that a user sees."""
    with pytest.raises(PipelineError) as caught:
        act()
    line = str(caught.value)
    assert "\n" not in line
    assert not [word for word in (KEY, SECRET, "Debug source", "RequestId") if word in line]
    return line


def test_a_wrong_bucket(s3, at):
    """Writing, reading and listing in a bucket that is not there name the bucket as the cause."""
    path = at(s3, "nonesuch")

    for act in (
        lambda: (path / "a").write_bytes(b"x"),
        (path / "a").read_bytes,
        lambda: list(path.below()),
    ):
        assert "s3://nonesuch/folder" in said(act)
        assert "there is no such bucket (NoSuchBucket); check its name" in said(act)


def test_a_wrong_secret_and_a_wrong_key(s3, at):
    """A key that is unknown and a secret that does not fit are told apart."""
    bucket = s3.new_bucket()
    secret = at(s3, bucket, AWS_SECRET_ACCESS_KEY="0" * 20)
    assert "check the secret key" in said(lambda: (secret / "a").write_bytes(b"x"))

    key = at(s3, bucket, AWS_ACCESS_KEY_ID="0" * 20)
    assert "does not know this access key" in said(lambda: (key / "a").write_bytes(b"x"))


def test_an_object_that_is_gone_is_a_missing_file(s3, at):
    """An object deleted in mid-run is a missing file, as on a disk."""
    path = at(s3, s3.new_bucket()) / "a"
    path.write_bytes(b"x")
    path.unlink()

    with pytest.raises(FileNotFoundError, match="no such object"):
        path.read_bytes()


@pytest.mark.parametrize(
    ("status", "code", "mend"),
    [
        (403, "RequestTimeTooSkewed", "set the clock"),
        (400, "ExpiredToken", "renew the keys"),
        (403, "AccessDenied", "let the keys read, write, list and delete"),
        (301, "PermanentRedirect", "set AWS_REGION"),
        (403, "SecondLevelDomainForbidden", "name the preset of the cloud"),
    ],
)
def test_refusals_that_a_user_can_mend(s3, at, status, code, mend):
    """Each answer of a store that a user can mend says how, at once."""
    with fault_proxy(s3, Fault("answer", status=status, code=code, count=99)) as proxy:
        path = at(proxy, s3.new_bucket())
        line = said(lambda: (path / "a").write_bytes(b"x"))

    assert mend in line
    assert len(proxy.requests) == 1


@pytest.mark.parametrize(
    ("kind", "mend"),
    [
        ("stall", "does not answer; check the endpoint and the network"),
        ("reset", "the connection broke, and again at every retry"),
        ("answer", "overloaded or asks to slow down"),
    ],
)
def test_a_store_that_stays_away_ends_in_known_time(s3, at, kind, mend):
    """An endpoint that hangs, breaks or refuses for good is given up within `patience`."""
    with fault_proxy(s3, Fault(kind, count=99)) as proxy:
        path = at(proxy, s3.new_bucket())
        began = time.monotonic()
        line = said(lambda: (path / "a").write_bytes(b"x"))
        took = time.monotonic() - began

    assert mend in line
    assert took < settings.patience()
    assert len(proxy.requests) > 1


@pytest.mark.parametrize("kind", ["reset", "lost", "cut", "answer"])
def test_a_store_that_comes_back_is_retried(s3, at, kind):
    """SlowDown, a broken connection, a lost answer and a cut body pass once: nobody notices."""
    data = bytes(range(256)) * 400
    with fault_proxy(s3, Fault(kind, method="PUT|GET", count=2)) as proxy:
        path = at(proxy, s3.new_bucket(), CORPUS_PIPELINE_STORE_TIMEOUT="10") / "a"
        path.write_bytes(data)
        proxy_read = path.read_bytes()

    assert proxy_read == data
    assert proxy.struck() == [kind, kind]


def test_a_listing_that_breaks_off_goes_on(s3, at):
    """Pages of a listing are cut in the middle: every key comes once, in order."""
    bucket = s3.new_bucket()
    for number in range(12):
        s3.store(bucket).put(f"folder/{number:02}", b"x")
    with fault_proxy(s3, Fault("cut", method="GET", path="list-type", count=3)) as proxy:
        path = at(proxy, bucket, CORPUS_PIPELINE_STORE_TIMEOUT="10")
        below = [key.name for key, _ in path.below()]
        here = [key.name for key in path.iterdir()]

    assert below == here == [f"{number:02}" for number in range(12)]
    assert proxy.struck() == ["cut"] * 3


def test_nobody_listens(s3, at):
    """A port without a server is named as what cannot be reached."""
    path = at(s3, "books", AWS_ENDPOINT_URL="http://127.0.0.1:9")

    assert "the endpoint cannot be reached" in said(lambda: (path / "a").write_bytes(b"x"))


def test_an_error_in_no_table_tells_its_class_alone():
    """What no rule knows is told by class and code: the store's own text may hold a key."""
    error = obstore.exceptions.GenericError(f"<Code>Strange</Code><AWSAccessKeyId>{KEY}")

    assert str(explained("s3://books/a", error)) == (
        "s3://books/a: the store refused: Generic (Strange)"
    )


def test_an_error_travels_from_a_worker():
    """The error survives pickling, as it does on its way to the driver."""
    import pickle

    error = StoreError("s3://books/a", "access denied", "let the keys read")

    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("seconds", ["", "soon", "0", "-1", "nan", "1e9"])
def test_a_timeout_that_is_none(monkeypatch, seconds):
    """Seconds that are none are refused by the variable's name; unset is a minute."""
    monkeypatch.setenv("CORPUS_PIPELINE_STORE_TIMEOUT", seconds)

    if seconds:
        with pytest.raises(PipelineError, match="CORPUS_PIPELINE_STORE_TIMEOUT is"):
            settings.timeout()
    else:
        assert settings.timeout() == 60
