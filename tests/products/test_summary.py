"""The table at the end of a run shows the manifest's numbers and where to look next."""

import io
import json

from rich.console import Console

from corpus_pipeline.products.report.summary import print_summary, summary


def test_numbers(full_run):
    """Totals, drops by stage and rule, and speed come from manifest and metrics."""
    found = summary(full_run)
    assert (found.read, found.kept, found.dropped, found.quarantined) == (21, 16, 4, 1)
    lines = {line.stage: line for line in found.lines}
    assert lines["near_dedup"].rules == {"near_duplicate": 2}
    assert lines["langid"].mb_per_s == 40.0
    assert found.mb_per_s == 0.001
    assert found.reasons == {"ingest/bad_json": 1}
    assert found.shards == 3
    assert json.loads(json.dumps(found.to_dict()))["name"] == "样例"


def test_printed(full_run):
    """The table names every rule and reason, and ends with what to do next."""
    out = io.StringIO()
    print_summary(full_run, Console(file=out, width=100, highlight=False))
    text = out.getvalue()
    for word in ("样例", "not_chinese", "near_duplicate", "ingest/bad_json", "76.2%"):
        assert word in text
    last = text.rstrip().splitlines()[-1]
    assert f"{full_run / 'quarantine'}" in text
    assert "could not be read" in last


def test_characters_stand_beside_documents(full_run):
    """What a stage drops is shown in documents and in characters of all."""
    found = summary(full_run)
    counts = json.loads((full_run / "manifest.json").read_text("utf-8"))["counts"]
    lines = {line.stage: line for line in found.lines}

    assert found.characters == counts["characters_kept"] + counts["characters_dropped"] > 0
    assert lines["near_dedup"].characters == {
        "near_duplicate": counts["characters_by_rule"]["near_dedup/near_duplicate"]
    }
    assert lines["near_dedup"].characters["near_duplicate"] > 0


def test_an_alarm_of_characters_is_printed(builder):
    """A stage that dropped few documents with many characters is named at the end."""
    alarm = {"stage": "heuristics", "alarm": "characters", "subject": "3 of 25 documents"}
    builder.content["alarms"] = [{**alarm, "value": 0.1731, "limit": 0.1}]
    out = io.StringIO()
    print_summary(builder.write(), Console(file=out, width=120))

    assert "heuristics: 17% of the characters dropped (more than 10%): 3 of 25" in out.getvalue()


def test_admission_and_idle_sources_are_printed(builder):
    """The verdict on each source stands with its shares; a source without inputs is named."""

    def share(count, of):
        return {"count": count, "of": of, "share": count / of if of else None, "upper": 0.2}

    shares = {"before": share(7, 67), "after": share(0, 0)}
    findings = dict.fromkeys(("violating", "personal", "low_quality", "duplicated"), shares)
    told = {"source": "forum", "verdict": "refused", "documents": 107, "documents_after": 61}
    builder.content["admission"] = [told | findings]
    idle = {"stage": "ingest", "alarm": "no_input", "subject": "blog", "value": 0, "limit": 1}
    builder.content["alarms"] = [idle]
    out = io.StringIO()
    print_summary(builder.write(), Console(file=out, width=140, highlight=False))

    (line,) = [row for row in out.getvalue().splitlines() if "forum" in row]
    assert [word for word in ("refused", "107", "10.4%", "20.0%") if word not in line] == []
    assert "alarm: ingest: a source that no input is of: blog" in out.getvalue()


def test_without_metrics(run):
    """A run whose metrics are gone still has its summary."""
    (run / "metrics.json").unlink()
    found = summary(run)
    assert found.wall_s is None
    print_summary(run, Console(file=io.StringIO()))


def test_brackets_are_no_markup(builder):
    """A name or rule with brackets is printed as it is."""
    builder.content["name"] = "[red]语料[/red]"
    out = io.StringIO()
    print_summary(builder.write(), Console(file=out, width=100))
    assert "[red]语料[/red]" in out.getvalue()
