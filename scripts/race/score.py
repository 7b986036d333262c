"""What decisions are worth: against the truth, for whoever made them.

Enters: documents, true pairs, the removed ids.  Leaves: shares found, and removals without reason.
Refuses: to ask which of two alike documents should have stayed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import opencc

from scripts.race.documents import Document
from scripts.race.truth import Pairs, pairs

#: Below it two documents are not near-duplicates; from `SURE` on, nobody should miss them.
ALIKE, SURE, WITHIN = 0.7, 0.8, 0.9


@dataclass(slots=True)
class Truth:
    """What is alike among the documents, by position."""

    documents: list[Document]
    raw: Pairs
    simplified: Pairs
    place: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, documents: list[Document]) -> "Truth":
        """Count everything: the texts as they are, and all of them in simplified script."""
        convert = opencc.OpenCC("t2s").convert
        texts = [document.text for document in documents]
        place = {document.id: number for number, document in enumerate(documents)}
        raw, simplified = pairs(texts), pairs([convert(text) for text in texts])
        return cls(documents, raw, simplified, place)

    def alike(self, least: float) -> list[tuple[int, int]]:
        """Pairs of raw texts from a Jaccard similarity on."""
        take = self.raw.jaccard >= least
        return list(zip(self.raw.a[take].tolist(), self.raw.b[take].tolist(), strict=True))

    def planted(self, least: float) -> list[tuple[int, int]]:
        """The same, of a document and its edited copy."""
        made = {
            tuple(sorted((self.place[document.id], self.place[document.of])))
            for document in self.documents
            if document.of and document.edits is not None
        }
        return [pair for pair in self.alike(least) if pair in made]

    def twins(self) -> list[tuple[int, int]]:
        """A document and its other script, where neither resembles anything else in raw text."""
        busy = set(self.raw.a.tolist()) | set(self.raw.b.tolist())
        made = [
            (self.place[document.id], self.place[document.of])
            for document in self.documents
            if document.of and document.edits is None
        ]
        return [pair for pair in made if busy.isdisjoint(pair)]

    def counts(self) -> dict[str, int]:
        """How many pairs there are to find."""
        return {
            "pairs_07": len(self.alike(ALIKE)),
            "pairs_08": len(self.alike(SURE)),
            "planted_07": len(self.planted(ALIKE)),
            "planted_08": len(self.planted(SURE)),
            "twins": len(self.twins()),
        }

    def judge(self, removed: Iterable[str]) -> dict[str, Any]:
        """The figures of one entrant."""
        gone = np.zeros(len(self.documents), dtype=np.bool_)
        gone[[self.place[id_] for id_ in removed]] = True
        excused, converted = _excused(self.raw, gone), _excused(self.simplified, gone)

        def caught(found: list[tuple[int, int]]) -> int:
            return sum(bool(gone[a] or gone[b]) for a, b in found)

        return {
            "removed": int(gone.sum()),
            "pairs_07": caught(self.alike(ALIKE)),
            "pairs_08": caught(self.alike(SURE)),
            "planted_07": caught(self.planted(ALIKE)),
            "planted_08": caught(self.planted(SURE)),
            "twins": caught(self.twins()),
            "other_script": int((gone & ~excused & converted).sum()),
            "wrong": int((gone & ~excused & ~converted).sum()),
        }


def _excused(found: Pairs, gone: np.ndarray) -> np.ndarray:
    """Documents that a kept one resembles enough, or contains."""
    out = np.zeros(len(gone), dtype=np.bool_)
    for one, other, inside in ((found.a, found.b, found.a_in_b), (found.b, found.a, found.b_in_a)):
        fair = (found.jaccard >= ALIKE) | (inside >= WITHIN)
        out[one[fair & ~gone[other]]] = True
    return out
