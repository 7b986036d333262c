"""Long runs that stand in several documents, found by fingerprints.

Enters: the key texts of a batch; which fingerprints other documents have too.  Leaves: rows for
the shuffle; how many characters are repeated; the stretches of bytes that may be cut.
Refuses: to cut from the document that keeps a run, verse, quotations, and half a fingerprint.

Fingerprints are n-grams of `shortest` - `window` + 1 key characters, chosen by `text.winnowing`.
Each that two documents have is a true repeat of n characters, and in a repeat of `shortest`
there is one, so no second look at the other document is needed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from corpus_pipeline.rules.line_dedup import LineRules
from corpus_pipeline.stages.line_dedup.boilerplate import LineTable, stanzas
from corpus_pipeline.stages.line_dedup.counting import NAMES, REPEAT
from corpus_pipeline.text.arrays import I64, U64, Bool
from corpus_pipeline.text.dedup.key import KeyTable
from corpus_pipeline.text.dedup.ngrams import shingles
from corpus_pipeline.text.dedup.spans import characters, spots
from corpus_pipeline.text.dedup.winnowing import covered, fingerprints, stretches

#: What may follow a cut run that began a sentence: all but what opens the next one.
_TAIL = re.compile(r"[^\n“‘「『《〈（(【\[{<#|>*`~-]*")
_ENDS = re.compile(r"[。！？!?；…\n]")
#: A quotation that is still open at the end of what stands before a run.
_OPEN = re.compile(r"[“「『][^”」』\n]*$")
_LOOK_BACK = 900  # bytes: a quotation that began 300 characters before is a text of its own
_QUOTED = re.compile(r"[“「『][^”」』]*")
#: A run of which so much is quoted is a quotation.
_MOSTLY = 0.5
_NOTHING = pl.DataFrame(
    schema={
        "doc": pl.Int64,
        "begin": pl.Int64,
        "end": pl.Int64,
        "rule": pl.String,
        "documents": pl.UInt32,
    }
)
Repeated = tuple[pl.Series, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The fingerprints of a batch; `place`: first key character, one of room between documents."""

    doc: I64
    place: I64
    key: U64


@dataclass(frozen=True, slots=True)
class Repeats:
    """What a repeat is."""

    shortest: int
    window: int
    table: KeyTable
    rules: LineRules

    @property
    def n(self) -> int:
        """Characters of a fingerprint."""
        return self.shortest - self.window + 1

    def rows(self, lines: LineTable, merits: U64) -> pl.DataFrame:
        """One row for each fingerprint of each document."""
        chosen = self._chosen(lines)
        rows = pl.DataFrame({"row": chosen.doc.astype(np.uint32), "key": chosen.key})
        # `match` has them sorted and drops all that a document repeats; here only what is cheap.
        new = np.ones(rows.height, dtype=np.bool_)
        new[1:] = (chosen.key[1:] != chosen.key[:-1]) | (chosen.doc[1:] != chosen.doc[:-1])
        rows = rows.filter(pl.Series(new))
        none = pl.lit(0, dtype=pl.UInt32)
        return rows.select(
            "row",
            "key",
            size=pl.lit(0, dtype=pl.UInt8),
            host=pl.lit(0, dtype=pl.UInt64),
            merit=pl.Series(merits[rows.get_column("row").to_numpy()], dtype=pl.UInt64),
            before=none,
            after=none,
        )

    def _chosen(self, lines: LineTable) -> _Chosen:
        offsets = lines.raw.offsets[lines.parts.docs]
        hashes, starts = shingles(lines.raw.codes, offsets, self.n)
        chosen, ends = fingerprints(hashes, starts, self.window)
        doc = np.repeat(np.arange(len(starts) - 1), np.diff(ends))
        return _Chosen(doc, chosen - starts[doc] + offsets[doc] + doc, hashes[chosen])

    def cuts(self, lines: LineTable, found: pl.DataFrame, *, cut: bool) -> Repeated:
        """Characters in repeats for each document, and what is to go: as `cut_lines` gives it."""
        repeats = found.filter(pl.col("rule") == REPEAT).select("row", "key", "documents", "keeper")
        if not repeats.height:
            return pl.zeros(lines.docs.height, dtype=pl.UInt32, eager=True), _NOTHING
        chosen = self._chosen(lines)
        survivors = pl.DataFrame({"row": chosen.doc.astype(np.uint32), "key": chosen.key}).join(
            repeats, on=["row", "key"], how="left", maintain_order="left"
        )
        documents = survivors.get_column("documents").fill_null(0).to_numpy()
        keeper = survivors.get_column("keeper").fill_null(value=False).to_numpy()
        room = len(lines.raw.codes) + len(lines.parts.docs)
        where = _Spots(lines, self.table)
        inside = where.runs(covered(chosen.place, documents > 0, room, self.n))
        counted = pl.Series(where.characters(*inside), dtype=pl.UInt32)
        if not cut:
            return counted, _NOTHING
        free = covered(chosen.place, (documents > 0) & ~keeper, room, self.n)
        free &= ~covered(chosen.place, keeper, room, self.n) & ~self._poetic(lines, free)
        doc, first, last = where.runs(free)
        long = last - first >= self.n - 1
        doc, first, last = doc[long], first[long], last[long]
        edges = [where.edges(*run) for run in zip(doc, first, last, strict=True)]
        begin, end = np.array(edges, dtype=np.int64).reshape(-1, 2).T
        told_by = np.searchsorted(chosen.place, first + doc)
        cuts = pl.DataFrame(
            {
                "doc": doc,
                "begin": begin,
                "end": end,
                "rule": pl.Series([NAMES[REPEAT]] * len(doc), dtype=pl.String),
                "documents": documents[told_by].astype(np.uint32),
            }
        )
        return counted, cuts.filter(pl.col("begin") < pl.col("end"))

    def _poetic(self, lines: LineTable, asked: Bool) -> Bool:
        """Key characters in lines of verse or quotation that hold anything asked."""
        doc, size = lines.parts.doc, lines.raw.size
        count = np.concatenate([[0], np.cumsum(asked)])
        edges = lines.raw.offsets
        at = np.flatnonzero(count[edges[1:] + doc] > count[edges[:-1] + doc])
        text = lines.frame.get_column("text").gather(at).to_frame()
        flags = stanzas(lines)
        is_a, line = self.rules.is_a, pl.col("text")
        spared = text.select(is_a("verse", line) | is_a("song", line) | is_a("quote", line))
        flags[at] |= spared.to_series().to_numpy()
        out = np.zeros(len(asked), dtype=np.bool_)
        flagged = np.repeat(flags, size)
        out[np.flatnonzero(flagged) + np.repeat(doc, size)[flagged]] = True
        return out


