"""The columns that carry words of the input beside the text, and how each is masked.

Enters: a batch's schema or one of its columns, and the function that masks a column of sentences.
Leaves: the names of the columns to mask, or the column masked.  Every column of strings counts as
one that carries words, also in lists and structs, unless `CLOSED` names it: a column that somebody
adds is masked until it is said to hold words of ours alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

import polars as pl

from corpus_pipeline.rules.pii.addresses import masked_address, suspects, unescaped
from corpus_pipeline.rules.pii.detector import Detector
from corpus_pipeline.text.tokens.distinct import distinct

#: Columns whose strings are words of ours (a vocabulary, a number, a digest), or are masked where
#: they come to be (`source` and `locator`, of which the id is made).
CLOSED: Final = frozenset(
    {
        "id",
        "source",
        "locator",
        "text",  # by the stage itself, which records its spans
        "dropped_by",
        "drop_rule",
        "decode_charset",
        "decode_repaired",
        "extract_license_id",
        "extract_obfuscation",
        "extract_method",
        "langid_label",
        "langid_paragraphs",
        "normalize_script",
        "heuristics_shape",
        "heuristics_register",
        "heuristics_registers",
        "pii_spans",
        "spam_kind",
        "spam_hits",
        "compliance_hits",
        "compliance_checked",
        "aigc_label",
        "aigc_basis",
        "ip_risk",
        "ip_basis",
        "domain_label",
        "domain_labels",
        "exact_dedup_cluster",
        "near_dedup_cluster",
        "line_dedup_evidence",
        "source_admission_verdict",
    }
)
#: Columns that hold an id or a URL rather than words.
ADDRESSES: Final = frozenset({"url", "source_id", "extract_tdm_policy"})
#: Columns as long as a text: URLs in them are judged as in a text.
TEXTS: Final = frozenset({"normalize_simplified"})

#: The columns of documents and stages that carry words, which `pii` declares that it edits.
CARRIED: Final = (
    "title",
    "url",
    "source_id",
    "license",
    "fetched_at",
    "media_type",
    "aigc",
    "aigc_model",
    "aigc_at",
    "drop_evidence",
    "decode_declared",
    "extract_title",
    "extract_author",
    "extract_date",
    "extract_site",
    "extract_license",
    "extract_robots",
    "extract_tdm_policy",
    "extract_aigc",
    "normalize_simplified",
    "decontaminate_hits",
    "spam_names",
    "spam_names_shared",
)

#: A column of sentences → the same, masked.
Mask = Callable[[pl.Series], pl.Series]


def carried(docs: pl.DataFrame) -> list[str]:
    """The columns of a batch that may hold words of the input, beside `text`."""
    return [
        name for name, dtype in docs.schema.items() if name not in CLOSED and _holds_strings(dtype)
    ]


def _holds_strings(dtype: Any) -> bool:
    if isinstance(dtype, pl.List | pl.Array):
        return _holds_strings(dtype.inner)
    if isinstance(dtype, pl.Struct):
        return any(_holds_strings(field.dtype) for field in dtype.fields)
    return dtype in (pl.String(), pl.Categorical(), pl.Enum)


def masked_column(
    column: pl.Series, mask: Mask, detector: Detector, left: Collection[str]
) -> pl.Series:
    """The column with placeholders; `left`: types of which nothing is masked."""
    if column.null_count() == len(column):
        return column
    if column.dtype != pl.String():
        return _nested(column, mask)
    if column.name in ADDRESSES:
        return masked_addresses(column, detector, left)
    column = _each_once(column, mask)
    if column.name in TEXTS:
        return column
    linked = column.str.contains("://", literal=True).fill_null(value=False)
    return masked_addresses(column, detector, left, linked) if linked.any() else column


def _each_once(column: pl.Series, mask: Mask) -> pl.Series:
    """The column masked; of licences, dates and the like few are distinct."""
    repeated = distinct(column)
    if repeated is None:
        return mask(column)
    each, places = repeated
    return mask(each).gather(places)


def masked_addresses(
    values: pl.Series,
    detector: Detector,
    left: Collection[str] = (),
    among: pl.Series | None = None,
) -> pl.Series:
    """URLs and ids with placeholders; `among`: the rows that are looked at."""
    hot = suspects(values, detector, left).fill_null(value=False)
    rows = (hot if among is None else hot & among).arg_true()
    if len(rows):  # most escapes spell a title, and nothing of anybody
        plain = pl.Series([unescaped(value) for value in values.gather(rows)], dtype=pl.String)
        rows = rows.filter(suspects(plain, detector, left))
    if not len(rows):
        return values
    new = [masked_address(value, detector, left) for value in values.gather(rows)]
    return values.scatter(rows, pl.Series(new, dtype=pl.String))


def _nested(column: pl.Series, mask: Mask) -> pl.Series:
    """Lists and structs: their strings out, masked as one column, and put in again."""
    if isinstance(column.dtype, pl.List) and not column.list.len().sum():
        return column
    rows = column.to_list()
    words: list[str] = []

    def noted(word: str) -> str:
        words.append(word)
        return word

    _walked(rows, noted)
    new = mask(pl.Series("words", words, dtype=pl.String)).to_list()
    if new == words:
        return column
    masked = iter(new)
    return pl.Series(column.name, _walked(rows, lambda _: next(masked)), dtype=column.dtype)


def _walked(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _walked(one, change) for key, one in value.items()}
    if isinstance(value, list | pl.Series):
        return [_walked(one, change) for one in value]
    return value
