"""Ray as a user meets it: quiet on a laptop, and on a cluster that is already running."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

TEXT = "城市治理要靠数据，也要靠常识。第{}条街道的路灯在去年冬天修好了，居民说比以前亮。"


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "in.jsonl"
    rows = [json.dumps({"id": i, "text": TEXT.format(i)}) for i in range(2000)]
    path.write_text("\n".join(rows))
    return path


def call(lines, output, *arguments, **environment):
    command = [sys.executable, "-m", "corpus_pipeline.cli", "exact-dedup", str(lines)]
    command += ["--output", str(output), "--set", "ingest.split_mb=0.05", *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def data_digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "metrics.json"
    }


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError("the cluster did not start")


@pytest.mark.slow
def test_ray_leaves_nothing_in_the_home_folder(lines, tmp_path):
    """No token, no usage statistics, no dashboard, and only our own words on standard error."""
    home = tmp_path / "home"
    home.mkdir()

    done = call(lines, tmp_path / "out", "--engine", "ray", "--workers", "1", HOME=str(home))

    assert done.returncode == 0, done.stderr
    assert [p.name for p in home.iterdir() if p.name.startswith(".ray")] == []
    assert "dashboard" not in done.stderr.lower()
    assert "usage stat" not in done.stderr.lower()
    assert "(raylet)" not in done.stderr


@pytest.mark.slow
def test_a_running_cluster_gives_the_same_bytes(lines, tmp_path):
    """`--address` joins a cluster that somebody else started, and does not stop it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # A short folder: Ray's sockets lie in it, and a socket's path has 107 bytes at most.
    home = tempfile.mkdtemp(prefix="ray")
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_TMPDIR": home,
    }
    head = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", f"--port={port}"]
    head += ["--num-cpus=2", "--include-dashboard=false", "--object-store-memory=100000000"]
    cluster = subprocess.Popen(
        [*head, "--block"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(port)
    try:
        address = f"127.0.0.1:{port}"
        joined = ["--engine", "ray", "--address", address]
        done = call(lines, tmp_path / "cluster", *joined, RAY_AUTH_MODE="disabled")
        assert done.returncode == 0, done.stderr
        alone = call(lines, tmp_path / "alone", "--engine", "local")
        assert alone.returncode == 0, alone.stderr
        again = call(lines, tmp_path / "again", *joined, RAY_AUTH_MODE="disabled")
        assert again.returncode == 0, again.stderr
    finally:
        cluster.terminate()
        cluster.wait(timeout=60)
        shutil.rmtree(home, ignore_errors=True)

    assert data_digests(tmp_path / "cluster") == data_digests(tmp_path / "alone")


@pytest.mark.slow
def test_an_unreachable_cluster_is_one_line(lines, tmp_path):
    """A wrong address is the user's error, said in one line."""
    done = call(lines, tmp_path / "out", "--engine", "ray", "--address", "127.0.0.1:1")

    assert done.returncode == 2, done.stderr
    assert "127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr
