"""The Ray cluster of a run's own: nobody else reaches it, and it ends with its driver."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from engine_runs import digests

from corpus_pipeline.model import PipelineError
from corpus_pipeline.tasks import keeper
from corpus_pipeline.tasks.ray import _BEGUN, RayEngine, begun

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # Ray's own start-up warns
]

#: What a stranger needs, beside a token, to talk to a cluster on the loopback address.
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_NUM_REDIS_GET_RETRIES": "3"}

STRANGER = """
import sys, ray
ray.init(address=sys.argv[1], log_to_driver=False, logging_level=40)
print(ray.get(ray.remote(lambda: "a stranger's code ran").remote(), timeout=30))
"""


def members(session: int) -> list[psutil.Process]:
    """The living processes of a session: the keeper and all of its cluster."""
    alive = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                alive.append(process)
    return alive


def listening(processes: list[psutil.Process]) -> list[tuple[str, int]]:
    return [
        (connection.laddr.ip.removeprefix("::ffff:"), connection.laddr.port)
        for process in processes
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]


def other_addresses() -> list[str]:
    """Addresses of this machine that are not 127.0.0.1."""
    cards = psutil.net_if_addrs().values()
    found = [card.address for cards_ in cards for card in cards_ if card.family == socket.AF_INET]
    return [address for address in [*found, "127.0.0.2"] if address != "127.0.0.1"]


def stranger(address: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Another process of this machine tries to run code on the cluster."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return subprocess.run(
        [sys.executable, "-c", STRANGER, address],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**clean, **LOOPBACK, **environment},
    )


@pytest.fixture(scope="module")
def own(ray_engine):
    """The shared engine, started: its address, its folder, its session."""
    ray_engine._started()
    session = ray_engine._keeper._process.pid
    return ray_engine._gcs, ray_engine._cluster.folder, session


def test_it_listens_on_the_loopback_address_alone(own):
    """Every listening socket of every process, the driver's included, is on 127.0.0.1."""
    _, _, session = own
    processes = members(session)
    names = " ".join(" ".join(process.cmdline()) for process in processes)
    assert "gcs_server" in names
    assert "raylet" in names
    sockets = listening([*processes, psutil.Process()])
    assert len(sockets) >= 5
    assert {address for address, _ in sockets} == {"127.0.0.1"}


def test_another_address_of_the_machine_is_refused(own):
    """Who comes from the network finds no open port: the same port answers on 127.0.0.1 only."""
    _, _, session = own
    for _, port in listening([*members(session), psutil.Process()]):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        for address in other_addresses():
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((address, port), timeout=5)


def test_without_the_token_nobody_runs_code(own):
    """A client on the loopback address runs a function with the token, and none without."""
    address, folder, _ = own
    token = folder / keeper.TOKEN
    friend = stranger(address, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN_PATH=str(token))
    assert "a stranger's code ran" in friend.stdout, friend.stderr

    started = time.monotonic()
    for environment in ({"RAY_AUTH_MODE": "disabled"}, {"RAY_AUTH_TOKEN": "0" * 64}):
        mode = {"RAY_AUTH_MODE": "token", **environment}
        done = stranger(address, HOME="/nonexistent", **mode)
        assert done.returncode != 0
        assert "InvalidAuthToken" in done.stderr
        assert "a stranger's code ran" not in done.stdout
    assert time.monotonic() - started < 30


def test_the_token_stays_in_its_file(own):
    """Its file is for the user alone, in a folder that nobody else enters; no command shows it."""
    _, folder, session = own
    path = folder / keeper.TOKEN
    token = path.read_text()
    assert len(token) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert Path.home() not in path.parents
    for process in [*members(session), psutil.Process()]:
        with suppress(psutil.NoSuchProcess):
            assert token not in " ".join(process.cmdline())
    for file in folder.rglob("*"):
        if file.is_file() and file != path:
            assert token.encode() not in file.read_bytes(), file


