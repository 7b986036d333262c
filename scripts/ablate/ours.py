"""Our own verdicts: the chain of the stages that judge a text, each with its shipped defaults.

Enters: documents.  Leaves: for each the stage and the rule that drop it, and the text as the chain
leaves it.
"""

from collections.abc import Sequence

import polars as pl

import corpus_pipeline as cp
from corpus_pipeline.stages import STAGES
from scripts.ablate.documents import Document
from scripts.ablate.rulesets.base import Judged

#: In the order of a run; a stage that this version does not have is passed over.
CHAIN = tuple(
    name for name in ("normalize", "heuristics", "spam", "compliance", "quality") if name in STAGES
)


def ours(documents: Sequence[Document]) -> list[Judged]:
    """The verdicts of the chain."""
    frame = pl.DataFrame(
        {
            "id": [f"{at:032x}" for at in range(len(documents))],
            "text": [one.text for one in documents],
            "title": [one.title for one in documents],
            "url": [one.url for one in documents],
        },
        schema_overrides={"title": pl.String, "url": pl.String},
    )
    for name in CHAIN:
        frame = cp.stage(name)(frame)
    verdicts = frame.select("dropped_by", "drop_rule", "text").iter_rows()
    return [Judged(f"{stage}: {rule}" if stage else None, text) for stage, rule, text in verdicts]
