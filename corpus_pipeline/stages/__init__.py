"""The stages, in the order a document meets them; the only list of them there is.

Enters: nothing.  Leaves: `LOCAL` and `GLOBAL`, name → `module:Class`, in pipeline order.
Refuses: to import a stage before somebody asks for it (the command line must start quickly).
"""

from __future__ import annotations

#: One document at a time, fused into one pass over each split.
LOCAL: tuple[tuple[str, str], ...] = (
    ("decode", "corpus_pipeline.stages.decode:Decode"),
    ("extract", "corpus_pipeline.stages.extract:Extract"),
    ("langid", "corpus_pipeline.stages.langid:LangId"),
    ("normalize", "corpus_pipeline.stages.normalize:Normalize"),
    ("heuristics", "corpus_pipeline.stages.heuristics:Heuristics"),
    ("decontaminate", "corpus_pipeline.stages.decontaminate:Decontaminate"),
    ("pii", "corpus_pipeline.stages.pii:Pii"),
    ("compliance", "corpus_pipeline.stages.compliance:Compliance"),
    ("quality", "corpus_pipeline.stages.quality:Quality"),
)

#: All documents together: the engine shuffles their sketches.
GLOBAL: tuple[tuple[str, str], ...] = (
    ("exact_dedup", "corpus_pipeline.stages.exact_dedup:ExactDedup"),
    ("near_dedup", "corpus_pipeline.stages.near_dedup:NearDedup"),
    ("line_dedup", "corpus_pipeline.stages.line_dedup:LineDedup"),
)

TARGETS: dict[str, str] = dict((*LOCAL, *GLOBAL))
