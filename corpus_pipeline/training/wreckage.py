"""Generate bad texts for the quality model from good texts and a grammar; no page is copied.

Enters: a good text, other good texts of its kind, the grammar `quality_templates.yaml`, a seeded
generator.  Leaves: (kind, text) pairs: degraded texts, lists and tables made of their words,
advertisements of the grammar, and good texts between two advertisements.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import opencc
import rjieba
import yaml

#: A good text, other good texts, a generator → a bad text.
Degrade = Callable[[str, Sequence[str], random.Random], str]
TEMPLATES = Path(__file__).with_name("quality_templates.yaml")


def pieces(text: str, rng: random.Random, low: int, high: int, count: int) -> list[str]:
    """`count` random substrings of `low` to `high` letters, like keywords for search engines."""
    letters = "".join(c for c in text if c.isalpha()) or text
    return [
        letters[at : at + rng.randint(low, high)]
        for at in (rng.randrange(len(letters)) for _ in range(count))
    ]


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text."""
    return [part.strip() for part in re.split(r"(?<=[。！？!?\n])", text) if part.strip()]


@lru_cache(maxsize=10_000)
def _clauses(text: str) -> list[str]:
    """The clauses of 6 to 30 characters; the same texts are asked again and again."""
    return [c for c in re.split(r"[。！？\n；]", text) if 6 <= len(c) <= 30]


def titles(texts: Sequence[str], rng: random.Random, count: int) -> list[str]:
    """Clauses of 6 to 30 characters without their marks, as titles are."""
    lines: list[str] = []
    for _ in range(20 * count):
        clauses = _clauses(rng.choice(texts)[:4000])
        if clauses:
            line = rng.choice(clauses)
            line = re.split(r"[，：,]", line)[0] if rng.random() < 0.6 else line
            lines.append(line.strip("，、：“”（）() ") or "标题")
        if len(lines) == count:
            break
    return lines or ["标题"]


def names(text: str, rng: random.Random, count: int) -> list[str]:
    """Strings of 2 to 6 Han out of a text, like the entries of a table."""
    han = "".join(re.findall("[\u4e00-\u9fff]+", text)) or "数据表格"
    places = [rng.randrange(max(1, len(han) - 6)) for _ in range(count)]
    return [han[at : at + rng.randint(2, 6)] for at in places]


def day(rng: random.Random) -> str:
    """A date."""
    return f"{rng.randint(1990, 2026)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def clock(rng: random.Random) -> str:
    """A time of day."""
    return f"{rng.randrange(24):02}:{rng.randrange(60):02}"


def figure(rng: random.Random) -> str:
    """A number as it stands in a table: a price, a share, a count, a date, an order number."""
    return rng.choice(
        (
            f"{rng.randrange(9999) / 10}",
            f"{rng.randint(-999, 999) / 100:.2f}%",
            str(rng.randrange(10 ** rng.randint(1, 8))),
            day(rng),
            clock(rng),
            rng.choice("ABCDEFGHXYZ") + str(rng.randint(100, 99999)),
            "-",
        )
    )


def swapped(text: str, others: Sequence[str], rng: random.Random) -> str:
    """Neighbouring characters change places, as in machine-spun text."""
    del others
    chars = list(text)
    for at in range(len(chars) - 2):
        if rng.random() < 0.3:
            chars[at], chars[at + 1] = chars[at + 1], chars[at]
    return "".join(chars)


def replaced(text: str, others: Sequence[str], rng: random.Random) -> str:
    """A part of the characters become others of the text, or look-alikes, as in bad OCR."""
    del others
    noise = text + "丨口曰己巳已末未土士人入八日目白自囗囹丶丿乚一二三0O1l|"
    share = rng.choice([0.15, 0.2, 0.3])
    return "".join(rng.choice(noise) if rng.random() < share else c for c in text)


def dropped(text: str, others: Sequence[str], rng: random.Random) -> str:
    """Three in ten characters are missing."""
    del others
    return "".join(c for c in text if rng.random() < 0.7)