class Running:
    """A command on a Ray cluster of its own, stopped in the middle."""

    def __init__(self, lines: Path, output: Path) -> None:
        self.command = [sys.executable, "-m", "corpus_pipeline.cli", "exact-dedup", str(lines)]
        self.command += ["--set", "ingest.split_mb=0.05", "--engine", "ray", "--workers", "2"]
        self.command += ["--output", str(output)]
        self.driver = subprocess.Popen(
            self.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        first = output / "work" / "local" / "kept" / "part-00000.parquet"
        wait_until(lambda: first.exists() or self.driver.poll() is not None, 120)
        assert self.driver.poll() is None, self.driver.stderr.read()
        (child,) = psutil.Process(self.driver.pid).children()
        self.keeper = child.pid
        agent = next(p for p in members(self.keeper) if "raylet" in p.name())
        self.token = Path(agent.environ()["RAY_AUTH_TOKEN_PATH"])

    def again(self) -> None:
        done = subprocess.run(self.command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def wait_until(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    texts = [f"第{i}条街道的路灯在去年冬天修好了，居民说比以前亮。" * 30 for i in range(600)]
    rows = [json.dumps({"text": text}) for text in texts]
    path = tmp_path_factory.mktemp("lines") / "in.jsonl"
    path.write_text("\n".join(rows))
    return path


@pytest.fixture(scope="module")
def calm(lines, tmp_path_factory):
    """The digests of a run that nobody disturbed."""
    output = tmp_path_factory.mktemp("calm") / "out"
    command = [sys.executable, "-m", "corpus_pipeline.cli", "exact-dedup", str(lines)]
    command += ["--set", "ingest.split_mb=0.05", "--engine", "local", "--output", str(output)]
    subprocess.run(command, capture_output=True, check=True)
    return digests(output)


def test_the_cluster_ends_with_its_driver(lines, calm, tmp_path):
    """After SIGKILL of the driver nothing of the cluster is left; a rerun gives the same bytes."""
    run = Running(lines, tmp_path / "out")
    assert len(members(run.keeper)) >= 6  # keeper, gcs_server, raylet, two agents, workers

    run.driver.kill()
    run.driver.communicate()

    wait_until(lambda: not members(run.keeper), 15)
    assert not run.token.parent.exists()
    run.again()
    assert digests(tmp_path / "out") == calm


def test_a_killed_cluster_is_one_line(lines, calm, tmp_path):
    """When the cluster itself is killed the driver says so; the next run removes what is left."""
    run = Running(lines, tmp_path / "out")

    os.kill(run.keeper, signal.SIGKILL)
    _, said = run.driver.communicate(timeout=60)

    assert run.driver.returncode == 2, said
    assert said.count("Ray ended in the middle of the run") == 1
    assert "Traceback" not in said
    assert "kills every worker" not in said
    assert run.token.exists()
    run.again()
    assert not run.token.parent.exists()
    assert members(run.keeper) == []
    assert digests(tmp_path / "out") == calm


@pytest.mark.skipif("CORPUS_FAULTS" not in os.environ, reason="a cluster: CORPUS_FAULTS=1 asks")
def test_a_terminated_driver_ends_cleanly(lines, tmp_path):
    """SIGTERM, and a driver that needs more than the three seconds after which Ray would abort."""
    run = Running(lines, tmp_path / "out")

    run.driver.terminate()
    time.sleep(0.5)
    run.driver.send_signal(signal.SIGSTOP)
    time.sleep(4)
    run.driver.send_signal(signal.SIGCONT)
    _, said = run.driver.communicate(timeout=60)

    assert run.driver.returncode == 130, said
    assert "SIGTERM received" not in said
    run.again()


def test_a_folder_in_use_is_not_removed(own):
    """Another run's start removes folders of dead keepers only."""
    _, folder, session = own
    keeper.remove_stale()
    assert (folder / keeper.TOKEN).exists()
    assert len(members(session)) >= 5


def test_a_cluster_that_cannot_start_is_one_line(monkeypatch):
    """Where no folder for temporary files can be made the error is a sentence."""
    monkeypatch.setenv("RAY_TMPDIR", "/nowhere")
    engine = RayEngine(workers=1)
    try:
        with pytest.raises(PipelineError, match=r"no folder for temporary files.*nowhere"):
            engine._started()
    finally:
        engine.close()


def test_a_cluster_that_was_begun_is_taken_by_the_engine_or_ends(monkeypatch):
    """A command that fails before it has an engine leaves no process behind."""
    monkeypatch.setenv("RAY_TMPDIR", "/nowhere")  # the keeper ends before it starts Ray
    with begun(1):
        [kept] = _BEGUN.values()
        engine = RayEngine(workers=1)
        assert engine._keeper is kept
        assert not _BEGUN
        engine.close()
    with begun(1):
        [kept] = _BEGUN.values()
    assert not kept.alive()
    assert not _BEGUN
