"""Which change of a config, a stage or an asset can have moved a verdict, by elimination.

Enters: what two manifests say differently, and the stage that decided.  Leaves: a cause and what it
is about.  The same inputs, config and versions give the same bytes: so where one thing alone
differs up to the stage that decided, it is the cause; of several one of them is; of none no cause
is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from corpus_pipeline.products.diff.records import Change, Records

#: Sections that are no stages, and are asked before all of them.
_BEFORE: Final = frozenset({"ingest", "documents"})
_CAUSES: Final = {
    "option": "option_changed",
    "asset": "asset_changed",
    "stage_version": "stage_changed",
    "stage_order": "stage_changed",
    "stage_added": "stage_added",
    "stage_removed": "stage_removed",
    "parent": "index_changed",
    "code": "code_changed",
}
#: Changes that are named where one of several is the cause.
_NAMED: Final = 3

Cause = tuple[str, str]
NOT_KNOWN: Final[Cause] = ("not_known", "")


@dataclass(frozen=True, slots=True)
class Kinds:
    """What must be known of stages by name; this floor does not see them.

    `sees_others`: whether it judges a document by others.  `edits`: whether it may edit a text.
    """

    sees_others: Callable[[str], bool]
    edits: Callable[[str], bool]


def by_stage(records: Records, kinds: Kinds, stage: str, *, alone: bool = False) -> Cause:
    """The cause of a verdict of this stage; `alone`: what stands before it changed nothing."""
    wide = kinds.sees_others(stage) and not alone
    parents = [one for one in records.changes if one.kind == "parent" and wide]
    chosen = [one for one in records.changes if _counts(records, stage, one, alone=alone)]
    return _of(records, [*parents, *chosen], others=wide)


def of_text(records: Records, kinds: Kinds) -> Cause:
    """The cause of another text of a document that both releases kept, or both dropped."""
    chosen = [
        one
        for one in records.changes
        if one.kind not in {"code", "parent"}
        and (one.stage in _BEFORE or (one.stage in records.order and kinds.edits(one.stage)))
    ]
    others = any(kinds.sees_others(name) and kinds.edits(name) for name in records.order)
    return _of(records, chosen, others=others)


def _of(records: Records, chosen: Sequence[Change], *, others: bool) -> Cause:
    if len(chosen) == 1:
        return _CAUSES[chosen[0].kind], str(chosen[0])
    if chosen:
        more = len(chosen) - _NAMED
        named = "; ".join(map(str, chosen[:_NAMED]))
        return "one_of_several", f"{named}; {more} more" if more > 0 else named
    inputs = records.inputs
    if others and (inputs.new or inputs.gone or inputs.changed or records.erasures):
        return "other_documents", ""
    code = [one for one in records.changes if one.kind == "code"]
    if code:
        named = "; ".join(map(str, code[:_NAMED]))
        return "code_changed", named if len(code) <= _NAMED else f"{named}; …"
    return NOT_KNOWN


def _counts(records: Records, stage: str, change: Change, *, alone: bool) -> bool:
    """Whether a change of a stage or a section can have moved a verdict of the stage.

    Not one of code: a stage whose output changes has another version.
    """
    if change.kind in {"code", "parent"}:
        return False
    if alone:
        return change.stage == stage
    order = records.order
    if stage in order and change.stage in order:
        return order.index(change.stage) <= order.index(stage)
    return change.stage in _BEFORE or (change.stage == "limits" and stage in {"limits", "ingest"})
