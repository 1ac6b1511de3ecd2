"""Frames as recordings once had them, each told by the one before it: what is still read must be there to be read."""

import struct
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from engine.model.snapshot import RunSnapshot
from engine.records.frames import trim
from engine.records.packing import CHANGE, PATCH, WHOLE
from engine.records.patches import CHECK, PIECE
from engine.records.recording import HEAD
from engine.records.writer import masked

PART = 16 * 1024
AROUND = 8 * 1024
TOGETHER = 4 * 1024
_Span = tuple[int, int]


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
            told.append(PIECE.pack(first, last, 0))
            continue
        for place in range(0, len(field), PART):
            near, far = max(first, first + place - AROUND), min(last, first + place + PART + AROUND)
            told.append(_piece(field[place : place + PART], before.content, min(near, far), far))
    return CHECK.pack(zlib.crc32(payload.content)) + b"".join(told)


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


def _piece(part: bytes, before: bytes, first: int, last: int) -> bytes:
    # Raw: head and checksum of each piece would cost as much as a quiet one says; the frame has one for all.
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=before[first:last])
    packed = packer.compress(part) + packer.flush()
    return PIECE.pack(first, last, len(packed)) + packed


def frames(looks: list[RunSnapshot], kind: int) -> bytes:
    """A recording's frames, the first whole and the others of that kind."""
    told, payload, before = b"", Payload(b"", {}), None
    for number, look in enumerate(looks):
        now = payload_of(masked(trim(look, before)))
        one = WHOLE if not number else kind
        content = {WHOLE: lambda: zlib.compress(now.content, 6), PATCH: lambda: pack(now, payload)}  # noqa: B023
        content[CHANGE] = lambda: _changed(now.content, payload.content)  # noqa: B023
        packed = content[one]()
        told += HEAD.pack(len(packed), one) + packed
        payload, before = now, look
    return told


def _changed(content: bytes, before: bytes) -> bytes:
    packer = zlib.compressobj(6, zdict=before)
    return packer.compress(content) + packer.flush()
