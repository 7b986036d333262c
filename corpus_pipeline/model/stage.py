"""The four kinds of stages, and what is checked when a stage's class is defined.

A *local* stage (`Stage`) sees one document at a time; `tests/test_laws.py` holds it to the same
rows, the same order, and no hidden state.  The other three must see all documents: a `PairStage`
finds documents that are alike and keeps the best, a `CountStage` edits by how often something
occurs, an `AggregateStage` decides about groups of documents, such as sources.

A class that lacks a part of its protocol is a `TypeError` where it is defined, not at the end of a
run.  `base=True` in the class line marks an abstract class, which is not checked.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import polars as pl
from pydantic import ConfigDict, Field

from corpus_pipeline.model.asset import Asset
from corpus_pipeline.model.described import Described
from corpus_pipeline.model.rows import on_kept
from corpus_pipeline.model.schema import Schema


class Options(Described):
    """The options of a stage.  An unknown key or a wrong type is an error of the config.

    A docstring below a field is its description in the JSON Schema of configs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class AlarmOptions(Options):
    """When a pair stage raises an alarm in the manifest; an alarm drops and keeps nothing."""

    alarm_cluster: int = Field(default=1000, ge=2)
    """Documents of a cluster above which it is named: 1,000 alike are a template (TxT360) or a
    mistake."""

    alarm_source: float = Field(default=0.5, ge=0, le=1)
    """Share of a source's documents above which its loss is named: unverified matches have cost
    whole sources (Marin: 15 of 113 lost 95 %)."""


class AnyStage(ABC):
    """The parts of every kind: a name, a version, columns, options, assets."""

    name: ClassVar[str]
    #: To be raised when the output changes.
    version: ClassVar[int]
    #: The columns it adds, each called `<name>_…`, or `<name>` where there is one.
    columns: ClassVar[Schema]
    #: Their meaning, for docs/columns.md; after `Null:`, the meaning of null in a document that the
    #: stage has seen.
    describes: ClassVar[Mapping[str, str]] = {}
    OptionsModel: ClassVar[type[Options]] = Options

    def __init_subclass__(cls, *, base: bool = False, **kwargs: Any) -> None:
        """Refuse a class that lacks a part of the protocol."""
        super().__init_subclass__(**kwargs)
        if not base:
            cls.check_definition()

    @classmethod
    def check_definition(cls) -> None:
        """`TypeError` where name, version, columns or a method are missing or malformed."""
        missing = [part for part in ("name", "version", "columns") if not hasattr(cls, part)]
        abstract = {
            name
            for parent in cls.__mro__
            for name, value in vars(parent).items()
            if getattr(value, "__isabstractmethod__", False)
        }
        missing += sorted(
            name for name in abstract if getattr(getattr(cls, name), "__isabstractmethod__", False)
        )
        if missing:
            raise TypeError(f"{cls.__qualname__}: a stage needs {', '.join(missing)}")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", cls.name):
            raise TypeError(f"{cls.__qualname__}: {cls.name!r} is no name for a stage: use a_z0_9")
        for column, dtype in cls.columns.items():
            if column != cls.name and not column.startswith(f"{cls.name}_"):
                raise TypeError(f"{cls.__qualname__}: call the column {column!r} {cls.name}_…")
            if not isinstance(dtype, pl.DataType):
                raise TypeError(f"{cls.__qualname__}: {column} needs a type such as pl.UInt32()")
        if not issubclass(cls.OptionsModel, Options):
            raise TypeError(f"{cls.__qualname__}: OptionsModel has to be a model.Options")

    def __init__(self, options: Options, assets: Mapping[str, Asset]) -> None:
        """Keep the options; a subclass loads its assets here, and nowhere else."""
        self.options = options

    @classmethod
    def asset_refs(cls, options: Any) -> Mapping[str, str]:
        """The assets this stage needs under these options: name → `package:…` or a path."""
        return {}


