"""The vocabulary of the pipeline: document schema, verdicts, stages, specs, errors."""

from corpus_pipeline.model.asset import Asset, canonical_json, digest
from corpus_pipeline.model.errors import PipelineError
from corpus_pipeline.model.schema import (
    DOCUMENT,
    NO_DAMAGE,
    PAYLOAD,
    QUARANTINE,
    VERDICT,
    Chunk,
    Schema,
    damaged_share,
    document_id,
    empty,
)
from corpus_pipeline.model.spec import StageSpec
from corpus_pipeline.model.stage import (
    CountStage,
    DedupOptions,
    GlobalStage,
    Options,
    ShuffledStage,
    Stage,
)
from corpus_pipeline.model.verdict import drop

__all__ = [
    "DOCUMENT",
    "NO_DAMAGE",
    "PAYLOAD",
    "QUARANTINE",
    "VERDICT",
    "Asset",
    "Chunk",
    "CountStage",
    "DedupOptions",
    "GlobalStage",
    "Options",
    "PipelineError",
    "Schema",
    "ShuffledStage",
    "Stage",
    "StageSpec",
    "canonical_json",
    "damaged_share",
    "digest",
    "document_id",
    "drop",
    "empty",
]
