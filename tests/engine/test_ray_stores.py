"""Nodes that share no file system: two raylets with folders of their own, and a store.

Heavy: three nodes of Ray and an S3 server; `CORPUS_PIPELINE_HEAVY=1` asks for it.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import obstore
import pytest

from corpus_pipeline.model.asset import PACKAGE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("CORPUS_PIPELINE_HEAVY"), reason="CORPUS_PIPELINE_HEAVY=1 asks for it"
    ),
    pytest.mark.skipif(
        sys.platform != "linux"
        or subprocess.run(["unshare", "-m", "true"], check=False).returncode,
        reason="only who may mount can hide a folder from a node",
    ),
]

TEXT = "第{}条街道的路灯在去年冬天修好了，居民说比以前亮，{}号楼的人也这样说。"

#: Hides the driver's folder from a node, and then becomes that node.
NODE = 'mount -t tmpfs none "$1" && shift && exec "$@"'


class Cluster:
    """A head without cores beside the driver, and two nodes that do not see the driver's folder."""

    def __init__(self, hidden: Path, environment: dict[str, str]) -> None:
        self.hidden, self.processes, self.homes = hidden, [], []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        port = self.address.rpartition(":")[2]
        self.environment = environment
        head = ["--head", f"--port={port}", "--num-cpus=0", "--include-dashboard=false"]
        self.start(head, hide=False)
        for _ in range(2):
            self.start([f"--address={self.address}", "--num-cpus=1"], hide=True)
        self.await_nodes(3)

    def start(self, arguments: list[str], *, hide: bool) -> None:
        home = tempfile.mkdtemp(prefix="node")
        self.homes.append(home)
        own = {"HOME": home, "RAY_TMPDIR": home, "CORPUS_PIPELINE_SCRATCH": f"{home}/scratch"}
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", *arguments]
        command += ["--object-store-memory=100000000"]
        if hide:
            command = ["unshare", "-m", "sh", "-c", NODE, "sh", str(self.hidden), *command]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {**self.environment, **own}
        node = subprocess.Popen(command, start_new_session=True, env=environment, **quiet)
        self.processes.append(node)
        deadline = time.monotonic() + 60
        while not self.listens() and time.monotonic() < deadline:
            time.sleep(0.2)

    def await_nodes(self, nodes: int) -> None:
        """Ask the cluster itself, from another process."""
        code = (
            "import ray, time\n"
            f"ray.init(address={self.address!r}, log_to_driver=False, logging_level=40)\n"
            f"while sum(n['Alive'] for n in ray.nodes()) < {nodes}: time.sleep(0.2)\n"
        )
        command = [sys.executable, "-c", code]
        subprocess.run(command, check=True, timeout=90, env=self.environment)

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(self.address.rpartition(":")[2]))) == 0

    def stop(self) -> None:
        for process in reversed(self.processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=60)
        for home in self.homes:
            shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def environment(s3):
    """What every process here finds the store by; nothing of the cluster of somebody else."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return {**clean, **s3.environment, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    """The driver's folder, which no node sees: texts, a config and a model of the user's own."""
    folder = tmp_path_factory.mktemp("driver")
    rows = [json.dumps({"text": TEXT.format(i // 2, i)}, ensure_ascii=False) for i in range(3000)]
    (folder / "in.jsonl").write_text("\n".join(rows))
    shutil.copy(PACKAGE / "assets" / "langid.ftz", folder / "own.ftz")
    (folder / "c.yaml").write_text(
        "stages: [langid, exact_dedup, near_dedup]\nlangid: {model: own.ftz}\n"
        "ingest: {split_mb: 0.05}\n"
    )
    return folder


@pytest.fixture(scope="module")
def cluster(driver, environment):
    # A node has its own keys and no settings of stores: those are sent along.
    sent = ("AWS_ENDPOINT_URL", "AWS_REGION")
    nodes = Cluster(driver, {n: v for n, v in environment.items() if n not in sent})
    yield nodes
    nodes.stop()


def call(driver: Path, environment: dict[str, str], *arguments: object):
    command = [sys.executable, "-m", "corpus_pipeline.cli", "run", str(driver / "c.yaml")]
    return subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**environment, "CORPUS_PIPELINE_SCRATCH": str(driver / "scratch")},
    )


def objects(s3, bucket: str, prefix: str) -> dict[str, bytes]:
    store = s3.store(bucket)
    return {
        key.removeprefix(prefix): bytes(obstore.get(store, key).bytes())
        for key in s3.keys(bucket, prefix)
        if not key.endswith("metrics.json")
    }


def test_a_store_is_all_that_nodes_share(s3, driver, cluster, environment):
    """Two nodes that see no file of the driver's leave the bytes that one process leaves."""
    bucket = s3.new_bucket()
    obstore.put(s3.store(bucket), "raw/in.jsonl", (driver / "in.jsonl").read_bytes())
    given = ["--input", f"s3://{bucket}/raw/in.jsonl", "--output"]

    done = call(driver, environment, *given, f"s3://{bucket}/out", "--address", cluster.address)
    assert done.returncode == 0, done.stderr
    alone = call(driver, environment, *given, driver / "alone", "--engine", "local")
    assert alone.returncode == 0, alone.stderr

    local = {
        path.relative_to(driver / "alone").as_posix(): path.read_bytes()
        for path in (driver / "alone").rglob("*")
        if path.is_file() and path.name != "metrics.json"
    }
    assert objects(s3, bucket, "out/") == local
    metrics = json.loads(bytes(obstore.get(s3.store(bucket), "out/metrics.json").bytes()))
    assert (metrics["nodes"], metrics["shared"]) == (2, True)


def test_an_input_of_the_driver_is_said_to_be_absent(s3, driver, cluster, environment):
    """A local input on nodes that do not see it is one line with the mend."""
    bucket = s3.new_bucket()
    done = call(
        driver, environment, "--input", driver / "in.jsonl", "--output", f"s3://{bucket}/out",
        "--address", cluster.address,
    )  # fmt: skip

    assert done.returncode == 2, done.stderr
    assert "in.jsonl is not there on the node" in done.stderr
    assert "give it by URL, or mount it" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_output_of_one_node_is_refused(s3, driver, cluster, environment):
    """Where a node wrote to its own disk the run ends in one line, and does not wait for ever."""
    bucket = s3.new_bucket()
    obstore.put(s3.store(bucket), "raw/in.jsonl", (driver / "in.jsonl").read_bytes())
    done = call(
        driver, environment, "--input", f"s3://{bucket}/raw/in.jsonl", "--output",
        driver / "out", "--address", cluster.address,
    )  # fmt: skip

    assert done.returncode == 2, done.stderr
    assert "on a file system that all nodes share, or on a store" in done.stderr
