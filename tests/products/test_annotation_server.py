"""What a server may do to a push or a pull: each is one line, and no line holds the token."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from label_studio_people import project_of
from typer.testing import CliRunner

from corpus_pipeline import PipelineError
from corpus_pipeline.products.annotation.exchange import _impersonal, pull, push
from corpus_pipeline.products.annotation.server import Server, checked_token, server_address

TOKEN = "secret-" + "0" * 33
JWT = "aaaa.bbbb.cccc"


@contextmanager
def serving(answer):
    """A server that answers as `answer(method, path, headers)` says: status, bytes, headers."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append((self.command, self.path, self.headers.get("Authorization")))
            status, body, headers = answer(*asked[-1])
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that the library calls

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{httpd.server_address[1]}", asked
        finally:
            httpd.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def folder(make_builder, tmp_path_factory):
    """A project that no test of these changes."""
    root = tmp_path_factory.mktemp("server")
    project_of(make_builder(root / "RUN"), root / "project")
    return root / "project"


@pytest.mark.parametrize(
    ("status", "body", "headers", "said"),
    [
        (401, b'{"detail": "Invalid token."}', {}, r"not accepted \(401\)"),
        (401, b'{"detail": "legacy token authentication has been disabled"}', {}, "legacy tokens"),
        (403, b"", {}, "may not do this"),
        (404, b"<html>", {}, "no /api/projects"),
        (302, b"", {"Location": "https://example.invalid/"}, "another address"),
        (500, b'{"detail": "broken"}', {}, "answers 500: broken"),
        (500, json.dumps({"detail": f"bad {TOKEN}"}).encode(), {}, "answers 500"),
        (200, b"<html>Welcome</html>", {}, "no Label Studio server"),
        (200, b"[1]", {}, "no Label Studio server"),
        (200, b'{"results": 5}', {}, "no Label Studio server"),
    ],
)
def test_what_is_no_label_studio_is_one_line(folder, status, body, headers, said):
    """Refusals, redirects, other servers; the token stands in no message."""
    with serving(lambda *_: (status, body, headers)) as (url, asked):
        for act in (push, pull):
            with pytest.raises(PipelineError, match=said) as error:
                act(folder, Server(url, TOKEN))
            assert TOKEN not in str(error.value)
            assert "\n" not in str(error.value)
    assert asked[0][2] == f"Token {TOKEN}"


def test_a_personal_token_is_changed_for_a_short_one_and_again_when_it_ends():
    """The personal token goes to the refresh alone; what ends is refreshed once."""
    tokens = iter(["first-access", "second-access"])

    def answer(_, path, who):
        if path == "/api/token/refresh/":
            return 200, json.dumps({"access": next(tokens)}).encode(), {}
        return (200, b"[]", {}) if who == "Bearer second-access" else (401, b"{}", {})

    with serving(answer) as (url, asked):
        assert Server(url, JWT).get("/api/users") == []
    assert [path for _, path, _ in asked] == ["/api/token/refresh/", "/api/users"] * 2
    assert all(JWT not in str(who) for *_, who in asked)


def test_silence_is_one_line():
    """Nobody listens, or nobody answers in time."""
    with serving(lambda *_: (200, b"[]", {})) as (url, _):
        pass
    with pytest.raises(PipelineError, match="cannot reach"):
        Server(url, TOKEN).post("/api/projects", {})
    wait = threading.Event()
    with serving(lambda *_: (wait.wait(2), (200, b"[]", {}))[1]) as (url, _):
        with pytest.raises(PipelineError, match=r"no answer within 0\.1 s"):
            Server(url, TOKEN, 0.1).post("/api/projects", {})
        wait.set()


@pytest.mark.parametrize(
    "given",
    ["label.example.cn", "ftp://example.org", "http://", "https://a:b@example.org",
     "https://example.org/?a=1", "http://[::1", "file:///etc/passwd"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(given):
    """Other schemes, no host, a password: the address is not repeated."""
    with pytest.raises(PipelineError, match="--url") as error:
        server_address(given)
    assert given not in str(error.value)


def test_a_token_is_one_word():
    """What could end a header is no token."""
    assert checked_token(f" {TOKEN}\n", "x") == TOKEN
    for given in ("", "two words", "a\r\nb: c" * 3, "密钥" * 8):
        with pytest.raises(PipelineError, match="x holds no token"):
            checked_token(given, "x")


def test_people_become_numbers_and_nothing_else_changes():
    """Addresses and names outside of the data of a task, the same person by the same number."""
    given = {
        "data": {"text": "a@b.example"},
        "completed_by": {"id": 3, "email": "p@example.org", "first_name": "某"},
        "created_username": " p@example.org, 3",
        "lead_time": 2.5,
    }

    assert _impersonal(given, {}) == {
        "data": {"text": "a@b.example"},
        "completed_by": {"id": 3, "email": "person 1", "first_name": "person 2"},
        "created_username": " person 1, 3",
        "lead_time": 2.5,
    }


def test_the_token_comes_from_one_place(folder, monkeypatch, tmp_path):
    """Neither place, both, an unset variable, an absent file; nothing of it is printed."""
    from corpus_pipeline.cli import app

    monkeypatch.setenv("LABEL_TOKEN", TOKEN)
    (tmp_path / "token").write_text(TOKEN)
    by_file = ["--token-file", str(tmp_path / "token")]
    with serving(lambda *_: (401, b"{}", {})) as (url, _):
        for given, said in (
            ([], "name the token"),
            (["--token-env", "LABEL_TOKEN", *by_file], "name the token"),
            (["--token-env", "NO_SUCH_NAME"], "not set"),
            (["--token-file", str(tmp_path / "absent")], "cannot be read"),
            (["--token-env", "LABEL_TOKEN"], "not accepted"),
            (by_file, "not accepted"),
        ):
            done = CliRunner().invoke(app, ["annotate", "push", str(folder), "--url", url, *given])
            assert isinstance(done.exception, PipelineError)
            assert said in str(done.exception)
            assert TOKEN not in done.output + str(done.exception)
