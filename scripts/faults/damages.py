"""Every kind of damage, as a function of the file that it is done to.

Enters: a kind of file, a compression and numbered texts.  Leaves: `Damaged` files: name, bytes and
the documents that must come out of them.  The place of each damage is drawn from a fixed seed.
"""

import io
import random
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.faults.documents import texts
from scripts.faults.layouts import (
    PACK,
    Kind,
    Made,
    Piece,
    made,
    page,
    pieces_of,
    warc_record,
)
from scripts.faults.truth import Edit, survivors


@dataclass(frozen=True, slots=True)
class Damaged:
    """A damaged file, and the documents in it that must survive."""

    name: str
    data: bytes
    must: frozenset[int]


@dataclass(slots=True)
class Target:
    """What a damage is done to."""

    kind: Kind
    compression: str
    texts: dict[int, str]
    rng: random.Random
    number: int

    @property
    def name(self) -> str:
        """The name of the damaged file."""
        return f"damaged-{self.number}{self.kind.suffix}{PACK[self.compression][0]}"

    @property
    def sound(self) -> Made:
        """The file before the damage."""
        return made(self.kind, pieces_of(self.kind, self.texts), self.compression)

    def edited(self, edit: Edit, sound: Made) -> Damaged:
        """The file with some bytes replaced."""
        must = survivors(self.kind, sound, self.compression, edit)
        return Damaged(self.name, edit.applied(sound.data), frozenset(must))

    def of(self, pieces: list[Piece] | Made, lost: set[int], name: str = "") -> Damaged:
        """A file of pieces that are themselves the damage."""
        data = made(self.kind, pieces, self.compression).data
        return Damaged(name or self.name, data, frozenset(set(self.texts) - lost))


#: Where a damage begins, as shares of the file.
INSIDE = (0.2, 0.8)


def _at(target: Target, sound: Made) -> int:
    return int(target.rng.uniform(*INSIDE) * len(sound.data))


def _bytes(edit: Callable[[Target, bytes, int], Edit]) -> Callable[[Target], Damaged]:
    """A damage to the bytes of the finished file."""

    def done(target: Target) -> Damaged:
        sound = target.sound
        return target.edited(edit(target, sound.data, _at(target, sound)), sound)

    return done


def _flip(target: Target, data: bytes, at: int) -> Edit:
    return Edit(at, at + 1, bytes([data[at] ^ 1 << target.rng.randrange(8)]))


def _pair(target: Target) -> Damaged:
    """The file and a second one behind it, as `cat` joins them."""
    more = texts(min(target.texts) + 50, target.kind.documents)
    other = made(target.kind, pieces_of(target.kind, more), target.compression)
    # A Parquet file has one footer, whose places count from the beginning of its own file.
    must = set(target.texts) | set(more)
    if target.kind.documents == 1:
        must = set(target.texts)
    if target.kind.format == "parquet":
        must = set()
    return Damaged(target.name, target.sound.data + other.data, frozenset(must))


def _renamed(target: Target) -> Damaged:
    """Another suffix, or none: the content says what it is."""
    suffix = (".dat", "", ".jsonl", ".parquet")[target.number % 4]
    if target.kind.format in ("csv", "tsv", "text"):  # text that only its name tells from a text
        suffix = (".dat", "", ".md", ".log")[target.number % 4]
    table = target.kind.format in ("csv", "tsv")
    must = set() if table else set(target.texts)
    return Damaged(f"damaged-{target.number}{suffix}", target.sound.data, frozenset(must))


def _mispacked(target: Target) -> Damaged:
    """The suffix of another compression than the file has."""
    others = [name for name in PACK if name not in ("none", target.compression)]
    suffix = PACK[others[target.number % len(others)]][0]
    name = f"damaged-{target.number}{target.kind.suffix}{suffix}"
    return Damaged(name, target.sound.data, frozenset(target.texts))


