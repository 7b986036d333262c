"""What a template shows in the running text of a page.

Enters: the inside of a `{{…}}`, its own markup resolved, and where it stands.
Leaves: the words that a reader of the page sees in its place; `LOST` where there must be words and
they are on another page; `EMPTY` for what shows nothing.
Refuses: to look anything up; what a template shows is data, read from `rules/packs/wiki.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from corpus_pipeline.text.wiki.elements import MARK

#: XML allows none of these characters, so that no page has them.
#: Words are missing here; a template that shows nothing stood here; `|` and `=` of resolved markup,
#: which divide no parameters any more.
LOST: Final = "\x03"
EMPTY: Final = "\x04"
BAR: Final = "\x01"
EQUALS: Final = "\x02"

Kind = Literal["silent", "title", "form", "fields", "chemistry", "quantity", "number", "condition"]

_PREFIX: Final = re.compile(r"(?:(?:safe)?subst|template|模板|樣板|msg)\s*:\s*", re.IGNORECASE)
_FUNCTION: Final = re.compile(r"(#?[a-z]+\s*[:：])(.*)", re.DOTALL | re.IGNORECASE)
_SLOT: Final = re.compile(r"\{([^{}]+)\}")
_HAN_END: Final = re.compile(r"[\u3400-\u9fff]\Z")
_DIGIT_END: Final = re.compile(r"[0-9]\Z")
_NUMBER: Final = re.compile(r"[-+−±]?[0-9][0-9,.]*(?:e[-+]?[0-9]+)?(?:[+⁄/][0-9/⁄]+)?\Z")
_ONE_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
_CHARGE: Final = re.compile(r"[0-9]*[-+−–]\Z")
_COUNTED: Final = re.compile(r"(?<=[A-Za-z)\]])([0-9]+)")
#: Shapes that are no words: addresses, files, dates of maintenance, codes.
_NO_WORDS: Final = re.compile(
    r"[^|]*(?://|\n|\.(?:jpe?g|png|svg|gif|webm|og[gv]|pdf|djvu)\Z)"
    r"|(?:date\b)?\W*[0-9]{4}\s*(?:年|[-/.][0-9]{1,2}(?:[-/.][0-9]{1,2})?\Z|\Z)"
    r"|[a-z]{1,3}(?:-[a-z]{2,8})?\Z|[\W\d_]*\Z",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"[。！？!?]")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of a form that parameters fill.

    `keys`: the first one that has a value counts; `*` joins all positional ones with `text`, `-1`
    is the last one, `@` and `@1` are the name of the language whose code the template's name or a
    parameter is.  `text`: a unit that follows a value that ends in a digit.
    """

    keys: tuple[str, ...]
    text: str
    optional: bool


#: Literal text and slots, in order.
Form = tuple[str | Slot, ...]


def form(written: str) -> Form:
    """A form as the pack writes it; `ValueError` where a parameter stands in it twice.

    >>> form("{3|1}（{2:年}）")[:2]
    (Slot(keys=('3', '1'), text='', optional=False), '（')
    """
    parts: list[str | Slot] = []
    last = 0
    seen: set[str] = set()
    for match in _SLOT.finditer(written):
        parts += [written[last : match.start()]] if match.start() > last else []
        last = match.end()
        slot = _slot(match[1])
        # A text that stands twice at each of forty levels would fill the memory.
        if seen & set(slot.keys) or (seen and {"*", "-1"} & {*seen, *slot.keys}):
            raise ValueError(f"a parameter stands twice in {written!r}")
        seen |= set(slot.keys)
        parts.append(slot)
    return (*parts, written[last:]) if last < len(written) else tuple(parts)


def _slot(inside: str) -> Slot:
    if inside.startswith("*"):
        return Slot(("*",), inside[1:], optional=False)
    names, _, unit = inside.partition(":")
    keys = names.split("|")
    return Slot(tuple(key for key in keys if key), unit, optional=not keys[-1])


