"""Who is told of a run: figures for Prometheus, events of OpenLineage, nothing of persons."""

import http.server
import json
import re
import socket
import threading
import urllib.request
from pathlib import Path

import jsonschema
import pytest

from corpus_pipeline.app.config import load
from corpus_pipeline.app.execute import run_pipeline
from corpus_pipeline.app.figures import Figures
from corpus_pipeline.app.how import How
from corpus_pipeline.app.lineage import API_KEY, Lineage
from corpus_pipeline.app.resources import Resources, asks
from corpus_pipeline.model import PipelineError
from corpus_pipeline.tasks.ask import Ask

SCHEMA = json.loads((Path(__file__).parents[1] / "schemas/openlineage-run-event.json").read_text())

#: A line of the text format: a name, labels, a number.
SAMPLE = re.compile(r'[a-z_]+\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\} -?\d+(\.\d+)?')


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Ten texts, two of them alike, in a file whose name holds a telephone number."""
    path = tmp_path_factory.mktemp("raw") / "13800000000.jsonl"
    texts = [f"第{i % 9}条街道的路灯在去年冬天修好了，居民说比以前亮。" for i in range(10)]
    path.write_text("\n".join(json.dumps({"text": text}) for text in texts))
    return path


def finished(raw: Path, folder: Path, **told: str):
    config = load({"name": "路灯", "stages": ["exact_dedup"]})
    return run_pipeline(config, [str(raw)], folder / "out", How("local", **told), exports=False)


def valid(event: dict[str, object]) -> None:
    checker = jsonschema.Draft202012Validator(
        SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    assert [error.message for error in checker.iter_errors(event)] == []


def test_a_run_leaves_figures_and_events(raw, tmp_path):
    """Both say what the manifest says; neither changes a byte of the run, nor names a person."""
    plain = finished(raw, tmp_path / "plain")
    prom, events = tmp_path / "run.prom", tmp_path / "events.jsonl"
    told = finished(raw, tmp_path / "told", metrics=str(prom), lineage=str(events))

    assert told.manifest["seal"] == plain.manifest["seal"]
    lines = prom.read_text().splitlines()
    assert [x for x in lines if not x.startswith("#") and not SAMPLE.fullmatch(x)] == []
    labels = 'corpus="路灯",phase="apply"'
    assert f'corpus_pipeline_documents_total{{{labels},state="kept"}} 9' in lines
    rule = f'{labels},stage="exact_dedup",rule="exact_duplicate"'
    assert f"corpus_pipeline_verdicts_total{{{rule}}} 1" in lines
    assert 'corpus_pipeline_success{corpus="路灯"} 1' in lines
    start, end = map(json.loads, events.read_text().splitlines())
    valid(start)
    valid(end)
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == end["run"]["runId"]
    assert end["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 9
    assert end["inputs"][0]["name"].endswith("/<手机号>.jsonl")
    assert "13800000000" not in prom.read_text() + events.read_text()


def test_a_run_that_fails_says_so(raw, tmp_path):
    """The figures say 0, and the event is FAIL with a message that hides what it must."""
    prom, events = tmp_path / "run.prom", tmp_path / "events.jsonl"
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_text("not ours")
    with pytest.raises(PipelineError, match="is not empty"):
        finished(raw, tmp_path, metrics=str(prom), lineage=str(events))

    assert 'corpus_pipeline_success{corpus="路灯"} 0' in prom.read_text()
    end = json.loads(events.read_text().splitlines()[-1])
    valid(end)
    assert end["eventType"] == "FAIL"
    assert "is not empty" in end["run"]["facets"]["errorMessage"]["message"]


def test_an_interrupted_run_is_aborted(tmp_path):
    """Ctrl-C is no fault: the event is ABORT."""
    lineage = Lineage(str(tmp_path / "e.jsonl"), "corpus", ["s3://example/raw"], "out")
    lineage.fail(KeyboardInterrupt())

    event = json.loads((tmp_path / "e.jsonl").read_text())
    valid(event)
    assert event["eventType"] == "ABORT"
    assert event["inputs"] == [{"namespace": "s3://example", "name": "raw"}]


def test_a_fault_of_ours_is_named_by_its_type(tmp_path):
    """The message of an unknown error may quote a text: it stays here."""
    lineage = Lineage(str(tmp_path / "e.jsonl"), "corpus", ["-"], "out")
    lineage.fail(ValueError("a text of somebody"))

    assert "somebody" not in (tmp_path / "e.jsonl").read_text()


def test_events_are_posted_with_the_key(monkeypatch):
    """A URL gets each event as JSON; the key of the environment is in the header alone."""
    got = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.headers["Authorization"], json.loads(body)))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_words):
            pass

    monkeypatch.setenv(API_KEY, "0" * 16)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        Lineage(f"http://127.0.0.1:{server.server_port}/api/v1/lineage", "c", ["in"], "out").start()
        server.shutdown()

    ((key, event),) = got
    valid(event)
    assert key == f"Bearer {'0' * 16}"
    assert "0" * 16 not in json.dumps(event)


def test_a_receiver_that_is_down_is_a_warning(caplog):
    """No run fails because nobody listens to its events."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        url = f"http://127.0.0.1:{door.getsockname()[1]}/"
    Lineage(url, "corpus", ["in"], "out").start()

    assert "took no event" in caplog.text


