"""What `decode` knows: the character table and the bounds of what still is a text.

Enters: `assets/char_costs.tsv` and `rules/packs/decode.yaml`.  Leaves: `Costs` and `Decoding`.
Refuses: a table without the four writings, and a pack that contradicts its examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.pack import Head, Rule, prove, read_pack
from corpus_pipeline.text.charset.detect import Costs, char_costs
from corpus_pipeline.text.mojibake.repair import Limits


class Setting(BaseModel):
    """A number and why it is this number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    reason: Annotated[str, StringConstraints(min_length=10)]


class Signature(Rule):
    """How a file that is no text begins; each character stands for one byte."""

    begins: Annotated[str, StringConstraints(min_length=3)]

    def found_in(self, data: bytes) -> bool:
        """Whether the bytes begin that way."""
        return data.startswith(self.begins.encode("latin-1"))


class DecodeHead(Head):
    """The bounds of the pack."""

    max_bad_share: Setting
    min_bad_bytes: Setting
    suspicion: Setting
    least_bits: Setting
    follow_bits: Setting
    max_bits_each: Setting
    max_lost_share: Setting
    min_shown: Setting
    min_traces: Setting
    min_trace_share: Setting
    max_lost_text: Setting
    min_lost_text: Setting


@dataclass(frozen=True, slots=True)
class LostBounds:
    """When a line is lost, and when a document is."""

    min_traces: int
    min_trace_share: float
    max_lost_text: float
    min_lost_text: int


@dataclass(frozen=True, slots=True)
class Decoding:
    """The bounds and signatures, ready for use."""

    max_bad_share: float
    min_bad_bytes: int
    mojibake: Limits
    lost: LostBounds
    signatures: tuple[Signature, ...]
    starts: tuple[bytes, ...]

    def signature_of(self, data: bytes) -> str | None:
        """The kind of file that the bytes are, null when they may be text."""
        if not data.startswith(self.starts):
            return None
        return next(s.id for s in self.signatures if s.found_in(data))


def load_decoding(asset: Asset) -> Decoding:
    """The bounds and signatures of the pack, proved against its examples."""
    pack = read_pack(asset.path, DecodeHead, Signature)
    prove(
        pack.name,
        pack.rules,
        lambda rule, text: rule.found_in(
            text.encode("gb18030", "replace") if max(text) > "\xff" else text.encode("latin-1")
        ),
    )
    head = pack.head
    return Decoding(
        max_bad_share=head.max_bad_share.value,
        min_bad_bytes=int(head.min_bad_bytes.value),
        mojibake=Limits(
            suspicion=head.suspicion.value,
            least=head.least_bits.value,
            follow=head.follow_bits.value,
            each=head.max_bits_each.value,
            lost=head.max_lost_share.value,
            shown=int(head.min_shown.value),
        ),
        lost=LostBounds(
            min_traces=int(head.min_traces.value),
            min_trace_share=head.min_trace_share.value,
            max_lost_text=head.max_lost_text.value,
            min_lost_text=int(head.min_lost_text.value),
        ),
        signatures=pack.rules,
        starts=tuple(rule.begins.encode("latin-1") for rule in pack.rules),
    )


def load_char_costs(asset: Asset) -> Costs:
    """The character table."""
    lines = asset.path.read_text(encoding="utf-8").splitlines()
    missing = {"hans", "hant", "ja", "ko"} - {line.partition("\t")[0] for line in lines}
    if missing:
        raise PipelineError(f"character table {asset.path.name} lacks {', '.join(sorted(missing))}")
    return char_costs(lines)
