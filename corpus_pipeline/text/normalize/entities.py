"""HTML entities that a conversion left in text, each judged by its place.

Enters: strings.  Leaves: the strings with left-over entities as the characters that they name, and
how many there were.
Refuses: entities that are the subject (in code, in quotation marks, near words such as 转义), what
would become markup (`&lt;p&gt;`), and what would become another entity (`&amp;lt;`).
"""

from __future__ import annotations

import html
import re
import unicodedata
from html.entities import name2codepoint

_NAMES = "|".join(sorted((set(name2codepoint) | {"apos"}) - {"lt", "gt", "amp"}))
#: The one that pages are full of without its semicolon; browsers read it so too.
_BARE = "nbsp(?![0-9A-Za-z;=_])"
_NUMBERS = "#[0-9]{2,6}|#[xX][0-9A-Fa-f]{2,5}"
#: What is passed over as a whole (code between backticks, escaped tags), or an entity.
_PLACE = re.compile(
    rf"`[^`\n]*`|&lt;/?[a-zA-Z!](?:[^<>\n`]{{0,200}}?)&gt;"
    rf"|((?:&(?:amp;)*(?:(?:{_NAMES}|{_NUMBERS});|{_BARE}))+)"
)
_ONE = re.compile(rf"&(?:amp;)*(?:[^&;]+;|{_BARE})")
#: The three that make markup, after all others.
_MARKUP = re.compile(
    r"`[^`\n]*`|&lt;/?[a-zA-Z!](?:[^<>\n`]{0,200}?)&gt;"
    r"|(&amp;(?!(?:amp;)*#?[0-9A-Za-z]{1,31};)|&lt;(?![A-Za-z/!?]|&amp;)|&gt;)"
)
#: A line of markup, and a line of code.
_TAGGED = re.compile(r"</|<[a-zA-Z!][^<>\n]*>")
_CODE = re.compile(r"[{}]|=[\"'(\[]|[\"')\]]\s*=|\(\)|;\s*$|^\s*(?://|#include)")
_ANY = re.compile(r"&#?\w{1,31};|&nbsp(?![0-9A-Za-z;=_])")
_QUOTES = {"&quot;": '"', "&#34;": '"', "&#39;": "'", "&apos;": "'"}
#: Words near which an entity is the subject, and words beside one.
_LESSON = re.compile(
    r"实体|實體|转义|轉義|字符引用|字元參照|编码|編碼|标签|標籤|entit|escap|html|xml|markup",
    re.IGNORECASE,
)
_NAMED_AFTER = re.compile(
    r"\s*[”\"」』’'》）)]?\s*(?:表示|代表|显示|顯示|会变|會變|代替|这个|這個|符号|符號)"
)
_NAMED_BEFORE = re.compile(
    r"(?:写作|寫作|写成|寫成|写|寫|输入|輸入|使用|用|换成|換成|替换为|变成|變成|插入)\s*[“\"「『‘'《（(]?\s*$"
)
#: A line without any of these has no such words.
_TALK = re.compile(
    f"{_LESSON.pattern}|表示|代表|显示|顯示|会变|會變|代替|[这這][个個]|符[号號]|[写寫用成为插]|输入|輸入",
    re.IGNORECASE,
)
_QUOTED = {"“": "”", '"': '"', "「": "」", "『": "』", "‘": "’", "'": "'", "（": "）", "《": "》"}
_NEAR = 40  # characters
_QUERY = re.compile(r"[A-Za-z_]\w*=")
_WHITE = "\u00a0\u2002\u2003\u2009"


def unescaped(text: str) -> tuple[str, int]:
    """The text without left-over entities, and how many there were.

    >>> unescaped("百度&amp;腾讯&hellip;司马&middot;迁&nbsp;&#20013;&lt;b&gt;，价格&lt;100元")
    ('百度&腾讯…司马·迁 中&lt;b&gt;，价格<100元', 6)
    >>> unescaped("&nbsp&nbsp新闻&nbsp中心，&nbspx，?a=1&nbsp=2")
    ('  新闻 中心，&nbspx，?a=1&nbsp=2', 3)
    >>> unescaped("用 `&nbsp;` 或 &emsp; 表示空格")
    ('用 `&nbsp;` 或 &emsp; 表示空格', 0)
    """
    count, fenced = 0, False
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if "`" in line:
            fenced ^= line.lstrip().startswith("```")
        if "&" in line and not fenced and not _TAGGED.search(line):
            lines[at], found = _line(line)
            count += found
    return ("\n".join(lines), count) if count else (text, 0)


def _line(line: str) -> tuple[str, int]:
    """One line of text and not of markup."""
    talks = bool(_TALK.search(line))
    code = bool(_CODE.search(_ANY.sub(lambda match: _QUOTES.get(match[0], " "), line)))
    count = 0

    def named(match: re.Match[str]) -> str:
        nonlocal count
        if not match[1] or _subject(match, code=code, talks=talks):
            return match[0]
        characters = [_character(entity) for entity in _ONE.findall(match[1])]
        count += sum(len(character) == 1 for character in characters)
        return "".join(characters)

    def markup(match: re.Match[str]) -> str:
        nonlocal count
        query = match[1] == "&amp;" and _QUERY.match(match.string, match.end())
        if not match[1] or (not query and _subject(match, code=code, talks=talks)):
            return match[0]
        if match[1] == "&gt;" and _in_tag(
            match.string[max(match.start() - 200, 0) : match.start()]
        ):
            return match[0]
        count += 1
        return html.unescape(match[1])

    line = _PLACE.sub(named, line)
    return (_MARKUP.sub(markup, line) if "&" in line else line), count


def _in_tag(before: str) -> bool:
    """Whether a tag, escaped or not, begins before and is not closed."""
    opened = max(before.rfind("<"), before.rfind("&lt;"))
    if opened < 0:
        return False
    begins = before[opened + (1 if before[opened] == "<" else 4) :][:1]
    return (begins.isascii() and begins.isalpha()) or begins in {"/", "!"}


def _subject(match: re.Match[str], *, code: bool, talks: bool) -> bool:
    """Whether the text is about the entity, and not one that had to be a character."""
    line, (start, end) = match.string, match.span()
    left, right = line[max(start - 1, 0) : start], line[end : end + 1]
    if code:
        return not (_wide(left) or _wide(right))
    if left and _QUOTED.get(left) == right:
        return True
    if not talks:
        return False
    before, after = line[max(start - _NEAR, 0) : start], line[end : end + _NEAR]
    if _NAMED_AFTER.match(after) and (left in {"", " "} or right in " ”\"」』’'"):
        return True
    if _NAMED_BEFORE.search(before):
        return True
    return bool(_LESSON.search(_clause(before, last=True)) or _LESSON.search(_clause(after)))


def _clause(text: str, *, last: bool = False) -> str:
    """What of the text beside an entity belongs to its sentence."""
    parts = re.split("[。！？]", text)
    return parts[-1 if last else 0]


def _wide(character: str) -> bool:
    return "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uff5e"


def _character(entity: str) -> str:
    """What an entity names; markup, letters, digits and what is not seen stay as they are."""
    character = html.unescape("&" + entity.rsplit("&", 1)[-1].removeprefix("amp;"))
    if character in _WHITE:
        return " "
    if len(character) != 1 or not character.isprintable() or character in "<>&#;`/!?":
        return entity
    alphanumeric = character.isascii() and character.isalnum()
    return entity if alphanumeric or unicodedata.combining(character) else character
