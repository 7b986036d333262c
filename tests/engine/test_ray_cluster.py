"""Ray as a user meets it: quiet on a laptop, and on a cluster that is already running."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from corpus_pipeline.io import manifest

TEXT = "城市治理要靠数据，也要靠常识。第{}条街道的路灯在去年冬天修好了，居民说比以前亮。"


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "in.jsonl"
    rows = [json.dumps({"id": i, "text": TEXT.format(i)}) for i in range(2000)]
    path.write_text("\n".join(rows))
    return path


def call(lines, output, *arguments, **environment):
    command = [sys.executable, "-m", "corpus_pipeline.cli", "near-dedup", str(lines)]
    command += ["--output", str(output), "--set", "ingest.split_mb=0.02", *arguments]
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


@pytest.fixture
def start():
    """Starts a node of one core with these arguments; all are killed at the end."""
    # A short folder: Ray's sockets lie in it, and a socket's path has 107 bytes at most.
    home = tempfile.mkdtemp(prefix="ray")
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_TMPDIR": home,
        # A dead node is noticed after three seconds instead of half a minute.
        "RAY_health_check_period_ms": "1000",
        "RAY_health_check_failure_threshold": "3",
    }
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1"]
    command += ["--object-store-memory=100000000"]
    nodes = []

    def node(*arguments: str) -> subprocess.Popen[bytes]:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
        nodes.append(subprocess.Popen([*command, *arguments], start_new_session=True, **quiet))
        return nodes[-1]

    yield node
    for process in reversed(nodes):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def head(start, port):
    process = start("--head", f"--port={port}", "--include-dashboard=false")
    wait_for(port)
    return process


@pytest.fixture
def cluster(start, head, port):
    """A cluster of two nodes, each a raylet of its own with one core: address, second node."""
    assert head.poll() is None
    return f"127.0.0.1:{port}", start(f"--address=127.0.0.1:{port}")


def wait_for_nodes(address: str, nodes: int) -> None:
    """Ask the cluster itself, from another process."""
    code = (
        "import ray, sys, time\n"
        f"ray.init(address={address!r}, log_to_driver=False, logging_level=40)\n"
        f"while sum(n['Alive'] for n in ray.nodes()) < {nodes}: time.sleep(0.2)\n"
    )
    environment = {**os.environ, "RAY_AUTH_MODE": "disabled"}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=90, env=environment)


@pytest.mark.slow
def test_a_node_that_dies_does_not_show(lines, cluster, tmp_path):
    """Two nodes work; one is killed in mid-run; the bytes are those of one process."""
    address, second = cluster
    wait_for_nodes(address, 2)
    out = tmp_path / "cluster"
    killed = threading.Event()

    def kill() -> None:
        # The fourth part is there, the other thirty are not.
        while len(list((out / "work" / "local" / "kept").glob("part-*"))) < 4:
            time.sleep(0.01)
        os.killpg(second.pid, signal.SIGKILL)
        killed.set()

    threading.Thread(target=kill, daemon=True).start()
    arguments = ["--engine", "ray", "--address", address]
    done = call(lines, out, *arguments, RAY_AUTH_MODE="disabled")
    assert done.returncode == 0, done.stderr
    assert killed.is_set()
    # Two nodes took part, of a cluster that others may use too.
    spent = manifest.read(out / "metrics.json")
    assert (spent["nodes"], spent["shared"]) == (2, True)
    alone = call(lines, tmp_path / "alone", "--engine", "local")
    assert alone.returncode == 0, alone.stderr
    assert data_digests(out) == data_digests(tmp_path / "alone")
    # The cluster is somebody else's: it still runs.
    wait_for_nodes(address, 1)


def interrupted(lines, out, address, kill) -> subprocess.Popen[str]:
    """A run on the cluster, in whose middle `kill` is called; what it said is in `stderr`."""
    command = [sys.executable, "-m", "corpus_pipeline.cli", "near-dedup", str(lines)]
    command += ["--output", str(out), "--set", "ingest.split_mb=0.02", "--address", address]
    driver = subprocess.Popen(
        [*command, "--engine", "ray"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "RAY_AUTH_MODE": "disabled"},
    )
    while len(list((out / "work" / "local" / "kept").glob("part-*"))) < 4:
        assert driver.poll() is None, driver.stderr.read()
        time.sleep(0.01)
    kill()
    return driver


@pytest.mark.slow
def test_a_lost_cluster_is_one_line(lines, cluster, head, tmp_path):
    """When all nodes die the run ends soon, blames no split, and the rerun gives the same bytes."""
    address, second = cluster
    wait_for_nodes(address, 2)

    def kill() -> None:
        for node in (head, second):
            os.killpg(node.pid, signal.SIGKILL)

    driver = interrupted(lines, tmp_path / "out", address, kill)
    _, words = driver.communicate(timeout=120)

    assert driver.returncode == 2, words
    assert f"the Ray cluster at {address}" in words
    assert "kills every worker" not in words
    assert "Traceback" not in words
    again = call(lines, tmp_path / "out", "--engine", "local")
    assert again.returncode == 0, again.stderr
    alone = call(lines, tmp_path / "alone", "--engine", "local")
    assert alone.returncode == 0, alone.stderr
    assert data_digests(tmp_path / "out") == data_digests(tmp_path / "alone")


@pytest.mark.slow
def test_an_unreachable_cluster_is_one_line(lines, tmp_path):
    """A wrong address is the user's error, said in one line."""
    done = call(lines, tmp_path / "out", "--engine", "ray", "--address", "127.0.0.1:1")

    assert done.returncode == 2, done.stderr
    assert "127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr
