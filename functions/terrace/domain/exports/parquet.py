"""A table as an Apache Parquet file, of flat columns that may be null.

Row groups of gzip pages (version 1, plain values); nulls by runs. No library for it is part of
Python, and those that exist are a hundred megabytes and more. Source: github.com/apache/
parquet-format, README.md, Encodings.md and parquet.thrift; Thrift's compact protocol.
"""

import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, Literal

GROUP = 20_000
"""Rows that are held in memory."""
MAGIC = b"PAR1"
_GZIP = 31
"""zlib's name for gzip's wrapping, with no time in it."""

Type = Literal["text", "double", "integer"]
_PHYSICAL: dict[Type, int] = {"integer": 2, "double": 5, "text": 6}
_UTF8, _OPTIONAL = 0, 1
_PLAIN, _RLE, _CODEC_GZIP = 0, 3, 2


@dataclass(frozen=True)
class Column:
    """A column; every value of it may be None."""

    name: str
    type: Type


def written(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> bytes:
    """The file; in memory are its compressed pages and one row group."""
    parts, groups, offset, total = [MAGIC], [], len(MAGIC), 0
    coming = iter(rows)
    while group := list(islice(coming, GROUP)):
        chunks, size = [], 0
        for column, values in zip(columns, zip(*group, strict=True), strict=True):
            page, whole = _page(column, values)
            parts.append(page)
            chunks.append(_chunk(column, len(group), offset, len(page), whole))
            offset += len(page)
            size += whole
        groups.append(_struct((1, _list(12, chunks)), (2, _i64(size)), (3, _i64(len(group)))))
        total += len(group)
    schema = [_struct((4, _binary("schema")), (5, _i32(len(columns))))]
    schema += [_element(column) for column in columns]
    footer = _struct(
        (1, _i32(1)),
        (2, _list(12, schema)),
        (3, _i64(total)),
        (4, _list(12, groups)),
        (6, _binary("terrace")),
    )
    return b"".join((*parts, footer[1], struct.pack("<I", len(footer[1])), MAGIC))


# --- a column's page -----------------------------------------------------------------------------

_PACK: dict[Type, Callable[[Any], bytes]] = {
    "integer": lambda value: struct.pack("<q", value),
    "double": lambda value: struct.pack("<d", value),
    "text": lambda value: _sized(str(value).encode()),
}


def _page(column: Column, values: Sequence[Any]) -> tuple[bytes, int]:
    """A page with its header, and what it would take uncompressed."""
    there = _runs([value is not None for value in values])
    pack = _PACK[column.type]
    data = _sized(there) + b"".join(pack(value) for value in values if value is not None)
    packer = zlib.compressobj(wbits=_GZIP)
    packed = packer.compress(data) + packer.flush()
    levels = ((1, _i32(len(values))), (2, _i32(_PLAIN)), (3, _i32(_RLE)), (4, _i32(_RLE)))
    header = _struct(
        (1, _i32(0)), (2, _i32(len(data))), (3, _i32(len(packed))), (5, _struct(*levels))
    )[1]
    return header + packed, len(header) + len(data)


def _runs(flags: Sequence[bool]) -> bytes:
    """Levels of one bit: how often, and which."""
    made = bytearray()
    for flag, run in groupby(flags):
        made += _varint(sum(1 for _ in run) << 1)
        made.append(flag)
    return bytes(made)


def _sized(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


# --- what the file says of itself ----------------------------------------------------------------

Field = tuple[int, bytes]
"""A Thrift type of the compact protocol, and the value."""


def _element(column: Column) -> Field:
    fields = [(1, _i32(_PHYSICAL[column.type])), (3, _i32(_OPTIONAL)), (4, _binary(column.name))]
    if column.type == "text":
        fields.append((6, _i32(_UTF8)))
    return _struct(*fields)


def _chunk(column: Column, count: int, offset: int, size: int, whole: int) -> Field:
    about = _struct(
        (1, _i32(_PHYSICAL[column.type])),
        (2, _list(5, [_i32(_PLAIN), _i32(_RLE)])),
        (3, _list(8, [_binary(column.name)])),
        (4, _i32(_CODEC_GZIP)),
        (5, _i64(count)),
        (6, _i64(whole)),
        (7, _i64(size)),
        (9, _i64(offset)),
    )
    return _struct((2, _i64(offset)), (3, about))


def _struct(*fields: tuple[int, Field]) -> Field:
    made, last = bytearray(), 0
    for number, (kind, value) in fields:
        # No two fields of Parquet's structs lie more than 15 apart.
        made.append((number - last) << 4 | kind)
        made += value
        last = number
    return 12, bytes(made) + b"\0"


def _list(kind: int, values: Sequence[Field]) -> Field:
    head = (
        bytes([len(values) << 4 | kind])
        if len(values) < 15
        else bytes([0xF0 | kind]) + _varint(len(values))
    )
    return 9, head + b"".join(value for _, value in values)


def _i32(value: int) -> Field:
    return 5, _varint(value << 1)


def _i64(value: int) -> Field:
    return 6, _varint(value << 1)


def _binary(text: str) -> Field:
    data = text.encode()
    return 8, _varint(len(data)) + data


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)
