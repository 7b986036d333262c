"""dolma: `tag`, `dedupe` of documents and of paragraphs, `mix`, as Dolma 1.5 was made."""

import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from scripts.race.chain.runners.models import language_model

RECIPE = yaml.safe_load((Path(__file__).parents[1] / "recipes" / "dolma.yaml").read_text("utf-8"))
KINDS = {
    "ft_lang": "language",
    "c4": "rules",
    "gopher": "rules",
    "pii": "personal data",
    "dedupe": "duplicates",
    "tag": "files",
    "mix": "files",
}
CLOCK = "cpu"
DOCUMENTS, PARAGRAPHS = "bff_duplicate_docs", "bff_duplicate_paragraph_spans"


def clean(source: Path, work: Path) -> None:
    """Its four commands in one process, without the pool that one core has no use of."""
    (work / "documents").mkdir(parents=True)
    # Its commands find attributes by the folder `documents` in the path: a name, not a copy.
    (work / "documents" / "part.jsonl").symlink_to(source)
    from dolma.cli.main import main  # noqa: PLC0415 – on the clock
    from dolma.core.registry import TaggerRegistry  # noqa: PLC0415

    TaggerRegistry.get("ft_lang_id_1e2").MODEL_PATH = str(language_model())
    seconds: dict[str, float] = defaultdict(float)
    for name in RECIPE["taggers"]:
        _timed(TaggerRegistry.get(name), name, seconds)
    for name, command, config in _commands(work):
        path = work / f"{name.replace(' ', '_')}.yaml"
        path.write_text(yaml.safe_dump(config), "utf-8")
        before, started = sum(seconds.values()), time.process_time()
        main(["-c", str(path), command])
        # What the taggers took of `tag` is theirs.
        inside = sum(seconds.values()) - before
        seconds[name] = time.process_time() - started - inside
    (work / "seconds.json").write_text(json.dumps(seconds), "utf-8")


def _timed(tagger: Any, name: str, seconds: dict[str, float]) -> None:
    tag = tagger.tag

    def timed(self: Any, row: Any) -> Any:
        started = time.process_time()
        found = tag(self, row)
        seconds[name] += time.process_time() - started
        return found

    tagger.tag = timed


def _commands(work: Path) -> list[tuple[str, str, dict[str, Any]]]:
    documents = [str(work / "documents" / "*.jsonl")]
    dirs = {"input": str(work / "in"), "output": str(work / "out")}
    for folder in dirs.values():
        Path(folder).mkdir(exist_ok=True)
    shared = {"documents": documents, "work_dir": dirs, "processes": 1}
    bloom = {"read_only": False, **RECIPE["bloom"]}
    whole = {"attribute_name": DOCUMENTS, "key": "$.text"}
    return [
        ("tag", "tag", shared | {"taggers": RECIPE["taggers"], "experiment": "web", "debug": True}),
        (
            "dedupe documents",
            "dedupe",
            shared
            | {"dedupe": {"name": "dedupe_docs", "documents": whole, "skip_empty": True}}
            | {"bloom_filter": bloom | {"file": str(work / "documents.bloom")}},
        ),
        (
            "dedupe paragraphs",
            "dedupe",
            shared
            | {
                "dedupe": {
                    "name": "dedupe_paragraphs",
                    "paragraphs": {"attribute_name": PARAGRAPHS},
                    "skip_empty": True,
                }
            }
            | {"bloom_filter": bloom | {"file": str(work / "paragraphs.bloom")}},
        ),
        ("mix", "mix", {"streams": [_stream(documents, work)], "work_dir": dirs, "processes": 1}),
    ]


def _stream(documents: list[str], work: Path) -> dict[str, Any]:
    label, score = RECIPE["language"].values()
    language = f"web__ft_lang_id_1e2__{label}"
    exclude = [
        f"$.attributes[?(@.{name} && @.{name}[0] && @.{name}[0][2] {sign} {value})]"
        for attribute, sign, value in RECIPE["gopher"]
        for name in [f"web__gopher_v1__{attribute}"]
    ]
    count = "web__pii_regex_with_counts_fast_v2__doc_count"
    exclude += [
        f"$.attributes[?(@.{count} && @.{count}[0] && @.{count}[0][2] > {RECIPE['pii_count']})]",
        f"$.attributes[?(@.{DOCUMENTS} && @.{DOCUMENTS}[0] && @.{DOCUMENTS}[0][2] >= 1.0)]",
    ]
    spans = [{"span": f"$.attributes.{PARAGRAPHS}", "min_score": 0.5, "replacement": ""}]
    spans += [
        {
            "span": f"$.attributes.web__pii_regex_with_counts_fast_v2__{kind}",
            "min_score": 0.5,
            "replacement": f" |||{kind}||| ",
        }
        for kind in RECIPE["pii"]
    ]
    return {
        "name": "zh",
        "documents": documents,
        "attributes": ["web", "dedupe_docs", "dedupe_paragraphs"],
        "output": {"path": str(work / "kept"), "discard_fields": ["attributes"]},
        "filter": {
            "include": [f"$.attributes[?(@.{language} && @.{language}[0][2] >= {score})]"],
            "exclude": exclude,
        },
        "span_replacement": spans,
    }


def outcome(work: Path) -> dict[str, Any]:
    """The last files, and the clock of each command and tagger."""
    texts = [
        json.loads(line)["text"]
        for file in sorted((work / "kept").rglob("*"))
        if file.is_file()
        for line in _opened(file)
    ]
    return {
        "kept": len(texts),
        "kept_mb": sum(len(text.encode()) for text in texts) / 1e6,
        # `mix` says nothing of which filter left a document out.
        "dropped": {},
        "steps": json.loads((work / "seconds.json").read_text("utf-8")),
    }


def _opened(file: Path) -> list[str]:
    import gzip  # noqa: PLC0415

    import zstandard  # noqa: PLC0415

    raw = file.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    elif raw[:4] == b"\x28\xb5\x2f\xfd":
        raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    return [line for line in raw.decode().split("\n") if line]
