"""Record whose rights a text may touch: the risk, and the signs that it rests on.

Enters: kept documents; `license`, and where `extract` and `heuristics` ran, what the page says of
licences, robots and mining, and the register of the text.
Leaves: `ip_risk` (none, low, medium, high) and `ip_basis` (every sign found, the deciding one
first).  Each document that is kept has both: an empty basis never stands for "not looked at".
Refuses: to decide what a court would; to drop, unless `drop` names risks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl

from corpus_pipeline.model import Asset, Options, Schema, Stage, drop
from corpus_pipeline.rules.ip import IP, load_signs

#: The basis of a document without any sign.
NO_SIGN = "no_licence"
#: Where the page states what the record may not.
_PAGE_LICENCE = ("extract_license_id", "extract_license")


class IpOptions(Options):
    """The pack of signs, and which risks go."""

    pack: str = IP
    """Signs of rights in licences, notices and directives, in order of precedence."""

    drop: tuple[Literal["low", "medium", "high"], ...] = ()
    """Risks whose documents are dropped, e.g. `[high]`; empty: all stay, with their risk."""


class Ip(Stage):
    """The risk of infringing intellectual property, with its basis."""

    name = "ip"
    version = 1
    columns: ClassVar[Schema] = {"ip_risk": pl.String(), "ip_basis": pl.List(pl.String())}
    describes: ClassVar[Mapping[str, str]] = {
        "ip_risk": "What using the text may infringe, by its signs: `none`, `low` (duties of an "
        "open licence), `medium` (a restricted licence or none), `high` (a reservation, or a work "
        "of literature or science without a licence).",
        "ip_basis": "The signs found (rules/packs/ip.yaml), the deciding one first.",
    }
    OptionsModel = IpOptions

    def __init__(self, options: IpOptions, assets: Mapping[str, Asset]) -> None:
        """Load and prove the pack."""
        super().__init__(options, assets)
        self.book = load_signs(assets["pack"])
        self.gone = list(options.drop)

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The pack."""
        return {"pack": options.pack}

    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Find the signs; drop the risks that do not stay."""
        signs = self._signs(docs)
        pack = self.book.pack
        risk = pl.coalesce(
            *(pl.when(sign.id).then(pl.lit(sign.risk)) for sign in pack.signs),
            pl.lit(pack.unsigned),
        )
        names = [pl.when(sign.id).then(pl.lit(sign.id)) for sign in pack.signs]
        table = signs.select(ip_risk=risk, ip_basis=pl.concat_list(names).list.drop_nulls())
        nothing = pl.col("ip_basis").list.len() == 0
        basis = pl.when(nothing).then(pl.lit([NO_SIGN])).otherwise("ip_basis")
        out = docs.with_columns(*table.with_columns(ip_basis=basis))
        rule = pl.when(pl.col("ip_risk").is_in(self.gone)).then(pl.lit("rights_at_risk"))
        by = pl.col("ip_basis").list.join(",")
        return drop(out, self.name, rule, pl.format("risk={} by={}", "ip_risk", by))

    def _signs(self, docs: pl.DataFrame) -> pl.DataFrame:
        """One Boolean column a sign."""
        columns = self.book.in_texts(docs.get_column("text"))
        own, page = docs.get_column("license"), _first(docs, _PAGE_LICENCE)
        of_record, of_page = self.book.licences(own), self.book.licences(page)
        columns = columns.with_columns(
            (of_record[n] | of_page[n]).alias(n) for n in of_record.columns
        )
        tdm = _first(docs, ("extract_tdm",)).cast(pl.String)
        register = _first(docs, ("heuristics_register",))
        robots = _first(docs, ("extract_robots",))
        for told in (
            self.book.stated("robots", robots),
            self.book.stated("tdm", tdm),
            self.book.stated("register", register),
        ):
            columns = columns.hstack(told)
        return columns


def _first(docs: pl.DataFrame, names: tuple[str, ...]) -> pl.Series:
    """The first value of these columns that is there; null where the batch has none of them."""
    found = [name for name in names if name in docs.columns]
    if not found:
        return pl.Series([None] * docs.height, dtype=pl.String)
    return docs.select(pl.coalesce(found).alias("found")).to_series()
