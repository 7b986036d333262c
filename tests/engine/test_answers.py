"""A dead or a wrong cluster is known by its first words, within seconds."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from corpus_pipeline.model import PipelineError
from corpus_pipeline.tasks.answers import silence
from corpus_pipeline.tasks.ask import Ask
from corpus_pipeline.tasks.passed_on import STORES, passed_on


@contextmanager
def server(words: bytes | None) -> Iterator[str]:
    """A server that says these words to whoever speaks; None: it says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            line, _ = door.accept()
            with line:
                line.recv(100)
                if words is None:
                    time.sleep(1)
                else:
                    line.sendall(words)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{door.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (None, "says nothing"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "8265"),
        (b"-ERR unknown command\r\n", "something else"),
        (b"", "says nothing"),
    ],
    ids=["mute", "web server", "other", "closes"],
)
def test_what_is_no_cluster_is_told_apart(words, why):
    """A mute process, a web server and another service are each named."""
    with server(words) as address:
        found = silence(address, patience=0.3)

    assert found is not None
    assert why in found.why
    assert not found.gone


def test_what_speaks_as_a_head_does_is_a_cluster():
    """A frame of settings is the answer of a head, whatever token it will ask for."""
    with server(b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00\x40\x00") as address:
        assert silence(address) is None


def test_a_closed_port_is_gone_at_once():
    """Where nothing listens waiting is of no use."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        address = f"127.0.0.1:{door.getsockname()[1]}"
    started = time.monotonic()
    found = silence(address)

    assert found is not None
    assert found.gone
    assert time.monotonic() - started < 1


def test_what_goes_to_workers_holds_no_secret(tmp_path):
    """Settings of stores go along, a file as its content; keys, tokens and passwords do not."""
    stores = tmp_path / "stores.yaml"
    stores.write_text("- {url: 's3://example', preset: minio}\n")
    environment = {
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "0",
        "AWS_SECRET_ACCESS_KEY": "0",
        "AWS_SESSION_TOKEN": "0",
        "SITE_A_SECRET_ACCESS_KEY": "0",
        "RAY_AUTH_TOKEN": "0",
        STORES: str(stores),
        "TMPDIR": str(tmp_path),
    }

    sent = passed_on(environment)

    assert sent == {
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        STORES: "- {url: 's3://example', preset: minio}\n",
    }


def test_an_endpoint_with_a_password_is_refused():
    """What is sent to a cluster is seen there, so a password in an address stops the run."""
    with pytest.raises(PipelineError, match="AWS_ENDPOINT_URL holds a password"):
        passed_on({"AWS_ENDPOINT_URL": "https://user:secret@store.example"})


def test_wishes_add_up():
    """A task that serves two stages asks for what satisfies both, or is refused."""
    both = Ask(1, 2000, {"zone": "a"}).with_(Ask(2, 1000, {"arch": "arm64"}))

    assert both == Ask(2, 2000, {"zone": "a", "arch": "arm64"})
    with pytest.raises(PipelineError, match=r"zone is 'a' and 'b'"):
        both.with_(Ask(labels={"zone": "b"}))
