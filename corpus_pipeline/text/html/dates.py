"""The dates that Chinese pages state, as ISO 8601; and which of several dates is the page's own.

Enters: a stated date, a page's source, or the text around its title.
Leaves: a date no more exact than it is stated, null for what is no date.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_tz

_CLOCK = (
    r"(?:(?:[T\s]|[（(]?(?:星期|周|週)[一二三四五六日天][)）]?)*(?P<half>上午|下午|晚上|凌晨|中午)?\s?"
    r"(?P<hour>[01]?\d|2[0-3])[:：时時点點](?P<minute>[0-5]\d)(?:[:：分](?P<second>[0-5]\d)?)?(?:\.\d+)?"
    r"(?:\s?(?P<noon>[AP]M)\b)?(?:\s?(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})(?![\w:-]))?)?"
)
_DAY = re.compile(
    r"(?<![\d.])(?P<year>(?:19|20)\d{2})\s?(?P<sep>[-/.年])\s?(?P<month>1[0-2]|0?[1-9])\s?(?:(?P=sep)|月)\s?"
    rf"(?P<day>3[01]|[12]\d|0?[1-9])(?!\d)\s?日?{_CLOCK}"
)
_COMPACT = re.compile(
    r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?:(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?)?"
)
_SHORT = re.compile(r"((?:19|20)\d{2})(?:\s?[-/.年]\s?(1[0-2]|0?[1-9]))?\s?[月年]?")
_REPUBLIC = re.compile(
    r"民[国國]\s?(?P<year>\d{2,3})\s?年\s?(?P<month>\d{1,2})\s?月\s?(?P<day>\d{1,2})\s?日"
)
#: Words before a date that is the page's own, and before one that is not.
_OF_PAGE = re.compile(
    r"(?:发布|發布|发表|發表|刊登|时间|時間|日期|发稿|更新|创建|来源)[于於]?\s?[:：]?\s*\S{0,1}$"
)
_OF_OTHERS = re.compile(
    r"(?i)今天|今日|现在|現在|当前|當前|系统|Copyright|©|版权|有效期|截[止至]|生日|出生|注册|开奖|过期"
)
_AFTER = re.compile(r"\s|$|[|/（()）\[\]】来來作编編阅閱点浏字責责星]")
_IN_SOURCE = re.compile(
    r"发(?:布|表)(?:时间|日期|于)?\s?[:：]?(?:[^\d<>]|<[^<>]{0,80}?>|<[^<>]{0,80}?[\"'\s>](?=20)){0,8}(?=(?:19|20)\d{2})"
)


def iso_date(stated: str) -> str | None:
    """A date in ISO 8601, as exact as it is stated; null for two-digit years and impossible days.

    >>> iso_date("2011年03月05日 10:22"), iso_date("2018-10-14T08:04:41+08:00"), iso_date("11-3-5")
    ('2011-03-05T10:22', '2018-10-14T08:04:41+08:00', None)
    >>> iso_date("2024年5月"), iso_date("民國113年5月3日"), iso_date("2011-02-30")
    ('2024-05', '2024-05-03', None)
    """
    stated = stated.strip()[:100]
    match = _DAY.search(stated) or _COMPACT.fullmatch(stated) or _REPUBLIC.search(stated)
    if match:
        parts = match.groupdict()
        hour = parts.get("hour")
        late = parts.get("half") in {"下午", "晚上"} or parts.get("noon") == "PM"
        year = int(parts["year"]) + 1911 * (len(parts["year"]) < 4)
        day = [year, int(parts["month"]), int(parts["day"])]
        clock = [int(parts[n]) for n in ("hour", "minute", "second") if parts.get(n)]
        clock[:1] = [clock[0] + 12 * (late and clock[0] < 12)] if hour else []
        return _written(day, clock, parts.get("zone") or "")
    if re.fullmatch(r"1\d{9}(?:\d{3})?", stated):  # seconds or milliseconds since 1970
        stamp = datetime.fromtimestamp(int(stated[:10]), UTC)
        return _written([*stamp.timetuple()[:3]], [*stamp.timetuple()[3:6]], "Z")
    if match := _SHORT.fullmatch(stated):
        return "-".join(part.zfill(2) for part in match.groups() if part)
    mail = parsedate_tz(stated) if re.search(r"\b(?:19|20)\d\d\b", stated) else None
    return _written([*mail[:3]], [], "") if mail else None


def _written(day: list[int], clock: list[int], zone: str) -> str | None:
    try:
        stamp = datetime(*day, *clock, tzinfo=UTC)  # type: ignore[arg-type,misc]  # three to six numbers
    except ValueError:
        return None
    form = "%Y-%m-%dT%H:%M:%S" if len(clock) == 3 else "%Y-%m-%dT%H:%M" if clock else "%Y-%m-%d"
    zone = "Z" if zone in {"UTC", "GMT"} else re.sub(r"(?<=\d\d)(?=\d\d$)", ":", zone)
    return stamp.strftime(form) + (zone if clock else "")


def date_in_source(source: str) -> str | None:
    """The first date in a page's source with a label of publication, as the page writes it.

    >>> date_in_source('<i>发表于 <span title="2011-3-5 10:22">3 天前</span></i>')
    '2011-3-5 10:22'
    """
    label = _IN_SOURCE.search(source)
    day = _DAY.match(source, label.end()) if label else None
    return day[0].strip() if day else None


def shown_date(lead: str) -> str | None:
    """The page's own date in the text around its title, as it is written there, or null.

    A date with a label counts first, then one with a time, then one that stands alone.
    """
    ranked: dict[int, str] = {}
    for match in _DAY.finditer(lead):
        before = lead[max(match.start() - 12, 0) : match.start()]
        if _OF_OTHERS.search(before) or iso_date(match[0]) is None:
            continue
        rank = 0 if _OF_PAGE.search(before) else 1 if match["hour"] else 2
        if rank < 2 or _AFTER.match(lead, match.end()):
            ranked.setdefault(rank, match[0].strip())
    return ranked[min(ranked)] if ranked else None
