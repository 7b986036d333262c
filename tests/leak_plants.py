"""Sixty synthetic values of every type that is masked, planted wherever an input can hold words.

Each place holds five of them, so that twelve records have all sixty in every field they have.
"""

import csv
import gzip
import io
import json
import random
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import polars as pl
import zstandard

#: Ordinary Chinese; a document is eight of them in an order of its own.
SENTENCES = (
    "昨天下午，社区的图书馆重新开放，很多居民带着孩子来借书。",
    "馆长介绍说，新买的两千多册图书主要是历史、科学和文学。",
    "大家希望开放的时间能够再长一点，周末也能安静地读书。",
    "志愿者整理了书架，还在门口种了几棵桂花树。",
    "老师们说，阅读的习惯要从小培养，父母也应该一起读。",
    "河边的步道修好以后，早晚都有人在那里跑步和散步。",
    "市里计划明年再建三座公园，让老城区也有更多的绿地。",
    "菜市场的摊主们把价格写在牌子上，买菜的人觉得很方便。",
    "因为连日下雨，山路有些滑，司机都放慢了车速。",
    "村里的小学换了新的屋顶，冬天的教室不再漏风。",
    "医生提醒老人，天气转凉的时候要注意保暖，少去人多的地方。",
    "工程师检查了桥梁的每一根钢索，认为它还能安全使用多年。",
    "农民在地里试种了新的稻种，收成比去年好了不少。",
    "博物馆的展览从陶器讲到瓷器，孩子们听得很认真。",
    "这条铁路把两座城市连在一起，路上只要一个小时。",
    "厨师说，做好这道菜的关键是火候，而不是调料的多少。",
    "演出结束以后，观众站起来鼓掌，久久不愿离开剧场。",
    "研究人员在湖水里发现了一种从前没有记录的小鱼。",
    "为了节约用水，学校在每个水龙头旁边都贴了提示。",
    "邻居们商量好轮流打扫楼道，过道从此干净多了。",
    "她把爷爷留下的旧信整理成册，送给了档案馆。",
    "夜里的气温降到零度以下，湖面结了一层薄冰。",
)


