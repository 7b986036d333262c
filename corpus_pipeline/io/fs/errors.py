"""What a store refuses, in one line with the mend.

Enters: exceptions of the client, whose text has many lines and may hold what is secret.
Leaves: `FileNotFoundError`, or a `StoreError` that names the URL, the cause and the mend; the words
are those of `refusals.yaml`, never the store's own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import ClassVar

from obstore.exceptions import BaseError

from corpus_pipeline.model import Asset, PipelineError
from corpus_pipeline.rules.pack import Pack, Pattern, Rule, Rules, Text, load, prove

FILE = Path(__file__).with_name("refusals.yaml")
Kinds = tuple[type[BaseException], ...]
#: Names of errors that a store may give, and nothing else that it says.
_CODE = re.compile(r"<Code>([A-Za-z]{3,40})</Code>")
_STATUS = re.compile(r"status(?: code)?: (\d{3})\b")


class StoreError(PipelineError):
    """A store refused or did not answer: what it said, in our words, and what to do."""

    def __init__(self, place: object, says: str, mend: str, kind: str = "") -> None:
        """`kind` is the rule of `refusals.yaml` that knew the cause."""
        super().__init__(f"{place}: {says}" + (f"; {mend}" if mend else ""))
        self.says, self.mend, self.kind = says, mend, kind

    def __reduce__(self) -> tuple[object, ...]:
        """An error travels from a worker to the driver as its text."""
        return PipelineError, (str(self),)


class _Refusal(Rule):
    pattern: Pattern
    says: Text
    mend: Text


class _Refusals(Pack):
    noun: ClassVar[str] = "table of refusals"

    refusals: Rules[_Refusal]


def _proved(pack: _Refusals) -> tuple[_Refusal, ...]:
    prove(pack.refusals, lambda rule, text: bool(re.search(rule.pattern, text)), "refusal")
    return pack.refusals


@cache
def _refusals() -> tuple[_Refusal, ...]:
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    return load(Asset("package:io/fs/refusals.yaml", FILE, digest), _Refusals, _proved)


def explained(place: object, error: BaseException) -> StoreError:
    """The error of the client in our words.

    >>> text = "403 Forbidden: <Error><Code>SignatureDoesNotMatch</Code>"
    >>> str(explained("s3://books/a", ValueError(text)))[:60]
    's3://books/a: the signature does not match (SignatureDoesNot'
    """
    text = str(error)
    code = _CODE.search(text) or _STATUS.search(text)
    name = f" ({code[1]})" if code else ""
    for rule in _refusals():
        if re.search(rule.pattern, text):
            return StoreError(place, rule.says + name, rule.mend, rule.id)
    kind = type(error).__name__.removesuffix("Error")
    return StoreError(place, f"the store refused: {kind}{name}", "", "other")


@contextmanager
def store_errors(path: object, *, suppress: Kinds = (), let: Kinds = ()) -> Iterator[None]:
    """Turn the client's errors into ours; `suppress` some, `let` others through."""
    try:
        yield
    except suppress:
        pass
    except let:
        raise
    except FileNotFoundError as error:
        found = explained(path, error)
        if found.kind == "no_bucket":
            raise found from None
        raise FileNotFoundError(2, "no such object", str(path)) from None
    except (BaseError, ValueError) as error:
        raise explained(path, error) from None
