"""A frame told by the one before it, piece by piece.

Deflate looks back 32 KiB only, and a picture of a busy evening is three times as long: compressed against the whole
frame before, it would find nothing of it. So each field is compressed against the same field of that frame, a long one
in parts, each against what lay around it; a field that did not change is only pointed at.
"""

import struct
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

PART = 16 * 1024
AROUND = 8 * 1024
"""A part and what lies before and behind it in the older frame are together as long as deflate looks back."""
TOGETHER = 4 * 1024
_Span = tuple[int, int]
_CHECK = struct.Struct(">I")
_PIECE = struct.Struct(">III")
"""Where in the older frame the piece's dictionary begins and ends, and the length of what follows; 0 of a mere copy."""


class Payload(NamedTuple):
    """A frame as msgpack, and where in it each field lies."""

    content: bytes
    fields: Mapping[str, tuple[int, int]]


def payload_of(look: Mapping[str, Any]) -> Payload:
    """The fields as one msgpack map."""
    parts = [b"\xde" + struct.pack(">H", len(look))]
    place = len(parts[0])
    fields: dict[str, tuple[int, int]] = {}
    for name, value in look.items():
        part = msgspec.msgpack.encode(name) + msgspec.msgpack.encode(value)
        parts.append(part)
        fields[name] = (place, place + len(part))
        place += len(part)
    return Payload(b"".join(parts), fields)


def pack(payload: Payload, before: Payload) -> bytes:
    """What turns the frame before into this one."""
    told: list[bytes] = []
    begins = min((start for start, _ in payload.fields.values()), default=len(payload.content))
    told.append(_piece(payload.content[:begins], before.content, 0, 0))
    for (start, end), (first, last) in _grouped(payload, before):
        field = payload.content[start:end]
        if before.content[first:last] == field:
            told.append(_PIECE.pack(first, last, 0))
            continue
        for place in range(0, len(field), PART):
            near, far = max(first, first + place - AROUND), min(last, first + place + PART + AROUND)
            told.append(_piece(field[place : place + PART], before.content, min(near, far), far))
    return _CHECK.pack(zlib.crc32(payload.content)) + b"".join(told)


def _grouped(payload: Payload, before: Payload) -> list[tuple[_Span, _Span]]:
    """Where each field lies now and lay before; small neighbours are one, as each piece has its price."""
    groups: list[tuple[_Span, _Span]] = []
    for name, (start, end) in payload.fields.items():
        first, last = before.fields.get(name, (0, 0))
        if groups:
            (begin, stop), (older, until) = groups[-1]
            if (stop, until) == (start, first) and max(end - begin, last - older) <= TOGETHER:
                groups[-1] = (begin, end), (older, last)
                continue
        groups.append(((start, end), (first, last)))
    return groups


def unpack(content: bytes, before: bytes) -> bytes:
    """The frame that `pack` told, from the one before it. Raises zlib.error for what it cannot have told."""
    made: list[bytes] = []
    place = _CHECK.size
    if len(content) < place:
        raise zlib.error("a frame without its checksum")
    while place < len(content):
        if len(content) - place < _PIECE.size:
            raise zlib.error("a piece is cut short")
        first, last, length = _PIECE.unpack_from(content, place)
        place += _PIECE.size
        if not first <= last <= len(before) or place + length > len(content):
            raise zlib.error("a piece of another frame")
        near = before[first:last]
        if length:
            unpacker = zlib.decompressobj(-zlib.MAX_WBITS, zdict=near)
            made.append(unpacker.decompress(content[place : place + length]) + unpacker.flush())
        else:
            made.append(near)
        place += length
    whole = b"".join(made)
    if _CHECK.unpack_from(content) != (zlib.crc32(whole),):
        raise zlib.error("the frame is not what its checksum says")
    return whole


def _piece(part: bytes, before: bytes, first: int, last: int) -> bytes:
    # Raw: head and checksum of each piece would cost as much as a quiet one says; the frame has one for all.
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=before[first:last])
    packed = packer.compress(part) + packer.flush()
    return _PIECE.pack(first, last, len(packed)) + packed