def _luhn(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        double = int(digit) * (2 if place % 2 == 0 else 1)
        total += double - 9 if double > 9 else double
    return digits + str(-total % 10)


def _resident(number: int) -> str:
    body = f"11010119000101{number:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


def _hong_kong(number: int) -> str:
    body = f"A{number:06d}"
    total = 36 * 9 + 10 * 8 + sum(int(d) * (7 - at) for at, d in enumerate(body[1:]))
    return f"{body}({'0123456789A'[-total % 11]})"


def _taiwan(number: int) -> str:
    body = f"A10000{number:03d}"
    total = 1 + sum(int(d) * weight for d, weight in zip(body[1:], range(8, 0, -1), strict=True))
    return body + str(-total % 10)


def _vehicle(number: int) -> str:
    body = f"LSVAA000?A{number:07d}"
    worth = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    plain = body.replace("?", "0")
    total = sum(int(worth.get(c, c)) * w for c, w in zip(plain, weights, strict=True))
    return body.replace("?", "0123456789X"[total % 11])


#: (what stands before the value, the value).
VALUES: list[tuple[str, str]] = [
    *(("电话", f"138000000{n:02d}") for n in range(11, 16)),
    *(("住址", f"北京市朝阳区安定路{n}号院2号楼3单元401室") for n in (11, 12)),
    *(("座机", f"010-620000{n:02d}") for n in range(11, 15)),
    *(("身份证号", _resident(n)) for n in range(11, 16)),
    ("旧身份证", "110101000101011"),
    *(("回乡证", f"H000000{n}") for n in (11, 12)),
    *(("护照", f"E000000{n}") for n in (11, 12, 13)),
    *(("香港身份證", _hong_kong(n)) for n in (11, 12)),
    ("澳門居民身份證", "1000011(0)"),
    *(("身分證", _taiwan(n)) for n in (11, 12)),
    *(("车架号", _vehicle(n)) for n in (11, 12)),
    *(("银行卡号", _luhn(f"622200000000{n:03d}")) for n in range(11, 16)),
    *(("QQ", f"270000{n}") for n in range(11, 15)),
    *(("微信", f"leak_id_{n}") for n in range(11, 15)),
    *(("车牌", f"京A000{n}") for n in (11, 12, 13)),
    *(("军官证", f"军字第00000{n}号") for n in (11, 12)),
    *(("登录IP", f"1.2.3.{n}") for n in (211, 212)),
    *(("MAC地址", f"02:00:00:00:00:{n}") for n in (11, 12)),
    *(("IMEI", _luhn(f"350000000000{n}")) for n in (11, 12)),
    *(("邮箱", f"leak{n}@example.com") for n in range(11, 16)),
    *(("密钥", f"AKIA0123456789ABCD{n}") for n in (11, 12)),
]

#: Records that hold all values between them, and the values of one of them.
GROUPS, EACH = 12, 5


def group(number: int) -> list[tuple[str, str]]:
    """The values of a record, each of another type; they come again in later records."""
    return VALUES[number % GROUPS :: GROUPS]


def text(number: int) -> str:
    """A document of its own, a value behind each of its first sentences."""
    chosen = random.Random(number).sample(SENTENCES, EACH + 3)
    told = (f"有事请记下{label}： {value}，谢谢。" for label, value in group(number))
    return "".join(map("".join, zip(chosen[:EACH], told, strict=True))) + "".join(chosen[EACH:])


def url(number: int) -> str:
    """An address with values in its host, path and query, escaped and in an inner address."""
    inner = "/".join(f"{label}/{value}" for label, value in group(number))
    path = "/".join(
        f"{quote(label)}/{value if value.isascii() else quote(value)}"
        for label, value in group(number)
    )
    inner = quote(f"https://example.org/{inner}", safe="")
    host = next((value for label, value in group(number) if label == "电话"), "www")
    return f"https://{host}.example.org/{path}?q={quote(said(number))}&u={inner}"


def said(number: int) -> str:
    """The values with their labels: a title, an author, an id, a licence."""
    return "；".join(f"{label}： {value}" for label, value in group(number))


def file_name(number: int, ending: str) -> str:
    """A name of a file that says it."""
    return f"{said(number)}{ending}"


def record(number: int) -> dict[str, str]:
    """A record with values in every field that a reader knows, and in one that none knows."""
    return {
        "id": said(number),
        "text": text(number),
        "title": said(number + 1),
        "url": url(number + 2),
        "license": said(number + 3),
        "fetched_at": said(number + 4),
        "aigc": said(number + 5),
        "aigc_model": said(number + 6),
        "aigc_at": said(number + 7),
        "note": said(number + 8),
    }


def page(number: int) -> str:
    """An HTML page that says it in its head, its text and its marks."""
    heads = "".join(
        f'<meta {kind}="{name}" content="{said(number + step)}">'
        for step, (kind, name) in enumerate(
            (
                ("name", "author"),
                ("property", "og:site_name"),
                ("property", "og:title"),
                ("name", "robots"),
                ("name", "date"),
                ("name", "AIGC"),
                ("name", "tdm-policy"),
                ("name", "license"),
            )
        )
    )
    link = f'<a rel="license" href="{url(number)}">{said(number)}</a>'
    body = f"<p>{text(number)}</p><p>{text(number + 1000)}</p>"
    return (
        f"<html><head><title>{said(number)}</title>{heads}</head>"
        f"<body><article><h1>{said(number + 1)}</h1>{body}</article>{link}</body></html>"
    )


def http(number: int) -> bytes:
    """An answer of a server whose headers and page say it; some are errors, some no page."""
    status = "404 Not Found" if number % 6 == 0 else "200 OK"
    media = f"application/x-{said(number)}" if number % 6 == 1 else "text/html"
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {media}; charset=utf-8; x={said(number)}\r\n"
        f"X-Contact: {said(number)}\r\ntdm-policy: {url(number)}\r\n\r\n{page(number)}"
    ).encode()