def test_a_password_in_the_address_is_refused():
    """Addresses are seen in lists of processes and in logs."""
    with pytest.raises(PipelineError, match=API_KEY):
        Lineage("https://user:secret@example.org/", "corpus", ["in"], "out")


def test_figures_are_answered_on_a_port():
    """Prometheus asks a port of this machine and gets the text format."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    figures = Figures(str(port), "corpus")
    figures.on_done("local", 1, 4, {"counts": {"read": 3, "kept": 3, "input_bytes": 10}})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    figures.end(success=True)

    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'corpus_pipeline_tasks{corpus="corpus",phase="local"} 4' in text
    assert 'corpus_pipeline_running{corpus="corpus"} 1' in text


@pytest.mark.parametrize("target", ["figures.txt", "99999", "host:x"])
def test_what_is_neither_a_port_nor_a_file_of_figures_is_refused(target):
    """A wrong `--metrics` is said before anything is done."""
    with pytest.raises(PipelineError, match="--metrics"):
        Figures(target, "corpus")


def test_openlineage_reads_the_events(tmp_path):
    """The classes of OpenLineage's own client take the fields of an event."""
    event_v2 = pytest.importorskip(
        "openlineage.client.event_v2", reason="openlineage-python is absent"
    )
    lineage = Lineage(str(tmp_path / "e.jsonl"), "corpus", ["in"], "out")
    lineage.complete({"kept": 1})
    event = json.loads((tmp_path / "e.jsonl").read_text())

    read = event_v2.RunEvent(
        eventType=event_v2.RunState[event["eventType"]],
        eventTime=event["eventTime"],
        run=event_v2.Run(event["run"]["runId"]),
        job=event_v2.Job(event["job"]["namespace"], event["job"]["name"]),
        producer=event["producer"],
        inputs=[event_v2.InputDataset(**one) for one in event["inputs"]],
        outputs=[event_v2.OutputDataset(event["outputs"][0]["namespace"], "out")],
    )
    assert read.job.name == "corpus"
    assert read.schemaURL == event["schemaURL"]


def test_tasks_ask_for_what_their_stages_need():
    """The tasks of stages that share them ask for the most; others for their own."""
    wishes = {
        "all": Resources(labels={"zone": "a"}),
        "pii": Resources(memory_mb=3000),
        "near_dedup": Resources(cpus=2, memory_mb=6000),
        "export": Resources(memory_mb=900),
    }
    ask = asks(wishes, ["pii", "near_dedup"])
    zone = {"zone": "a"}

    assert ask("local/00003") == Ask(1, 3000, zone)
    assert ask("local/00003-probe-1-2") == Ask(1, 3000, zone)
    assert ask("near_dedup-match/00001") == Ask(2, 6000, zone)
    assert ask("export/00000") == Ask(1, 900, zone)
    assert ask("apply/00000") == Ask(1, None, zone)
    assert asks({}, ["pii"])("local/0") == Ask()


@pytest.mark.parametrize(
    ("resources", "why"),
    [
        ({"near_dedupe": {}}, "near_dedup"),
        ({"pii": {"cpus": 0}}, "cpus"),
        ({"pii": {"memory": 1}}, "memory_mb"),
        ({"pii": {"labels": {"a b": "c"}}}, "no name of a label"),
        ({"pii": {"labels": {"a": "$(c)"}}}, "no value of a label"),
        ({"pii": {"labels": {"a": "1"}}, "spam": {"labels": {"a": "2"}}}, "in one task"),
    ],
)
def test_wrong_wishes_are_refused(resources, why):
    """Unknown stages and fields, impossible sizes and contradictions are named."""
    with pytest.raises(PipelineError) as refused:
        load({"stages": ["pii", "spam"], "resources": resources})

    assert why in "\n".join(refused.value.lines)


def test_wishes_change_no_run(raw, tmp_path):
    """A run with other wishes has the same manifest, to the byte."""
    config = {"stages": ["exact_dedup"]}
    wishes = {"resources": {"all": {"memory_mb": 10}}}
    for name, more in (("one", {}), ("two", wishes)):
        loaded = load({**config, **more})
        run_pipeline(loaded, [str(raw)], tmp_path / name, How("local"), exports=False)

    one, two = (tmp_path / name / "manifest.json" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
