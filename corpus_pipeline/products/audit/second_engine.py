"""A second look for personal data in finished text, by another engine than the one that masked it.

Enters: a finished text, or a column of them.  Leaves: type and offsets (code points) of what an
audit takes for unmasked personal data; never the value.
It shares no code and no rules with the `pii` stage, so that it does not overlook the same things
for the same reason: check digits are those of `stdnum`, number plans those of `phonenumbers`,
endings of hosts those of the public suffix list, addresses are parsed by `ipaddress`, and a number
is read as groups of digits, not matched.  `FOUND` says what it looks for, `BLIND` what it does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from corpus_pipeline.products.audit.second_codes import codes
from corpus_pipeline.products.audit.second_numbers import Residue, numbers
from corpus_pipeline.products.audit.second_view import fold, found_places, pieces

#: What the engine finds, by type.
FOUND = (
    "resident_id",
    "bank_card",
    "mobile",
    "landline",
    "email",
    "hk_id",
    "tw_id",
    "vin",
    "plate",
    "military_id",
    "ip",
    "mac",
    "secret",
    "org_id",
    "location",
    "ip_reserved",
)
#: Of these, what is no personal data by itself: it stays where a policy does not say otherwise.
RECORDED = frozenset({"org_id", "location", "ip_reserved"})
#: Policies of the stage `pii` that leave a value in the text.
LEAVING = frozenset({"keep", "review", "tag"})
#: What the engine does not see, in English and in Chinese, for the audit's reader.
BLIND: Mapping[str, str] = {
    "passports, permits, Macao identity cards, identity numbers of 15 digits": (
        "护照、通行证、澳门身份证、15 位旧身份证号"
    ),
    "IMEI, IMSI, social security cards, QQ, WeChat: only a word beside them tells": (
        "IMEI、IMSI、社保卡号、QQ 号、微信号：只能靠旁边的提示词识别"
    ),
    "names and postal addresses": "姓名与住址",
    "landlines without an area code; those of Hong Kong, Macao, Taiwan without a country code": (
        "不带区号的固定电话；不带国际区号的港澳台号码"
    ),
    "bank cards neither beside a cue nor in groups of four; accounts that are no cards": (
        "旁边无提示词且未四位分组的银行卡号；非卡号的账号"
    ),
    "codes of organisations of digits alone, and those of nine characters": (
        "纯数字的统一社会信用代码；九位组织机构代码"
    ),
    "numbers over several lines or cells, backwards, or with separators of over three characters": (
        "跨行或跨单元格、倒写、分隔符超过三个字符的号码"
    ),
    "letters for digits anywhere but in a mobile number; mail whose at sign is another word": (
        "手机号以外以字母代替的数字；以其他词语代替 @ 的邮箱"
    ),
    "anything inside a link but mail": "链接中除邮箱以外的内容",
}
_LINK = re.compile(r"(?:https?://|www\.)[!-;=?-~]+")


def spared(stages: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The types that no audit holds against a run.

    Enters: the `stages` of its manifest.  These are what is no personal data by itself, unless a
    policy masks it.  Personal data that a policy leaves in the text counts: who may leave it waives
    the clause, with reasons.  A pseudonym is a placeholder with a code, in which nothing is found.
    """
    named: dict[str, str] = dict.fromkeys(RECORDED, "keep")
    for stage in stages:
        if stage["name"] == "pii":
            named |= stage.get("options", {}).get("policy") or {}
    return frozenset(
        kind for kind, policy in named.items() if kind in RECORDED and policy in LEAVING
    )


def candidates(texts: pl.Series) -> pl.Series:
    """Which texts `second_pass` has to read: a fast test, true wherever it finds any.

    >>> candidates(pl.Series(["电话13800000000", "你好"])).to_list()
    [True, False]
    """
    return (found_places(texts).list.len() > 0).fill_null(value=False)


def second_pass(text: str) -> list[Residue]:
    """Unmasked personal data as (type, start, end), in order.

    >>> second_pass("电话13800000000，邮箱<邮箱>")
    [('mobile', 2, 13)]
    >>> second_pass("同比增长13800000000元")
    []
    """
    return next((found for _, found in residues(pl.Series([text]))), [])


def residues(texts: pl.Series) -> Iterator[tuple[int, list[Residue]]]:
    """Row and findings of each text that has any, the fast test and the reading in one."""
    places = found_places(texts)
    rows = (places.list.len() > 0).fill_null(value=False).arg_true()
    for row, text, found in zip(rows, texts.gather(rows), places.gather(rows), strict=True):
        if read := _read(text, found.to_list()):
            yield row, read


def _read(text: str, places: Sequence[str]) -> list[Residue]:
    """What stands in the pieces around the places."""
    found: set[Residue] = set()
    for start, end in pieces(text, places):
        view = fold(text[start:end])
        links = [match.span() for match in _LINK.finditer(view)]
        for kind, a, b in (*numbers(view), *codes(view)):
            if kind == "email" or not any(low < b and a < high for low, high in links):
                found.add((kind, start + a, start + b))
    return _apart(found)


def _apart(found: set[Residue]) -> list[Residue]:
    """Findings in order; of those that overlap the first, of those the longest."""
    kept: list[Residue] = []
    for one in sorted(found, key=lambda residue: (residue[1], -residue[2], residue[0])):
        if not kept or one[1] >= kept[-1][2]:
            kept.append(one)
    return kept
