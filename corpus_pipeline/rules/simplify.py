"""Traditional → simplified: OpenCC, with a small table of phrases in front of it.

Enters: the table of the normalize pack.  Leaves: a function from string to string of the same
length, character for character.
Refuses: to reword (程式 stays 程式), and to touch what a Chinese text quotes in kana.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import opencc

_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")
#: A quotation that holds kana keeps its characters in a Chinese text: 《進撃の巨人》.
_QUOTED_KANA = re.compile(
    r"[「『《〈（(【“][^「『《〈（(【“」』》〉）)】”\n]{0,80}[\u3041-\u3096\u30a1-\u30fa]"
    r"[^「『《〈（(【“」』》〉）)】”\n]{0,80}[」』》〉）)】”]"
)
#: First of the noncharacters that stand for kept names; the width table has removed all others.
_STAND_IN = 0xFDD0
#: No phrase begins further before its trigger, or ends further behind it.
_BEFORE, _AFTER = 4, 6
#: The last of them stands for 乾 in a reign title.
_REIGN = "\ufdef"


def converter(table: Mapping[str, Any]) -> Callable[[str, int], str]:
    """A function of a text and of how many kana it may hold, to simplified text."""
    # Not tw2s: it rewrites 原著 as 原着 and is half as fast.  No tofu: few fonts have 𫜲.
    opened = opencc.OpenCC("t2s", include_tofu_risk_dictionaries=False)
    convert: Callable[[str], str] = opened.convert
    words, before, after = _phrases(table)
    stand_ins = re.compile("|".join(after))
    triggers = table["triggers"].split()
    trigger = re.compile("|".join(triggers))

    def reword(match: re.Match[str]) -> str:
        return before.get(match[0]) or match[0].replace("著", "着")

    def plain(text: str) -> str:
        for word in triggers:
            if word in text:
                break
        else:
            return convert(text)
        done, position = [], 0
        for start, end in _windows(trigger, text):
            done += [text[position:start], words.sub(reword, text[start:end])]
            position = end
        held = any(map(stand_ins.search, done[1::2]))
        text = convert("".join([*done, text[position:]]))
        return stand_ins.sub(lambda match: after[match[0]], text) if held else text

    def whole(text: str) -> str:
        done, position = [], 0
        for start, end in (match.span() for match in _QUOTED_KANA.finditer(text)):
            done += [plain(text[position:start]), text[start:end]]
            position = end
        return "".join([*done, plain(text[position:])])

    def simplify(text: str, kana: int) -> str:
        return whole(text) if kana and _KANA.search(text) else plain(text)

    return simplify


def _phrases(table: Mapping[str, Any]) -> tuple[re.Pattern[str], dict[str, str], dict[str, str]]:
    """What to look for, what stands there for OpenCC, and what the stand-ins become."""
    kept: dict[str, str] = table["keep"]["pairs"]
    before: dict[str, str] = {word: word for word in table["zhu"]["words"].split()}
    before.update(table["variants"]["pairs"])
    after = {_REIGN: "乾"}
    for number, (word, result) in enumerate(kept.items()):
        stand_in = chr(_STAND_IN + number) * len(word)
        before[word], after[stand_in] = stand_in, result
    listed = "|".join(sorted(before, key=lambda word: (-len(word), word)))
    year = f"乾(?=[{table['eras']['second']}](?:元|[一二三四五六七八九十]{{1,3}})年)"
    verbs = "".join(table["zhu"]["verbs"].split())
    particle = f"[{verbs}]著(?!作|名(?!字|單|片))|著"
    return re.compile(f"{listed}|{year}|{particle}"), {**before, "乾": _REIGN}, after


def _windows(trigger: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """The neighbourhoods of the triggers; no phrase reaches out of one."""
    start, end = 0, 0
    for match in trigger.finditer(text):
        if not end or match.start() - _BEFORE > end:
            if end:
                yield start, end
            start = max(match.start() - _BEFORE, 0)
        end = match.end() + _AFTER
    if end:
        yield start, end