@dataclass(frozen=True, slots=True)
class Family:
    """Templates that show text alike: `names` matches the whole name, in lower case."""

    id: str
    kind: Kind
    names: re.Pattern[str]
    forms: tuple[Form, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Templates:
    """All that is known of templates, and of the prefixes of links.

    `words`: names that stand for a text.  `languages`: their names by code.  `units`, `ranges`,
    `powers`: how a quantity is said.  `editions`: prefixes of links to other languages.
    `longest`: characters of the longest unknown parameter that is taken for words.
    """

    families: tuple[Family, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, str] = field(default_factory=dict)
    powers: Mapping[str, str] = field(default_factory=dict)
    editions: frozenset[str] = frozenset()
    longest: int = 0
    known: dict[str, tuple[Family, str] | None] = field(default_factory=dict, compare=False)

    def family(self, name: str) -> tuple[Family, str] | None:
        """The first family that a normalized name belongs to, and what its group 1 matched."""
        if name not in self.known:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            self.known[name] = self._found(name)
        return self.known[name]

    def _found(self, name: str) -> tuple[Family, str] | None:
        for family in self.families:
            match = family.names.fullmatch(name)
            if match:
                return family, (match[1] or "") if match.re.groups else ""
        return None


#: Names whose family is remembered: a dump of Chinese articles uses some ten thousand.
MOST_KNOWN: Final = 1 << 15
NO_TEMPLATES: Final = Templates()


@dataclass(frozen=True, slots=True)
class Call:
    """The parameters of a template, by name or number, and how many have no name."""

    values: dict[str, str]
    count: int

    def __getitem__(self, key: str) -> str:
        """The value of a parameter; empty where it has none."""
        if key == "-1":
            key = str(self.count)
        return self.values.get(key, "").strip()

    @property
    def positional(self) -> list[str]:
        """The parameters without a name that have a value, in order."""
        found = (self[str(number)] for number in range(1, self.count + 1))
        return [value for value in found if value]


def call(parameters: list[str]) -> Call:
    """The parameters of a template, split at the bars.

    >>> call(["甲", "size=3", "1=乙"]).values
    {'1': '乙', 'size': '3'}
    """
    values: dict[str, str] = {}
    count = 0
    for parameter in parameters:
        key, equals, value = parameter.partition("=")
        if equals:
            key = key.strip().lower()
            values[key] = value
            if key.isascii() and key.isdecimal() and len(key) < 4:
                count = max(count, int(key))
        else:
            count += 1
            values[str(count)] = parameter
    return Call(values, min(count, len(parameters) + 9))


def shown(inside: str, templates: Templates, title: str, *, alone: bool) -> str:
    """What the template `{{inside}}` shows; `alone`: nothing else stands on its line."""
    written, bar, rest = inside.partition("|")
    name = _PREFIX.sub("", written.strip(), count=1).replace("_", " ")
    parameters = rest.split("|") if bar else []
    key = name.lower()
    function = _FUNCTION.match(name) if ":" in name or "：" in name else None
    if function:
        key = function[1].replace("：", ":").replace(" ", "").lower()
        parameters.insert(0, function[2])
    if key in templates.words and not parameters:
        return templates.words[key]
    found = templates.family(key)
    if found is None:
        return _unknown(call(parameters), templates, alone=alone)
    family, code = found
    if family.kind == "silent":
        return EMPTY
    if family.kind == "title":
        return title or LOST
    text = _SHOWN[family.kind](call(parameters), family, code, templates)
    return LOST if text is None else text


def _unknown(given: Call, templates: Templates, *, alone: bool) -> str:
    """What no family says: by place and shape.

    Alone on its line stands an infobox, a navigation box or a notice; in a sentence, the one text
    that a template was given is what it shows.
    """
    texts = given.positional
    if alone:
        return LOST if any(map(_SENTENCE.search, texts)) else EMPTY
    if len(texts) != 1 or len(texts[0]) > templates.longest:
        return LOST
    # A formula or code that was taken out is words, whatever its mark looks like.
    return LOST if MARK not in texts[0] and _NO_WORDS.match(texts[0]) else texts[0]


def _formed(given: Call, family: Family, code: str, templates: Templates) -> str | None:
    """The first form whose slots all have a value."""
    for candidate in family.forms:
        parts = [
            part if isinstance(part, str) else _filled(part, given, code, templates)
            for part in candidate
        ]
        if None not in parts:
            return "".join(part or "" for part in parts)
    return None


def _filled(slot: Slot, given: Call, code: str, templates: Templates) -> str | None:
    if slot.keys == ("*",):
        return slot.text.join(given.positional) or None
    for key in slot.keys:
        value = _value(key, given, code, templates)
        if value:
            return value + slot.text if slot.text and _DIGIT_END.search(value) else value
    return "" if slot.optional else None


def _value(key: str, given: Call, code: str, templates: Templates) -> str:
    if not key.startswith("@"):
        return given[key]
    return templates.languages.get(code if key == "@" else given[key[1:]].lower(), "")


def _fields(given: Call, family: Family, _code: str, _templates: Templates) -> str | None:
    """Named parameters, each after its label."""
    named = [
        f"{label}：{given[key]}" if label else given[key]
        for key, label in family.fields.items()
        if given[key]
    ]
    return "；".join(named) or given["1"] or None


def _chemistry(given: Call, _family: Family, _code: str, _templates: Templates) -> str | None:
    """A formula from its parts: numbers below the line, charges above it."""
    parts = given.positional
    if len(parts) == 1:
        return _COUNTED.sub(r"<sub>\1</sub>", parts[0])
    marked = (
        f"<sub>{part}</sub>"
        if part.isdecimal()
        else f"<sup>{part}</sup>"
        if _CHARGE.match(part)
        else part
        for part in parts
    )
    return "".join(marked) or None


def _quantity(given: Call, _family: Family, _code: str, templates: Templates) -> str | None:
    """A number or a range and the unit it was given in; the conversion is left out."""
    said = ""
    for part in given.positional:
        if _NUMBER.match(part):
            said += part
        elif part.lower() in templates.ranges and said:
            said += templates.ranges[part.lower()]
        elif said:
            power = templates.powers.get(part[:2], "") if part[2:] else ""
            unit = part[2:] if power else part
            unit = power + templates.units.get(unit, unit)
            return said + ("" if _HAN_END.search(unit) or not unit[0].isalnum() else " ") + unit
        else:
            return None
    return said or None


def _number(given: Call, _family: Family, _code: str, _templates: Templates) -> str | None:
    """A number with a comma between thousands."""
    value = given["1"]
    match = _ONE_NUMBER.match(value)
    if not match or given["2"] or len(value) > 40:
        return value or None
    whole, point, rest = value.partition(".")
    return f"{int(whole):,}{point}{rest}"


def _condition(given: Call, _family: Family, _code: str, _templates: Templates) -> str | None:
    return given["2"] if given["1"] else given["3"]


_SHOWN: Final[Mapping[Kind, Callable[[Call, Family, str, Templates], str | None]]] = {
    "form": _formed,
    "fields": _fields,
    "chemistry": _chemistry,
    "quantity": _quantity,
    "number": _number,
    "condition": _condition,
}
