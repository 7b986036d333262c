"""The rows of a release in a compact form, cut by id into pieces that fit into memory.

Enters: a finished run.  Leaves: for each row 100 bytes (id, state, rule, digest and length of its
text, the numbers of its evidence, codes of its categories) in files of a temporary folder, a file a
range of ids, so that the same ids of two releases meet in pieces of the same number.
No text is held longer than its row group.  Texts of parts that both releases share byte for byte
are read once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from corpus_pipeline.model import PipelineError, document_id
from corpus_pipeline.products.runs import DROPPED, KEPT, QUARANTINED, Run, batches, columns_of

#: The folder of an erased release that says which documents were taken out.
TOMBSTONES: Final = "tombstones"
#: What became of a document.
S_KEPT, S_DROPPED, S_QUARANTINED, S_ERASED = range(4)
#: Rows of a piece, about; and rows that are gathered before they are written.
PIECE: Final = 1 << 18
_GATHERED: Final = 1 << 16
#: Categories by which shares are counted: name → column.
CATEGORIES: Final = {
    "source": "source",
    "register": "heuristics_register",
    "domain": "domain_label",
    "language": "langid_label",
    "bucket": "quality_bucket",
}
_NUMBER: Final = r"(-?[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?)"
_MEASURE: Final = rf"^([a-z][a-z0-9_]*)={_NUMBER} (?:<=|>=|<|>) {_NUMBER}"
_OF: Final = r"^of=([0-9a-f]{32})"
#: How like a document is to the one that stayed; the bound stands in the config.
_LIKENESS: Final = rf"^of=[0-9a-f]{{32}} ([a-z][a-z0-9_]*)={_NUMBER}"

ROW: Final[dict[str, Any]] = {
    "hi": pl.UInt64,
    "lo": pl.UInt64,
    "text": pl.UInt64,
    "of_hi": pl.UInt64,
    "of_lo": pl.UInt64,
    "input": pl.UInt64,
    "row": pl.UInt32,
    "characters": pl.UInt32,
    "rule": pl.UInt32,
    "measure": pl.UInt32,
    **dict.fromkeys(CATEGORIES, pl.UInt32),
    "value": pl.Float32,
    "bound": pl.Float32,
    "state": pl.UInt8,
}


class Codes:
    """Strings of one category and their numbers; 0 is null."""

    def __init__(self) -> None:
        """Know nothing but null."""
        self.names: list[str | None] = [None]
        self._numbers: dict[str, int] = {}

    def of(self, values: pl.Series) -> pl.Series:
        """The numbers of strings; new ones are learnt."""
        known = {name: self.number(name) for name in values.drop_nulls().unique().sort()}
        return values.replace_strict(known, default=0, return_dtype=pl.UInt32)

    def number(self, name: str) -> int:
        """The number of one string."""
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
        return self._numbers[name]


@dataclass(slots=True)
class Known:
    """What is shared by two releases: codes, the parts that are equal, and their lengths."""

    folder: Path
    codes: dict[str, Codes] = field(
        default_factory=lambda: {name: Codes() for name in (*CATEGORIES, "rule", "measure")}
    )
    equal: frozenset[str] = frozenset()  # sha256 of parts that both have
    odd_inputs: frozenset[str] = frozenset()  # places whose name has a sign of locators in it


def hashed(names: Iterable[str]) -> pl.Series:
    """Numbers of places, the same for the same place within a process."""
    return pl.Series(list(names), dtype=pl.String).hash()


class Rows:
    """The rows of one release, in pieces by the beginning of their ids."""

    def __init__(self, folder: Path, bits: int) -> None:
        """`bits`: of an id that name its piece; there are two to that power."""
        self._folder, self._bits = folder, bits
        self._waiting: list[pl.DataFrame] = []
        folder.mkdir()

    def add(self, frame: pl.DataFrame) -> None:
        """More rows."""
        self._waiting.append(frame)
        if sum(one.height for one in self._waiting) >= _GATHERED:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered."""
        if not self._waiting:
            return
        frame = pl.concat(self._waiting)
        self._waiting = []
        piece = _piece(frame.get_column("hi").to_numpy(), self._bits)
        order = np.argsort(piece, kind="stable")
        rows = frame.to_numpy(structured=True)[order]
        numbers, starts = np.unique(piece[order], return_index=True)
        ends = [*starts[1:], len(rows)]
        for number, start, end in zip(numbers, starts, ends, strict=True):
            with (self._folder / str(number)).open("ab") as file:
                rows[start:end].tofile(file)

    def piece(self, number: int) -> pl.DataFrame:
        """The rows whose ids begin so; of several with one id the first by state."""
        path = self._folder / str(number)
        if not path.exists():
            return pl.DataFrame(schema=ROW)
        empty = pl.DataFrame(schema=ROW).to_numpy(structured=True)
        rows = pl.from_numpy(np.fromfile(path, empty.dtype), schema=ROW)
        return rows.sort("hi", "lo", "state").unique(
            ["hi", "lo"], keep="first", maintain_order=True
        )


