"""datatrove: the chain that made FineWeb-2, with its values for Chinese."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from scripts.race.chain.runners.models import language_model

RECIPE = yaml.safe_load(
    (Path(__file__).parents[1] / "recipes" / "datatrove.yaml").read_text("utf-8")
)
KINDS = {
    "🐿": "files",
    "📖": "files",
    "💽": "files",
    "🌍": "language",
    "👯": "rules",
    "🍷": "rules",
    "🥇": "rules",
    "😎": "text",
    "⚞": "text",
    "📞": "personal data",
    "🫂": "duplicates",
}
CLOCK = "wall"


def clean(source: Path, work: Path) -> None:
    """Language, MinHash in four steps, rules, last touches: what each leaves the next one reads."""
    from datatrove.executor import LocalPipelineExecutor  # noqa: PLC0415 – on the clock
    from datatrove.pipeline.readers import JsonlReader  # noqa: PLC0415
    from datatrove.pipeline.writers import JsonlWriter  # noqa: PLC0415

    def reader(name: str) -> JsonlReader:
        folder, pattern = (source.parent, source.name) if name == "source" else (work / name, None)
        return JsonlReader(str(folder), glob_pattern=pattern)

    def writer(name: str) -> JsonlWriter:
        return JsonlWriter(str(work / name), compression=None)

    steps = [
        [reader("source"), *_language(writer), writer("language")],
        *_minhash(reader("language"), work, writer),
        [reader("minhash"), *_rules(writer), writer("rules")],
        [reader("rules"), *_touches(), writer("kept")],
    ]
    for number, step in enumerate(steps):
        tasks = RECIPE["minhash"]["num_buckets"] if number == 2 else 1
        LocalPipelineExecutor(
            pipeline=step, tasks=tasks, workers=1, logging_dir=str(work / f"log{number}")
        ).run()


def _language(writer: Any) -> list[Any]:
    from datatrove.pipeline.filters import LanguageFilter  # noqa: PLC0415
    from datatrove.utils.lid import FT176LID  # noqa: PLC0415

    FT176LID.MODEL_URL = str(language_model())
    score = RECIPE["language_score"]
    return [LanguageFilter("zh", score, exclusion_writer=writer("removed/language"))]


def _minhash(reader: Any, work: Path, writer: Any) -> list[list[Any]]:
    from datatrove.pipeline.dedup import (  # noqa: PLC0415
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import (  # noqa: PLC0415
        MinhashConfig,
        MinhashDedupBuckets,
    )
    from datatrove.utils.hashing import HashConfig  # noqa: PLC0415

    folder = {name: str(work / "mh" / name) for name in ("signatures", "buckets", "ids")}
    hashes = HashConfig(hash_fc="xxhash", precision=64)
    config = MinhashConfig(hash_config=hashes, **RECIPE["minhash"])
    signature = MinhashDedupSignature(folder["signatures"], config, language=RECIPE["language"])
    return [
        [reader, signature],
        [MinhashDedupBuckets(folder["signatures"], folder["buckets"], config=config)],
        [MinhashDedupCluster(folder["buckets"], folder["ids"], config, save_cluster_size=True)],
        [
            reader,
            MinhashDedupFilter(folder["ids"], exclusion_writer=writer("removed/minhash")),
            writer("minhash"),
        ],
    ]


def _rules(writer: Any) -> list[Any]:
    from datatrove.pipeline.filters import (  # noqa: PLC0415
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
    )

    language = RECIPE["language"]
    repetition = {
        key: tuple(map(tuple, value)) if isinstance(value, list) else value
        for key, value in RECIPE["repetition"].items()
    }
    return [
        GopherRepetitionFilter(
            language=language, exclusion_writer=writer("removed/repetition"), **repetition
        ),
        FineWebQualityFilter(
            language=language, exclusion_writer=writer("removed/fineweb"), **RECIPE["fineweb"]
        ),
        GopherQualityFilter(
            language=language, exclusion_writer=writer("removed/gopher"), **RECIPE["gopher"]
        ),
    ]


def _touches() -> list[Any]:
    from datatrove.pipeline.formatters import (  # noqa: PLC0415
        FTFYFormatter,
        PIIFormatter,
        SymbolLinesFormatter,
    )

    lines = SymbolLinesFormatter(RECIPE["symbols_to_remove"], replace_char="\n")
    return [FTFYFormatter(), PIIFormatter(), lines]


def outcome(work: Path) -> dict[str, Any]:
    """The last files, and the `stats.json` of each step."""
    texts = [json.loads(line)["text"] for line in _lines(work / "kept")]
    seconds: dict[str, float] = defaultdict(float)
    for file in sorted(work.glob("log*/stats.json")):
        for step in json.loads(file.read_text("utf-8")):
            # A step of one document or less writes a bare number.
            took = step["time_stats"]
            seconds[step["name"].strip()] += took["total"] if isinstance(took, dict) else took
    removed = {
        folder.name: sum(1 for _ in _lines(folder)) for folder in (work / "removed").iterdir()
    }
    return {
        "kept": len(texts),
        "kept_mb": sum(len(text.encode()) for text in texts) / 1e6,
        "dropped": removed,
        "steps": dict(seconds),
    }


def _lines(folder: Path) -> list[str]:
    files = sorted(folder.rglob("*.jsonl"))
    return [line for file in files for line in file.read_text("utf-8").split("\n") if line]
