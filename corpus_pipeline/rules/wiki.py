"""Load what the reader of wiki dumps knows: what templates show, and the prefixes of links.

Enters: `rules/packs/wiki.yaml`, as an asset.  Leaves: `Templates`.
Errors: `PipelineError` for a bound without a reason, a family that contradicts its examples, and a
form in which a parameter stands twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, model_validator

from corpus_pipeline.model import Asset
from corpus_pipeline.rules.pack import (
    Pack,
    PackError,
    Pattern,
    Rule,
    Rules,
    Text,
    load,
    prove,
)
from corpus_pipeline.rules.settings import Settings
from corpus_pipeline.text.wiki.templates import Family, Kind, Templates, form
from corpus_pipeline.text.wiki.wikitext import plain

WIKI_RULES = "package:rules/packs/wiki.yaml"


class TemplateRule(Rule):
    """Templates that show text alike; `hits` and `misses` are names, `shows` calls with texts."""

    kind: Kind
    names: Pattern
    forms: tuple[Text, ...] = ()
    fields: dict[str, str] = Field(default={})
    shows: dict[Text, str] = Field(default={})

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        tuple(map(form, self.forms))
        if (self.kind == "form") != bool(self.forms):
            raise ValueError("forms belong to the kind form, and it needs one")
        if (self.kind == "fields") != bool(self.fields):
            raise ValueError("fields belong to the kind fields, and it needs one")
        if (self.kind == "silent") == bool(self.shows):
            raise ValueError("what shows text needs an example of it, what is silent has none")
        return self

    @property
    def family(self) -> Family:
        """The rule as the reader uses it."""
        names = re.compile(self.names, re.IGNORECASE)
        return Family(self.id, self.kind, names, tuple(map(form, self.forms)), self.fields)


@dataclass(frozen=True, slots=True)
class WikiBounds:
    """The number of the pack, which gives its meaning and reason."""

    longest: int


class WikiPack(Pack):
    """The content of the file."""

    bounds: Annotated[WikiBounds, Settings()]
    editions: Text
    words: dict[Text, str]
    languages: dict[Text, Text]
    units: dict[Text, Text]
    ranges: dict[Text, Text]
    powers: dict[Text, Text]
    rules: Rules[TemplateRule]


def load_templates(asset: Asset) -> Templates:
    """The pack, checked against its examples."""
    return load(asset, WikiPack, _templates)


def _templates(pack: WikiPack) -> Templates:
    prove(pack.rules, lambda rule, name: rule.family.names.fullmatch(name) is not None)
    found = Templates(
        families=tuple(rule.family for rule in pack.rules),
        words={name.lower(): text for name, text in pack.words.items()},
        languages=pack.languages,
        units=pack.units,
        ranges=pack.ranges,
        powers=pack.powers,
        editions=frozenset(pack.editions.split()),
        longest=pack.bounds.longest,
    )
    for rule in pack.rules:
        for example, text in rule.shows.items():
            if plain(example, found, "标题").text != text:
                seen = plain(example, found, "标题").text
                raise PackError(f"rule {rule.id}: shows {seen!r} for {example!r}, not {text!r}")
    return found
