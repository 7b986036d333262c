"""The rule of a ledger: what is multiplied, who shares, what is divided.

Enters: a YAML file, or the rule that stands in a ledger.  Leaves: a `Rule`.
Refuses: unknown keys, a rule that cannot be read, a total that is no plain number, a key for
users' names that could be guessed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints, field_validator

from corpus_pipeline.io.assets import resolve
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.ledger.formula import Formula, formula
from corpus_pipeline.products.ledger.words import FIGURES
from corpus_pipeline.rules.pack import Pack, Text, load

#: What survived, how good it was, and how much of it nobody else had.
DEFAULT = "kept * quality * uniqueness"
#: Bytes of a key at least: shorter ones can be tried.
KEY_BYTES = 16


class Rule(Pack):
    """How shares are computed, and what of."""

    noun: ClassVar[str] = "rule"

    pack: str = "ledger"
    version: int = 1
    source: str = "configured"

    rule: Text = DEFAULT
    of: Literal["contributors", "sources"] = "contributors"
    total: int | str = 1_000_000
    unit: Annotated[Text, StringConstraints(max_length=40)] = "points"
    users: Text | None = None
    chain: Literal["linked", "any"] = "linked"
    key: bytes | None = Field(default=None, exclude=True)

    @field_validator("total", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        if type(value) is float:
            raise ValueError(f'is {value}: write it in quotes, "{value:.2f}", so that it is exact')
        whole, _, part = str(value).partition(".")
        digits = (whole + part).isascii() and (whole + part).isdigit()
        if isinstance(value, bool) or not digits or len(whole) > 18 or len(part) > 6:
            raise ValueError(f"is {str(value)[:40]!r}: a number above 0 such as 1000000 or 2500.00")
        if not int(whole + part):
            raise ValueError("is 0: nothing to divide")
        return str(value)

    @property
    def places(self) -> int:
        """Places behind the point of the total, and so of every part."""
        return len(str(self.total).partition(".")[2])

    @property
    def smallest(self) -> int:
        """The total in its smallest unit."""
        return int(str(self.total).replace(".", ""))

    @property
    def formula(self) -> Formula:
        """The rule, ready to compute."""
        return formula(self.rule, FIGURES)

    def record(self) -> dict[str, Any]:
        """What a ledger says of its rule: all of it but the key."""
        return {
            "rule": self.rule,
            "of": self.of,
            "total": str(self.total),
            "unit": self.unit,
            "users": self.users is not None,
            "chain": self.chain,
        }


def rule_of(path: Path | None) -> Rule:
    """The rule in a file; the default where there is none."""
    if path is None:
        return Rule()
    rule = load(resolve(str(path), Path.cwd()), Rule)
    if rule.key is not None:
        raise PipelineError(f"rule {path.name}: key is unknown; users names the file of a key")
    rule.formula  # noqa: B018 – a rule that cannot be read is refused before anything is
    if rule.users is None:
        return rule
    return rule.model_copy(update={"key": _key(path.parent / rule.users)})


def _key(path: Path) -> bytes:
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise PipelineError(f"users: cannot read the key {path.name}: {error.strerror}") from None
    if len(key) < KEY_BYTES:
        raise PipelineError(
            f"users: the key {path.name} has {len(key)} bytes, fewer than {KEY_BYTES}: hashes of "
            "users' ids could be undone by trying"
        )
    return key


def rule_again(record: dict[str, Any], config: Path | None) -> Rule:
    """The rule of a ledger that is made again; its key is not in it."""
    if config is not None:
        return rule_of(config)
    if record["users"]:
        raise PipelineError("the ledger names users by a key: give its --config, which has it")
    return Rule(**{**record, "users": None})
