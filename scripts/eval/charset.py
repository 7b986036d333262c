"""Charsets: real files and pages, and real texts in every encoding, damaged in every way.

Enters: `charset/`, `html/`, `lid/` and `parallel/` of the data folder, and tests/cases.  Leaves:
items (bytes, a declaration, the true text) and scores.  A text is right when it is the true one but
for the damaged characters.
Refuses: to score names; two names for the same text are both right.
"""

import base64
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from scripts.eval.reading import members, rows

ROOM = "charset"
#: Characters of a text that is too short for a tolerance.
TINY = 20
ROOT = Path(__file__).parents[2]
#: A folder of charset_dev → Python's codec.  One file lost all its high bytes before it came.
FOLDERS = {
    "big5": "big5hkscs", "cp932": "cp932", "euc_jp": "euc_jp", "euc_kr": "cp949",
    "gb18030": "gb18030", "gb2312": "gb18030", "johab": "johab", "shift_jis": "cp932",
    "utf_16": "utf-16", "utf_16_be": "utf-16-be", "utf_32": "utf-32", "utf_8": "utf-8-sig",
    "10.txt": "gb18030", "test4.txt": "gb18030", "test_sample_euc-jp.txt": "euc_jp",
    "test_sample_big5.txt": "",
}  # fmt: skip
CHINESE = ("big5hkscs", "gb18030", "gbk", "gb2312", "hz")
#: Every foreign encoding is tried on the sentences of its language.
FOREIGN = {
    "jpn": ("euc_jp", "cp932", "iso2022_jp", "utf-16-le"),
    "ja": ("euc_jp", "cp932"),
    "kor": ("cp949", "iso2022_kr", "johab"),
    "ko": ("cp949",),
    "rus": ("cp1251", "koi8_r"),
    "fra": ("cp1252",),
    "deu": ("cp1252",),
}
SHORT = (6, 12, 25)


def item(group: str, data: bytes, truth: str, **more: Any) -> dict[str, Any]:
    """One input with its truth; `damage` is how many characters may be wrong."""
    return {"group": group, "data": data, "truth": truth, "declared": None, "damage": 0} | more


def items(data: Path) -> list[dict[str, Any]]:
    """Files, pages, damaged texts, short texts, and the cases of tests/cases."""
    found = [*cases()]
    if data.exists():
        found += [*files(data), *pages(data)]
        texts = documents(data)
        found += [*damaged(texts), *widths(texts), *foreign(data), *snippets(data)]
    for number, one in enumerate(found):
        one["id"] = f"{one['group']}-{number}"
    return found


def cases() -> Iterator[dict[str, Any]]:
    """What tests/cases/decode.jsonl holds."""
    lines = (ROOT / "tests" / "cases" / "decode.jsonl").read_text(encoding="utf-8").splitlines()
    for case in map(json.loads, lines):
        raw = case.get("bytes")
        payload = base64.b64decode(raw) if raw else case["text"].encode(case["encoding"])
        chinese = case["expect"]["charset"].startswith(("gb", "big5", "hz", "utf"))
        group = "case" if chinese else "foreign_case"
        yield item(group, payload, case["text"], declared=case["declared"], foreign=not chinese)


def files(data: Path) -> Iterator[dict[str, Any]]:
    """The real files, undeclared and with a false declaration."""
    for name, payload in members(data / "charset" / "charset_dev.tar.zst"):
        parts = name.split("/")
        codec = FOLDERS.get(parts[-1], FOLDERS.get(parts[-2], "utf-8"))
        if not codec:
            continue
        chinese = codec in CHINESE
        truth = payload.decode(codec, "replace")
        for lie in (None, "big5" if codec == "gb18030" else "gb2312"):
            more = {"declared": lie, "foreign": not chinese, "name": name, "damage": 40}
            yield item("file" if chinese else "foreign_file", payload, truth, **more)


def pages(data: Path) -> Iterator[dict[str, Any]]:
    """The real pages, undeclared and with a false declaration."""
    found = dict(members(data / "html" / "html_dev.tar.zst"))
    index = next(name for name in found if name.endswith("index.jsonl"))
    for line in found[index].decode().splitlines():
        row = json.loads(line)
        payload = found[index.removesuffix("index.jsonl") + row["file"]]
        # The index takes this page for GB2312; its title and its text say Korean.
        codec = "cp949" if row["id"] == "f461a4196748" else row["decodes_as"].rstrip("?")
        codec = "gb18030" if codec in ("gb2312", "gbk") else codec
        for lie in (None, "big5"):
            more = {"declared": lie, "name": row["file"], "foreign": codec == "cp949"}
            yield item("page", payload, payload.decode(codec, "replace"), damage=200, **more)


