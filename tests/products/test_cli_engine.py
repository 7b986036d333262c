"""Every command that works on documents runs on any engine and on any cluster."""

import inspect

import pytest

from corpus_pipeline.cli import app
from corpus_pipeline.cli.engine_options import GROUP
from corpus_pipeline.model import PipelineError
from corpus_pipeline.stages import STAGES

#: Commands beside the stages that work on documents by an engine.
OTHERS = {"run", "ingest", "index", "export", "tune"}
WORKING = sorted({name.replace("_", "-") for name in STAGES} | OTHERS)

#: Where nothing listens: the port of `tcpmux`.
NOWHERE = "127.0.0.1:1"


def parameters(name: str) -> set[str]:
    (callback,) = (one.callback for one in app.registered_commands if one.name == name)
    return set(inspect.signature(callback).parameters)


@pytest.mark.parametrize("name", WORKING)
def test_every_command_has_the_whole_group(name):
    """No command has a part of the options of the engine."""
    assert set(GROUP) <= parameters(name)


def test_no_command_has_a_part_of_the_group():
    """Where one of the options stands all of them stand."""
    some = {
        one.name
        for one in app.registered_commands
        if one.callback and {"engine", "address"} & set(inspect.signature(one.callback).parameters)
    }

    assert some == set(WORKING)


@pytest.fixture
def places(tmp_path, request):
    """What each command is given: raw text, a config, a run, changes of it."""
    (tmp_path / "in.jsonl").write_text('{"text": "路灯"}\n')
    (tmp_path / "c.yaml").write_text("stages: [near_dedup]\n")
    (tmp_path / "changes.yaml").write_text("{}\n")
    raw, out = str(tmp_path / "in.jsonl"), ["--output", str(tmp_path / "out")]

    def given(name: str) -> list[str]:
        if name == "run":
            return [str(tmp_path / "c.yaml"), "--input", raw, *out]
        if name in {"export", "tune"}:
            run = str(request.getfixturevalue("run"))
            return [
                run,
                *(["--apply", str(tmp_path / "changes.yaml")] if name == "tune" else []),
                *out,
            ]
        return [raw, *out]

    return given


@pytest.mark.parametrize("name", [name for name in WORKING if name != "tune"])
def test_every_command_goes_to_the_cluster(name, places):
    """An address without a cluster is refused, and not passed over."""
    with pytest.raises(PipelineError, match=f"no Ray cluster answers at {NOWHERE}"):
        app([name, *places(name), "--address", NOWHERE], standalone_mode=False)


@pytest.mark.parametrize("name", WORKING)
def test_an_address_is_not_for_the_local_engine(name, places):
    """What does not go together is refused before anything is read."""
    with pytest.raises(PipelineError, match="the local engine is one process"):
        app([name, *places(name), "--engine", "local", "--address", NOWHERE], standalone_mode=False)
