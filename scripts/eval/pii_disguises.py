"""How a number or a name is written so that people read it and programs do not.

Enters: a random generator and a value.  Leaves: the value in another form.
"""

import random
import string
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Form = Callable[[random.Random, str], str]

WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
HAN = str.maketrans("0123456789", "零一二三四五六七八九")
_RADIO = str.maketrans("0123456789", "洞幺两三四五六拐八勾")
_FORMAL = str.maketrans("0123456789", "零壹贰叁肆伍陆柒捌玖")
_ROUND = {**HAN, ord("0"): "〇"}
_KEYCAP = {digit: f"{digit}\ufe0f\u20e3" for digit in string.digits}
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_EMOJI = ("📞", "❤", "🔥", "⭐", "✨", "👉", "☎\ufe0f")
_BETWEEN_ALL = " -.·*_~、，，/|—"
_BETWEEN_GROUPS = (*" -.·*_—－、|~/…=+", "  ", " - ")
_BETWEEN_FOURS = (*" -·._—　*/", "  ")


@cache
def written() -> dict[str, Any]:
    """The cues and templates of `pii_cues.yaml`."""
    found: dict[str, Any] = yaml.safe_load(
        Path(__file__).with_name("pii_cues.yaml").read_text("utf-8")
    )
    return found


def cut(value: str, groups: tuple[int, ...] | list[int]) -> Iterator[str]:
    """The value in groups of these sizes; what is left over falls away."""
    at = 0
    for size in groups:
        if value[at : at + size]:
            yield value[at : at + size]
        at += size


def plain(_rng: random.Random, value: str) -> str:
    """As it is."""
    return value


def wide(_rng: random.Random, value: str) -> str:
    """Full-width digits, letters and marks."""
    return value.translate(WIDE)


def circled(_rng: random.Random, value: str) -> str:
    """Circled digits."""
    return value.translate(_CIRCLED)


def keycaps(_rng: random.Random, value: str) -> str:
    """Keycap emoji."""
    return "".join(_KEYCAP.get(char, char) for char in value)


def unseen(rng: random.Random, value: str) -> str:
    """Zero-width characters between."""
    return rng.choice(_UNSEEN).join(value[i : i + 3] for i in range(0, len(value), 3))


def spaced(rng: random.Random, value: str) -> str:
    """One separator between all characters."""
    return rng.choice((*_BETWEEN_ALL, "  ", " - ")).join(value)


def grouped(rng: random.Random, value: str) -> str:
    """Groups with one separator."""
    groups = rng.choice(written()["mobile_groups"])
    return rng.choice(_BETWEEN_GROUPS).join(cut(value, groups))


def han(rng: random.Random, value: str) -> str:
    """Digits in Han characters."""
    return value.translate(rng.choice((HAN, _RADIO, _FORMAL, _ROUND)))


def mixed(rng: random.Random, value: str) -> str:
    """Some digits in Han characters, others not: 一3捌…."""
    return "".join(
        char.translate(rng.choice((HAN, _FORMAL))) if rng.random() < 0.5 else char for char in value
    )


def mixed_widths(rng: random.Random, value: str) -> str:
    """Full-width, circled, Han and plain digits in one number."""
    return "".join(char.translate(rng.choice(({}, WIDE, _CIRCLED, HAN))) for char in value)


def shapes(rng: random.Random, value: str) -> str:
    """O for 0, l for 1, where there is a 0."""
    if "0" not in value[3:]:
        value = value[:3] + "0" + value[4:]
    table = {ord("0"): rng.choice("Oo")}
    return value.translate({**table, ord("1"): "l"} if rng.random() < 0.4 else table)


def emoji(rng: random.Random, value: str) -> str:
    """An emoji between the groups."""
    return rng.choice(_EMOJI).join(cut(value, (3, 4, 4)))


def han_groups(rng: random.Random, value: str) -> str:
    """Groups of Han digits."""
    return rng.choice((" ", "-", "，", "、", " - ")).join(cut(han(rng, value), (3, 4, 4)))


def broken(_rng: random.Random, value: str) -> str:
    """A line end between the groups."""
    return "\n".join(cut(value, (3, 4, 4)))


def country(rng: random.Random, value: str) -> str:
    """The country code in front."""
    body = rng.choice(("", "-", " ")).join(cut(value, (3, 4, 4)))
    return str(rng.choice(written()["country"])) + body


def lower(_rng: random.Random, value: str) -> str:
    """Small letters."""
    return value.lower()


def id_grouped(rng: random.Random, value: str) -> str:
    """An identity number in groups."""
    sizes = rng.choice(((6, 8, 4), (6, 4, 4, 4), (3, 3, 4, 4, 4), (4, 4, 4, 4, 2)))
    return rng.choice((*" -·._—", "  ")).join(cut(value, sizes))


def fours(rng: random.Random, value: str) -> str:
    """A card in groups of four, or as banks print it."""
    sizes = rng.choice(((4, 4, 4, 4, 3), (4, 4, 4, 4, 3), (6, 13), (4, 4, 4, 7), (5, 5, 5, 4)))
    return rng.choice(_BETWEEN_FOURS).join(cut(value, sizes))


def in_groups(*sizes: int, mark: str = " ") -> Form:
    """A form that puts a mark between groups of these sizes."""
    return lambda _rng, value: mark.join(cut(value, sizes))


MOBILE: tuple[Form, ...] = (
    *(plain, wide, circled, keycaps, unseen, spaced, grouped, han, mixed, mixed_widths, shapes),
    *(emoji, han_groups, broken, country),
)
IDENTITY: tuple[Form, ...] = (
    *(plain, plain, wide, unseen, circled, keycaps, id_grouped, id_grouped, spaced, han, mixed),
    lower,
)
CARD: tuple[Form, ...] = (
    *(plain, plain, wide, unseen, fours, fours, fours, spaced, circled, keycaps, han, mixed),
)
