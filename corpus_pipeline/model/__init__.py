"""The vocabulary of the pipeline: document schema, verdicts, stages, specs, errors."""

from corpus_pipeline.model.asset import Asset, canonical_json, digest
from corpus_pipeline.model.errors import ClusterLost, PipelineError
from corpus_pipeline.model.reasons import REASONS, Reason
from corpus_pipeline.model.rows import on_kept
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
    unread_share,
)
from corpus_pipeline.model.spec import StageSpec
from corpus_pipeline.model.stage import (
    SURVIVOR_FACTS,
    AggregateStage,
    AlarmOptions,
    AnyStage,
    CountStage,
    Options,
    PairStage,
    ShuffledStage,
    Stage,
    cluster_columns,
    survivor_facts,
)
from corpus_pipeline.model.verdict import drop

__all__ = [
    "DOCUMENT",
    "NO_DAMAGE",
    "PAYLOAD",
    "QUARANTINE",
    "REASONS",
    "SURVIVOR_FACTS",
    "VERDICT",
    "AggregateStage",
    "AlarmOptions",
    "AnyStage",
    "Asset",
    "Chunk",
    "ClusterLost",
    "CountStage",
    "Options",
    "PairStage",
    "PipelineError",
    "Reason",
    "Schema",
    "ShuffledStage",
    "Stage",
    "StageSpec",
    "canonical_json",
    "cluster_columns",
    "damaged_share",
    "digest",
    "document_id",
    "drop",
    "empty",
    "on_kept",
    "survivor_facts",
    "unread_share",
]
