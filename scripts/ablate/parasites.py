"""Articles with a betting name put in, as hijacked hosts carry them.

Enters: good articles.  Leaves: each with an invented name in one of four shapes.

The shapes are those of a published crawl sample (ChineseWebText, 2021-43); names and phrases are
invented, so that nothing here is an advertisement.  Refuses: articles too short to be spoilt.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

FIRST, SECOND = "亿鸿凯腾尊傲盈沐昱钧", "茂樽晟澜弈岚珀棠旌屹"
TRADE = ("体育", "娱乐", "棋牌", "电竞", "彩票", "贵宾会")
ENDING = ("", "", "官网", "app下载", "手机版登录", "平台注册", "官方网站")
SHORTEST, ARTICLES = 200, 160


@dataclass(frozen=True, slots=True)
class Parasite:
    """An article with a name put in, and how."""

    shape: str
    name: str
    text: str
    title: str | None


def injected(articles: Sequence[str], rng: random.Random) -> list[Parasite]:
    """The first articles that are long enough, the shapes taking turns."""
    whole = [text for text in articles if len(text) >= SHORTEST][:ARTICLES]
    made = []
    for at, text in enumerate(whole):
        shape = SHAPES[at % len(SHAPES)]
        name = rng.choice(FIRST) + rng.choice(SECOND) + rng.choice(TRADE)
        body = shape(text, name, rng)
        made.append(Parasite(shape.__name__, name, body, f"{opening(text)}_{called(name, rng)}"))
    return made


def called(name: str, rng: random.Random) -> str:
    """The name as a link calls it."""
    return name + rng.choice(ENDING)


def opening(text: str) -> str:
    """The first clause, as a title."""
    return re.split("[，。！？：\n]", text.strip())[0][:30]


def head_and_tail(text: str, name: str, rng: random.Random) -> str:
    """A line before the article, and a line of keywords behind it."""
    words = "，".join(name + ending for ending in rng.sample(ENDING[2:], 3))
    return f"{called(name, rng)}:{opening(text)}\n{text}\n本文关键词：{words}"


def bracketed(text: str, name: str, rng: random.Random) -> str:
    """The name in brackets at the head and between paragraphs."""
    lines = text.split("\n")
    places = rng.sample(range(len(lines)), min(2, len(lines)))
    marked = [
        f"{line}【{called(name, rng)}】" if at in places else line for at, line in enumerate(lines)
    ]
    return f"【{called(name, rng)}】" + "\n".join(marked)


def swapped(text: str, name: str, _rng: random.Random) -> str:
    """The name where the article had one of its words, wherever that stands."""
    words = Counter(re.findall("公司|企业|记者|学校|医院|中国|我国|市场|部门|政府|疫情|工作", text))
    if not words:
        return f"{name}{text}{name}"
    word = words.most_common(1)[0][0]
    return text.replace(word, name)


def scattered(text: str, name: str, rng: random.Random) -> str:
    """The name before some sentences and as the last word."""
    parts = re.split("(?<=。)", text)
    chosen = set(rng.sample(range(len(parts)), max(1, len(parts) // 4)))
    return "".join(name * (at in chosen) + part for at, part in enumerate(parts)) + called(
        name, rng
    )


SHAPES: tuple[Callable[[str, str, random.Random], str], ...] = (
    head_and_tail,
    bracketed,
    swapped,
    scattered,
)
