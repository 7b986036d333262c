"""How much memory each process of a run needs at most, before it is made.

Enters: a job, its splits, and how large its documents are.  Leaves: MB (10⁶ bytes) by process: the
driver, and a worker in each kind of task.  Little of it grows with the corpus: the driver with each
input and split, the one grouping task (8 bytes a document, then files), match tasks from 7 · 10⁸
documents on; and where documents are alike, a bucket of the match and a component of the settle
phase, which a task takes as a whole: some hundred bytes for each of its documents, at most for all.

The factors are measured (docs/scale.md) and rounded up; tests hold real runs against them.
"""

from __future__ import annotations

from dataclasses import dataclass

from corpus_pipeline.engine.run import Job
from corpus_pipeline.engine.shuffle import group, settle, steps
from corpus_pipeline.io.readers import read
from corpus_pipeline.io.splits import whole
from corpus_pipeline.model import CountStage, PairStage

MB = 1e6
#: An interpreter with the engine, Polars and Arrow; and what Ray adds to the driver.
BASE, RAY = 230 * MB, 70 * MB
#: What the driver keeps of an input and of a split.
INPUT, SPLIT = 8_000, 60_000
#: Tables and models of a stage: so much, and so many times its files (langid's 1.8 MB are 110).
STAGE, TABLE = 10 * MB, 60
#: Bytes of memory for a byte of a batch (or of one document that fills it): 18 to 40 measured.
BATCH = 45
#: Sketches of a split until they are sorted, per document and per byte of text.
SKETCH = {"near_dedup": (1_730, 0), "exact_dedup": (75, 0), "line_dedup": (0, 18)}
OTHER_SKETCH = (1_730, 18)
#: Rows of sketches of a document and of a byte of text.
ROWS = {"near_dedup": (24, 0.0), "exact_dedup": (1, 0.0), "line_dedup": (2, 0.1)}
OTHER_ROWS = (24, 0.1)
#: Bytes of memory for a row of a match task, a routed pair, a byte of gathered text.
MATCHED, ROUTED, GATHERED = 160, 200, 4
#: Bytes for a document of a bucket that is larger than a match task, and of a component.
BUCKET, COMPONENT = 500, 1_000
#: The n-grams of a portion of texts and the pairs of a range of documents, while it is settled.
PORTION = 600 * MB
#: Inputs whose first documents are looked at.
LOOKED_AT = 8


@dataclass(frozen=True, slots=True)
class Size:
    """What a plan knows of the documents: plain bytes, and how many documents they may be."""

    bytes: int
    documents: int


def measured(job: Job, size: int) -> Size:
    """The documents in `size` plain bytes, as many as where they are shortest.

    A batch of the beginning of some inputs is read.
    """
    step = max(len(job.inputs) // LOOKED_AT, 1)
    density = 0.0
    for item in job.inputs[::step][:LOOKED_AT]:
        chunk = next(iter(read(whole(item), job.ingest)), None)
        if chunk is not None and chunk.input_bytes:
            density = max(density, chunk.docs.height / chunk.input_bytes)
    return Size(size, int(size * density))


def bounds(job: Job, splits: int, size: Size) -> dict[str, float]:
    """MB at most: of the driver, and of a worker by what it is doing."""
    parts = max(splits, 1)
    docs, text = size.documents / parts, size.bytes / parts
    shuffled = [s for s in job.specs if s.is_global and issubclass(s.cls, PairStage | CountStage)]
    pairs = any(issubclass(spec.cls, PairStage) for spec in shuffled)
    tables = BASE + sum(
        STAGE + TABLE * sum(asset.path.stat().st_size for asset in spec.assets.values())
        for spec in job.specs
    )
    sketches = sum(
        docs * each + text * byte
        for each, byte in (SKETCH.get(spec.name, OTHER_SKETCH) for spec in shuffled)
    )
    rows = max(
        (
            size.documents * each + size.bytes * byte
            for each, byte in (ROWS.get(spec.name, OTHER_ROWS) for spec in shuffled)
        ),
        default=0,
    )
    parts += sum(one.parts for one in job.indexes)
    batch, longest = job.ingest.batch_bytes, job.ingest.max_document_bytes
    out = {
        "driver": BASE + RAY + INPUT * len(job.inputs) + SPLIT * parts,
        "local pass": tables + sketches + BATCH * batch,
        f"local pass, with a document of {longest / MB:.0f} MB": tables
        + sketches
        + BATCH * max(longest, batch),
    }
    if shuffled:
        in_task = min(steps.rows_of(parts, int(rows)), rows)
        out["match"] = BASE + MATCHED * in_task
    alike = ", with all documents alike"
    if pairs:
        array = min(4 * size.documents, group.SPILL)
        out["group"] = BASE + 2 * array + MATCHED * in_task / 4
        out["route"] = BASE + ROUTED * steps.ROUTED
        out["gather"] = BASE + GATHERED * text
        few = steps.SETTLED * max(steps.SETTLE_DOCS, size.documents // steps.GROUPS)
        settling = BASE + 2 * settle.HELD + PORTION
        out["settle"] = settling + COMPONENT * min(few, size.documents)
        out["match" + alike] = out["match"] + BUCKET * size.documents
        out["settle" + alike] = settling + COMPONENT * size.documents
    return {name: round(value / MB) for name, value in out.items()}
