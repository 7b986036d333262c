"""The pack of rules for personal data: types, tables that rules refer to, and rules.

Enters: `rules/packs/pii.yaml`, as a mapping.  Leaves: a `PiiPack`; the detector checks that the
tables have what the rules refer to.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from corpus_pipeline.rules.pack import Pack, Rule, Rules, Text, rust_pattern
from corpus_pipeline.rules.settings import Strict

#: What is done with a type: recorded only, replaced in one of three ways, replaced and the document
#: dropped, or nothing.  `review` is the older word for `tag`.
Policy = Literal["tag", "redact", "mask", "pseudonym", "drop", "keep", "review"]

#: Letters of the codes of pseudonyms: no digits and no vowels, so that nothing is found in one; ten
#: are 43 bits: two of a million values agree once in 18 runs.
CODE_LETTERS: Final = "bcdfghjkmnpqrstvwxyz"
CODE_LENGTH: Final = 10
#: The code within a placeholder, where there is one: <手机号:kqzvmbtwxr>.
CODE: Final = f"(?::[{CODE_LETTERS}]{{{CODE_LENGTH}}})?"


class PiiType(Strict):
    """A type of data: its placeholder, and its rank (the lowest wins an overlap).

    `mask`: how many characters the policy `mask` leaves in front and at the end; without it the
    placeholder stands.
    """

    placeholder: Text
    policy: Policy
    rank: int
    gbt35273_sensitive: bool
    gbt45574_sensitive: bool
    mask: tuple[int, int] | None = None


class Anchor(Strict):
    """A pattern that shows where to look; a gated one only in texts that match the gate.

    `first`, where told, are the characters with which all its alternatives begin.
    Where one shows that the text hides something, the anchors are sought `again` in the view.
    """

    pattern: Text
    gated: bool = False
    again: bool = False
    first: str = ""


class AmountWords(Strict):
    """What stands beside a number that counts or measures; the pack says what each list holds."""

    units: tuple[Text, ...]
    counters: tuple[Text, ...]
    ambiguous: tuple[Text, ...]
    symbols: tuple[Text, ...]
    before: tuple[Text, ...]
    before_counted: tuple[Text, ...]
    names: tuple[Text, ...]
    device: Text
    joint: Text


class PiiRule(Rule):
    """A pattern with its clauses; the comment at the top of the pack explains each."""

    type: str
    spec: str
    anchor: tuple[str, ...]
    tier: Literal[1, 2, 3]
    pattern: Text
    digits: int = 0
    holds: str = ""
    cued_tier: Literal[1, 2, 3] | None = None
    check: str | None = None
    cue: str | None = None
    needs_cue: bool = False
    cued_right: bool = False
    in_url: bool = False
    veto_left: str | None = None
    veto_right: str | None = None
    veto_around: str | None = None
    amounts: bool = False
    follows: str | None = None
    linked: tuple[str, ...] = ()
    link: Annotated[int, Field(ge=0, le=50)] = 50
    shorten: bool = False


class PiiPack(Pack):
    """The content of the file: rules, and the tables that they refer to."""

    cue_left: Annotated[int, Field(ge=0)]
    cue_right: Annotated[int, Field(ge=0)]
    types: dict[str, PiiType]
    classes: dict[str, Text]
    plain: dict[str, Text]
    gate: Annotated[str, AfterValidator(rust_pattern)]
    anchors: dict[str, Anchor]
    parts: dict[str, Text]
    cues: dict[str, tuple[Text, ...]]
    amounts: AmountWords
    rules: Rules[PiiRule]
