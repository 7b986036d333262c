"""Read texts with labels that a user gives, and split them by source.

Enters: files of good and of bad texts, or files with a column of labels: JSON lines or Parquet,
with a column `text`.  Leaves: a frame of `COLUMNS`, with the side of each text: `fit`, or `test`
for texts of sources that training does not see.
Errors: `PipelineError` that says why a set cannot teach what it is meant to: no text, one class,
one source, too few texts, one text under two labels, copies on both sides.

A score that was trained on good texts of one source and bad ones of another tells the two sources
apart; only sources that it never saw show whether it tells good from bad.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl

from corpus_pipeline.model import PipelineError
from corpus_pipeline.training.copies import copied_pair
from corpus_pipeline.training.documents import read_documents

COLUMNS = ("text", "label", "source", "license", "file", "row")
GOOD, BAD = "good", "bad"
#: Share of each class that is held out at least.
HELD_OUT = 0.2
#: Texts of each class, below which nothing is trained: an AUC of .9 of 50 against 50 texts has an
#: interval of ±.06 already.
LEAST = 50


def two_classes(good: Sequence[Path], bad: Sequence[Path], name_of_bad: str = BAD) -> pl.DataFrame:
    """The texts of some files as good ones, those of others as bad ones."""
    parts = [_file(path, GOOD) for path in good] + [_file(path, name_of_bad) for path in bad]
    if not parts:
        raise PipelineError("training needs --good and --bad, or --data and --label")
    return _joined(parts)


def many_classes(paths: Sequence[Path], column: str) -> pl.DataFrame:
    """The texts of files, each with the label in a column; rows without a label are left out."""
    return _joined([_file(path, None, column) for path in paths])


def _joined(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(parts)


def _file(path: Path, label: str | None, column: str = "") -> pl.DataFrame:
    """The rows of a file; the source is its column `source`, or the name of the file."""
    wanted = ("text", column) if label is None else ("text",)
    docs = _read(path, wanted)
    own = pl.lit(path.name)
    source = pl.col("source").fill_null(own) if _is_text(docs, "source") else own
    licence = pl.col("license") if _is_text(docs, "license") else pl.lit(None, pl.String)
    rows = docs.with_row_index("row", offset=1).select(
        "text",
        (pl.lit(label) if label is not None else pl.col(column)).alias("label"),
        source.alias("source"),
        licence.alias("license"),
        own.alias("file"),
        "row",
    )
    return rows.filter(pl.col("label").is_not_null())


def _read(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    if path.suffix != ".parquet":
        return read_documents(path, columns)
    try:
        docs = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise PipelineError(f"cannot read {path}: {str(error).splitlines()[0]}") from None
    if missing := [name for name in columns if not _is_text(docs, name)]:
        raise PipelineError(f"{path} has no text column {' or '.join(missing)}")
    return docs


def _is_text(docs: pl.DataFrame, name: str) -> bool:
    return docs.schema.get(name) == pl.String()


def checked(docs: pl.DataFrame, least: int = LEAST) -> pl.DataFrame:
    """The texts, if they can teach labels; `PipelineError` says why not."""
    empty = docs.filter(~pl.col("text").fill_null("").str.contains(r"\S"))
    if empty.height:
        raise PipelineError(f"{empty.height} texts are empty, the first is {_place(empty)}")
    counts = dict(docs.group_by("label").len().sort("label").iter_rows())
    if len(counts) < 2:
        named = f"only {next(iter(counts))}" if counts else "no text at all"
        raise PipelineError(f"training needs texts of two classes or more; there is {named}")
    if few := [f"{label} ({n})" for label, n in counts.items() if n < least]:
        raise PipelineError(f"training needs {least} texts of each class; too few: {few[0]}")
    twice = docs.filter(pl.col("label").n_unique().over("text") > 1)
    if twice.height:
        raise PipelineError(f"a text stands under two labels: {_place(twice)}")
    sources = dict(
        docs.group_by("label").agg(pl.col("source").n_unique()).sort("label").iter_rows()
    )
    if one := [label for label, n in sources.items() if n < 2]:
        raise PipelineError(
            f"all texts of {one[0]} are of one source: a model would learn the source; two or more "
            "are needed, by the column `source` or in a file each"
        )
    return docs


def masked(
    docs: pl.DataFrame, mask: Callable[[Sequence[str]], list[str]], name: Callable[[str], str]
) -> pl.DataFrame:
    """Texts, sources and licences without personal data: whoever has the model reads its words."""
    texts = mask(docs.get_column("text").to_list())
    short = {
        column: pl.col(column).map_elements(name, pl.String) for column in ("source", "license")
    }
    return docs.with_columns(text=pl.Series(texts, dtype=pl.String), **short)


def split(docs: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The texts with their `side`; whole sources are held out, the same ones for the same seed.

    `PipelineError` where no source can be held out of a class, or copies stand on both sides.
    """
    counts: dict[str, dict[str, int]] = {}
    for source, label, n in docs.group_by("source", "label").len().iter_rows():
        counts.setdefault(source, {})[label] = n
    totals = dict(docs.group_by("label").len().iter_rows())
    out = held_out(counts, totals, seed)
    for label in sorted(totals):
        if not any(label in counts[source] for source in out):
            raise PipelineError(
                f"no source of {label} can be held out: each is the last one of some class"
            )
    sided = docs.with_columns(
        side=pl.when(pl.col("source").is_in(sorted(out)))
        .then(pl.lit("test"))
        .otherwise(pl.lit("fit"))
    )
    fit, test = (sided.filter(pl.col("side") == side) for side in ("fit", "test"))
    pair = copied_pair(fit["text"], test["text"])
    if pair is not None:
        one, other, alike = pair
        raise PipelineError(
            f"{_place(fit, one)} and {_place(test, other)} are copies (Jaccard {alike:.2f}) in "
            "sources on both sides of the split: run exact-dedup and near-dedup over the set first"
        )
    return sided


def held_out(
    counts: Mapping[str, Mapping[str, int]], totals: Mapping[str, int], seed: int
) -> set[str]:
    """Sources by the order of a hash, until `HELD_OUT` of each class is out; none is emptied."""
    order = sorted(counts, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    left = {label: sum(label in own for own in counts.values()) for label in totals}
    gone = dict.fromkeys(totals, 0)
    out: set[str] = set()
    for source in order:
        own = counts[source]
        wanted = any(gone[label] < HELD_OUT * totals[label] for label in own)
        if wanted and all(left[label] > 1 for label in own):
            out.add(source)
            for label, n in own.items():
                left[label] -= 1
                gone[label] += n
    return out


def _place(docs: pl.DataFrame, at: int = 0) -> str:
    return f"row {docs['row'][at]} of {docs['file'][at]}"
