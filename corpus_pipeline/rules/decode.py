"""Load what `decode` judges by: the table of character costs, and the pack of bounds.

Enters: `assets/char_costs.tsv` and `rules/packs/decode.yaml`, as assets.
Leaves: `Costs` and `Decoding`.
Errors: `PipelineError` for a table without one of hans, hant, ja, ko, and for a pack that
contradicts its examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.pack import Pack, Rule, Rules, load, once, prove
from corpus_pipeline.rules.settings import Settings
from corpus_pipeline.text.charset.detect import Costs, char_costs
from corpus_pipeline.text.charset.steps import StepBounds
from corpus_pipeline.text.mojibake.garbage_lines import LostBounds
from corpus_pipeline.text.mojibake.stretches import Limits


class Signature(Rule):
    """How a file that is no text begins; each character of `begins` stands for one byte."""

    begins: Annotated[str, StringConstraints(min_length=3, pattern=r"^[\x00-\xff]*$")]

    def found_in(self, data: bytes) -> bool:
        """Whether the bytes begin that way."""
        return data.startswith(self.begins.encode("latin-1"))


@dataclass(frozen=True, slots=True)
class BadBytes:
    """The share and the number of bytes without a character from which a file is no text."""

    max_share: float
    min_bytes: int


class DecodePack(Pack):
    """The content of the file."""

    bad_bytes: Annotated[BadBytes, Settings()]
    steps: Annotated[StepBounds, Settings()]
    mojibake: Annotated[Limits, Settings()]
    lost: Annotated[LostBounds, Settings()]
    rules: Rules[Signature]


@dataclass(frozen=True, slots=True)
class Decoding:
    """The bounds and signatures; `starts` are the first bytes of all signatures."""

    bad_bytes: BadBytes
    steps: StepBounds
    mojibake: Limits
    lost: LostBounds
    signatures: tuple[Signature, ...]
    starts: tuple[bytes, ...]

    def signature_of(self, data: bytes) -> str | None:
        """The id of the signature that the bytes begin with; None when they may be text."""
        if not data.startswith(self.starts):
            return None
        return next(s.id for s in self.signatures if s.found_in(data))


def load_decoding(asset: Asset) -> Decoding:
    """The bounds and signatures of the pack, checked against its examples."""
    return load(asset, DecodePack, _decoding)


def _decoding(pack: DecodePack) -> Decoding:
    prove(pack.rules, lambda rule, text: rule.found_in(_bytes(text)))
    starts = tuple(rule.begins.encode("latin-1") for rule in pack.rules)
    return Decoding(pack.bad_bytes, pack.steps, pack.mojibake, pack.lost, pack.rules, starts)


def _bytes(example: str) -> bytes:
    """An example in Chinese is a text; in any other each character stands for a byte."""
    return example.encode("gb18030" if max(example) > "\xff" else "latin-1", "replace")


def load_char_costs(asset: Asset) -> Costs:
    """The character table."""
    return once(asset, _costs)


def _costs(path: Path) -> Costs:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        missing = {"hans", "hant", "ja", "ko"} - {line.partition("\t")[0] for line in lines}
        if not missing:
            return char_costs(lines)
        said = f"lacks {', '.join(sorted(missing))}"
    except (OSError, ValueError, IndexError) as error:
        said = f"cannot be read: {error}"
    raise PipelineError(f"character table {path.name} {said}")
