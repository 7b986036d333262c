"""`forum.jsonl`: posts with duplicates, foreign languages, personal data, spam and broken lines.

Enters: the writer of articles and the truth.  Leaves: the bytes of the file.
Refuses: to plant a fault without a line of truth.
"""

from __future__ import annotations

import json
from typing import Any

from sample import edits
from sample.pages import comes_back, traditional
from sample.prose import Article, Writer, load
from sample.truth import Truth

FILE = "forum.jsonl"


class Forum:
    """Adds posts one by one."""

    def __init__(self, writer: Writer, truth: Truth) -> None:
        """An empty file."""
        self.writer, self.truth = writer, truth
        self.plants: dict[str, Any] = load("plants.yaml")
        self.lines: list[bytes] = []

    def post(self, text: str, title: str = "", **more: str) -> str:
        """Append a line; returns the post's own id."""
        number = f"t{len(self.lines) + 1:04d}"
        row = {
            "id": number,
            "text": text,
            "url": f"https://bbs.example.cn/thread-{number}.html",
            "title": title,
            "source": "示例论坛",
            "license": "CC0-1.0",
            **more,
        }
        self.lines.append(json.dumps(row, ensure_ascii=False).encode())
        return number

    def plant(self, fault: str, expect: str, text: str, title: str = "", **truth: Any) -> str:
        """Append a line and say what becomes of it."""
        number = self.post(text, title)
        self.truth.add(FILE, {"source_id": number}, fault, expect, **truth)
        return number

    def twins(self, fault: str, stage: str, texts: list[str], comment: str = "") -> None:
        """Documents of which one only may stay."""
        rule = {"exact_dedup": "exact_duplicate", "near_dedup": "near_duplicate"}[stage]
        numbers = [self.post(text) for text in texts]
        find = {"twins": numbers, "by": "source_id"}
        self.truth.add(FILE, find, fault, "one_kept", stage=stage, rule=rule, comment=comment)

    def good(self, count: int) -> None:
        """Ordinary posts between the faults."""
        for _ in range(count):
            article = self.writer.article()
            self.plant(
                "good_post", "kept", article.text, article.title, contains=[article.landmark]
            )

    def encode(self) -> bytes:
        """The file."""
        return b"".join(line + b"\n" for line in self.lines)


def forum(writer: Writer, truth: Truth) -> bytes:
    """The whole file: faults among good posts."""
    made = Forum(writer, truth)
    sections = (exact, near, languages, personal, spam, rubbish, characters, benchmark, hard)
    for section in sections:
        made.good(9)
        section(made)
    broken(made)
    made.good(5)
    return made.encode()


def exact(forum: Forum) -> None:
    """The same text in other spellings."""

    def copies(fault: str, change: Any) -> None:
        text = forum.writer.article(accept=comes_back).text
        forum.twins(fault, "exact_dedup", [text, change(text)])

    copies("exact_copy", lambda text: text)
    copies("exact_copy_other_breaks", lambda text: text.replace("\n", "\n\n  "))
    copies("exact_full_width_twin", edits.full_width)
    copies("exact_half_punctuation_twin", edits.half_punctuation)
    copies("exact_traditional_twin", traditional)
    copies("exact_zero_width_twin", edits.zero_width)
    text = forum.writer.article(accept=comes_back).text
    forum.twins("exact_three_copies", "exact_dedup", [text, traditional(text), text + "！"])


def near(forum: Forum) -> None:
    """Texts with few edits, a chain, and two that share half and must both stay."""
    one, two, three = forum.plants["near_base"]
    forum.writer.admit(one), forum.writer.admit(two), forum.writer.admit(three)
    forum.twins("near_few_edits", "near_dedup", [one, edits.near(one, 0.9)])
    middle = edits.near(two, 0.86)
    chain = [two, middle, edits.near(middle, 0.86, 9)]
    forum.twins("near_chain", "near_dedup", chain, "A~B and B~C are one cluster")
    appended = f"{three}\n转载自邻里论坛，欢迎继续讨论，楼主会在周末统一回复大家的提问。"
    forum.twins("near_tail_added", "near_dedup", [three, appended])
    article = forum.writer.article(accept=comes_back)
    changed = edits.near(article.text, 0.88)
    forum.twins("near_traditional", "near_dedup", [article.text, traditional(changed)])
    left, right = forum.writer.article(8), forum.writer.article(8)
    shared = left.paragraphs[1]
    for article in (left, Article("", (right.paragraphs[0], shared, right.paragraphs[2]), "")):
        forum.plant(
            "near_hard_negative",
            "kept",
            article.text,
            contains=[shared[-12:]],
            comment="a common paragraph makes no duplicate",
        )


