"""datatrove: its four MinHash blocks as its own example strings them together, for `cmn_Hani`."""

import json
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

CONFIG = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
LANGUAGE = "cmn_Hani"


def decide(path: Path, work: Path) -> list[str]:
    """Signatures, buckets, clusters, filter; the removed documents are those it writes apart."""
    folder = {name: str(work / name) for name in ("signatures", "buckets", "ids", "gone", "kept")}

    def reader() -> JsonlReader:
        return JsonlReader(str(path.parent), glob_pattern=path.name)

    apart = JsonlWriter(folder["gone"], compression=None)
    steps = [
        [reader(), MinhashDedupSignature(folder["signatures"], CONFIG, language=LANGUAGE)],
        [MinhashDedupBuckets(folder["signatures"], folder["buckets"], config=CONFIG)],
        [MinhashDedupCluster(folder["buckets"], folder["ids"], config=CONFIG)],
        [
            reader(),
            MinhashDedupFilter(folder["ids"], exclusion_writer=apart),
            JsonlWriter(folder["kept"], compression=None),
        ],
    ]
    for number, step in enumerate(steps):
        tasks = CONFIG.num_buckets if number == 1 else 1
        LocalPipelineExecutor(
            pipeline=step, tasks=tasks, workers=1, logging_dir=str(work / f"log{number}")
        ).run()
    files = sorted((work / "gone").rglob("*.jsonl"))
    lines = [line for file in files for line in file.read_text("utf-8").split("\n") if line]
    return [str(json.loads(line)["id"]) for line in lines]


def signatures(texts: list[str]) -> None:
    """Words, 5-grams of words, 112 permutations."""
    for text in texts:
        STEP.get_signature(STEP.get_shingles(text))


STEP = MinhashDedupSignature("signatures-never-written", CONFIG, language=LANGUAGE)