def _piece(hi: Any, bits: int) -> Any:
    """The numbers of the pieces of ids; of no bits there is one piece."""
    return (hi >> np.uint64(64 - bits)) if bits else np.zeros(len(hi), np.uint64)


def bits_for(rows: int) -> int:
    """How many bits of an id make pieces of about `PIECE` rows.

    >>> bits_for(0), bits_for(PIECE), bits_for(PIECE + 1)
    (0, 0, 1)
    """
    bits = 0
    while rows > PIECE << bits and bits < 10:
        bits += 1
    return bits


def spilled(run: Run, name: str, known: Known, bits: int) -> Rows:
    """All rows of a release: documents, quarantined records, tombstones."""
    rows = Rows(known.folder / name, bits)
    for folder, state in ((KEPT, S_KEPT), (DROPPED, S_DROPPED)):
        first = 0
        for part in run.parts(folder):
            for frame in _part(run, part, state, first, known):
                first += frame.height
                rows.add(frame)
    for folder, read in ((QUARANTINED, _quarantined), (TOMBSTONES, _tombstones)):
        for part in run.parts(folder):
            for frame in batches(_there(run, part)):
                rows.add(read(frame, known))
    rows.flush()
    return rows


def _there(run: Run, part: str) -> Path:
    path = run.root / part
    if not path.is_file():
        raise PipelineError(f"{run.root} is damaged: {part} is missing; see what verify says")
    return path


def _part(run: Run, part: str, state: int, first: int, known: Known) -> Iterator[pl.DataFrame]:
    """The compact rows of one part; `first`: the rows of its folder that come before it."""
    path = _there(run, part)
    have = set(columns_of(path))
    sha256 = next(str(e["sha256"]) for e in run.manifest["files"] if e["path"] == part)
    is_equal = sha256 in known.equal
    lengths = known.folder / f"{sha256}.npy"
    cached = np.load(lengths) if is_equal and lengths.exists() else None
    wanted = ["id", "locator", "dropped_by", "drop_rule", "drop_evidence", *CATEGORIES.values()]
    wanted += ["text"] * (cached is None)
    seen: list[Any] = []
    at = 0
    for frame in batches(path, [name for name in wanted if name in have]):
        if cached is None:
            characters = frame.get_column("text").str.len_chars().fill_null(0)
            seen.append(characters.to_numpy())
        else:
            characters = pl.Series(cached[at : at + frame.height])
        digests = pl.lit(0, pl.UInt64) if is_equal else pl.col("text").hash(seed=1)
        measured = frame.with_columns(characters=characters, digest=digests)
        yield _compact(measured, state, first + at, known)
        at += frame.height
    if is_equal and cached is None:
        np.save(lengths, np.concatenate(seen) if seen else np.zeros(0, np.uint32))


