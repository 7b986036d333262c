"""The life of one document: where it came from, what each stage saw, and how it ended.

Enters: a finished run and an id, the beginning of an id, a locator, a url or the input's own id.
Leaves: a `Story`, a line per stage in order, with the survivor of a near-duplicate.  Refuses: a key
of no document or of several (`PipelineError`), and to show a text that no pii stage has masked.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.model import PipelineError, cluster_columns, document_id
from corpus_pipeline.products.explain import find
from corpus_pipeline.products.explain.find import Place
from corpus_pipeline.products.runs import QUARANTINED, Run, all_inputs, open_run
from corpus_pipeline.text.unicode.escape import escaped

#: Digits of an id that `explain` needs; five are shared in any corpus of thousands (16⁵ ≈ 10⁶).
SHORTEST_PREFIX = 6

#: Code points of a text that are shown.
HEAD = 240

#: Words of the page and not about it: only their presence is shown, masked or not.
PRIVATE = ("extract_title", "extract_author", "normalize_simplified")

_HEX = re.compile(rf"[0-9a-f]{{{SHORTEST_PREFIX},32}}")


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to the document in one stage."""

    stage: str
    said: str


@dataclass(slots=True)
class Story:
    """What a run holds about one document."""

    id: str
    state: str  # kept, dropped, quarantined
    source: str
    locator: str
    url: str | None
    place: str  # part and row
    steps: list[Step] = field(default_factory=list)
    shard: str | None = None  # shard and row in the dataset
    survivor: Survivor | None = None
    text: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The story as plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Survivor:
    """The document that stayed in place of this one."""

    id: str
    state: str
    place: str
    locator: str
    jaccard: float | None
    cluster_size: int | None
    text: str | None = None


def explain(root: Path, key: str, *, text: bool = False) -> Story:
    """The story of the document that `key` names; `text` adds the beginning of its text.

    Raises `PipelineError` where the key names no document or several.
    """
    run = open_run(root)
    place = _find(run, key.strip())
    row = find.row(run, place)
    if place.folder == QUARANTINED:
        return _quarantined(run, place, row)
    state = "dropped" if row["dropped_by"] else "kept"
    show_text = text and run.is_masked
    story = Story(
        id=row["id"],
        state=state,
        source=str(row["source"]),
        locator=str(row["locator"]),
        url=concealed(row["url"]) if row.get("url") else None,
        place=str(place),
        text=_head(row["text"]) if show_text else None,
    )
    story.steps.append(_origin(run, row))
    story.steps.append(_source(run, row))
    reached = True
    for name in run.stages:
        line = _remark(name, row, run)
        if row["dropped_by"] == name:
            verdict = f"DROPPED by {row['drop_rule']}: {concealed(str(row['drop_evidence']))}"
            story.steps.append(Step(name, f"{verdict}; {line}" if line else verdict))
            reached = False
        elif reached or line:
            story.steps.append(Step(name, line or "no remark"))
    story.survivor = _survivor(run, row, show_text)
    if state == "kept":
        story.shard = find.in_dataset(run, place)
    if text and not show_text:
        story.steps.append(Step("text", "not shown: no pii stage has masked it"))
    return story


def _find(run: Run, key: str) -> Place:
    if not key:
        raise PipelineError("explain: give an id, the beginning of one, a locator or a url")
    places: list[Place] = []
    if _HEX.fullmatch(key.lower()):
        places = find.by_id(run, key.lower())
        if len(places) > 1:
            some = ", ".join(place.id for place in places[:3])
            raise PipelineError(f"{key} is the beginning of several ids: {some} …")
    elif len(key) < SHORTEST_PREFIX and re.fullmatch(r"[0-9a-fA-F]+", key):
        raise PipelineError(f"{key} is too short: give {SHORTEST_PREFIX} digits of the id or more")
    places = places or find.by_column(run, "locator", key)
    places = places or find.by_column(run, "url", key) or find.by_column(run, "source_id", key)
    hidden = concealed(key)
    if not places and hidden != key:
        places = find.by_hidden(run, hidden)
    for gone, request in find.erased(run, key.lower()) if not places else ():
        raise PipelineError(f"{gone} was erased from {run.root}, by request {request}")
    if not places:
        raise PipelineError(f"no document {hidden} in {run.root} (id, locator, url or source_id)")
    if len(places) > 1:
        some = ", ".join(place.id for place in places[:3])
        raise PipelineError(f"{len(places)} documents have {hidden}; name one by its id: {some} …")
    return places[0]


def _quarantined(run: Run, place: Place, row: dict[str, Any]) -> Story:
    source, locator = str(row["source"]), str(row["locator"])
    story = Story(
        id=document_id(source, locator),
        state="quarantined",
        source=source,
        locator=locator,
        url=None,
        place=str(place),
    )
    story.steps.append(_origin(run, row))
    story.steps.append(_source(run, row))
    line = f"QUARANTINED because of {row['reason']}"
    if row["detail"]:
        line += f": {row['detail']}"
    if row["byte_start"] is not None:
        line += f" (bytes {row['byte_start']} to {row['byte_end']})"
    if row["sha256"]:
        line += f", sha256 {row['sha256']}"
    story.steps.append(Step(str(row["stage"]), line))
    return story


