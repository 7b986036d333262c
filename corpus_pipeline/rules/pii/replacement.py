"""What stands in a text in place of personal data: by type and policy, and the keyed pseudonym.

Enters: a type, the value as it stood, and, for pseudonyms, a key from a file or the environment.
Leaves: the words to put there, or nothing where the value stays.  Neither the key nor a value is in
a message, and the key is no asset: nothing of it reaches a manifest.

A pseudonym is a placeholder with a code, `<手机号:kqzvmbtwxr>`.  A made-up number in the form of a
real one may be somebody's, and the next run would take it for one.  The code has no digits and no
vowels, so that no rule and no other engine finds anything in it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from corpus_pipeline.model import PipelineError
from corpus_pipeline.rules.pii.checks import han_digits
from corpus_pipeline.rules.pii.pack import CODE_LENGTH, CODE_LETTERS, PiiPack, Policy
from corpus_pipeline.text.pii.folded_view import fold

#: Policies that leave the value where it is.
STAYS: Final = frozenset({"tag", "review", "keep"})
#: Fewer bytes are guessed: a person's numbers are few, so the key is all that protects them.
_LEAST_KEY: Final = 16

_SPELLED_AT = re.compile(
    r"(?i)\s*(?:@|[\[({<【]\s?(?:@|at|艾特|#)\s?[\])}>】]|艾特|爱特|小老鼠|圈a| at )\s*"
)
_SPELLED_DOT = re.compile(r"(?i)\s*(?:[\[({<【](?:dot|点)[\])}>】]|[。·点點]| dot )\s*")


def load_key(file: str | None, variable: str | None) -> bytes | None:
    """The key in the file or in the environment variable; None where neither is named.

    `PipelineError`, in one line, where both are named, or the key is missing or short.
    """
    if file and variable:
        raise PipelineError("pii: name key_file or key_env, not both")
    if variable:
        key = os.environ.get(variable, "").strip().encode()
        where = f"the environment variable {variable}"
    elif file:
        where = f"the key file {Path(file).name}"
        try:
            key = Path(file).expanduser().read_bytes().strip()
        except OSError as error:
            raise PipelineError(f"pii: {where} cannot be read: {error.strerror}") from None
    else:
        return None
    if len(key) < _LEAST_KEY:
        raise PipelineError(
            f"pii: {where} holds {'no key' if not key else 'a key that is too short'}; "
            f"pseudonyms need {_LEAST_KEY} bytes"
        )
    return key


def canonical(kind: str, value: str) -> str:
    """The value without the way it was written, so that every writing has one pseudonym.

    >>> canonical("mobile", "+86 １３８-0000-0000"), canonical("mobile", "幺三八零零零零零零零零")
    ('13800000000', '13800000000')
    >>> canonical("email", "Zhang[at]example点com")
    'zhang@example.com'
    """
    view, _ = fold(value)
    if kind == "email":
        return _SPELLED_DOT.sub(".", _SPELLED_AT.sub("@", view)).lower()
    if kind in {"name", "address"}:
        return re.sub(r"\s", "", view)
    solid = re.sub(r"[^0-9A-Za-z一-鿿]", "", han_digits(view)).upper()
    return solid[-11:] if kind == "mobile" and len(solid) > 11 else solid


def pseudonym(key: bytes, kind: str, value: str) -> str:
    """The code of a value of this type under this key.

    >>> key = b"0" * 16
    >>> pseudonym(key, "mobile", "138 0000 0000") == pseudonym(key, "mobile", "13800000000")
    True
    """
    content = f"{kind}|{canonical(kind, value)}".encode()
    number = int.from_bytes(hmac.new(key, content, hashlib.sha256).digest(), "big")
    letters = []
    for _ in range(CODE_LENGTH):
        number, place = divmod(number, len(CODE_LETTERS))
        letters.append(CODE_LETTERS[place])
    return "".join(letters)


class Replacement:
    """Says what to put in place of a value, by the policy of its type."""

    def __init__(self, pack: PiiPack, policy: Mapping[str, Policy], key: bytes | None) -> None:
        """`PipelineError` where a pseudonym is wanted and there is no key."""
        wanting = sorted(name for name, one in policy.items() if one == "pseudonym")
        if wanting and key is None:
            raise PipelineError(
                f"pii: the policy pseudonym of {', '.join(wanting)} needs key_file or key_env"
            )
        self._types, self._policy, self._key = pack.types, policy, key

    def stays(self, kind: str) -> bool:
        """Whether values of this type are left in the text."""
        return self._policy[kind] in STAYS

    def __call__(self, kind: str, value: str) -> str:
        """What stands for the value; a dropped document has placeholders too."""
        action, placeholder = self._policy[kind], self._types[kind].placeholder
        if action == "pseudonym" and self._key is not None:
            return f"{placeholder[:-1]}:{pseudonym(self._key, kind, value)}>"
        if action == "mask":
            return self._masked(kind, value) or placeholder
        return placeholder

    def _masked(self, kind: str, value: str) -> str | None:
        """First and last characters, stars between; None where too little would be hidden."""
        shown = self._types[kind].mask
        if shown is None:
            return None
        first, last = shown
        solid = canonical(kind, value)
        if kind == "email":
            local, _, host = solid.partition("@")
            return f"{local[:first]}****@{host}"
        if len(solid) < first + last + 3:
            return None
        return f"{solid[:first]}****{solid[len(solid) - last :]}"