def _compact(frame: pl.DataFrame, state: int, first: int, known: Known) -> pl.DataFrame:
    """Documents in the form that is written; `first`: the number of the first one."""
    evidence = frame.get_column("drop_evidence")
    if state != S_DROPPED:
        evidence = pl.Series(values=[None] * frame.height, dtype=pl.String)
    measured = evidence.str.extract_groups(_MEASURE).struct.unnest()
    likeness = evidence.str.extract_groups(_LIKENESS).struct.unnest()
    name, value = (_either(measured, likeness, at) for at in range(2))
    bound = measured.to_series(2)
    stage = frame.get_column("dropped_by")
    rule = pl.select(pl.concat_str(stage, pl.lit("/"), frame.get_column("drop_rule"))).to_series()
    column = pl.select(pl.concat_str(stage, pl.lit("_"), name)).to_series()
    of = evidence.str.extract(_OF)
    codes = {key: known.codes[key].of(_category(frame, held)) for key, held in CATEGORIES.items()}
    columns = {
        **_halves(frame.get_column("id"), "hi", "lo"),
        "text": frame.get_column("digest"),
        **_halves(of, "of_hi", "of_lo"),
        "input": _inputs(frame.get_column("locator"), known.odd_inputs).hash(),
        "row": np.arange(first, first + frame.height, dtype=np.uint32),
        "characters": frame.get_column("characters"),
        "rule": known.codes["rule"].of(rule),
        "measure": known.codes["measure"].of(column),
        **codes,
        "value": value.cast(pl.Float32),
        "bound": bound.cast(pl.Float32),
        "state": np.full(frame.height, state, np.uint8),
    }
    return _shaped(columns)


def _either(first: pl.DataFrame, second: pl.DataFrame, at: int) -> pl.Series:
    """A column of one frame, where it is null that of the other."""
    columns = first.to_series(at), second.to_series(at)
    return pl.select(pl.coalesce(*columns)).to_series()


def _shaped(columns: dict[str, Any]) -> pl.DataFrame:
    """The frame of these columns in the form that is written."""
    frame = pl.DataFrame(columns).select(pl.col(name).cast(kind) for name, kind in ROW.items())
    return frame.with_columns(pl.exclude("value", "bound").fill_null(0)).with_columns(
        pl.col("value", "bound").fill_null(float("nan"))
    )


def _category(frame: pl.DataFrame, column: str) -> pl.Series:
    if column not in frame.columns:
        return pl.Series(values=[None] * frame.height, dtype=pl.String)
    return frame.get_column(column).cast(pl.String)


def _halves(ids: pl.Series, hi: str, lo: str) -> dict[str, pl.Series]:
    """Both halves of ids as numbers; 0 for null."""
    halves = {hi: ids.str.slice(0, 16), lo: ids.str.slice(16, 16)}
    try:
        return {key: half.str.to_integer(base=16, dtype=pl.UInt64) for key, half in halves.items()}
    except pl.exceptions.ComputeError:
        raise PipelineError("a release holds ids that are not 32 hex digits") from None


def _inputs(locators: pl.Series, odd: frozenset[str]) -> pl.Series:
    """The input that each locator lies in: up to its record, and to its member of an archive."""
    whole = locators.str.replace(r"[@#][^@#]*$", "")
    if not locators.str.contains(r"[@#].*[@#]").any():
        return whole
    outer = whole.str.replace(r"(?s)#.*$", "")
    if odd:
        return pl.select(pl.when(whole.is_in(list(odd))).then(whole).otherwise(outer)).to_series()
    return outer


def _quarantined(frame: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Records that became no document, under the ids that their documents would have had."""
    places = zip(frame["source"].fill_null(""), frame["locator"].fill_null(""), strict=True)
    ids = pl.Series([document_id(*one) for one in places], dtype=pl.String)
    rule = pl.select(pl.concat_str(frame["stage"], pl.lit("/"), frame["reason"])).to_series()
    inputs = _inputs(frame["locator"], known.odd_inputs).hash()
    return _bare(frame, ids, rule, S_QUARANTINED, known).with_columns(input=inputs.fill_null(0))


def _tombstones(frame: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Documents that were erased; their rule is the request, and how it found them."""
    rule = pl.select(pl.format("{} ({})", frame["request"], frame["by"])).to_series()
    return _bare(frame, frame["id"], rule, S_ERASED, known)


def _bare(
    frame: pl.DataFrame, ids: pl.Series, rule: pl.Series, state: int, known: Known
) -> pl.DataFrame:
    zeros = dict.fromkeys((name for name in ROW if name not in {"hi", "lo"}), pl.lit(0))
    halves = _halves(ids, "hi", "lo")
    empty = pl.DataFrame(halves).with_columns(**zeros)
    return _shaped(
        {
            **{name: empty.get_column(name) for name in ROW},
            "source": known.codes["source"].of(frame["source"]),
            "rule": known.codes["rule"].of(rule),
            "state": np.full(frame.height, state, np.uint8),
        }
    )
