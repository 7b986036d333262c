"""Which documents the page shows: a seeded draw from what was kept, from each rule, from pairs.

Enters: a finished run and the function that masks personal data.  Leaves: `Shown` documents and
`Pair`s of near-duplicates, masked.
A document is drawn by the hash of seed and id: neither parts nor order decide.  Memory holds the
documents drawn so far and one row group.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
import xxhash

from corpus_pipeline.products.report.extracts import (
    OF_PAIR,
    Piece,
    Window,
    compared,
    first_difference,
    pieces,
    window,
)
from corpus_pipeline.products.report.tally import HOST
from corpus_pipeline.products.report.triggers import places
from corpus_pipeline.products.runs import DROPPED, KEPT, Run, batches, columns_of
from corpus_pipeline.products.tune.effect import Mask

#: Documents shown of each register that was kept, of each rule, and pairs; groups at most.
OF_REGISTER, OF_RULE, PAIRS, GROUPS = 3, 4, 12, 40
NEAR = "near_dedup/near_duplicate"
_FACTS = ("heuristics_register", "langid_label", "quality_score", "domain_label", "url")
_HITS = ("spam_hits", "compliance_hits", "pii_spans", "near_dedup_cluster", "near_dedup_jaccard")
_ROW = ("id", "text", "source", "dropped_by", "drop_rule", "drop_evidence")


@dataclass(frozen=True, slots=True)
class Shown:
    """A document: `group` is its register where it was kept, otherwise stage and rule."""

    id: str
    group: str
    source: str
    host: str | None
    evidence: str | None
    language: str | None
    register: str | None
    domain: str | None
    score: float | None
    characters: int
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class Pair:
    """A document that went and the one that stayed for it."""

    dropped: Shown
    survivor: Shown
    jaccard: float | None


@dataclass(slots=True)
class Choice:
    """All that is shown."""

    kept: dict[str, list[Shown]] = field(default_factory=dict)
    dropped: dict[str, list[Shown]] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)


def choose(run: Run, mask: Mask, seed: int = 0) -> Choice:
    """Draw documents, fetch them, mask and mark them."""
    drawn = _drawn(run, seed)
    groups = {group: _best(drawn, group) for group in _largest(drawn)}
    wanted = {key for ids in groups.values() for key in ids}
    rows = _rows(run, wanted)
    twins = {rows[key].get("near_dedup_cluster") for key in groups.get(NEAR, [])}
    rows |= _rows(run, {str(key) for key in twins if key} - set(rows))
    out = Choice(pairs=_pairs(rows, groups.pop(NEAR, []), mask))
    flat = [(group, rows[key]) for group, ids in groups.items() for key in ids if key in rows]
    for (group, row), shown in zip(flat, _shown(run, flat, mask), strict=True):
        (out.dropped if row["dropped_by"] else out.kept).setdefault(group, []).append(shown)
    return out


def _drawn(run: Run, seed: int) -> pl.DataFrame:
    """The first of each group by their hash: `group`, `hash`, `id`, `documents` of the group."""
    kept = pl.DataFrame(schema={"group": pl.String, "hash": pl.UInt64, "id": pl.String})
    sizes = pl.DataFrame(schema={"group": pl.String, "documents": pl.UInt32})
    for folder in (KEPT, DROPPED):
        for part in run.parts(folder):
            have = columns_of(run.root / part)
            columns = ["id", "dropped_by", "drop_rule"]
            register = "heuristics_register"
            columns += [register] * (register in have)
            plain = pl.col(register) if register in have else pl.lit(None, dtype=pl.String)
            group = pl.coalesce(pl.concat_str("dropped_by", pl.lit("/"), "drop_rule"), plain)
            for frame in batches(run.root / part, columns):
                keys = [xxhash.xxh3_64_intdigest(f"{seed}:{one}".encode()) for one in frame["id"]]
                rows = frame.select(
                    group=group.fill_null(""), hash=pl.Series(keys, dtype=pl.UInt64), id="id"
                )
                counted = rows.group_by("group").agg(documents=pl.len())
                sizes = pl.concat([sizes, counted]).group_by("group").agg(pl.col("documents").sum())
                kept = pl.concat([kept, rows]).sort("group", "hash", "id")
                kept = kept.group_by("group", maintain_order=True).head(PAIRS)
    return kept.join(sizes, on="group").sort("group", "hash", "id")


def _largest(drawn: pl.DataFrame) -> list[str]:
    """The groups of most documents, in that order."""
    sizes = drawn.group_by("group").agg(pl.col("documents").first())
    order = sizes.sort("documents", "group", descending=[True, False])["group"].to_list()
    return [name for name in order if name != NEAR][:GROUPS] + [NEAR] * (NEAR in order)


def _best(drawn: pl.DataFrame, group: str) -> list[str]:
    most = PAIRS if group == NEAR else OF_RULE if "/" in group else OF_REGISTER
    most = 2 * PAIRS if group == "" else most
    return drawn.filter(pl.col("group") == group)["id"].head(most).to_list()


def _rows(run: Run, wanted: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The documents with these ids; only row groups that hold one have their texts read."""
    left = sorted(set(wanted))
    found: dict[str, dict[str, Any]] = {}
    if not left:
        return found
    for folder in (KEPT, DROPPED):
        for part in run.parts(folder):
            path = run.root / part
            have = columns_of(path)
            names = [name for name in (*_ROW, *_FACTS, *_HITS) if name in have]
            here = [frame["id"].is_in(left).any() for frame in batches(path, ["id"])]
            if not any(here):
                continue
            for any_wanted, frame in zip(here, batches(path, names), strict=True):
                if any_wanted:
                    rows = frame.filter(pl.col("id").is_in(left))
                    rows = rows.with_columns(host=pl.col("url").str.extract(HOST))
                    found |= {row["id"]: row for row in rows.iter_rows(named=True)}
    return found