def _twice(target: Target) -> Damaged:
    """Compressed twice: what is in it is no text that any tool promises to find."""
    pack = PACK["gzip" if target.compression == "none" else target.compression][1]
    return Damaged(target.name + ".gz", pack(pack(target.sound.data)), frozenset())


def _bomb(target: Target) -> Damaged:
    """Four hundred megabytes of blanks in a document, in few bytes on disk."""
    pieces = pieces_of(target.kind, target.texts)
    assert not isinstance(pieces, Made)
    head = pieces[: len(pieces) // 2]
    lost = {n for n, _ in pieces[len(head) :]}
    pack = PACK[target.compression][1]
    data = pack(b"".join(piece for _, piece in head)) + pack(b" " * 400_000_000)
    must = set(target.texts) - lost if target.kind.documents > 1 else set()
    return Damaged(target.name, data, frozenset(must))


def _recoded(charset: str, mark: bytes = b"") -> Callable[[Target], Damaged]:
    """The whole file in another charset, which nothing or something wrong declares."""

    def done(target: Target) -> Damaged:
        pieces = pieces_of(target.kind, target.texts)
        assert not isinstance(pieces, Made)
        if target.kind.format == "wikixml":  # always UTF-8: what is none is refused
            data = b"".join(data for _, data in pieces).decode().encode(charset)
            pack = PACK[target.compression][1]
            return Damaged(target.name, pack(mark + data), frozenset())
        if target.kind.name == "warc":
            pieces = [
                (n, warc_record(n, page(text).decode().encode(charset)))
                for n, text in target.texts.items()
            ]
        elif target.kind.format != "warc":
            pieces = [(n, data.decode().encode(charset)) for n, data in pieces]
        else:
            return _record_recoded(target, charset)
        pieces = [(-1, mark), *pieces] if mark else pieces
        return target.of(pieces, set())

    return done


def _record_recoded(target: Target, charset: str) -> Damaged:
    """Records whose bodies are in another charset than their neighbours'."""
    pieces = []
    for n, text in target.texts.items():
        if target.kind.name == "wet":
            pieces.append((n, warc_record(n, text.encode(charset), kind="conversion")))
            continue
        body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
        body += page(text).decode().encode(charset)
        head = f"http://example.org/{n} 192.0.2.1 20260115000000 text/html {len(body)}\n"
        pieces.append((n, head.encode() + body + b"\n"))
    return target.of([pieces_of(target.kind, target.texts)[0], *pieces], set())  # type: ignore[index]


Changed = Callable[[Target, int, bytes], bytes]


def _record(change: Changed) -> Callable[[Target], Damaged]:
    """One record in the middle becomes something else; all others must survive."""

    def done(target: Target) -> Damaged:
        pieces = pieces_of(target.kind, target.texts)
        assert not isinstance(pieces, Made)
        victim = sorted(target.texts)[len(target.texts) // 2]
        changed = [(n, change(target, n, data) if n == victim else data) for n, data in pieces]
        return target.of(changed, {victim})

    return done


def _in_text(insertion: bytes) -> Changed:
    """Bytes put into the text of a record."""

    def change(_target: Target, serial: int, data: bytes) -> bytes:
        mark = f"编号{serial:06d}。".encode()
        return data.replace(mark, mark + insertion)

    return change


def _huge(target: Target, serial: int, data: bytes) -> bytes:
    rng = random.Random(serial)
    han = "".join(chr(rng.randrange(0x4E00, 0x9FA0)) for _ in range(4096)).encode()
    return _in_text(han * (36_000_000 // len(han)))(target, serial, data)


DEEP: dict[str, Callable[[str], bytes]] = {
    "json": lambda text: f'{{"text": "{text}", "a": {"[" * 100_000}{"]" * 100_000}}}'.encode(),
    "wikixml": lambda text: (
        f"  <page><title>深</title><ns>0</ns><id>1</id><revision><text>"
        f"{'{{' * 50_000}{text}{'}}' * 50_000}</text></revision></page>\n"
    ).encode(),
    "html": lambda text: (
        f"<html><body>{'<div>' * 50_000}{text}{'</div>' * 50_000}</body></html>".encode()
    ),
    "csv": lambda text: ('"' * 100_001 + f"{text}\n").encode(),
}


def _deep(target: Target, serial: int, data: bytes) -> bytes:
    text, form = target.texts[serial], target.kind.format
    if form == "jsonl":
        return DEEP["json"](text) + b"\n"
    if form == "json":
        return DEEP["json"](text) + b",\n"
    if form == "warc":
        if target.kind.name == "arc":
            return data
        return warc_record(serial, DEEP["html"](text))
    return DEEP.get(form, lambda _text: data)(text)


def _malformed(target: Target, _serial: int, data: bytes) -> bytes:
    """A record that is none, in the way its format allows; another way in each file."""
    form, turn = target.kind.format, target.number % 4
    if form in ("jsonl", "json"):
        end = b"\n" if form == "jsonl" else b",\n"
        ways: list[Any] = [
            b'{"id": "x", "text": ',
            b'{"id": "x"}',
            b'{"id": "x", "text": {"a": [1, null]}}',
            b'{"text": "' + b"\\ud800\\u00" + b'"}',
        ]
        return ways[turn] + end
    if form in ("csv", "tsv"):
        ways = [b"only-one\n", b"," * 40 + b"\n", b'1,"open,x\n', b'a"b,"c"d",e\n']
        return ways[turn].replace(b",", b"\t") if form == "tsv" else ways[turn]
    if form == "wikixml":
        ways = [
            b"  <page><title>x</title>\n",
            data.replace(b"</text>", b""),
            data.replace(b"</page>", b"</pag>"),
            data.replace(b"<revision>", b"<revision &bad;>"),
        ]
        return ways[turn]
    if form == "warc" and target.kind.name != "arc":
        length = data.partition(b"Content-Length: ")[2].split(b"\r", 1)[0]
        new = (b"1", b"999999999", b"-5", b"abc")[turn]
        return data.replace(b"Content-Length: " + length, b"Content-Length: " + new)
    if target.kind.name == "arc":
        return data.replace(b" 20260115000000 text/html ", b" 20260115000000 text/html 9")
    return data[: len(data) // 2]


def _newlines(target: Target) -> Damaged:
    """LF, CRLF and CR in one file, as joining files of three systems leaves them."""
    pieces = pieces_of(target.kind, target.texts)
    assert not isinstance(pieces, Made)
    ends = (b"\n", b"\r\n", b"\r")
    mixed = [
        (n, data.removesuffix(b"\n") + ends[i % 3] if data.endswith(b"\n") else data)
        for i, (n, data) in enumerate(pieces)
    ]
    return target.of(mixed, set())


def _marked(inside: bool) -> Callable[[Target], Damaged]:
    """A byte order mark before the file, or where two files were joined."""

    def done(target: Target) -> Damaged:
        pieces = pieces_of(target.kind, target.texts)
        assert not isinstance(pieces, Made)
        place = len(pieces) // 2 if inside else 0
        return target.of([*pieces[:place], (-1, b"\xef\xbb\xbf"), *pieces[place:]], set())

    return done


def _one_recoded(target: Target, serial: int, data: bytes) -> bytes:
    text = target.texts[serial]
    return data.replace(text.encode(), text.encode("gb18030"))


def _nested(target: Target) -> Damaged:
    """An archive in an archive, five deep, beside good members."""
    inner = target.sound.data
    for level in range(5):
        inner = _archive(target.kind.name, {f"{level}{target.kind.suffix}": inner})
    members = {f"文/{n}.txt": text.encode() for n, text in target.texts.items()}
    data = _archive(target.kind.name, {"deep" + target.kind.suffix: inner, **members})
    pack = PACK[target.compression][1]
    return Damaged(target.name, pack(data), frozenset(target.texts))


def _archive(name: str, members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    if name == "zip":
        with zipfile.ZipFile(out, "w") as archive:
            for member, data in members.items():
                archive.writestr(member, data)
    else:
        import tarfile  # noqa: PLC0415 – beside its only use

        with tarfile.open(fileobj=out, mode="w") as tar:
            for member, data in members.items():
                info = tarfile.TarInfo(member)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _lying(target: Target) -> Damaged:
    """A directory or header that says other sizes than there are."""
    sound = target.sound
    if target.kind.name == "zip":
        at = sound.data.rfind(b"PK\1\2") + 20  # packed size of the last entry
        return _said(target, sound, Edit(at, at + 4, b"\xff\xff\xff\x0f"), max(target.texts))
    if target.kind.name == "tar":
        start = sound.documents[sorted(target.texts)[len(target.texts) // 2]][0]
        at = start + 124
        victim = sorted(target.texts)[len(target.texts) // 2]
        return _said(target, sound, Edit(at, at + 11, b"77777777777"), victim)
    at = len(sound.data) - 8  # the length of the Parquet footer
    return target.edited(Edit(at, at + 4, b"\xff\xff\xff\x7f"), sound)


def _said(target: Target, sound: Made, edit: Edit, victim: int) -> Damaged:
    must = set(target.texts) - {victim}
    return Damaged(target.name, edit.applied(sound.data), frozenset(must))


def _nothing(data: Callable[[Target], bytes]) -> Callable[[Target], Damaged]:
    return lambda target: Damaged(target.name, data(target), frozenset())


@dataclass(frozen=True, slots=True)
class Damage:
    """A kind of damage: what it is, how it is done, and to which kinds of file."""

    name: str
    what: str
    done: Callable[[Target], Damaged]
    files: int = 4
    fits: Callable[[Kind, str], bool] = lambda _kind, _compression: True


def _streams(kind: Kind, _compression: str) -> bool:
    return kind.pieces is not None


def _records(kind: Kind, compression: str) -> bool:
    return kind.pieces is not None and kind.documents > 1 and compression in ("none", "gzip")


def _plain_text(kind: Kind, compression: str) -> bool:
    return kind.pieces is not None and compression in ("none", "gzip")


def _wholes(kind: Kind, compression: str) -> bool:
    return kind.whole is not None and compression == "none"


def _archives(kind: Kind, compression: str) -> bool:
    return kind.name in ("zip", "tar") and compression in ("none", "gzip")


DAMAGES = {
    damage.name: damage
    for damage in (
        Damage("none", "nothing: the control", lambda t: t.edited(Edit(0, 0, b""), t.sound)),
        Damage("cut", "the file ends in the middle", _bytes(lambda _t, d, a: Edit(a, len(d), b""))),
        Damage(
            "end gone",
            "the last 5 bytes are missing: footer, trailer, central directory",
            _bytes(lambda _t, d, _a: Edit(len(d) - 5, len(d), b"")),
        ),
        Damage("bit", "one flipped bit", _bytes(_flip)),
        Damage(
            "garbage",
            "200 bytes overwritten with noise",
            _bytes(lambda t, _d, a: Edit(a, a + 200, t.rng.randbytes(200))),
        ),
        Damage(
            "inserted",
            "200 bytes of noise put in",
            _bytes(lambda t, _d, a: Edit(a, a, t.rng.randbytes(200))),
        ),
        Damage(
            "NULs",
            "512 bytes overwritten with NUL",
            _bytes(lambda _t, _d, a: Edit(a, a + 512, bytes(512))),
        ),
        Damage("block lost", "512 bytes missing", _bytes(lambda _t, _d, a: Edit(a, a + 512, b""))),
        Damage(
            "block twice",
            "512 bytes doubled",
            _bytes(lambda _t, d, a: Edit(a, a, d[a - 512 : a] if a > 512 else d[:a])),
        ),
        Damage(
            "magic", "the first 4 bytes overwritten", _bytes(lambda _t, _d, _a: Edit(0, 4, b"XXXX"))
        ),
        Damage(
            "front",
            "100 bytes of noise before the file",
            lambda t: Damaged(t.name, t.rng.randbytes(100) + t.sound.data, frozenset()),
        ),
        Damage(
            "behind",
            "100 bytes of noise behind the file",
            lambda t: Damaged(t.name, t.sound.data + t.rng.randbytes(100), _behind(t)),
        ),
        Damage("joined", "two files of this kind joined by `cat`", _pair),
        Damage("empty", "no bytes", _nothing(lambda _t: b""), 1),
        Damage(
            "only NULs", "4 kB of NUL, as a crash leaves them", _nothing(lambda _t: bytes(4096)), 1
        ),
        Damage("noise", "3 kB of noise", _nothing(lambda t: t.rng.randbytes(3000))),
        Damage("suffix", "another suffix, or none", _renamed),
        Damage(
            "packing suffix",
            "the suffix of another compression",
            _mispacked,
            fits=lambda kind, compression: kind.pieces is not None or compression == "none",
        ),
        Damage("packed twice", "compressed twice", _twice, 1),
        Damage(
            "bomb",
            "400 MB of blanks in a few bytes",
            _bomb,
            1,
            lambda kind, compression: (
                kind.name in ("jsonl", "csv", "warc", "text", "json")
                and compression in ("gzip", "zstd", "bz2", "xz")
            ),
        ),
        Damage(
            "GB18030",
            "GB18030, declared UTF-8 or not at all",
            _recoded("gb18030"),
            fits=_plain_text,
        ),
        Damage(
            "UTF-16",
            "UTF-16 with a byte order mark",
            _recoded("utf-16-le", b"\xff\xfe"),
            fits=lambda kind, compression: _plain_text(kind, compression) and kind.format != "warc",
        ),
        Damage(
            "UTF-16, bare",
            "UTF-16 without one",
            _recoded("utf-16-le"),
            fits=lambda kind, compression: _plain_text(kind, compression) and kind.format != "warc",
        ),
        Damage(
            "one in GB18030", "one record in another charset", _record(_one_recoded), fits=_records
        ),
        Damage("BOM", "a byte order mark before the file", _marked(inside=False), fits=_plain_text),
        Damage(
            "BOM inside", "one where two files were joined", _marked(inside=True), fits=_records
        ),
        Damage("NUL inside", "a NUL in a text", _record(_in_text(b"\0")), fits=_records),
        Damage("bad UTF-8", "a byte that is no UTF-8", _record(_in_text(b"\xff")), fits=_records),
        Damage("line ends", "LF, CRLF and CR mixed", _newlines, fits=_records),
        Damage("malformed", "a record that is none; four ways", _record(_malformed), fits=_records),
        Damage("huge", "a record of 36 MB", _record(_huge), 1, _records),
        Damage("deep", "a record nested 10⁵ deep", _record(_deep), 1, _records),
        Damage("deep archive", "archives in archives", _nested, 1, _archives),
        Damage("lying length", "a size in a header that is not true", _lying, fits=_wholes),
    )
}


def _behind(target: Target) -> frozenset[int]:
    """Noise behind a file costs nothing that ends before it, but in a file of one document."""
    if target.kind.indivisible:
        return frozenset()
    if target.kind.documents == 1 and target.compression == "none":
        return frozenset(target.texts)
    return frozenset(target.texts)


def damaged(kind: Kind, compression: str, damage: Damage, first: int) -> tuple[list[Damaged], int]:
    """The damaged files of a case, and the number that the next document gets."""
    made_files = []
    for number in range(damage.files):
        seed = f"{kind.name} {compression} {damage.name} {number}"
        target = Target(
            kind, compression, texts(first, kind.documents), random.Random(seed), number
        )
        made_files.append(damage.done(target))
        first += 100
    return made_files, first
