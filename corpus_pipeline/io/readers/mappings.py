"""Ready mappings: where formats that many share keep their text.

Enters: the name of a format.  Leaves: candidates for the text, in the grammar of `paths`.
"""

from __future__ import annotations

from typing import Final, Literal

Mapping = Literal["mnbvc", "sharegpt", "openai", "alpaca", "qa"]

#: Fields of one string, or of a list of strings, whatever the format.
PLAIN: Final = (
    "text",
    "content",
    "raw_content",
    "body",
    "article",
    "document",
    "正文",
    "内容",
    "page_content",
    "markdown",
    "data.text",
    "data.content",
    "paragraphs",
    "段落",
)

MAPPINGS: Final[dict[Mapping, tuple[str, ...]]] = {
    # Files by paragraph, forums by reply, questions and answers: the formats of MNBVC.
    "mnbvc": ("段落[].内容", "主题+回复[].回复", "回复[].回复", "问+答"),
    # Chats of ShareGPT and those who took it up.
    "sharegpt": (
        "conversations[].value",
        "conversations[].content",
        "conversation[].value",
        "conversation[].content",
        "conversation[].(human+assistant)",
    ),
    # The messages of OpenAI's interface; a message may be a list of parts.
    "openai": ("messages[].content",),
    # Instructions, with or without an input.
    "alpaca": ("instruction+input+output", "instruction+output", "input+target"),
    "qa": (
        "question+answer",
        "question+answers",
        "query+response",
        "query+answer",
        "prompt+response",
        "prompt+completion",
        "ask+answer",
        "问题+答案",
        "问题+回答",
        "提问+回答",
    ),
}

#: What is tried where a config names nothing.
ALL: Final = (*PLAIN, *(path for paths in MAPPINGS.values() for path in paths))