def shuffled(text: str, others: Sequence[str], rng: random.Random) -> str:
    """The text in pieces of one to three characters, in random order."""
    del others
    size = rng.randint(1, 3)
    cuts = [text[at : at + size] for at in range(0, len(text), size)]
    rng.shuffle(cuts)
    return "".join(cuts)[:3000]


def stuffed(text: str, others: Sequence[str], rng: random.Random) -> str:
    """A few phrases repeated many times, as in keyword stuffing."""
    del others
    words = pieces(text, rng, 3, 7, rng.randint(2, 5))
    sign = rng.choice([" ", "，", "、", "|", "_", ",", "\n", "-"])
    tail = ["", "官网", "价格", "厂家", "哪家好", "多少钱", "排行榜", "图片", "批发", "最新"]
    return sign.join(rng.choice(words) + rng.choice(tail) for _ in range(rng.randint(8, 50)))


def menu(text: str, others: Sequence[str], rng: random.Random) -> str:
    """Short phrases like the titles in a menu."""
    del others
    sign = rng.choice([" ", " | ", "\n", " > ", "\n· ", " / ", "\t"])
    return sign.join(pieces(text, rng, 2, 6, rng.randint(10, 60)))


def teasers(text: str, others: Sequence[str], rng: random.Random) -> str:
    """Truncated beginnings of sentences, with a link to more or without."""
    del others
    more = rng.choice(["[详细]", "...", "…", "……查看全文", " [阅读更多]", "…展开", " 更多>>", ""])
    lines = (sentences(text) * 3)[: rng.randint(5, 30)]
    return "\n".join(line[: rng.randint(10, 32)] + more for line in lines)


def title_list(text: str, others: Sequence[str], rng: random.Random) -> str:
    """Titles of a page of links: one to a line, with dates, numbers, sections or times."""
    del text
    lines = titles(others, rng, rng.randint(8, 80))
    if rng.random() < 0.5:
        share = rng.choice([0.2, 0.5])
        lines = [rng.choice(ENTRIES) if rng.random() < share else line for line in lines]
    form = rng.choice(["{}", "· {}", "{} {day}", "[{entry}]{}", "{n}. {}", "{} ({time})"])
    lines = [
        form.format(line, day=day(rng), entry=rng.choice(ENTRIES), n=at + 1, time=clock(rng))
        for at, line in enumerate(lines)
    ]
    return rng.choice(["\n", "\n", "\n", " ", " | ", "_"]).join(lines)


def site_menu(text: str, others: Sequence[str], rng: random.Random) -> str:
    """The entries of a site's menu."""
    del text
    count = rng.randint(10, 120)
    entries = [
        rng.choice(ENTRIES) if rng.random() < 0.7 else "".join(titles(others, rng, 1))[:6]
        for _ in range(count)
    ]
    return rng.choice([" ", "\n", " | ", " > ", "\t", "·", ""]).join(entries)


def table(text: str, others: Sequence[str], rng: random.Random) -> str:
    """Rows of words and numbers, as a dump of a data base or a spreadsheet."""
    del others
    share = rng.choice([0.2, 0.4, 0.7])
    columns = [rng.random() < share for _ in range(rng.randint(2, 8))]
    sign = rng.choice(["\t", ",", " ", "|", " | ", "  ", "，", "：", ";"])
    words = names(text, rng, rng.choice([3, 10, 50]))
    rows = [
        sign.join(rng.choice(words) if column else figure(rng) for column in columns)
        for _ in range(rng.randint(6, 60))
    ]
    if rng.random() < 0.3:
        rows.insert(0, sign.join(names(text, rng, len(columns))))
    return rng.choice(["\n", "\n", "\n", " "]).join(rows)


def properties(text: str, others: Sequence[str], rng: random.Random) -> str:
    """Names and values, as in the data sheet of a product."""
    del others
    sign, words = rng.choice(["：", ":", " ", "="]), names(text, rng, 60)
    pairs = [
        rng.choice(words) + sign + (figure(rng) if rng.random() < 0.6 else rng.choice(words))
        for _ in range(rng.randint(8, 50))
    ]
    return rng.choice(["\n", " ", "；"]).join(pairs)


