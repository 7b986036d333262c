"""Articles into which a site's name is put, in the ways in which hijacked hosts carry them.

Enters: good articles.  Leaves: title and text with an invented name, and the style of injection.
The styles are those of RECIPES of published crawl samples; names and phrases are invented.
"""

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

SYLLABLES = (
    "博乐华亿鼎金凯天银龙虎万盛星宝利达百赢豪胜大富通发永恒泰美亚欧米澳皇冠尊爵云顶海洋火凤麒麟"
)
#: What a name ends in: half of the last two kinds of name say nothing of what they sell.
ENDINGS = ("体育", "娱乐", "棋牌", "彩票", "电竞", "真人", "娱乐城", "国际", "")
CODES = ("js", "hg", "tyc", "ag", "xpj", "yb")
SITES = (
    *(
        "app",
        "官网",
        "官方网站",
        "登录",
        "登录入口",
        "app下载",
        "手机版",
        "手机版登录",
        "注册",
        "平台",
    ),
    *("网页版", "最新网址", "官网首页", "线路", "备用网址", "app官网下载"),
)
SHORTEST = 300

Made = tuple[str | None, str]


def title(article: str, name: str, rng: random.Random) -> Made:
    """In the title and in a line of key words."""
    head = article.split("\n", maxsplit=1)[0][:24]
    return head + rng.choice("_-|") + named(name, rng), article + words(name, rng)


def bracket(article: str, name: str, rng: random.Random) -> Made:
    """In brackets before the article, and in a line of key words."""
    return None, f"【{named(name, rng)}】{article}{words(name, rng)}"


def keywords(article: str, name: str, rng: random.Random) -> Made:
    """In a line of key words only."""
    return None, article + words(name, rng)


def edges(article: str, name: str, rng: random.Random) -> Made:
    """Before the article and behind it."""
    return None, f"{named(name, rng)}{rng.choice('：:- ')}{article}\n{named(name, rng)}"


def sentences(article: str, name: str, rng: random.Random) -> Made:
    """Behind four marks inside the article, with its site words or bare."""
    marks = [match.end() for match in re.finditer("[，。]", article)]
    for at in sorted(rng.sample(marks, min(4, len(marks))), reverse=True):
        article = article[:at] + rng.choice([named(name, rng), name, name]) + article[at:]
    return None, article


STYLES: tuple[Callable[[str, str, random.Random], Made], ...] = (
    title,
    bracket,
    keywords,
    edges,
    sentences,
)


def named(name: str, rng: random.Random) -> str:
    """The name with its site words."""
    return name + rng.choice(SITES)


def words(name: str, rng: random.Random) -> str:
    """A line of key words."""
    return f"\n本文关键词：{'，'.join(named(name, rng) for _ in range(3))}"


def invented(rng: random.Random) -> str:
    """A name: syllables with an ending, in one case of five letters with digits."""
    if rng.randrange(5) == 0:
        return rng.choice(CODES) + str(rng.randint(88, 9999))
    return "".join(rng.choices(SYLLABLES, k=rng.choice([2, 2, 3]))) + rng.choice(ENDINGS)


def injected(articles: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """Each article that is long enough, the styles taking turns: style, title, text."""
    rng = random.Random(seed)
    made = []
    for at, article in enumerate(one for one in articles if len(one) >= SHORTEST):
        style = STYLES[at % len(STYLES)]
        head, text = style(article, invented(rng), rng)
        made.append({"kind": style.__name__, "title": head, "text": text})
    return made
