"""Texts that hold a made-up value: a cue, the value in some writing, a tail, real sentences.

Enters: sentences of real text, a random generator.  Leaves: texts with the place and the types of
the value.  Every choice is drawn, so that two seeds agree in no more than the words.
"""

import random
import re
import string
from collections.abc import Callable, Iterator
from typing import Any

from scripts.eval import pii_values as made
from scripts.eval.pii_disguises import (
    CARD,
    IDENTITY,
    MOBILE,
    Form,
    circled,
    in_groups,
    keycaps,
    lower,
    mixed,
    plain,
    unseen,
    wide,
    written,
)

Make = Callable[[random.Random], str]


def formed(make: Make, *forms: Form) -> Make:
    """A value of `make` in one of the forms."""
    return lambda rng: rng.choice(forms)(rng, make(rng))


def filled(name: str, *forms: Form) -> Make:
    """A template of the file with random digits, in one of the forms."""

    def make(rng: random.Random) -> str:
        figures = {f"d{place}": digit for place, digit in enumerate(made.digits(rng, 10))}
        value = str(rng.choice(written()[name])).format(**figures)
        return rng.choice(forms or (plain,))(rng, value)

    return make


def landline(rng: random.Random) -> str:
    """Area code and number in one of their writings, one in three with an extension."""
    area, number = made.landline_parts(rng)
    half = len(number) - 4
    mark = rng.choice(("", "", "-", " "))
    number = f"{number[:half]}{mark}{number[half:]}"
    core = str(rng.choice(written()["landlines"])).format(area=area, bare=area[1:], number=number)
    return rng.choice((plain, plain, plain, plain, wide))(rng, core + filled("extensions")(rng))


def email(rng: random.Random) -> str:
    """An address, plain or with the sign and the dots in words."""
    local, host = made.email(rng)
    template = str(rng.choice(written()["emails"]))
    spoken = host.replace(".", rng.choice(written()["dots"]))
    dotted = host.replace(".", rng.choice((" dot ", "(dot)", "[dot]", "{dot}")))
    return template.format(local=local, host=host, spoken=spoken, dotted=dotted)


