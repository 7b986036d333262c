"""A cluster that refuses, stops or hangs is said in seconds, with its cause.

Heavy: each starts a head of Ray; `CORPUS_PIPELINE_HEAVY=1` asks for it.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress

import psutil
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("CORPUS_PIPELINE_HEAVY"), reason="CORPUS_PIPELINE_HEAVY=1 asks for it"
    ),
]

TOKEN = "0" * 64


@pytest.fixture(scope="module")
def head():
    """A head of one core that demands a token; its address."""
    home = tempfile.mkdtemp(prefix="ray")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, "RAY_TMPDIR": home, "HOME": home}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
    command += [f"--port={port}", "--num-cpus=1", "--include-dashboard=false"]
    command += ["--object-store-memory=100000000"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, start_new_session=True, env={**clean, **token}, **quiet)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.2)
    yield f"127.0.0.1:{port}"
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    shutil.rmtree(home, ignore_errors=True)


def call(folder, address: str, **variables: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """A run on that cluster, and how many seconds it took."""
    (folder / "in.jsonl").write_text('{"text": "路灯"}\n' * 9)
    command = [sys.executable, "-m", "corpus_pipeline.cli", "exact-dedup", str(folder / "in.jsonl")]
    command += ["--output", str(folder / "out"), "--address", address]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    started = time.monotonic()
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
        env={**clean, "HOME": str(folder), **variables},
    )
    return done, time.monotonic() - started


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({}, "it demands a token"),
        ({"RAY_AUTH_MODE": "token"}, "no token was found"),
        ({"RAY_AUTH_TOKEN": "1" * 64}, "another token than the one given"),
    ],
    ids=["none", "no file", "wrong"],
)
def test_who_has_no_token_is_told_so(head, tmp_path, variables, why):
    """No token, a mode without one and a wrong one are three lines, not one of five minutes."""
    done, seconds = call(tmp_path, head, **variables)

    assert done.returncode == 2, done.stderr
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert seconds < 30


def test_a_token_that_is_given_is_used(head, tmp_path):
    """No mode need be set beside a token, in the environment or in the usual file."""
    done, _ = call(tmp_path, head, RAY_AUTH_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr

    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text(TOKEN)
    shutil.rmtree(tmp_path / "out")
    done, _ = call(tmp_path, head)
    assert done.returncode == 0, done.stderr


def test_a_head_that_hangs_is_told_from_one_that_is_gone(head, tmp_path):
    """A stopped head takes connections and says nothing: that is said within seconds."""
    port = head.rpartition(":")[2]
    servers = [
        process
        for process in psutil.process_iter()
        if f"--gcs_server_port={port}" in " ".join(process.cmdline())
    ]
    assert servers
    for server in servers:
        server.suspend()
    try:
        done, seconds = call(tmp_path, head, RAY_AUTH_TOKEN=TOKEN)
    finally:
        for server in servers:
            server.resume()

    assert done.returncode == 2, done.stderr
    assert "stopped or hangs" in done.stderr
    assert seconds < 30
