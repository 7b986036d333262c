"""Long passages that several documents have, found by fingerprints.

Enters: the key texts of a batch; then the fingerprints that other documents have too.
Leaves: rows for the shuffle; how many characters are repeated; the ranges of bytes to cut.
Nothing is cut from the surviving document, from verse, or from quotations, and no run shorter than
a fingerprint.

Fingerprints are n-grams of `shortest` - `window` + 1 key characters, chosen by
`text.dedup.winnowing`.  A fingerprint of two documents is a repeat of n characters, and every
repeat of `shortest` characters has one, so that the text of the other document is not needed.
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
from corpus_pipeline.text.dedup.repeats_kernel import look_up
from corpus_pipeline.text.dedup.spans import characters, spots
from corpus_pipeline.text.dedup.winnowing import covered, fingerprints, stretches

#: Marks after a run that began a sentence are cut with it, up to one that opens the next.
_TAIL = re.compile(r"[^\n“‘「『《〈（(【\[{<#|>*`~-]*")
_ENDS = re.compile(r"[。！？!?；…\n]")
#: A quotation that is still open where a run begins.
_OPEN = re.compile(r"[“「『][^”」』\n]*$")
_LOOK_BACK = 900  # bytes: a quotation that began 300 characters before is a text of its own
_QUOTED = re.compile(r"[“「『][^”」』]*")
#: Share of quoted characters from which a run is a quotation.
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
#: Repeated characters of each document (u32), and the cuts, with columns as `_NOTHING`.
Repeated = tuple[pl.Series, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The fingerprints of a batch, in order of place; three arrays of one length.

    `place`: the first key character, counted through the batch with a gap of one between documents.
    """

    doc: I64
    place: I64
    key: U64


@dataclass(frozen=True, slots=True)
class Repeats:
    """Finds repeats of at least `shortest` key characters."""

    shortest: int
    window: int
    table: KeyTable
    rules: LineRules

    @property
    def n(self) -> int:
        """Characters of a fingerprint."""
        return self.shortest - self.window + 1

    def rows(self, lines: LineTable, ranks: U64) -> pl.DataFrame:
        """One row for each fingerprint of each document; columns as `LineDedup.sketch`."""
        chosen = self._chosen(lines)
        rows = pl.DataFrame({"row": chosen.doc.astype(np.uint32), "key": chosen.key})
        # `match` removes all that a document repeats; here only neighbours, which is cheap.
        new = np.ones(rows.height, dtype=np.bool_)
        new[1:] = (chosen.key[1:] != chosen.key[:-1]) | (chosen.doc[1:] != chosen.doc[:-1])
        rows = rows.filter(pl.Series(new))
        none = pl.lit(0, dtype=pl.UInt32)
        return rows.select(
            "row",
            "key",
            size=pl.lit(0, dtype=pl.UInt8),
            host=pl.lit(0, dtype=pl.UInt64),
            rank=pl.Series(ranks[rows.get_column("row").to_numpy()], dtype=pl.UInt64),
            before=none,
            after=none,
        )

    def _chosen(self, lines: LineTable) -> _Chosen:
        offsets = lines.raw.offsets[lines.parts.docs]
        hashes, starts = shingles(lines.raw.codes, offsets, self.n)
        chosen, ends = fingerprints(hashes, starts, self.window)
        doc = np.repeat(np.arange(len(starts) - 1), np.diff(ends))
        return _Chosen(doc, chosen - starts[doc] + offsets[doc] + doc, hashes[chosen])

    def cuts(self, lines: LineTable, matches: pl.DataFrame, *, cut: bool) -> Repeated:
        """Repeated characters of each document; with `cut`, the ranges to cut, as from `cut_lines`.

        `matches`: the rows of `LineDedup.match` for these documents, with `row` in place of `doc`.
        """
        repeats = matches.filter(pl.col("rule") == REPEAT).select(
            "row", "key", "documents", "survivor"
        )
        if not repeats.height:
            return pl.zeros(lines.docs.height, dtype=pl.UInt32, eager=True), _NOTHING
        chosen = self._chosen(lines)
        documents, survives = _recurring(chosen, repeats, lines.docs.height)
        room = len(lines.raw.codes) + len(lines.parts.docs)
        where = _Spots(lines, self.table)
        inside = where.runs(covered(chosen.place, documents > 0, room, self.n))
        counted = pl.Series(where.characters(*inside), dtype=pl.UInt32)
        if not cut:
            return counted, _NOTHING
        free = covered(chosen.place, (documents > 0) & ~survives, room, self.n)
        free &= ~covered(chosen.place, survives, room, self.n) & ~self._poetic(lines, free)
        doc, first, last = where.runs(free)
        long = last - first >= self.n - 1
        doc, first, last = doc[long], first[long], last[long]
        edges = [where.edges(*run) for run in zip(doc, first, last, strict=True)]
        begin, end = np.array(edges, dtype=np.int64).reshape(-1, 2).T
        first_of = np.searchsorted(chosen.place, first + doc)
        cuts = pl.DataFrame(
            {
                "doc": doc,
                "begin": begin,
                "end": end,
                "rule": pl.Series([NAMES[REPEAT]] * len(doc), dtype=pl.String),
                "documents": documents[first_of].astype(np.uint32),
            }
        )
        return counted, cuts.filter(pl.col("begin") < pl.col("end"))

    def _poetic(self, lines: LineTable, asked: Bool) -> Bool:
        """Flags: key characters of verse or quotations, in the lines with a flag in `asked`."""
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


def _recurring(chosen: _Chosen, repeats: pl.DataFrame, docs: int) -> tuple[I64, Bool]:
    """Of each fingerprint the documents that have it (0: this one alone); whether it survives here.

    `repeats`: `row`, `key`, `documents` and `survivor`, sorted by `row` and `key`.
    """
    row = repeats.get_column("row").to_numpy()
    starts = np.searchsorted(row, np.arange(docs + 1))
    found = np.empty(len(chosen.key), dtype=np.int64)
    look_up(chosen.doc, chosen.key, starts, repeats.get_column("key").to_numpy(), found)
    known = found >= 0
    documents = repeats.get_column("documents").to_numpy().astype(np.int64)[found] * known
    survives: Bool = repeats.get_column("survivor").to_numpy()[found] & known
    return documents, survives


class _Spots:
    """The places of key characters in the bytes of their batch."""

    def __init__(self, lines: LineTable, table: KeyTable) -> None:
        parts = lines.parts
        self.data, self.docs = parts.data, parts.bounds[parts.docs]
        self.keyed = lines.raw.offsets[parts.docs]
        self.begin, self.end = spots(parts.data, parts.bounds, lines.raw.offsets, table)

    def runs(self, inside: Bool) -> tuple[I64, I64, I64]:
        """Document, first and last key character of each run; `inside` is indexed by `place`."""
        first, end = stretches(inside)
        doc = np.searchsorted(self.keyed + np.arange(len(self.keyed)), first, side="right") - 1
        return doc, first - doc, end - doc - 1

    def characters(self, doc: I64, first: I64, last: I64) -> I64:
        """How many characters (code points) of each document the runs cover."""
        begin = characters(self.data, self.docs, doc, self.begin[first])
        end = characters(self.data, self.docs, doc, self.end[last])
        out = np.zeros(len(self.docs) - 1, dtype=np.int64)
        np.add.at(out, doc, np.maximum(end - begin, 0))
        return out

    def edges(self, doc: int, first: int, last: int) -> tuple[int, int]:
        """Begin and end of a run in bytes; an empty range where it is a quotation.

        After a run that begins a sentence the marks at its end are cut too, and before a whole line
        its bullet.
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