def _origin(run: Run, row: dict[str, Any]) -> Step:
    locator = str(row["locator"])
    # A path may hold @ and # itself, so every cut is tried, the longest path first.
    cuts = [match.start() for match in re.finditer("[@#]", locator)]
    inputs = {entry["locator"]: entry for entry in all_inputs(run)}
    for path in [locator, *(locator[:cut] for cut in reversed(cuts))]:
        if path in inputs:
            entry = inputs[path]
            kind = "+".join(filter(None, (entry.get("format"), entry.get("compression"))))
            return Step("input", f"{locator} ({kind}, sha256 {entry['sha256']})")
    return Step("input", f"{locator} (no such input in the manifest)")


def _source(run: Run, row: dict[str, Any]) -> Step:
    entry = run.sources.get(str(row["source"]))
    if entry is None:
        return Step("source", f"{row['source']}, which is not in the registry")
    licence = entry.get("license") or "no licence stated"
    basis = entry.get("legal_basis") or "no legal basis stated"
    line = f"{entry['name']} ({entry.get('kind', 'unknown')}), {licence}, {basis}"
    own = row.get("license")
    if own and own != entry.get("license"):
        line += f"; the document's own licence: {concealed(str(own))}"
    return Step("source", line)


def _remark(stage: str, row: dict[str, Any], run: Run) -> str:
    """The columns of a stage as `name=value`, in their order, without those that are null."""
    prefix = f"{stage}_"
    pairs = [
        (name.removeprefix(prefix), "present" if name in PRIVATE else value)
        for name, value in row.items()
        if name.startswith(prefix) and value is not None
    ]
    line = ", ".join(f"{name}={_value(value)}" for name, value in pairs)
    return line if run.is_masked else concealed(line)


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return f"[{'; '.join(_entry(entry) for entry in value)}]" if value else "none"
    return str(value)


def _entry(entry: object) -> str:
    if not isinstance(entry, dict):
        return _value(entry)
    stated = {name: value for name, value in entry.items() if value is not None}
    span = ""
    if "start" in stated and "end" in stated:
        span = f" {stated.pop('start')}–{stated.pop('end')}"
    names = [str(v) for v in stated.values() if isinstance(v, str)]
    rest = [f"{k}={_value(v)}" for k, v in stated.items() if not isinstance(v, str)]
    return " ".join(["/".join(names) + span, *rest]).strip()


def _survivor(run: Run, row: dict[str, Any], show_text: bool) -> Survivor | None:
    """The document in whose favour a pair stage dropped this one."""
    stage = str(row["dropped_by"])
    cluster_column, size_column = cluster_columns(stage)
    other = row.get(cluster_column)
    if not other or other == row["id"]:
        return None
    jaccard, size = row.get(f"{stage}_jaccard"), row.get(size_column)
    places = find.by_id(run, str(other))
    if not places:
        if "site" in run.manifest:  # the corpus has others, whose documents are not here
            return Survivor(str(other), "elsewhere", "at another site", "", jaccard, size)
        return Survivor(str(other), "missing", "nowhere in this run", "", jaccard, size)
    survivor = find.row(run, places[0])
    gone = survivor.get("dropped_by")
    return Survivor(
        id=str(other),
        state=f"dropped by {gone}" if gone else "kept",
        place=str(places[0]),
        locator=str(survivor["locator"]),
        jaccard=jaccard,
        cluster_size=size,
        text=_head(survivor.get("text")) if show_text else None,
    )


def _head(text: str | None) -> str:
    text = text or ""
    return text if len(text) <= HEAD else text[:HEAD] + "…"


def render(story: Story) -> str:
    """The story as lines for a terminal."""
    lines = [f"{story.id}  {story.state.upper()}", f"  lies in   {story.place}"]
    if story.shard:
        lines.append(f"  shipped   {story.shard}")
    if story.url:
        lines.append(f"  url       {story.url}")
    width = max(len(step.stage) for step in story.steps)
    lines += [f"  {step.stage:<{width}}  {step.said}" for step in story.steps]
    other = story.survivor
    if other is not None:
        facts = [other.state, other.place, other.locator]
        if other.jaccard is not None:
            facts.append(f"jaccard {other.jaccard:.3f}")
        if other.cluster_size is not None:
            facts.append(f"cluster of {other.cluster_size}")
        lines.append(f"  survivor  {other.id} ({', '.join(filter(None, facts))})")
    if story.text is not None:
        lines += ["", f"  text      {_line(story.text)}"]
    if other is not None and other.text is not None:
        lines.append(f"  survivor  {_line(other.text)}")
    # A control character of a document or a file name must not reach the terminal.
    return "\n".join(map(escaped, lines))


def _line(text: str) -> str:
    """A text on one line: its line ends and tabs as spaces."""
    return re.sub(r"[\n\r\t]", " ", text)