def _shown(run: Run, rows: Sequence[tuple[str, dict[str, Any]]], mask: Mask) -> list[Shown]:
    windows = []
    for _, row in rows:
        text = row["text"] or ""
        windows.append(window(text, places(text, row) if _told(run, row) else []))
    masked = mask([part.text for part in windows]) if windows else []
    done = [
        _one(group, row, pieces(part, text))
        for (group, row), part, text in zip(rows, windows, masked, strict=True)
    ]
    return _labelled(done, mask)


def _labelled(documents: Sequence[Shown], mask: Mask) -> list[Shown]:
    """The documents with what else pages and files wrote masked: source, host, evidence."""
    labels = [label or "" for one in documents for label in (one.source, one.host, one.evidence)]
    safe = mask(labels) if labels else []
    out = []
    for at, one in enumerate(documents):
        source, host, evidence = safe[3 * at : 3 * at + 3]
        # The id of a survivor is no personal data, whatever its digits look like.
        known = one.evidence if (one.evidence or "").startswith("of=") else evidence or None
        out.append(replace(one, source=source, host=host or None, evidence=known))
    return out


def _told(run: Run, row: dict[str, Any]) -> bool:
    """Whether places that the dropping stage wrote still fit the text: `pii` moves them."""
    if not row["dropped_by"]:
        return False
    order = [name for name in run.stages if name in ("pii", row["dropped_by"])]
    return order[-1:] != ["pii"] or not row.get("pii_spans")


def _one(group: str, row: dict[str, Any], parts: list[Piece]) -> Shown:
    return Shown(
        id=row["id"],
        group=group,
        source=row["source"] or "",
        host=row.get("host"),
        evidence=row["drop_evidence"],
        language=row.get("langid_label"),
        register=row.get("heuristics_register"),
        domain=row.get("domain_label"),
        score=row.get("quality_score"),
        characters=len(row["text"] or ""),
        pieces=parts,
    )


def _pairs(rows: dict[str, dict[str, Any]], ids: Sequence[str], mask: Mask) -> list[Pair]:
    couples = [(rows[key], rows.get(str(rows[key].get("near_dedup_cluster")))) for key in ids]
    both = [(gone, stayed) for gone, stayed in couples if stayed is not None]
    windows: list[Window] = []
    for gone, stayed in both:
        texts = gone["text"] or "", stayed["text"] or ""
        at = first_difference(*texts)
        windows += [window(text, [], OF_PAIR, at) for text in texts]
    masked = mask([part.text for part in windows]) if windows else []
    cut = [
        "".join(piece.text for piece in pieces(*one)) for one in zip(windows, masked, strict=True)
    ]
    halves: list[Shown] = []
    for number, (gone, stayed) in enumerate(both):
        left, right = compared(cut[2 * number], cut[2 * number + 1])
        halves += [_one(NEAR, gone, left), _one("", stayed, right)]
    safe = _labelled(halves, mask)
    likeness = [gone.get("near_dedup_jaccard") for gone, _ in both]
    return [Pair(*one) for one in zip(safe[::2], safe[1::2], likeness, strict=True)]
