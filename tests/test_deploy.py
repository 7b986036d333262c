"""What `docs/deploy` says is carried out where it can be here, and held to a schema elsewhere."""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest
import yaml

from corpus_pipeline.app.config import load

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "docs" / "deploy"
SCHEMA = json.loads((ROOT / "tests/schemas/kuberay-jobs.json").read_text())
SKY = yaml.safe_load((DEPLOY / "skypilot.yaml").read_text())

#: Heavy: each starts a cluster; this variable asks for them.
ASKED = "CORPUS_PIPELINE_HEAVY"
heavy = pytest.mark.skipif(not os.environ.get(ASKED), reason=f"{ASKED}=1 asks for it")

INSTRUCTIONS = {"FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "CMD"}


def manifest(name: str) -> dict:
    return yaml.safe_load((DEPLOY / name).read_text())


@pytest.mark.parametrize("name", ["rayjob.yaml", "raycronjob.yaml"])
def test_manifests_fit_their_definitions(name):
    """No field that KubeRay does not know, no value of another type, nothing missing."""
    kind = manifest(name)["kind"]
    checker = jsonschema.Draft202012Validator({**SCHEMA["$defs"][kind], "$defs": SCHEMA["$defs"]})

    assert [error.message for error in checker.iter_errors(manifest(name))] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("submissionMode",), "Sidecar"),
        (("rayClusterSpec", "authOptions", "mode"), "password"),
        (("rayClusterSpec", "headGroupSpec", "template", "spec", "contaners"), []),
        (("rayClusterSpec", "workerGroupSpecs", 0, "minReplicas"), "1"),
    ],
)
def test_the_schema_sees_mistakes(path, value):
    """A wrong word, an unknown field and a wrong type are each found."""
    job = manifest("rayjob.yaml")
    place = job["spec"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    checker = jsonschema.Draft202012Validator(
        {**SCHEMA["$defs"]["RayJob"], "$defs": SCHEMA["$defs"]}
    )

    assert list(checker.iter_errors(job))


def test_the_job_of_every_week_is_the_job():
    """Both manifests say the same but for the folder of the release."""
    one, weekly = (
        manifest("rayjob.yaml")["spec"],
        manifest("raycronjob.yaml")["spec"]["jobTemplate"],
    )

    assert {**one, "entrypoint": ""} == {**weekly, "entrypoint": ""}
    assert weekly["entrypoint"].startswith(one["entrypoint"].partition(" --engine")[0])


def test_pools_are_chosen_by_label():
    """Each pool carries the label that a config asks for, on nodes of its processor."""
    for group in manifest("rayjob.yaml")["spec"]["rayClusterSpec"]["workerGroupSpecs"]:
        pod = group["template"]["spec"]
        name = group["groupName"]
        assert pod["nodeSelector"] == {"kubernetes.io/arch": name}
        wish = {"all": {"labels": {"pool": name}}}
        assert load({"resources": wish}).resources["all"].labels == group["labels"]
        # 2 GB a worker, and room for Ray itself (docs/cluster.md).
        cores = int(pod["containers"][0]["resources"]["limits"]["cpu"])
        memory = pod["containers"][0]["resources"]["limits"]["memory"]
        assert int(memory.removesuffix("Gi")) >= 2 * cores + 2


SCRIPTS = {
    "cluster.sh": (DEPLOY / "cluster.sh").read_text(),
    "slurm.sh": (DEPLOY / "slurm.sh").read_text(),
    "skypilot setup": SKY["setup"],
    "skypilot run": SKY["run"],
    "README": "\n".join(
        re.findall(r"```sh\n(.*?)```", (DEPLOY / "README.md").read_text(), flags=re.DOTALL)
    ),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_shell(name):
    """Bash reads every script and every block of the page to its end."""
    done = subprocess.run(
        ["bash", "-n"], input=SCRIPTS[name], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def instructions() -> list[tuple[str, str]]:
    text = (DEPLOY / "Dockerfile").read_text()
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    lines = filter(None, re.sub(r"\\\n", " ", code).splitlines())
    return [tuple(line.split(None, 1)) for line in lines]


def test_the_image_is_built_of_what_is_there():
    """Known instructions; what is copied exists; it runs as a user, with kernels compiled."""
    found = instructions()
    assert {name for name, _ in found} <= INSTRUCTIONS
    for name, rest in found:
        if name == "COPY":
            assert [one for one in rest.split()[:-1] if not (ROOT / one).exists()] == []
    names = [name for name, _ in found]
    assert names.index("USER") < names.index("CMD")
    assert ("USER", "10001") in found
    warm = next(rest for _, rest in found if "corpus-pipeline warm" in rest)
    (variables,) = (rest for name, rest in found if name == "ENV")
    assert f"CORPUS_PIPELINE_CACHE={warm.split()[-1]}" in variables


def test_a_linter_finds_no_fault_in_the_image():
    """Hadolint, where it is installed."""
    linter = shutil.which("hadolint")
    if linter is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run(
        [linter, str(DEPLOY / "Dockerfile")], capture_output=True, text=True, check=False
    )

    assert done.stdout == ""


def test_every_file_is_told_of():
    """The page names each file of its folder."""
    page = (DEPLOY / "README.md").read_text()

    assert [path.name for path in DEPLOY.iterdir() if path.name not in f"{page}README.md"] == []


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def places(tmp_path):
    """A config and texts; `run` gives the arguments of a run into a folder."""
    rows = [json.dumps({"text": f"第{i}条街道的路灯修好了，居民说比以前亮。"}) for i in range(500)]
    (tmp_path / "in.jsonl").write_text("\n".join(rows))
    (tmp_path / "c.yaml").write_text("stages: [exact_dedup]\ningest: {split_mb: 0.02}\n")
    return tmp_path


def run(places: Path, output: str) -> list[str]:
    paths = [str(places / name) for name in ("c.yaml", "in.jsonl", output)]
    return ["run", paths[0], "--input", paths[1], "--output", paths[2]]


def digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and path.name != "metrics.json"
    }


def shell(command: list[str], **variables: object) -> subprocess.CompletedProcess[str]:
    """A command as on a node of somebody's cluster: our own programs first."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        cwd=ROOT,
        env={**clean, "PATH": programs, **{name: str(value) for name, value in variables.items()}},
    )


@pytest.mark.slow
@heavy
def test_the_scripts_run_ray_on_one_node(places, port):
    """The Slurm script and SkyPilot's section leave what one process leaves, and no process."""
    slurm = ["bash", str(DEPLOY / "slurm.sh"), *run(places, "slurm")]
    node = {"SLURM_JOB_NUM_NODES": 1, "SLURM_CPUS_PER_TASK": 2, "SLURM_JOB_ID": 1}
    done = shell(slurm, **node, RAY_PORT=port)
    assert done.returncode == 0, done.stderr
    sky = {"SKYPILOT_NODE_RANK": 0, "SKYPILOT_NUM_NODES": 1, "SKYPILOT_NODE_IPS": "127.0.0.1"}
    given = {"CONFIG": places / "c.yaml", "INPUT": places / "in.jsonl", "OUTPUT": places / "sky"}
    done = shell(["bash", "-c", SKY["run"]], **sky, **given, RAY_PORT=port, RAY_AUTH_TOKEN="0" * 64)
    assert done.returncode == 0, done.stderr
    alone = shell(["corpus-pipeline", *run(places, "alone"), "--engine", "local"])
    assert alone.returncode == 0, alone.stderr

    assert digests(places / "slurm") == digests(places / "alone")
    assert digests(places / "sky") == digests(places / "alone")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.slow
@heavy
def test_two_ranks_of_ray_work_as_one(places, port):
    """The script of every node, called with two ranks: the second one ends with the head."""
    script = ["bash", str(DEPLOY / "cluster.sh"), *run(places, "out")]
    token = {"NODE_COUNT": 2, "HEAD_IP": "127.0.0.1", "RAY_PORT": port, "RAY_AUTH_TOKEN": "0" * 64}
    variables = {name: str(value) for name, value in token.items()}
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, **variables, "PATH": programs, "NODE_CORES": "1", "NODE_RANK": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    second = subprocess.Popen(script, env=environment, start_new_session=True, cwd=ROOT, **quiet)
    try:
        done = shell(script, **token, NODE_CORES=1, NODE_RANK=0)
        assert done.returncode == 0, done.stderr
        assert second.wait(timeout=90) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(second.pid, signal.SIGKILL)


@pytest.fixture
def jobs(port):
    """A head with its server of jobs and a token: what a client needs to submit to it."""
    if importlib.util.find_spec("aiohttp_cors") is None:
        pytest.skip("ray[default] is not installed")
    home = Path(tempfile.mkdtemp(prefix="ray"))  # a short name: sockets lie in it
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64, "RAY_TMPDIR": str(home)}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        dashboard = free.getsockname()[1]
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
    command += [f"--port={port}", f"--dashboard-port={dashboard}", "--num-cpus=2"]
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**clean, **token, "HOME": str(home), "PATH": programs}
    log = (home / "head.log").open("w")
    head = subprocess.Popen(
        command, start_new_session=True, env=environment, stdout=log, stderr=subprocess.STDOUT
    )
    address = f"http://127.0.0.1:{dashboard}"
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", dashboard)) == 0:
                break
        time.sleep(0.5)
    yield {**token, "RAY_API_SERVER_ADDRESS": address}
    log.close()
    with suppress(ProcessLookupError):
        os.killpg(head.pid, signal.SIGKILL)
    head.wait(timeout=60)
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.slow
@heavy
def test_a_job_submitted_to_ray_is_a_run(places, jobs):
    """`ray job submit` as the page says it: the job joins its own cluster by `--address auto`."""
    line = ["ray", "job", "submit", "--", "corpus-pipeline", *run(places, "job")]
    line = [sys.executable, "-m", "ray.scripts.scripts", *line[1:]]
    done = shell([*line, "--engine", "ray", "--address", "auto"], **jobs)
    assert done.returncode == 0, done.stdout + done.stderr
    alone = shell(["corpus-pipeline", *run(places, "alone"), "--engine", "local"])
    assert alone.returncode == 0, alone.stderr

    assert digests(places / "job") == digests(places / "alone")