def documents(data: Path) -> dict[str, list[str]]:
    """Fifty texts per script that its charsets can write, from 300 to 6,000 characters."""
    pools: dict[str, list[str]] = defaultdict(list)
    rng = random.Random(7)
    for row in rows(data / "parallel" / "hans_hant_docs.jsonl.zst"):
        for script in ("hans", "hant"):
            text = row[script]
            han = sum("\u4e00" <= c <= "\u9fff" for c in text[:3000])
            if han > 200 and han > 0.3 * len(text[:3000]):
                pools[script].append(text[: rng.choice((300, 1500, 6000))])
    for row in rows(data / "text" / "sample.jsonl.zst"):
        if len(row["text"]) > 300:
            script = "hant" if "moj" in row["source"].lower() else "hans"
            pools[script].append(row["text"][: rng.choice((300, 1500, 6000))])
    return {script: rng.sample(pool, 60) for script, pool in pools.items()}


def writable(text: str, codec: str) -> str:
    """The text without what a charset cannot write."""
    return text.encode(codec, "ignore").decode(codec)


def splice(data: bytes, place: int, new: bytes, gone: int = 0) -> bytes:
    """The data with bytes put in, or taken away, at a place."""
    return data[:place] + new + data[place + gone :]


def damaged(texts: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    """Each text in its charsets, with each kind of damage."""
    rng = random.Random(8)
    charsets = {"hans": ("gbk", "utf-8", "gb18030"), "hant": ("big5", "gbk", "utf-8")}
    for script, pool in texts.items():
        for original in pool:
            for codec in charsets[script]:
                yield from hurt(writable(original, codec), codec, rng)


def hurt(text: str, codec: str, rng: random.Random) -> Iterator[dict[str, Any]]:
    """One text in one charset: whole, lied about, hit, cut, robbed, mixed."""
    data, group = text.encode(codec), f"damaged_{codec}_"
    half = len(text[: len(text) // 2].encode(codec))
    place = len(text[: rng.randrange(len(text))].encode(codec))
    lie = "gb2312" if codec != "gbk" else "utf-8"
    yield item(group + "whole", data, text)
    yield item(group + "lie", data, text, declared=lie)
    yield item(group + "lie", data, text, declared="iso-8859-1")
    for stray in (b"\x80", b"\xff", b"\xff\x80\xff"):
        yield item(group + "stray", splice(data, place, stray), text, damage=2 * len(stray))
    yield item(group + "tail", data[: -rng.choice((1, 2))], text, damage=2)
    yield item(group + "lost", splice(data, place + 1, b"", 1), text, damage=30)
    high = next((i for i in range(half, len(data)) if data[i] >= 0x80), half)
    yield item(group + "lost", splice(data, high, b"", 1), text, damage=30)
    fragment = "<p>这是从别处抄来的一段话，编码不同。</p>\n"
    other = {"gbk": "utf-8", "big5": "utf-8", "utf-8": "gbk", "gb18030": "utf-8"}[codec]
    mixed = splice(data, half, fragment.encode(other))
    yield item(group + "mixed", mixed, text[: len(text) // 2] + fragment + text[len(text) // 2 :])
    if codec in ("gbk", "gb18030"):
        euro = "价格€5元，" if codec == "gb18030" else "价格5元，"
        raw = (
            euro.encode("gb18030")
            if codec == "gb18030"
            else "价格".encode("gbk") + b"\x805\xd4\xaa\xa3\xac"
        )
        yield item(group + "extras", raw + data, "价格€5元，" + text)
    if codec == "big5":
        hong = "佢哋喺呢度㗎，嘅咗啲嘢。"
        yield item(group + "hkscs", hong.encode("big5hkscs") + data, hong + text)


def widths(texts: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    """UTF-16 and UTF-32 without a mark, HZ, ISO-2022-CN."""
    for script, pool in texts.items():
        for text in pool[:25]:
            for codec in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
                yield item("wide", text.encode(codec), text)
                yield item("wide", text[:20].encode(codec), text[:20], declared="gbk")
                yield item("wide_cut", text.encode(codec)[:-1], text, damage=2)
            if script == "hans":
                plain = writable(text, "gb2312").replace("~", "")
                yield item("seven_bit", plain.encode("hz"), plain)
                yield item("seven_bit", iso2022cn(plain), plain)


def iso2022cn(text: str) -> bytes:
    """ISO-2022-CN, its GB 2312 part; Python has no codec for it."""
    out, shifted = b"", False
    for character in text:
        if character == "\n":
            out, shifted = out + (b"\x0f" if shifted else b"") + b"\n", False
        elif character.isascii():
            out, shifted = out + (b"\x0f" if shifted else b"") + character.encode(), False
        else:
            pair = bytes(b & 0x7F for b in character.encode("gb2312"))
            out, shifted = out + (b"" if shifted else b"\x1b$)A\x0e") + pair, True
    return out


def sentences(data: Path) -> dict[str, list[str]]:
    """The sentences of each label."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows(data / "lid" / "lid_dev.jsonl.zst"):
        found[row["lang"]].append(row["text"])
    return found


def foreign(data: Path) -> Iterator[dict[str, Any]]:
    """Foreign paragraphs in their charsets, undeclared, declared as Chinese, damaged."""
    pools, rng = sentences(data), random.Random(9)
    for lang, codecs in FOREIGN.items():
        for codec in codecs:
            for _ in range(60):
                text = writable("\n".join(rng.sample(pools[lang], rng.choice((1, 4, 30)))), codec)
                if len(text) < SHORT[0]:
                    continue
                payload = text.encode(codec)
                more = {"foreign": True, "damage": 0}
                yield item(f"foreign_{codec}", payload, text, **more)
                yield item(f"foreign_{codec}", payload, text, declared="gb2312", **more)
                hit = splice(payload, rng.randrange(len(payload)), b"\xff")
                yield item(f"foreign_{codec}_hit", hit, text, foreign=True, damage=30)


def snippets(data: Path) -> Iterator[dict[str, Any]]:
    """Short texts in their charsets, with a false declaration or none."""
    pools, rng = sentences(data), random.Random(20)
    codecs = {
        "zho-CN": "gbk", "cmn": "gbk", "zho-TW": "big5", "jpn": "euc_jp", "ja": "cp932",
        "kor": "cp949",
    }  # fmt: skip
    for lang, codec in codecs.items():
        for size in SHORT:
            for text in rng.sample(pools[lang], 200):
                short = writable(text[:size], codec)
                payload = short.encode(codec)
                if len(payload) < size * 1.4:
                    continue
                lie = rng.choice(("utf-8", "big5" if codec == "gbk" else "gb2312", None))
                away = codec not in CHINESE and codec != "big5"
                group = f"{'foreign_short' if away else 'short'}_{size}"
                yield item(group, payload, short, declared=lie, foreign=away)


def grams(text: str) -> Counter[str]:
    """The multiset of 3-grams."""
    return Counter(text[i : i + 3] for i in range(max(len(text) - 2, 1)))


def alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def right(one: dict[str, Any], text: str | None) -> bool:
    """Whether the text is the true one, but for what was damaged."""
    truth = one["truth"].removeprefix("\ufeff").replace("\0", "")
    if text is None or text == truth:
        return text == truth
    if not one["damage"]:
        return False
    same = alike(truth, text)
    size, truth, text = len(truth), truth[same:], text[same:]
    same = alike(truth[::-1], text[::-1])
    truth, text = truth[: len(truth) - same], text[: len(text) - same]
    if size < TINY and len(truth) > 2 * one["damage"]:
        return False  # so few characters are wrong as soon as their charset is
    missing = (grams(truth) - grams(text)).total() + (grams(text) - grams(truth)).total()
    return missing <= 6 * one["damage"] + 0.002 * size


def ours(found: list[dict[str, Any]]) -> list[Any]:
    """Charset and text of the stage, before it repairs anything."""
    sys.path.insert(0, str(ROOT / "tests"))
    from frames import stage  # noqa: PLC0415 – only where it is asked for

    decode = stage("decode")
    answers = []
    for one in found:
        text, name, *_ = decode.decoded(one["data"], one["declared"])
        answers.append((name, text))
    return answers


def normalizer(found: list[dict[str, Any]]) -> list[Any]:
    """charset-normalizer's best guess; it does not take declarations."""
    from charset_normalizer import from_bytes  # noqa: PLC0415 – only where it is asked for

    answers = []
    for one in found:
        best = from_bytes(one["data"]).best()
        answers.append((best.encoding, str(best)) if best else (None, None))
    return answers


def chardet(found: list[dict[str, Any]]) -> list[Any]:
    """The guess of chardet, decoded with replacement."""
    import chardet as library  # noqa: PLC0415 – only where it is asked for

    answers = []
    for one in found:
        name = library.detect(one["data"])["encoding"]
        try:
            answers.append((name, one["data"].decode(name or "utf-8", "replace")))
        except LookupError:
            answers.append((name, None))
    return answers


BASELINES: dict[str, Callable[[list[dict[str, Any]]], list[Any]]] = {
    "charset-normalizer": normalizer,
    "chardet": chardet,
}


def chinese_name(name: str | None) -> bool:
    """Whether a charset is one of Chinese only."""
    return (name or "").lower().replace("-", "").startswith(("gb", "big5", "hz", "cp950", "cp936"))


def score(found: list[dict[str, Any]], answers: list[Any]) -> dict[str, float]:
    """Shares of right texts by group, and how many foreign texts were read as Chinese."""
    seen: Counter[str] = Counter()
    good: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    for one, (name, text) in zip(found, answers, strict=True):
        foreign_ = one.get("foreign", False)
        short = "short" in one["group"]
        whole = "foreign" if foreign_ else "chinese"
        names = [one["group"], f"{whole}_short" if short else whole]
        for key in names:
            seen[key] += 1
            good[key] += right(one, text)
        if foreign_ and chinese_name(name):
            taken["short" if short else "long"] += 1
    metrics = {f"{key}_right": good[key] / seen[key] for key in sorted(seen)}
    metrics["foreign_as_chinese"] = taken["long"]
    metrics["foreign_short_as_chinese"] = taken["short"]
    return metrics


def mistakes(found: list[dict[str, Any]], answers: list[Any]) -> list[str]:
    """One line per wrong text."""
    lines = []
    for one, (name, text) in zip(found, answers, strict=True):
        if not right(one, text):
            what = one.get("name", "") or one["truth"][:20].replace("\n", " ")
            lines.append(f"{one['id']} declared {one['declared']}: {name} | {what}")
    return lines