class _Spots:
    """Where runs of key characters stand in the bytes of their batch."""

    def __init__(self, lines: LineTable, table: KeyTable) -> None:
        parts = lines.parts
        self.data, self.docs = parts.data, parts.bounds[parts.docs]
        self.keyed = lines.raw.offsets[parts.docs]
        self.begin, self.end = spots(parts.data, parts.bounds, lines.raw.offsets, table)

    def runs(self, inside: Bool) -> tuple[I64, I64, I64]:
        """Document, first and last key character of each run of flags (with room between)."""
        first, end = stretches(inside)
        doc = np.searchsorted(self.keyed + np.arange(len(self.keyed)), first, side="right") - 1
        return doc, first - doc, end - doc - 1

    def characters(self, doc: I64, first: I64, last: I64) -> I64:
        """How many characters of each document the runs cover."""
        begin = characters(self.data, self.docs, doc, self.begin[first])
        end = characters(self.data, self.docs, doc, self.end[last])
        out = np.zeros(len(self.docs) - 1, dtype=np.int64)
        np.add.at(out, doc, np.maximum(end - begin, 0))
        return out

    def edges(self, doc: int, first: int, last: int) -> tuple[int, int]:
        """The bytes of a run; nothing where it is quoted.

        A run that begins a sentence takes the marks at its end along, and a whole line its bullet.
        """
        begin, end = int(self.begin[first]), int(self.end[last])
        left = int(self.end[first - 1] if first > self.keyed[doc] else self.docs[doc])
        right = int(self.begin[last + 1] if last + 1 < self.keyed[doc + 1] else self.docs[doc + 1])
        lead = self.data[left:begin].tobytes().decode()
        text = self.data[begin:end].tobytes().decode()
        quoted = sum(len(piece) for piece in _QUOTED.findall(text))
        ahead = self.data[max(begin - _LOOK_BACK, int(self.docs[doc])) : begin].tobytes()
        if _OPEN.search(ahead.decode(errors="ignore")) or quoted >= len(text) * _MOSTLY:
            return 0, 0
        if left == self.docs[doc] or _ENDS.search(lead):
            gap = self.data[end:right].tobytes().decode()
            tail = _TAIL.match(gap)
            taken = tail.group() if tail else ""
            end += len(taken.encode())
            if gap[len(taken) :][:1] in {"", "\n"} and (left == self.docs[doc] or "\n" in lead):
                begin -= len(lead.rpartition("\n")[2].encode())
        return begin, end