def languages(forum: Forum) -> None:
    """Chinese in all its forms stays; other languages and code do not."""
    for text in forum.plants["cantonese"]:
        forum.plant("cantonese", "kept", text, columns={"langid_label": "yue"})
    for text in forum.plants["classical"]:
        forum.plant("classical", "kept", text, columns={"langid_label": "lzh"})
    for label, name in (("ja", "japanese"), ("ko", "korean"), ("en", "english"), ("code", "code")):
        for text in forum.plants[name]:
            columns = {"langid_label": label}
            forum.plant(name, "dropped", text, stage="langid", columns=columns)
    for _ in range(6):
        article = forum.writer.article(accept=comes_back)
        forum.plant(
            "traditional",
            "changed",
            traditional(article.text),
            traditional(article.title),
            stage="normalize",
            contains=[article.landmark],
            columns={"langid_label": "zh-Hant", "normalize_script": "hant"},
        )
    for title, text in forum.plants["poems"]:
        first = text.partition("\n")[0].strip("，")
        forum.plant("poem", "kept", text, title, contains=[first])


def personal(forum: Forum) -> None:
    """Synthetic personal data glued to Han characters, and numbers that are none."""
    for kind, sentence, values, stays in forum.plants["pii"]:
        article = forum.writer.article().with_sentence(sentence)
        forum.plant(
            f"pii_{kind}",
            "changed",
            article.text,
            article.title,
            stage="pii",
            contains=[stays],
            lacks=values.split("|"),
        )
    for kind, sentence, stays in forum.plants["pii_negative"]:
        article = forum.writer.article().with_sentence(sentence)
        forum.plant(
            f"no_pii_{kind}",
            "kept",
            article.text,
            article.title,
            stage="pii",
            contains=[stays],
            comment="looks like personal data and is none",
        )


def spam(forum: Forum) -> None:
    """Betting advertisements, keyword lists, and reports that only speak of betting."""
    bets = {"stage": "spam"}
    for title, text in forum.plants["gambling_full"][1:]:
        forum.plant("gambling_spam", "dropped", text, title, **bets)
    for brand, first, keywords, last in forum.plants["gambling_parasite"][:2]:
        source = forum.writer.article()
        lines = (f"{first}{source.paragraphs[0]}", *source.paragraphs[1:], keywords, last)
        title = f"{source.title}_{brand}"
        forum.plant("gambling_parasite", "dropped", "\n".join(lines), title, **bets)
    for city in ("临江", "青禾"):
        text = forum.plants["stuffing"][0].replace("{city}", city)
        forum.plant("keyword_stuffing", "dropped", text, f"{city}装修", stage="heuristics")
    title, text = forum.writer.fill("\x00".join(forum.plants["police_news"][0])).split("\x00")
    forum.plant("police_news", "kept", text, title, stage="compliance", contains=[text[-20:]])


def rubbish(forum: Forum) -> None:
    """Repetition, tables of digits, garbled text, too little text."""

    def judged(fault: str, rule: str, text: str, title: str = "") -> None:
        forum.plant(fault, "dropped", text, title, stage="heuristics", rule=rule)

    sentence = forum.writer.article().paragraphs[0].partition("。")[0]
    judged("repeated_lines", "repeated_", f"{sentence}。\n" * 24)
    judged("repeated_phrase", "", "欢迎光临本店，" * 60 + "。")
    draw = forum.writer.random.randint
    rows = [" ".join(f"{draw(100, 999)}.{n:02d}" for _ in range(8)) for n in range(30)]
    judged("digit_table", "too_many_digits", "各站逐时雨量表\n" + "\n".join(rows))
    text = forum.writer.article().text.replace("\n", "")
    garbled = edits.kun_jin_kao(text)
    forum.plant("kun_jin_kao", "dropped", garbled, stage="decode", rule="lost_characters")
    garbled, columns = edits.utf8_as_gbk(text), {"decode_repaired": "utf8-as-gbk"}
    forum.plant("utf8_as_gbk", "kept", garbled, contains=[text[:12]], columns=columns)
    judged("too_short", "too_short", "顶顶顶，沙发", "回复")
    judged("too_short", "too_short", "如题", "求助")
    judged("fragment", "short_fragment", "回复后可见隐藏的下载内容", "资源")
    links = "\n".join(f"[栏目{n}](https://www.example.cn/channel/{n})" for n in range(1, 40))
    judged("link_list", "", links, "网址导航")
    forum.plant("empty_text", "dropped", "", "空帖", comment="any stage may say so")


