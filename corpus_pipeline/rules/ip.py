"""Load the signs of rights in a text, and the risk that each of them means.

Enters: `rules/packs/ip.yaml`, or a pack of the user's, as an asset.
Leaves: a `SignBook`.
Errors: `PipelineError` for a sign that its examples contradict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import polars as pl
from pydantic import Field

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.pack import Pack, Rule, Rules, RustPattern, Text, load, prove
from corpus_pipeline.text.html.licence import license_id

IP = "package:rules/packs/ip.yaml"

Risk = Literal["none", "low", "medium", "high"]
#: Where a sign is looked for: a stated licence, robots directives, the text, or its register.
Where = Literal["licence", "robots", "tdm", "text", "register"]


class Sign(Rule):
    """A sign of rights: where it is looked for, its pattern there, and the risk that it means."""

    where: Where
    risk: Risk
    pattern: RustPattern


class IpPack(Pack):
    """The content of the file."""

    #: What a text must contain for its signs to be looked for at all.
    anchor: RustPattern
    #: Characters at either end of a text where notices stand.
    edge: Annotated[int, Field(ge=100)]
    signs: Rules[Sign]
    #: The risk of a document that has none of the signs.
    unsigned: Risk
    why_unsigned: Text


@dataclass(frozen=True, slots=True)
class SignBook:
    """The compiled pack: signs in order of precedence."""

    pack: IpPack

    def of(self, where: Where) -> list[Sign]:
        """The signs that are looked for there."""
        return [sign for sign in self.pack.signs if sign.where == where]

    def licences(self, stated: pl.Series) -> pl.DataFrame:
        """One Boolean column a sign: whether the stated licence is of that class."""
        names = {name: license_id(name) or name for name in stated.unique().drop_nulls()}
        known = stated.replace(names)
        table, free = pl.DataFrame({"stated": known}), known.is_not_null() & (known != "")
        columns: dict[str, pl.Series] = {}
        for sign in self.of("licence"):
            told = table.select(pl.col("stated").str.contains(sign.pattern)).to_series()
            columns[sign.id] = (told & free).fill_null(value=False)
            free &= ~columns[sign.id]
        return pl.DataFrame(columns)

    def stated(self, where: Where, values: pl.Series) -> pl.DataFrame:
        """One Boolean column a sign of that place: whether the value is one."""
        table = pl.DataFrame({"stated": values})
        return table.select(
            pl.col("stated").str.contains(sign.pattern).fill_null(value=False).alias(sign.id)
            for sign in self.of(where)
        )

    def in_texts(self, texts: pl.Series) -> pl.DataFrame:
        """One Boolean column a sign: whether a notice at an edge of the text says it."""
        edge, text = self.pack.edge, pl.col("text")
        ends = pl.concat_str(text.str.head(edge), text.str.tail(edge), separator="\n")
        edges = pl.when(text.str.len_chars() <= 2 * edge).then(text).otherwise(ends)
        signs = self.of("text")
        likely = texts.str.contains(self.pack.anchor).fill_null(value=False)
        rows = pl.DataFrame({"text": texts}).with_row_index("row").filter(likely)
        found = rows.with_columns(text=edges).select(
            "row", *(text.str.contains(sign.pattern).alias(sign.id) for sign in signs)
        )
        every = pl.DataFrame({"row": pl.Series(range(len(texts)), dtype=pl.UInt32)})
        return every.join(found, on="row", how="left", maintain_order="left").select(
            pl.col(sign.id).fill_null(value=False) for sign in signs
        )


def load_signs(asset: Asset) -> SignBook:
    """The compiled pack of this asset; `PipelineError` where its examples contradict it."""
    return load(asset, IpPack, _proved)


def _proved(pack: IpPack) -> SignBook:
    book = SignBook(pack)

    def judges(sign: Sign, example: str) -> bool:
        """Whether the sign is found in an example, as in a document."""
        values = pl.Series([example], dtype=pl.String)
        if sign.where == "licence":
            found = book.licences(values)
        elif sign.where == "text":
            found = book.in_texts(values)
        else:
            found = book.stated(sign.where, values)
        return bool(found[sign.id][0])

    prove(pack.signs, judges, "sign")
    return book