def warc(numbers: range, kind: str = "response") -> bytes:
    """Records whose headers say it, and a broken one; `conversion`: plain text."""
    out = io.BytesIO()
    for number in numbers:
        plain = kind == "conversion"
        media = "text/plain" if plain else "application/http; msgtype=response"
        content = text(number).encode() if plain else http(number)
        head = (
            f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <{said(number)}>\r\n"
            f"WARC-Target-URI: {url(number)}\r\nWARC-Date: {said(number)}\r\n"
            f"Content-Type: {media}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        out.write(head.encode() + content + b"\r\n\r\n")
    out.write(f"WARC/1.0\r\n{said(numbers.start)}\r\nno record {said(numbers.start)}".encode())
    return out.getvalue()


def arc(numbers: range) -> bytes:
    """The older form of the same."""
    out = io.BytesIO(b"filedesc://x.arc 0.0.0.0 20260101000000 text/plain 4\n1 0\n\n")
    out.seek(0, io.SEEK_END)
    for number in numbers:
        content = http(number)
        out.write(f"{url(number)} 192.0.2.1 20260101000000 text/html {len(content)}\n".encode())
        out.write(content + b"\n")
    return out.getvalue()


def wiki(numbers: range) -> str:
    """A dump of pages whose titles, users and texts say it; one is broken."""
    pages = "".join(
        f"<page><title>{said(n)}</title><ns>0</ns><id>{n}</id><revision><id>{n}</id>"
        f"<timestamp>{said(n)}</timestamp><contributor><username>{said(n)}</username></contributor>"
        f"<model>wikitext</model><format>text/x-wiki</format>"
        f"<text>{text(n)}\n\n{text(n + 1000)}</text></revision></page>\n"
        for n in numbers
    )
    broken = f"<page><title>{said(numbers.start)}</title><ns>0</ns><text>{said(1)}</page>"
    return (
        '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" '
        f'xml:lang="zh"><siteinfo><sitename>{said(2)}</sitename></siteinfo>\n{pages}{broken}'
    )


def json_lines(numbers: range) -> str:
    """Records, duplicates of some, torn lines, records without a text, other languages."""
    records = [record(n) for n in numbers]
    records += records[3:5]
    near = {**record(5), "text": text(5).replace("的", "地", 1), "id": said(5)}
    records.append(near)
    records += [{"text": f"これは日本語です。{said(n)}を見てください。"} for n in numbers]
    # Numbers that are numbers, and values in a list.
    records += [{"id": 13800000011, "text": [text(n + 2000), said(n)]} for n in numbers[:3]]
    records += [{said(n): said(n)} for n in numbers]
    torn = [f'{{"text": "{said(n)}"' for n in numbers]
    return "\n".join([*(json.dumps(one, ensure_ascii=False) for one in records), *torn])


def rows(numbers: range, delimiter: str) -> bytes:
    """The records as a table."""
    out = io.StringIO()
    records = [record(n) for n in numbers]
    writer = csv.DictWriter(out, records[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue().encode()


def packed_zip(numbers: range) -> bytes:
    """Texts and a picture in an archive, their names saying it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in numbers:
            archive.writestr(file_name(number, ".txt"), text(number))
        archive.writestr(file_name(1, ".png"), PICTURE)
    return out.getvalue()


def packed_tar(numbers: range) -> bytes:
    """Texts in folders of an archive, their names saying it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number in numbers:
            data = text(number).encode()
            info = tarfile.TarInfo(f"{file_name(number, '')}/{file_name(number, '.txt')}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def parquet(columns: Mapping[str, list[object]]) -> bytes:
    """A table in columns."""
    out = io.BytesIO()
    pl.DataFrame(columns).write_parquet(out)
    return out.getvalue()


PICTURE = b"\x89PNG\r\n\x1a\n"


def contents() -> dict[str, bytes]:
    """Name → content of an input of every format, with its own documents."""
    part = [range(n * GROUPS, (n + 1) * GROUPS) for n in range(14)]
    records = [record(n) for n in part[1]]
    pages = [json.dumps(record(n), ensure_ascii=False, indent=1) for n in part[2]]
    return {
        f"{file_name(0, '')}/{file_name(1, '.jsonl')}": json_lines(part[0]).encode(),
        file_name(4, ".parquet"): parquet({key: [r[key] for r in records] for key in records[0]}),
        file_name(5, ".parquet"): parquet({said(5): [said(6)], said(7): [1]}),
        file_name(11, ".json"): f"[{','.join(pages)}]".encode(),
        file_name(2, ".csv"): rows(part[3], ","),
        file_name(3, ".csv"): f"{said(3)},{said(4)}\n{said(5)},{said(6)}\n".encode(),
        file_name(2, ".tsv.zst"): zstandard.compress(rows(part[4], "\t")),
        file_name(6, ".warc.gz"): gzip.compress(warc(part[5])),
        file_name(7, ".wet"): warc(part[6], "conversion"),
        file_name(8, ".arc.gz"): gzip.compress(arc(part[7])),
        file_name(7, ".xml"): wiki(part[8]).encode(),
        file_name(9, ".zip"): packed_zip(part[9]),
        file_name(10, ".tar"): packed_tar(part[10]),
        **{file_name(n, ".txt"): text(n).encode() for n in part[11][1:]},
        **{file_name(n, ".html"): page(n).encode() for n in part[12]},
        file_name(0, ".txt"): PICTURE + said(8).encode(),
        file_name(8, ".png"): PICTURE + said(8).encode(),
    }


def planted(home: Path) -> Path:
    """Inputs of every format below a folder whose name says it too; the folder given to a run."""
    folder = home / "raw"
    for name, content in contents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def benchmark(path: Path) -> Path:
    """A benchmark whose name says it, with a question that a document asks."""
    path.write_text(json.dumps({"id": said(1), "question": text(6)}, ensure_ascii=False) + "\n")
    return path