def characters(forum: Forum) -> None:
    """Characters that normalisation must put right."""
    cases = (
        ("zero_width", edits.zero_width, [edits.ZERO_WIDTH]),
        ("kangxi_radicals", edits.radicals, list("⼈⼀⼯⼭⽔⽕⽊⼿⽇⽉")),
        ("spaces_between_han", edits.spaced, []),
    )
    for fault, change, lacks in cases:
        article = forum.writer.article()
        forum.plant(
            fault,
            "changed",
            change(article.text),
            article.title,
            stage="normalize",
            contains=[article.landmark],
            lacks=lacks,
        )
    sentence = "本地的ＷＩＦＩ密码是房号加２０２４，价格①元②角，面积㎡按实际计算，详见ｗｗｗ首页。"
    article = forum.writer.article().with_sentence(sentence)
    forum.plant(
        "full_width_ascii",
        "changed",
        article.text,
        article.title,
        stage="normalize",
        contains=["WIFI密码", "2024，", "①元②角", "㎡"],
        lacks=["ＷＩＦＩ", "２０２４"],
        comment="not NFKC: ① and ㎡ and the full-width comma stay",
    )
    article = forum.writer.article().with_sentence("这一句里有\x00控制\x08字符和\ufeff标记。")
    forum.plant(
        "control_characters",
        "changed",
        article.text,
        article.title,
        stage="normalize",
        contains=["控制字符和标记"],
        lacks=["\x00", "\x08", "\ufeff"],
    )


def benchmark(forum: Forum) -> None:
    """Questions of `benchmark.jsonl` inside of ordinary posts."""
    questions = [question for question, _, _ in forum.plants["bench"]]
    # The last one in another script and with other punctuation.
    questions[-1] = edits.half_punctuation(traditional(questions[-1]))
    for question, (_, choices, _) in zip(questions, forum.plants["bench"], strict=True):
        article = forum.writer.article()
        options = " ".join(f"{'ABCD'[i]}. {choice}" for i, choice in enumerate(choices))
        text = f"{article.paragraphs[0]}\n{question}\n{options}\n{article.paragraphs[1]}"
        forum.plant("benchmark_question", "dropped", text, "练习题分享", stage="decontaminate")
    article = forum.writer.article().with_sentence("有一道题问的是守夜人敲钟，我至今没有算出来。")
    forum.plant(
        "benchmark_topic_only",
        "kept",
        article.text,
        article.title,
        stage="decontaminate",
        contains=["守夜人敲钟"],
        comment="the same subject is no contamination",
    )


def hard(forum: Forum) -> None:
    """Harmless words that contain a forbidden one across their boundaries."""
    for kind, piece, sentence in forum.plants["hard_negatives"]:
        article = forum.writer.article().with_sentence(sentence)
        forum.plant(
            f"harmless_{kind}",
            "kept",
            article.text,
            article.title,
            stage="compliance",
            contains=[piece],
            # Public lottery funds are the subject; the others are no hits at all.
            columns={} if kind == "lottery_fund" else {"compliance_hits": []},
            comment="a keyword across word boundaries",
        )


def broken(forum: Forum) -> None:
    """Lines that are no documents; each costs itself only."""
    good = json.dumps({"id": "broken", "text": forum.writer.article().text}, ensure_ascii=False)
    raw = good.encode()
    at = len(raw) // 2
    while raw[at] & 0xC0 == 0x80:
        at += 1
    cases = (
        ("bad_utf8", raw[:at] + b"\xff\xfe" + raw[at:], "bad_utf8"),
        ("bad_json", raw[: at + 30].decode("utf-8", "ignore").encode(), "bad_json"),
        ("not_an_object", b'["\xe6\x95\xb0\xe7\xbb\x84", 1, 2]', "not_an_object"),
        ("no_text", b'{"id": "x1", "title": "\xe6\xb2\xa1\xe6\x9c\x89"}', "no_text"),
    )
    for fault, line, reason in cases:
        number = len(forum.lines) + 1
        offset = sum(len(item) + 1 for item in forum.lines)
        forum.lines.append(line)
        forum.truth.add(
            FILE,
            {"offset": offset},
            fault,
            "quarantined",
            stage="ingest",
            rule=reason,
            comment=f"line {number}",
        )
        forum.good(1)
    forum.lines.append(b"")
