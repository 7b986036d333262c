"""Drop near-duplicates; every drop is verified against the document that stays.

Enters: kept documents.  Leaves: `near_dedup_cluster` (the survivor's id), the cluster's size, the
exact Jaccard similarity to the survivor, and the verdict `near_duplicate`.
Refuses: to drop by an estimate, by transitivity (A for C because both are like B), a long text for
a short one, or a text shorter than one n-gram.

sketch: MinHash of the key text's character 5-grams (`text.dedup.minhash`), 24 bands of 4 rows.
match: pairs that share a bucket; up to `FULL` members all pairs, above it those with
representatives and neighbours.
verify: exact Jaccard of the key texts, or of the raw texts where it is nearly enough and one is the
other with edits, or containment where one text is much shorter; then survivors that share a
neighbour are compared too, which finds most pairs that no band had brought together.
settle: stars. The best document (highest quality, longest, smallest id) takes its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from corpus_pipeline.model import AlarmOptions, Asset, Options, PairStage, Schema
from corpus_pipeline.rules.dedup_key import KEY_TABLE, load_key_table
from corpus_pipeline.text.arrays import F64, Integers
from corpus_pipeline.text.dedup import union_find as clusters
from corpus_pipeline.text.dedup.jaccard import Resemblance, resemblance, same_characters
from corpus_pipeline.text.dedup.key import fold, unfolded
from corpus_pipeline.text.dedup.minhash import band_keys, bands_for, signatures
from corpus_pipeline.text.dedup.ngrams import shingles
from corpus_pipeline.text.dedup.union_find import best_first, positions, stars

#: A bucket of up to `FULL` documents gives all its pairs, 120 at most; a larger one pairs each
#: document with `REPRESENTATIVES` of the bucket and with the `NEXT_TO` documents after it.
FULL, REPRESENTATIVES, NEXT_TO = 16, 4, 2
PERMUTATIONS = 128
#: A pair whose key texts are less alike than the threshold by up to `REACH` is looked at again, as
#: the texts stand: of 776 planted pairs (statutes, manuals, poems, comments; 1 to 5 % of the
#: characters replaced, sentences added, cut or moved) with a raw Jaccard of .7 and more the key's
#: was .56 and more, .055 lower on average: an edit costs n n-grams, and the key has fewer.
REACH = 0.15
#: Yet pages of one template have marks and spaces in common as well.  Edits leave nearly all
#: characters (each as often as it stands there), or nearly all of one text stands in the other, and
#: they leave the digits; another date, name or number does not.  Of the 123 planted pairs that need
#: the second look these bounds lose 1; of 309 pairs of manuals and statutes of two places with a
#: raw Jaccard of .7 they take 13 (characters .91: 6 and 9; held .94: 5 and 10; digits .7: 1 and 15,
#: .8: 2 and 11).
SAME_CHARACTERS, HELD, SAME_DIGITS = 0.9, 0.9, 0.75
#: n-grams of the shortest text that is dropped for being held by a longer one: the words of one
#: short sentence (印度人用手吃饭) stand in many texts that say something else.
LEAST_HELD = 16


class NearDedupOptions(AlarmOptions):
    """What counts as a near-duplicate."""

    ngram: int = Field(default=5, ge=1, le=64)
    """Characters of an n-gram: one edit in 100 characters leaves a Jaccard similarity of .91 at 5,
    and .79 at 13, whose recall is worse."""

    threshold: float = Field(default=0.7, gt=0, le=1)
    """Jaccard similarity from which two documents are near-duplicates.  2 % of edited characters
    leave .83, 5 % leave .64; 24 × 4 bands propose 99.9 % of pairs at .7 and 99 % at .65 (24 × 5: 99
    % and 94 %; 20 × 6: 92 % and 79 %)."""

    bands: int | None = Field(default=None, ge=1)
    """MinHash bands; used only together with `rows`.  Null: 24 bands of 4 rows, or for another
    threshold the best split of 128 permutations, a missed pair counted 4 times a needless one
    (verification removes the latter)."""

    rows: int | None = Field(default=None, ge=1)
    """MinHash values in a band; null: see `bands`."""

    containment: float | None = Field(default=0.9, gt=0, le=1)
    """Share of a much shorter text's n-grams in a longer one from which it is its duplicate; null:
    containment drops nothing."""

    length_ratio: float = Field(default=0.7, ge=0, le=1)
    """Ratio of lengths below which a text is much shorter.  Above .7, containment .9 is hardly more
    than the Jaccard threshold."""


class NearDedup(PairStage):
    """MinHash proposes pairs, exact Jaccard decides, the best document of each star survives."""

    name = "near_dedup"
    version = 3
    #: Each round's new pairs are at most `REPRESENTATIVES` a survivor, and on statute versions
    #: nothing new comes after the second.
    rounds: ClassVar[int] = 3
    met: ClassVar[int] = REPRESENTATIVES
    columns: ClassVar[Schema] = {"near_dedup_jaccard": pl.Float32()}
    describes: ClassVar[Mapping[str, str]] = {
        "near_dedup_jaccard": "Exact Jaccard similarity of the character 5-grams to the survivor: "
        "of the key texts, or of the raw texts where the evidence says so (an estimate where that "
        "says so: of two sites); 1 where the document stays."
    }
    OptionsModel: ClassVar[type[Options]] = NearDedupOptions
    options: NearDedupOptions

    def __init__(self, options: Options, assets: Mapping[str, Asset]) -> None:
        """Load the key's character table, choose the bands."""
        super().__init__(options, assets)
        self.table = load_key_table(assets["key_table"])
        self.bands, self.rows = _bands(self.options)

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:  # noqa: ARG003 – the same for all
        """The character table decides what is compared: it belongs in the manifest."""
        return {"key_table": KEY_TABLE}

    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        """A row for each band of each document that has an n-gram."""
        merits = clusters.rank_keys(docs)
        frames = [pl.DataFrame(schema={"row": pl.UInt32, "key": pl.UInt64, "merit": pl.UInt64})]
        for keys in fold(docs.get_column("text"), self.table):
            hashes, starts = shingles(keys.codes, keys.offsets, self.options.ngram)
            alive = np.flatnonzero(np.diff(starts))
            edges = np.append(starts[alive], len(hashes))
            minhashes = signatures(hashes, edges, self.bands * self.rows)
            rows = np.repeat((alive + keys.first).astype(np.uint32), self.bands)
            key = band_keys(minhashes, self.bands).ravel()
            frames.append(pl.DataFrame({"row": rows, "key": key, "merit": merits[rows]}))
        return pl.concat(frames)

    def match(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Pairs that share a bucket; in large ones the documents of an index rank first."""
        rank = pl.col("merit") // 2 + pl.col("old").cast(pl.UInt64) * (1 << 63)
        keys = clusters.non_singletons(keys).with_columns(merit=rank.cast(pl.UInt64))
        key, doc, merits = (keys.get_column(name).to_numpy() for name in ("key", "doc", "merit"))
        docs, member = np.unique(doc, return_inverse=True)
        first, other = clusters.bucket_pairs(
            key,
            member.astype(np.uint32),
            merits,
            full=FULL,
            representatives=REPRESENTATIVES,
            next_to=NEXT_TO,
        )
        a, b = clusters.distinct_pairs(first, other)
        return pl.DataFrame({"a": docs[a], "b": docs[b]})

    def verify(self, pairs: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
        """The pairs that hold.

        Adds `jaccard` and `containment` (f32), `larger` (u64; null where the Jaccard holds) and
        `raw` (Boolean: the Jaccard is that of the raw texts).
        """
        docs = texts.get_column("doc")
        true = self._true(texts.get_column("text").fill_null(""), *positions(pairs, docs))
        return true.with_columns(docs.gather(true[end]).alias(end) for end in ("a", "b", "larger"))

    def _true(self, texts: pl.Series, a: Integers, b: Integers) -> pl.DataFrame:
        """The pairs that hold; `larger` says which contains the other, null where Jaccard holds."""
        similarities = resemblance(texts, a, b, self.table, self.options.ngram)
        raw = self._edited(texts, a, b, similarities)
        jaccard = np.maximum(similarities.jaccard, raw)
        alike = jaccard >= self.options.threshold
        within = np.zeros(len(a), dtype=np.bool_)
        if self.options.containment is not None:
            within = similarities.containment >= self.options.containment
            within &= similarities.length_ratio < self.options.length_ratio
            within &= np.minimum(similarities.size_a, similarities.size_b) >= LEAST_HELD
        larger = pl.Series(np.where(similarities.size_a >= similarities.size_b, a, b))
        return pl.DataFrame(
            {
                "a": a,
                "b": b,
                "jaccard": jaccard.astype(np.float32),
                "containment": similarities.containment.astype(np.float32),
                "larger": larger.set(pl.Series(alike), None),
                "raw": raw > 0,
            }
        ).filter(alike | within)

    def _edited(self, texts: pl.Series, a: Integers, b: Integers, key: Resemblance) -> F64:
        """The Jaccard similarity of the raw texts where it decides: 0 for all other pairs.

        It decides where the key's is not quite enough and one text is the other with edits.
        """
        threshold, out = self.options.threshold, np.zeros(len(a))
        rows = np.flatnonzero((key.jaccard < threshold) & (key.jaccard >= threshold - REACH))
        raw = resemblance(texts, a[rows], b[rows], unfolded(), self.options.ngram).jaccard
        rows, raw = rows[raw >= threshold], raw[raw >= threshold]
        pairs = texts, a[rows], b[rows], self.table
        same = same_characters(*pairs).jaccard >= SAME_CHARACTERS
        digits = same_characters(*pairs, digits=True)
        dated = (digits.jaccard < SAME_DIGITS) & (digits.size_a + digits.size_b > 0)
        held = (same | (key.containment[rows] >= HELD)) & ~dated
        out[rows[held]] = raw[held]
        return out

    def settle(self, pairs: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
        """The best document takes its neighbours, then the best that is left, and so on."""
        ranked = best_first(facts)
        a, b = positions(pairs, ranked.get_column("doc"))
        better = ranked.get_column("doc").gather(np.minimum(a, b))
        # A text is never dropped for a shorter one that it contains.
        fair = (pairs["larger"].is_null() | (pairs["larger"] == better)).to_numpy()
        pairs = pairs.filter(fair)
        centre, edge = stars(a[fair], b[fair], ranked.height)
        matched = pairs[np.maximum(edge, 0)] if pairs.height else pairs.clear(ranked.height)
        gone, cluster = pl.col("edge") >= 0, pl.col("near_dedup_cluster")
        contained = pl.format(" containment={}", pl.col("containment").round(2))
        return (
            ranked.select("doc", near_dedup_cluster=pl.col("id").gather(centre))
            .with_columns(matched.select("jaccard", "containment", "larger", "raw"), edge=edge)
            .select(
                "doc",
                cluster,
                near_dedup_cluster_size=pl.len().over(cluster).cast(pl.UInt32),
                near_dedup_jaccard=pl.when(gone).then("jaccard").otherwise(1.0).cast(pl.Float32),
                drop_rule=pl.when(gone).then(pl.lit("near_duplicate")),
                drop_evidence=pl.when(gone).then(
                    pl.format("of={} jaccard={}", cluster, pl.col("jaccard").round(2))
                    + pl.when(pl.col("raw")).then(pl.lit(" raw")).otherwise(pl.lit(""))
                    + pl.when(pl.col("larger").is_null()).then(pl.lit("")).otherwise(contained)
                ),
            )
        )

    def untouched(self) -> Mapping[str, pl.Expr]:
        """A cluster of one, with Jaccard 1."""
        return {**super().untouched(), "near_dedup_jaccard": pl.lit(1.0, dtype=pl.Float32)}


def _bands(options: NearDedupOptions) -> tuple[int, int]:
    """Bands and rows as given, or the best for the threshold."""
    if options.bands is not None and options.rows is not None:
        return options.bands, options.rows
    if options.threshold == NearDedupOptions().threshold:
        return 24, 4
    return bands_for(options.threshold, PERMUTATIONS)
