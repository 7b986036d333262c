"""How old the keywords are that a run filtered by.

Enters: a dossier, whose manifest holds what the config states of each list, and a clause.  Leaves:
an `Outcome`.
"""

from __future__ import annotations

import datetime as dt

from corpus_pipeline.products.audit.dossier import Dossier, judged, unlooked
from corpus_pipeline.products.audit.profile import Clause
from corpus_pipeline.products.audit.result import Evidence, Outcome
from corpus_pipeline.products.audit.words import both, many


def keyword_updates(dossier: Dossier, clause: Clause) -> Outcome:
    """The newest keyword list of the operator's own is no older than the limit, in days.

    The packaged seed is no library that anybody keeps.  That it was so in other weeks is for people
    to say.
    """
    stage = next(entry for entry in dossier.run.manifest["stages"] if entry["name"] == "compliance")
    asked = stage.get("options", {}).get("keywords", ())
    stated = [str(one["updated"]) for one in asked if one.get("updated")]
    if not stated:
        return unlooked(
            "the run had no keyword list of the operator's own", "运行未使用自有关键词库"
        )
    newest = max(stated)
    days, limit = (dossier.day - dt.date.fromisoformat(newest)).days, int(clause.limit or 0)
    measured = both(
        f"brought up to date on {newest}, {many(days, 'day')} before",
        f"最近更新于 {newest}，距检查日 {days} 天",
    )
    old = [Evidence("manifest.json", measured, subject="keywords")] if days > limit else []
    return judged(old, measured, {"updated": newest, "days": days})
