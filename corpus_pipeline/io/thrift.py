"""Thrift's compact protocol, as far as the footer of a Parquet file needs it.

Enters: the bytes of a struct.  Leaves: its fields as plain lists, or the same bytes again.  Nothing
is known of what a field means, so that fields of later versions survive.
"""

from __future__ import annotations

from typing import Any, Final

#: Types of the protocol; 1 and 2 are the two values of a Boolean field.
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
_INTEGERS: Final = (I16, I32, I64)
#: A collection with this length in its first byte says its length in the next.
_LONG: Final = 15

#: A field: its number, its type, its value.  A struct is a list of fields; a list or a set is the
#: type of its members and the members.
Field = tuple[int, int, Any]


class Reader:
    """Reads structs from bytes."""

    def __init__(self, data: bytes) -> None:
        """Begin at the first byte."""
        self._data, self._at = data, 0

    def struct(self) -> list[Field]:
        """The fields of the struct that begins here."""
        fields: list[Field] = []
        number = 0
        while (head := self._byte()) != 0:
            step, kind = head >> 4, head & 15
            number = number + step if step else self._integer()
            value = kind == TRUE if kind in (TRUE, FALSE) else self._value(kind)
            fields.append((number, kind, value))
        return fields

    def _value(self, kind: int) -> Any:
        if kind in _INTEGERS:
            return self._integer()
        if kind in (TRUE, FALSE, BYTE):
            return self._byte()
        if kind == DOUBLE:
            return self._take(8)
        if kind == BINARY:
            return self._take(self._varint())
        if kind in (LIST, SET):
            head = self._byte()
            size, inner = head >> 4, head & 15
            size = self._varint() if size == _LONG else size
            return inner, [self._value(inner) for _ in range(size)]
        if kind == STRUCT:
            return self.struct()
        raise ValueError(f"a footer with the type {kind}")

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def _integer(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)


def written(fields: list[Field]) -> bytes:
    """The bytes of a struct.

    >>> fields = [(1, I32, -2), (3, BINARY, b"ab"), (20, LIST, (I64, [1, 300]))]
    >>> Reader(written(fields)).struct() == fields
    True
    """
    out = bytearray()
    _struct(fields, out)
    return bytes(out)


def _struct(fields: list[Field], out: bytearray) -> None:
    before = 0
    for number, given, value in fields:
        kind = (TRUE if value else FALSE) if given in (TRUE, FALSE) else given
        step = number - before
        if 0 < step < 16:
            out.append(step << 4 | kind)
        else:
            out.append(kind)
            _integer(number, out)
        if kind not in (TRUE, FALSE):
            _value(kind, value, out)
        before = number
    out.append(0)


def _value(kind: int, value: Any, out: bytearray) -> None:
    if kind in _INTEGERS:
        _integer(value, out)
    elif kind in (TRUE, FALSE, BYTE):
        out.append(value)
    elif kind == DOUBLE:
        out += value
    elif kind == BINARY:
        _varint(len(value), out)
        out += value
    elif kind in (LIST, SET):
        inner, members = value
        if len(members) < _LONG:
            out.append(len(members) << 4 | inner)
        else:
            out.append(_LONG << 4 | inner)
            _varint(len(members), out)
        for member in members:
            _value(inner, member, out)
    else:
        _struct(value, out)


def _varint(value: int, out: bytearray) -> None:
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _integer(value: int, out: bytearray) -> None:
    _varint((value << 1) ^ (value >> 63), out)
