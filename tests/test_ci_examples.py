"""The examples for CI do what they say: every command in them runs, on a part of the demo.

Steps that are actions of GitHub (checkout, uploads) are no commands; that the files which they
upload are there is looked at.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from corpus_pipeline.io.manifest import read
from corpus_pipeline.products.audit.profile import packaged

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "corpus_pipeline/assets/sample/raw"
EXAMPLES = ROOT / "docs/ci"
#: What each system runs a step with: the first command that fails ends it.
SHELL = ("bash", "-eo", "pipefail", "-c")


def example(name):
    return yaml.safe_load((EXAMPLES / name).read_text("utf-8"))


def shell(place, script, variables):
    """Carry out one step in a shell, with the command line of this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # Whatever a step needs is installed here: nothing is fetched.
    given = {key: str(value) for key, value in variables.items()}
    environment = {**os.environ, "PATH": path, "PIP_NO_INDEX": "1", **given}
    return subprocess.run(
        [*SHELL, script], cwd=place, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A checkout: the demo's config and a part of its input."""
    place = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "configs/demo.yaml", place / "corpus.yaml")
    (place / "raw").mkdir()
    shutil.copytree(SAMPLE / "laws", place / "raw/laws")
    shutil.copy(SAMPLE / "notes.jsonl.zst", place / "raw")
    return place


@pytest.fixture(scope="module")
def github(place):
    """The steps of the workflow that are commands, carried out in order: name, what came of it."""
    workflow = example("github-actions.yml")
    steps = [step for step in workflow["jobs"]["compliance"]["steps"] if "run" in step]
    variables = {**workflow["env"], "PROFILES": "house", "GITHUB_STEP_SUMMARY": place / "summary"}
    return [(step["name"], shell(place, step["run"], variables)) for step in steps]


def test_every_step_of_the_workflow_succeeds(github, place):
    """Install, clean, verify, audit, summary: exit code 0, and the files for the uploads exist."""
    said = {name: done.stdout + done.stderr for name, done in github}
    assert [name for name, done in github if done.returncode] == [], said
    assert [name.split()[0] for name, _ in github] == [
        "Install",
        "Clean",
        "Verify",
        "Audit",
        "Summary",
        "Findings",
    ]
    assert read(place / "out/run/manifest.json")["counts"]["kept"] > 0
    log = json.loads((place / "out/findings/house.sarif").read_text("utf-8"))
    assert log["runs"][0]["automationDetails"]["id"] == "corpus-audit/house/"
    assert log["runs"][0]["results"] == []
    assert (place / "out/audit/house/audit.junit.xml").is_file()
    assert "PASSED" in (place / "summary").read_text("utf-8")


@pytest.mark.usefixtures("github")
def test_the_job_of_gitlab_fails_on_a_clause_that_is_not_met(place):
    """The audit's script exits 1, with failures in JUnit and a folder of evidence."""
    pipeline = example("gitlab-ci.yml")
    job = pipeline["audit"]
    profiles = job["parallel"]["matrix"][0]["PROFILE"]
    variables = {**pipeline["variables"], "PROFILE": profiles[-1]}
    done = shell(place, "\n".join(job["script"]), variables)

    assert done.returncode == 1, done.stderr
    assert 1 not in job["allow_failure"]["exit_codes"]
    (report,) = place.glob(job["artifacts"]["reports"]["junit"].replace("*", profiles[-1]))
    assert int(ET.parse(report).getroot().find("testsuite").get("failures")) > 0
    assert (place / "out/evidence" / profiles[-1] / "index.html").is_file()
    assert all((place / path).is_dir() for path in job["artifacts"]["paths"])


def test_both_systems_run_the_same_commands():
    """What the workflow installs, cleans and verifies with is what the pipeline of GitLab does."""
    workflow, pipeline = example("github-actions.yml"), example("gitlab-ci.yml")
    steps = [step["run"] for step in workflow["jobs"]["compliance"]["steps"] if "run" in step]
    scripts = pipeline["default"]["before_script"] + pipeline["clean"]["script"]

    assert scripts == steps[: len(scripts)]
    assert {*workflow["env"]["PROFILES"].split()} <= {*packaged()}
    assert {*pipeline["audit"]["parallel"]["matrix"][0]["PROFILE"]} <= {*packaged()}
