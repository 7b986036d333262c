"""What somebody asks to be taken back, and what may be said of it afterwards.

Enters: the words of the command line.  Leaves: a `Request`.  Refuses: a request without a
reference or a date, a value that is none of its kind, and a reference or reason that repeats a
value of the subject (`PipelineError`, which never quotes one).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from corpus_pipeline.io.concealed import concealed
from corpus_pipeline.model import PipelineError
from corpus_pipeline.products.release.address import normal_host, normal_url
from corpus_pipeline.products.release.subject import Subject

#: How a document came to be taken out, the strongest reason first.
ID, URL, HOST, SOURCE, TEXT, SUBJECT, NEAR = (
    *("id", "url", "host", "source", "text", "subject"),
    "near_duplicate",
)
BY = (ID, URL, HOST, SOURCE, TEXT, SUBJECT, NEAR)
_ID = re.compile(r"[0-9a-f]{6,32}")


@dataclass(frozen=True, slots=True)
class Request:
    """A request: its reference, its date, and what it names, in normal form."""

    reference: str
    date: str
    reason: str = ""
    ids: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    subject: Subject | None = None
    near: bool = True

    def named(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each kind of value that the request names, the subject aside."""
        lists = (self.ids, self.urls, self.hosts, self.sources, self.texts)
        yield from ((by, values) for by, values in zip(BY, lists, strict=False) if values)

    @property
    def kinds(self) -> list[str]:
        """What was asked, by kind only."""
        return [by for by, _ in self.named()] + ([SUBJECT] if self.subject else [])

    def asked(self, salt: str) -> list[dict[str, Any]]:
        """What was asked, with salted digests for values; of a subject only how many there were.

        A value that holds personal data has no digest: whoever tries all numbers finds it.
        """
        out: list[dict[str, Any]] = [
            {"by": by, "values": len(values), "digests": [_digest(salt, one) for one in values]}
            for by, values in self.named()
        ]
        if self.subject:
            out.append({"by": SUBJECT, "values": self.subject.kinds})
        return out


def _digest(salt: str, value: str) -> str | None:
    if concealed(value) != value:
        return None
    return hashlib.sha256(f"{salt}\0{value}".encode()).hexdigest()


def request(
    reference: str,
    day: str,
    reason: str,
    *,
    named: dict[str, tuple[str, ...]],
    subject: Subject | None,
    near: bool,
) -> Request:
    """The request, its values in normal form; `named`: kind → values as they were given."""
    if not reference.strip():
        raise PipelineError("--request: a reference such as 2026-0001 is needed")
    try:
        date.fromisoformat(day)
    except ValueError:
        raise PipelineError(f"--date: {concealed(day)!r} is no date such as 2026-01-31") from None
    if subject and any(subject.occurs(words) for words in (reference, reason)):
        raise PipelineError("--request or --reason repeats a value of the subject file")
    if not any(named.values()) and subject is None:
        raise PipelineError(
            "nothing to erase: give --id, --url, --host, --source, --text-file or --subject"
        )
    return Request(
        reference=_line(reference),
        date=day,
        reason=_line(reason),
        ids=_all(named, ID, _id),
        urls=_all(named, URL, _url),
        hosts=_all(named, HOST, _host),
        sources=_all(named, SOURCE, str),
        texts=_all(named, TEXT, str),
        subject=subject,
        near=near,
    )


def _line(words: str) -> str:
    """One line, personal data hidden, nothing of it a sign of Markdown's tables."""
    return concealed(" ".join(words.split()).replace("|", "/"))


def _all(named: dict[str, tuple[str, ...]], by: str, form: Any) -> tuple[str, ...]:
    return tuple(sorted({form(value) for value in named.get(by, ())}))


def _id(value: str) -> str:
    plain = value.strip().lower()
    if not _ID.fullmatch(plain):
        raise PipelineError(f"--id: {concealed(value)!r} is no id: 6 to 32 of 0-9 and a-f")
    return plain


def _url(value: str) -> str:
    plain = normal_url(value)
    if plain is None:
        raise PipelineError(f"--url: {concealed(value)!r} has no host")
    return plain


def _host(value: str) -> str:
    plain = normal_host(value)
    if not re.fullmatch(r"[a-z0-9.-]*[a-z0-9]", plain):
        raise PipelineError(f"--host: {concealed(value)!r} is no name such as example.org")
    return plain
