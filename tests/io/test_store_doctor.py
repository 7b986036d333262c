"""`doctor --store` tries out what a run needs, says what fails, and leaves nothing behind."""

import json

import pytest
from s3 import Fault, fault_proxy
from typer.testing import CliRunner

from corpus_pipeline.cli import app
from corpus_pipeline.io.fs import settings

STEPS = ["settings", "put", "range", "multipart", "list", "create", "replace", "delete"]


@pytest.fixture
def doctor(monkeypatch):
    """Runs the command with the environment of a server and gives exit code and findings."""

    def doctor(server, bucket, **variables):
        for name, value in (server.environment | variables).items():
            monkeypatch.setenv(name, value)
        settings._opened.cache_clear()
        done = CliRunner().invoke(
            app, ["doctor", "--store", f"s3://{bucket}/试", "--json"], standalone_mode=False
        )
        (findings,) = json.loads(done.output).values()
        return done.return_value, {one["step"]: one for one in findings}

    yield doctor
    settings._opened.cache_clear()


def states(findings) -> list[str]:
    return [findings[step]["state"] for step in STEPS]


def test_a_good_store_passes_every_step(s3, doctor):
    """All steps are ok on a real server, and every object of the trial is gone."""
    bucket = s3.new_bucket()

    code, findings = doctor(s3, bucket)

    assert (code, states(findings)) == (0, ["ok"] * 8)
    assert s3.keys(bucket) == []


def test_a_wrong_bucket_fails_at_the_first_put(s3, doctor):
    """What cannot be tried after a failed PUT is left out, and the cure is told."""
    code, findings = doctor(s3, "nonesuch")

    assert code == 1
    assert states(findings) == ["ok", "failed", *["skipped"] * 6]
    assert "check its name" in findings["put"]["mend"]


def test_a_store_that_ignores_the_condition_is_found_out(s3, doctor):
    """A create-only header that the server does not know is a failure, not a silent overwrite."""
    bucket = s3.new_bucket()
    store = f"{{url: 's3://{bucket}', preset: oss, endpoint: '{s3.endpoint}', region: x}}"

    code, findings = doctor(s3, bucket, CORPUS_PIPELINE_STORES=f"[{store}]")

    assert code == 1
    assert findings["create"]["state"] == "failed"
    assert "two runs on one output would not notice" in findings["create"]["mend"]
    assert findings["replace"]["state"] == "limited"


def test_a_store_without_deletion_is_told(s3, doctor):
    """Keys that may write and not delete fail at the step that needs it."""
    denied = Fault("answer", method="POST", path=r"\?delete", status=403, code="AccessDenied")
    with fault_proxy(s3, denied) as proxy:
        code, findings = doctor(proxy, s3.new_bucket())

    assert (code, findings["delete"]["state"]) == (1, "failed")
    assert "access denied (AccessDenied)" in findings["delete"]["says"]


def test_a_folder_of_this_machine_is_no_store(tmp_path):
    """A path without a scheme is refused by name."""
    done = CliRunner().invoke(app, ["doctor", "--store", str(tmp_path)], standalone_mode=False)

    assert "is no store" in str(done.exception)