def log(text: str, others: Sequence[str], rng: random.Random) -> str:
    """Lines of a program's log."""
    del text
    levels = ["INFO", "WARN", "ERROR", "用户", "系统"]
    return "\n".join(
        f"[{day(rng)} {clock(rng)}:{rng.randrange(60):02}] {rng.choice(levels)} "
        f"{''.join(titles(others, rng, 1))[:10]} id={rng.randint(1, 10**6)}"
        for _ in range(rng.randint(5, 40))
    )


def repeated(text: str, others: Sequence[str], rng: random.Random) -> str:
    """Sentences, lines or a paragraph again and again, whole or at the end of good text."""
    del others
    lines = sentences(text)[:10] or [text[:40]]
    form = rng.randrange(5)
    if form == 0:
        return "".join(lines[: rng.randint(1, 3)]) * rng.randint(4, 25)
    if form == 1:
        return "\n".join(lines[:1] * rng.randint(5, 40))
    if form == 2:
        few = lines[: rng.randint(2, 5)]
        return "".join(rng.choice(few) for _ in range(rng.randint(15, 60)))
    if form == 3:
        tail = rng.choice(lines)[: rng.randint(4, 40)]
        return text[: rng.randint(100, 700)] + tail * rng.randint(15, 60)
    return (text[: rng.randint(100, 500)] + "\n") * rng.randint(3, 8)


def template(text: str, others: Sequence[str], rng: random.Random) -> str:
    """One sentence many times with another word in its middle."""
    sentence = rng.choice(sentences(text) or [text[:40]])
    words, middle = titles(others, rng, 12), len(sentence) // 2
    return "\n".join(
        sentence[:middle] + rng.choice(words)[:6] + sentence[middle:]
        for _ in range(rng.randint(5, 20))
    )


def unpunctuated(text: str, others: Sequence[str], rng: random.Random) -> str:
    """The text without its marks, on the same lines or on one."""
    del others
    return re.sub(r"[^\w\n]" if rng.random() < 0.6 else r"[^\w]", "", text)[:3000]


def segmented(text: str, others: Sequence[str], rng: random.Random) -> str:
    """The words of the text with blanks between them, as a corpus for search engines."""
    del others
    words = [word for word in rjieba.cut(text) if re.search(r"\w", word)]
    shortest = rng.choice([1, 2])
    return " ".join(word for word in words if len(word) >= shortest)


def word_list(text: str, others: Sequence[str], rng: random.Random) -> str:
    """The words of the text, each once, in random order."""
    del others
    words = sorted({word for word in rjieba.cut(text) if len(word) > 1})
    rng.shuffle(words)
    return rng.choice([" ", "、", "，", "\n", " | ", ","]).join(words[: rng.randint(15, 200)])


def code(text: str, others: Sequence[str], rng: random.Random) -> str:
    """A block of code out of documentation, without the prose around it."""
    for _ in range(20):
        # Between the first fence and the second, the third and the fourth; its first line names the
        # language.
        blocks = [part.partition("\n")[2] for part in rng.choice(others).split("```")[1::2]]
        blocks = [block for block in blocks if len(block) >= 120]
        if blocks:
            return rng.choice(blocks)[:3000]
    return log(text, others, rng)


def as_gbk(text: str, others: Sequence[str], rng: random.Random) -> str:
    """UTF-8 decoded as GB18030."""
    del others, rng
    return text.encode().decode("gb18030", errors="replace")


def as_latin(text: str, others: Sequence[str], rng: random.Random) -> str:
    """UTF-8 or GB18030 decoded as Windows-1252."""
    del others
    return text.encode(rng.choice(["utf-8", "gb18030"])).decode("cp1252", errors="replace")


def as_big5(text: str, others: Sequence[str], rng: random.Random) -> str:
    """UTF-8 decoded as Big5."""
    del others, rng
    return text.encode().decode("big5hkscs", errors="replace")