def secret(rng: random.Random) -> str:
    """A key or token in a known form."""

    def some(count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
        return "".join(rng.choice(alphabet) for _ in range(count))

    forms = (
        *("AKIA" + some(16, string.ascii_uppercase + string.digits), "ghp_" + some(36)),
        *("sk-" + some(48), "sk-proj-" + some(40), f"eyJ{some(20)}.eyJ{some(40)}.{some(43)}"),
        *("glpat-" + some(20), f"xoxb-{made.digits(rng, 12)}-{some(24)}", "AIza" + some(35)),
        *("LTAI" + some(20), f"github_pat_{some(22)}_{some(59)}", "npm_" + some(36)),
        *("hf_" + some(34), "sk_live_" + some(24), "AKID" + some(32)),
    )
    return rng.choice(forms)


def password(rng: random.Random) -> str:
    """A password of several kinds of characters."""
    alphabet = string.ascii_letters + string.digits + "!@#$%^&*"
    most = rng.randint(6, 13)
    return "".join((rng.choice("ABCDEFG"), *(rng.choice(alphabet) for _ in range(most)), "k7"))


def internet(rng: random.Random) -> str:
    """A public address, one in four of version 6."""
    if rng.random() < 0.25:
        return ":".join(["2408", "8207", *(f"{rng.randint(1, 65535):x}" for _ in range(6))])
    first = rng.choice((36, 58, 101, 113, 117, 120, 180, 218, 223))
    return f"{first}.{rng.randint(10, 250)}.{rng.randint(1, 250)}.{rng.randint(1, 250)}"


def location(rng: random.Random) -> str:
    """A point in China, in degrees or with minutes and seconds."""
    north, east = 20 + rng.random() * 25, 98 + rng.random() * 24
    seconds = [f"{rng.randint(10, 59)}′{rng.randint(10, 59)}″" for _ in range(2)]
    forms = (
        *(f"{north:.6f},{east:.6f}", f"{east:.5f}, {north:.5f}", f"{north:.4f}，{east:.4f}"),
        *(f"北纬{north:.5f}，东经{east:.5f}", f"E{east:.6f},N{north:.6f}"),
        f"{int(north)}°{seconds[0]}N, {int(east)}°{seconds[1]}E",
        f"{north:.5f}°N, {east:.5f}°E",
    )
    return rng.choice(forms)


def mac(rng: random.Random) -> str:
    """Six pairs with one separator."""
    return rng.choice(":-").join(f"{rng.randint(0, 255):02x}" for _ in range(6))


def qq(rng: random.Random) -> str:
    """A number of six to ten digits."""
    return str(rng.randint(1, 9)) + made.digits(rng, rng.randint(5, 9))


def spread(rng: random.Random, value: str) -> str:
    """A mark between all digits."""
    return rng.choice(" -.").join(value)


def bare(_rng: random.Random, value: str) -> str:
    """Without brackets."""
    return value.replace("(", "").replace(")", "")


def macao_id(rng: random.Random) -> str:
    """Seven digits and a check digit."""
    form = rng.choice(("{}({})", "/{}/{}", "{}（{}）"))
    return rng.choice("157") + form.format(made.digits(rng, 6), made.digits(rng, 1))


def coded(*tails: str) -> Form:
    """An organisation code with one of these before its check character."""
    return lambda rng, value: f"{value[:8]}{rng.choice(tails)}{value[8]}"


#: Kind → the types it may be found as, and how a value of it is made.
RECIPES: dict[str, tuple[tuple[str, ...], Make]] = {
    "resident_id": (("resident_id",), formed(made.resident_id, *IDENTITY)),
    "resident_id_15": (("resident_id",), formed(made.resident_id_15, plain, wide, unseen)),
    "credit_code": (
        ("org_id",),
        formed(
            made.credit_code,
            *(plain, plain, wide, unseen, lower, in_groups(8, 10), in_groups(2, 6, 9, 1)),
            in_groups(8, 9, 1, mark="-"),
        ),
    ),
    "credit_code_alone": (("org_id",), formed(made.lettered_credit_code, plain, wide, unseen)),
    "organisation_code": (
        ("org_id",),
        formed(made.organisation_code, plain, wide, coded("-", "－", " - ", "—"), lower),
    ),
    "passport": (("passport",), formed(made.passport, plain, plain, wide, unseen, lower)),
    "permit": (
        ("permit",),
        formed(lambda r: r.choice("HM") + made.digits(r, r.choice((8, 10))), plain, wide),
    ),
    "taiwan_permit": (("permit",), lambda r: str(r.randint(3, 9)) + made.digits(r, 7)),
    "social_card": (("permit",), lambda r: r.choice(("", "A", "C", "AB")) + made.digits(r, 8)),
    "hong_kong_id": (("hk_id",), formed(made.hong_kong_id, plain, wide)),
    "hong_kong_id_bare": (("hk_id",), formed(made.hong_kong_id, bare)),
    "macao_id": (("mo_id",), macao_id),
    "taiwan_id": (("tw_id",), formed(made.taiwan_id, plain, plain, wide, lower)),
    "vehicle_number": (("vin",), formed(made.vehicle, plain, wide, unseen)),
    "bank_card": (("bank_card",), formed(made.bank_card, *CARD)),
    "mobile": (("mobile", "wechat"), formed(made.mobile, *MOBILE)),
    "landline": (("landline",), landline),
    "landline_bare": (("landline",), lambda r: made.landline_parts(r)[1]),
    "taiwan_phone": (("mobile", "landline"), filled("taiwan")),
    "hong_kong_phone": (("landline", "mobile"), filled("hong_kong")),
    "macao_phone": (("landline", "mobile"), filled("macao")),
    "imei": (
        ("device_id",),
        formed(made.imei, plain, wide, in_groups(6, 8, 1), in_groups(2, 6, 6, 1, mark="-")),
    ),
    "imsi": (("device_id",), lambda r: "4600" + r.choice("0123") + made.digits(r, 10)),
    "qq": (
        ("qq",),
        formed(
            qq, plain, plain, plain, wide, unseen, circled, keycaps, mixed, spread, in_groups(3, 7)
        ),
    ),
    "wechat": (("wechat",), formed(made.handle, plain, plain, plain, plain, wide)),
    "plate": (("plate",), formed(made.plate, plain, plain, wide, in_groups(1, 9))),
    "military_id": (
        ("military_id",),
        lambda r: f"{r.choice('军士文武海空南北东')}字第{made.digits(r, r.randint(5, 8))}号",
    ),
    "email": (("email",), email),
    "ip": (("ip",), internet),
    "mac": (("mac",), mac),
    "location": (("location",), location),
    "secret": (("secret",), secret),
    "password": (("secret",), password),
}


def positives(sentences: list[str], rng: random.Random, each: int) -> Iterator[dict[str, Any]]:
    """`each` texts of every kind: a sentence, the phrase with its value, another sentence."""
    for kind, (types, make) in RECIPES.items():
        for _ in range(each):
            cue, tail = rng.choice(written()["cues"][kind]), rng.choice(written()["tails"])
            value, after = make(rng), rng.choice(sentences)
            for told in ("（#", "（☆", "（请"):  # what to put for the sign is no part of it
                if told in value:
                    value, rest = value.split(told)
                    tail = told + rest + tail
            if cue.endswith("（"):
                tail = "）" + tail
            if not tail and re.match(r"[!-~０-９一二三四五六七八九十零两]", after):  # prolongs it
                tail = "，"
            lead = rng.choice(sentences) + rng.choice(("", "\n", " ")) + cue
            place = {"start": len(lead), "end": len(lead) + len(value), "types": list(types)}
            text = lead + value + tail + after
            yield {"group": "found", "kind": kind, "cue": cue, "text": text, **place}


def listed(sentences: list[str], rng: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """Lists of mobile numbers, of which the last is asked for."""
    marks = ("/", "、", "，", " ", ",", ";", "；", "|", " / ", "或", "\n", "\t")
    for _ in range(count):
        mark = rng.choice(marks)
        numbers = [made.mobile(rng) for _ in range(rng.randint(2, 4))]
        cue = rng.choice(written()["cues"]["mobile"])
        lead = rng.choice(sentences) + cue + mark.join(numbers[:-1]) + mark
        text = lead + numbers[-1] + rng.choice(written()["tails"][1:]) + rng.choice(sentences)
        place = {"start": len(lead), "end": len(lead) + 11, "types": ["mobile"]}
        yield {"group": "found", "kind": "mobile_list", "cue": mark, "text": text, **place}


def linked(sentences: list[str], rng: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """Addresses and names as forms and orders have them, with a number beside them."""
    for _ in range(count):
        region, street = made.address(rng)
        call, cue = (rng.choice(written()["cues"][name]) for name in ("name", "address"))
        parts = [
            *(("", rng.choice(sentences)), ("", call), ("name", made.name(rng))),
            ("", rng.choice(("，电话", " ", "，", "，手机：", "\n电话："))),
            *(("", made.mobile(rng)), ("", rng.choice(("，", " ", "\n", "；")) + cue + region)),
            *(("address", street), ("", "。"), ("", rng.choice(sentences))),
        ]
        text = ""
        spans = []
        for label, part in parts:
            if label:
                spans.append((label, len(text), len(text) + len(part)))
            text += part
        for label, start, end in spans:
            place = {"start": start, "end": end, "types": [label]}
            yield {"group": "linked", "kind": label, "cue": call, "text": text, **place}
