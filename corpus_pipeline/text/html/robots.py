"""What a page and its response ask of machines: robots directives, and rights to mine (TDMRep).

Enters: the page's `meta` elements and its response headers, names in lower case.
Leaves: the directives as one line; whether mining is reserved, and the address of the policy; null
where nothing is stated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_DIRECTIVES = re.compile(
    r"all|none|(?:no)?(?:index|follow|archive|snippet)|no(?:cache|imageindex|translate|odp|ydir|ai"
    r"|imageai|ml|train|preview)|indexifembedded|(?:max-[a-z]+-?[a-z]*|unavailable_after)(?::.*)?"
)
_VALUED = ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")
_BOT = re.compile(r"(?:bot|spider|crawler|slurp|-extended|anthropic-ai|^teoma)$")


def robots_of(named: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    """All directives of the page and its response; `name:directive` is for one robot.

    >>> robots_of({"robots": "NoIndex, nofollow"}, {"x-robots-tag": "noai, gptbot: none"})
    'noindex, nofollow, noai, gptbot:none'
    """
    directives = dict.fromkeys(_split(named.get("robots", ""), ""))
    for name, content in named.items():
        if _BOT.search(name) and name != "robots":
            of_robot = list(_split(content, name))
            if of_robot and _DIRECTIVES.fullmatch(of_robot[0].split(":", 1)[1]):
                directives.update(dict.fromkeys(of_robot))
    for response in (named.get("http:x-robots-tag", ""), headers.get("x-robots-tag", "")):
        directives.update(dict.fromkeys(_split(response, "")))
    return ", ".join(directives) or None


def _split(content: str, robot: str) -> Iterator[str]:
    for piece in content.lower().split(","):
        directive = " ".join(piece.split())
        name, colon, rest = directive.partition(":")
        if colon and name.strip() not in _VALUED and re.fullmatch(r"[\w.-]{2,40}", name.strip()):
            robot, directive = name.strip(), rest.strip()
        if directive:
            yield f"{robot}:{directive}" if robot else directive


def mining_of(
    named: Mapping[str, str], headers: Mapping[str, str]
) -> tuple[bool | None, str | None]:
    """Whether rights to mine the text are reserved, and the address of the policy (TDMRep).

    The page overrules its response, as the protocol says.

    >>> mining_of({"tdm-reservation": "0"}, {"tdm-reservation": "1", "tdm-policy": "https://p.cn"})
    (False, 'https://p.cn')
    """
    reserved: bool | None = None
    for stated in (named.get("tdm-reservation"), headers.get("tdm-reservation")):
        value = (stated or "").strip()
        if value in {"0", "1"}:
            reserved = value == "1"
            break
    policy = (named.get("tdm-policy") or headers.get("tdm-policy") or "").strip()
    return reserved, policy[:500] or None
