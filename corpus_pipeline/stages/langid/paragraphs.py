"""The blocks of documents in several languages: the label of each, and how foreign ones are cut.

Enters: documents, the blocks of `find_blocks` and a function that labels texts.  Leaves: the column
`langid_paragraphs`, and texts without their foreign blocks.
Refuses: to cut code, and blocks without a language (numbers, symbols).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import polars as pl

from corpus_pipeline.stages.langid.combine import CHINESE

_DTYPE = pl.List(pl.Struct({"start": pl.UInt32(), "label": pl.String()}))
_CHINESE = (*CHINESE, "zh-Hans", "zh-Hant")
#: Labels of blocks that are never cut: programs belong to manuals, numbers to reports.
_STAY = ("code", "und")
#: Bytes of a block that are judged.
_HEAD = 1500


def paragraphs(
    verdicts: pl.DataFrame,
    rows: pl.Series,
    texts: pl.Series,
    blocks: pl.DataFrame,
    judged: Callable[[pl.Series], pl.DataFrame],
) -> pl.Series:
    """The column: null where a document is in one language.

    `blocks` counts `texts`, which are the documents at `rows` of `verdicts`.  A Chinese block of a
    document that is Chinese as a whole has the document's label, which more text decided.
    """
    if blocks.is_empty():
        return _placed(len(verdicts), rows.head(0), pl.Series([], dtype=_DTYPE))
    whole = verdicts.get_column("label").gather(rows).gather(blocks["row"])
    settled = blocks.select(whole=whole.is_in(_CHINESE) & blocks["chinese"]).to_series()
    asked = blocks.filter(~settled)
    raw = {row: texts[row].encode() for row in asked["row"].unique()}
    pieces = [
        raw[row][byte : byte + min(size, _HEAD)].decode(errors="ignore")
        for row, byte, size in asked.select("row", "byte", "size").iter_rows()
    ]
    label = pl.col("label")
    named = blocks.select("row", "start").with_columns(label=whole)
    answers = judged(pl.Series(pieces, dtype=pl.String)).get_column("label")
    named = named.with_columns(named["label"].scatter((~settled).arg_true(), answers))
    # Neighbours with one label are one block.
    named = named.filter(label.ne_missing(label.shift(1).over("row")))
    grouped = named.group_by("row", maintain_order=True).agg(
        pl.struct(pl.col("start").cast(pl.UInt32), "label").alias("blocks")
    )
    grouped = grouped.filter(pl.col("blocks").list.len() > 1)
    return _placed(len(verdicts), rows.gather(grouped["row"]), grouped["blocks"].cast(_DTYPE))


def _placed(height: int, rows: pl.Series, lists: pl.Series) -> pl.Series:
    """A column of this height with these lists at these rows, null elsewhere."""
    filled = pl.DataFrame({"row": rows.cast(pl.UInt32), "langid_paragraphs": lists})
    places = pl.DataFrame({"row": pl.Series(range(height), dtype=pl.UInt32)})
    return places.join(filled, on="row", how="left", maintain_order="left")["langid_paragraphs"]


def cut(docs: pl.DataFrame, keep: Collection[str]) -> pl.DataFrame:
    """Kept documents without the blocks that are in other languages.

    `langid_paragraphs` then counts the text as it leaves.
    """
    wanted = pl.col("langid_keep") & pl.col("langid_paragraphs").is_not_null()
    rows = docs.select(wanted).to_series().arg_true()
    texts, counts = docs.get_column("text"), docs.get_column("langid_cut")
    lists = docs.get_column("langid_paragraphs")
    new, sizes, kept = [], [], []
    for row in rows.to_list():
        text, blocks, out, size = texts[row], lists[row].to_list(), [], 0
        parts = []
        for number, block in enumerate(blocks):
            end = blocks[number + 1]["start"] if number + 1 < len(blocks) else len(text)
            if block["label"] not in (*keep, *_STAY):
                continue
            parts.append(text[block["start"] : end])
            out.append({"start": size, "label": block["label"]})
            size += len(parts[-1])
        short = "".join(parts)
        short = short if text.endswith("\n") else short.rstrip("\n")
        new.append(short)
        sizes.append(len(text) - len(short))
        kept.append(out)
    if rows.is_empty():
        return docs
    changed = _placed(docs.height, rows, pl.Series(kept, dtype=_DTYPE))
    return docs.with_columns(
        texts.scatter(rows, new),
        counts.scatter(rows, pl.Series(sizes, dtype=pl.UInt32)),
        langid_paragraphs=pl.when(changed.is_not_null()).then(changed).otherwise(lists),
    )