class Stage(AnyStage, base=True):
    """One local stage: a batch in, the same rows in the same order out.

    A subclass defines its `name`, its `version` and the `columns` it adds, and implements `process`
    for documents that are still kept.
    """

    #: Columns of `DOCUMENT` that this stage may rewrite (`text`, `title`).
    edits: ClassVar[tuple[str, ...]] = ()
    #: Whether `process` gets dropped documents too (`pii` masks them).
    sees_dropped: ClassVar[bool] = False
    #: Columns that this stage removes (`decode` removes the payload).
    takes: ClassVar[tuple[str, ...]] = ()
    #: Whether its verdict follows from its columns alone; true where a subclass defines `verdicts`.
    judges_columns: ClassVar[bool] = False
    #: Options of such a stage that change what it measures.
    measured_by: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def check_definition(cls) -> None:
        """Note whether the stage judges its columns."""
        cls.judges_columns = cls.verdicts is not Stage.verdicts
        super().check_definition()

    def verdicts(self, docs: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """Documents with this stage's columns → rule and evidence (null: stays), as `process` does.

        For stages that measure first and judge second: another bound needs no second reading.
        """
        raise NotImplementedError

    @abstractmethod
    def process(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Kept documents (at least one) → the same rows in the same order, with `columns`."""

    def __call__(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Run the stage on a batch; dropped rows are unchanged, with null in `columns`."""
        return on_kept(
            docs,
            self.name,
            self.columns,
            lambda kept, _places: self.process(kept),
            takes=self.takes,
            dropped_too=self.sees_dropped,
        )


class ShuffledStage(AnyStage, base=True):
    """A stage that must see all documents; the engine shuffles between its pure functions.

    `doc` is a document (u64: part << 32 | row); the parts of indexes come after the run's splits.
    """

    @abstractmethod
    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Rows for the shuffle; each kind defines their columns."""

    def blind(self, rows: pl.DataFrame, key: bytes) -> pl.DataFrame:
        """The rows of a sketch, or the sums of groups, as they may leave a site: under this key.

        Only stages that look at documents of several sites have this.
        """
        raise NotImplementedError


#: The facts by which a pair stage chooses a survivor, beside `doc` and `old`.
SURVIVOR_FACTS: Final[Schema] = {
    "id": pl.String(),
    "source": pl.String(),
    "length": pl.UInt32(),  # code points of the text
    "quality": pl.Float32(),  # `quality_score`; null where nothing scored the document
}


def survivor_facts(docs: pl.DataFrame) -> pl.DataFrame:
    """`SURVIVOR_FACTS` of kept documents, one row each in their order."""
    quality = "quality_score" if "quality_score" in docs.columns else pl.lit(None)
    return docs.select(
        id="id", source="source", length=pl.col("text").str.len_chars(), quality=quality
    ).cast(pl.Schema(SURVIVOR_FACTS))


def cluster_columns(stage: str) -> tuple[str, str]:
    """The names of a pair stage's two columns: the survivor's id, and the cluster's size."""
    return f"{stage}_cluster", f"{stage}_cluster_size"


class PairStage(ShuffledStage, base=True):
    """A stage that finds pairs of documents and decides which of them go.

    `columns` holds only what it adds to `<name>_cluster` (String: the id of the survivor) and
    `<name>_cluster_size` (UInt32), which every pair stage has and which come first.
    """

    OptionsModel: ClassVar[type[Options]] = AlarmOptions
    columns: ClassVar[Schema] = {}
    #: Whether `verify` needs the texts of candidates; true where a subclass defines `verify`.
    verifies: ClassVar[bool] = False
    #: What `verify` gets of each candidate: of a package of a site other columns than the text.
    compares: ClassVar[tuple[str, ...]] = ("text",)
    #: Of a stage that verifies: how often documents that no pair removes are compared, too, if both
    #: are like a third one; and with how many others each, the best.
    rounds: ClassVar[int] = 0
    met: ClassVar[int] = 4

    @classmethod
    def check_definition(cls) -> None:
        """Add the cluster's columns, and check that the options have the alarms."""
        if "name" in vars(cls):
            cluster, size = cluster_columns(cls.name)
            cls.columns = {cluster: pl.String(), size: pl.UInt32(), **cls.columns}
            cls.describes = {
                cluster: "Id of the document that stays for this one; its own id where it stays.",
                size: "Documents of the cluster, 1 for a document that is like no other.",
                **cls.describes,
            }
        cls.verifies = cls.verify is not PairStage.verify
        super().check_definition()
        if not issubclass(cls.OptionsModel, AlarmOptions):
            raise TypeError(f"{cls.__qualname__}: OptionsModel has to be a model.AlarmOptions")

    @abstractmethod
    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Kept documents → rows (`row` u32 index into `docs`, `key` u64, own columns).

        The engine adds `doc` from `row` and partitions the rows by the high bits of `key`.
        """

    @abstractmethod
    def match(self, keys: pl.DataFrame) -> pl.DataFrame:
        """All rows of one key range → candidate pairs (`a` u64 < `b` u64), each pair once.

        Columns: those of the sketch, `doc` u64 and `old` bool, sorted by `key` and `doc`.
        """

    def verify(self, pairs: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
        """Candidate pairs and the documents in them (`doc`, and `compares`) → the true pairs.

        Each pair by itself: the engine calls this for a portion of the pairs after the other.
        Returns `a`, `b`, `larger` (u64: the one that must not be dropped for the other; null:
        either may), and what else `settle` needs.
        """
        return pairs

    def further(self, pairs: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
        """Which of these pairs (`a` < `b`) of documents like a third one `verify` is to get.

        `sources`: `doc` and `source` of the documents.  Returns the columns of `match`.
        """
        return pairs

    @abstractmethod
    def settle(self, pairs: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
        """The true pairs of whole components and the facts of their documents → decisions.

        Of a stage that verifies, stars: pairs of a document with the one that it is dropped for,
        as the best free document takes its free neighbours.  A star may come in several calls; the
        engine counts its documents.

        `facts`: `doc`, `SURVIVOR_FACTS` and `old` (bool: of an index; such a document is never
        dropped, nor called a duplicate of another old one).
        Returns `doc`, the stage's own `columns`, `drop_rule` and `drop_evidence` (null = stays); a
        document without a row in the result stays, with the columns of `untouched`.
        """

    def sign(self, docs: pl.DataFrame, key: bytes, values: int) -> pl.DataFrame:
        """Kept documents → for each the columns `compares`, made with the key of the sites."""
        raise NotImplementedError

    def untouched(self) -> Mapping[str, pl.Expr]:
        """Column → value, for documents that `settle` does not return; other columns are null."""
        cluster, size = cluster_columns(self.name)
        return {cluster: pl.col("id"), size: pl.lit(1, dtype=pl.UInt32)}


class CountStage(ShuffledStage, base=True):
    """A stage that must know how often a key occurs in all documents, and then edits them.

    It counts in the run's own documents only: an index (`--against`) has nothing for it.
    """

    #: Columns of `DOCUMENT` that `apply` may rewrite.
    edits: ClassVar[tuple[str, ...]] = ()
    #: The columns that `apply` reads beside `id`, `source` and the verdict, where they are there;
    #: None: all of them.
    needs: ClassVar[tuple[str, ...] | None] = None
    #: Whether `match` needs keys that no other row has; if not, it does not get them.
    lone_keys: ClassVar[bool] = True

    @abstractmethod
    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Kept documents → rows (`row` u32 index into `docs`, `key` u64, own columns).

        The engine adds `doc` from `row` and partitions the rows by the high bits of `key`.
        """

    @abstractmethod
    def match(self, keys: pl.DataFrame) -> pl.DataFrame:
        """All rows of one key range, sorted by `key` and `doc` → the rows that `apply` needs.

        Both have `doc`, `key` and own columns; keys that do not matter are left out.
        """

    def unblind(self, matches: pl.DataFrame, key: bytes) -> pl.DataFrame:
        """The rows that `match` made of blind ones, as `apply` knows them."""
        raise NotImplementedError

    @abstractmethod
    def apply(self, docs: pl.DataFrame, matches: pl.DataFrame) -> pl.DataFrame:
        """Kept documents and the rows of `match` for them → the same documents, edited and judged.

        `matches`: `row` (u32 index into `docs`), `key`, own columns, sorted by `row` and `key`.
        """


class AggregateStage(ShuffledStage, base=True):
    """A stage that decides about groups of documents, such as sources, from their sums.

    It sees the run's own documents as the stages before it left them; an index (`--against`) has
    nothing for it.  Its columns have the values of the group, null for a document of no group.
    """

    #: Whether `sketch` also gets documents that were dropped before, with their verdict columns.  A
    #: decision about a group drops only documents that are still kept.
    sees_dropped: ClassVar[bool] = False
    #: The key of the manifest under which `report` stands; None: there is no report.
    reports: ClassVar[str | None] = None
    #: The columns that `sketch` reads beside the verdict, where they are there; None: all of them.
    needs: ClassVar[tuple[str, ...] | None] = None

    @abstractmethod
    def sketch(self, docs: pl.DataFrame) -> pl.DataFrame:
        """Documents → rows (`row` u32 index into `docs`, `key` String, own measures).

        `key` names the group; a document has one row at most.  Measures are integers or booleans,
        so that sums are exact in any order.
        """

    @abstractmethod
    def settle(self, groups: pl.DataFrame) -> pl.DataFrame:
        """All groups → decisions about them.

        `groups`: `key`, `documents` (i64: rows of `sketch`) and the sum of each measure (i64),
        sorted by `key`.  Returns `key`, the stage's own `columns`, `drop_rule` and `drop_evidence`
        (null = the group stays).
        """

    def report(self, groups: pl.DataFrame) -> list[dict[str, Any]]:
        """What the manifest says of the groups, which are those of `settle`: plain values."""
        return []