def mash(text: str, others: Sequence[str], rng: random.Random) -> str:
    """Random keystrokes, or random characters of the text."""
    del others
    keys = ["的撒发生大幅度我去额发顺丰阿斯顿发个和就可怜", "asdfghjklqwertyuiop;"]
    pool = rng.choice([*keys, text])
    marks = rng.choice(["，。", "", " ", "！？"])
    return "".join(rng.choice(pool + marks) for _ in range(rng.randint(20, 200)))


def scattered(text: str, others: Sequence[str], rng: random.Random) -> str:
    """A symbol between all characters, as used against word filters."""
    del others
    sign = rng.choice(["*", " ", "❤", "-", ".", "★", "丶", "~"])
    return sign.join(text[:200])


#: Entries of the menus of sites.
ENTRIES: tuple[str, ...] = (
    *("首页", "新闻", "财经", "体育", "娱乐", "科技", "汽车", "房产", "教育"),
    *("健康", "旅游", "时尚", "军事", "论坛", "视频", "图片", "博客", "地图"),
    *("招聘", "关于我们", "联系我们", "帮助中心", "网站地图", "友情链接", "登录", "注册", "下载"),
    *("客户端", "国内", "国际", "社会", "文化", "历史", "读书", "游戏", "动漫"),
    *("星座", "手机", "数码", "家电", "家居", "母婴", "美食", "女性", "公益"),
    *("能源", "环保", "政务", "法治", "人才", "培训", "考研", "留学", "产品展示"),
    *(
        "成功案例",
        "服务项目",
        "在线留言",
        "公司简介",
        "企业文化",
        "更多",
        "上一页",
        "下一页",
        "返回顶部",
    ),
)
#: Damage, and lists and tables that were never prose; each a kind, the frequent ones twice.
TRAINED: tuple[Degrade, ...] = (
    *(swapped, replaced, dropped, shuffled, as_gbk, as_latin, mash),
    *(stuffed, menu, teasers, unpunctuated, unpunctuated, segmented, word_list, code, code),
    *(title_list, title_list, site_menu, table, table, properties, log),
    *(repeated, repeated, template),
)
#: Kinds that are only measured on.
UNSEEN: tuple[Degrade, ...] = (as_big5, scattered)


class Templates:
    """Advertisements, footers and comments from the grammar in the YAML file."""

    def __init__(self, path: Path) -> None:
        """Read sentences and slots."""
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.slots: dict[str, list[str]] = data["slots"]
        self.families: dict[str, list[str]] = data["families"]
        self.unseen: list[str] = data["unseen"]
        self.hant = opencc.OpenCC("s2t")

    def make(self, family: str, rng: random.Random) -> str:
        """One text of a family, in either script."""
        lines = [rng.choice(self.families[family]) for _ in range(rng.randint(2, 12))]
        sign = rng.choice(["\n", "", " ", "\n\n"])
        text = sign.join(self._filled(line, rng) for line in lines)
        return self.hant.convert(text) if rng.random() < 0.4 else text

    def _filled(self, line: str, rng: random.Random) -> str:
        for name, words in self.slots.items():
            while "{" + name + "}" in line:
                line = line.replace("{" + name + "}", rng.choice(words), 1)
        return "".join(str(rng.randrange(10)) if c == "#" else c for c in line)


@dataclass(frozen=True, slots=True)
class Wrecks:
    """A maker of bad texts; `unseen`: only of the kinds and families that training never sees."""

    templates: Templates
    rng: random.Random
    unseen: bool = False

    def make(self, text: str, others: Sequence[str]) -> tuple[str, str]:
        """A kind and a text of it: damage or a list, an advertisement, good text between two."""
        draw = self.rng.random()
        if draw < 0.85:
            degrade = self.rng.choice(UNSEEN if self.unseen else TRAINED)
            return degrade.__name__, degrade(text, others, self.rng)
        names = self.templates.families
        family = self.rng.choice([n for n in names if (n in self.templates.unseen) is self.unseen])
        if draw < 0.95:
            return family, self.templates.make(family, self.rng)
        spam = [self.templates.make(family, self.rng) for _ in range(2)]
        return f"mixed_{family}", f"{spam[0]}\n{text[:120]}\n{spam[1]}"
