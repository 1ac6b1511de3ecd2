"""Pictures packed one after the other: each by the one before, all of a minute in one stream of deflate.

So a picture costs what changed in it, and a sentence that an earlier one of the stream has said costs a reference.
"""

import struct
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from engine.model.private import stand_in
from engine.records.differences import Teller, Unclear, made, skeleton
from engine.records.patches import MOST_BYTES, unpack
from engine.records.precision import kept, shown
from engine.redact import mask, mask_builtins

HEADER, WHOLE, CHANGE, PATCH, OPENING, STEP = range(6)
"""Kinds of frames. WHOLE, CHANGE and PATCH, each compressed by itself, are read but written no more."""
KINDS = frozenset(range(6))
_FLUSHED = b"\0\0\xff\xff"
"""What every flush ends with: it need not be kept."""
_CHECK = struct.Struct(">I")


class Packer:
    """Packs pictures; every string in them is masked."""

    def __init__(self) -> None:
        self._before: dict[str, Any] | None = None
        self._stream = _compressor()
        self._sum = 0
        self._teller = Teller(_masked, _counts)

    def opening(self, look: object) -> bytes:
        """A picture that stands alone; those that follow are told by it."""
        self._stream, self._sum = _compressor(), 0
        # Masked whole: what was known to be secret only lately stands in no later one either.
        self._before = kept(msgspec.to_builtins(look, str_keys=True))
        masked = mask_builtins(self._before)
        bare = skeleton(masked)
        return self._packed([bare, Teller(lambda _, value: value).tell(masked, bare)])

    def step(self, look: object) -> bytes:
        """A picture, told by the one before. There is one."""
        new = kept(msgspec.to_builtins(look, str_keys=True))
        told = self._teller.tell(new, self._before)
        self._before = new
        return self._packed(told)

    def _packed(self, told: object) -> bytes:
        packed: bytes = self._stream.compress(msgspec.msgpack.encode(told)) + self._stream.flush(zlib.Z_SYNC_FLUSH)
        packed = packed.removesuffix(_FLUSHED)
        # Over all of the stream so far: nothing of it may be missing.
        self._sum = zlib.crc32(packed, self._sum)
        return _CHECK.pack(self._sum) + packed


class Unpacker:
    """Unpacks frames in their order. After one that raised it must be given one that stands alone."""

    def __init__(self) -> None:
        self._payload = b""
        self._look: dict[str, Any] | None = None
        """The last picture, as it is kept, where it came in a stream."""
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        self._sum = 0

    def take(self, kind: int, content: bytes) -> None:
        """The next frame. Raises zlib.error, msgspec.DecodeError or Unclear for what it cannot be."""
        if kind in (OPENING, STEP):
            self._follow(kind, content)
            return
        self._look = None
        if kind == PATCH:
            self._payload = unpack(content, self._payload)
            return
        unpacker = zlib.decompressobj(zdict=self._payload) if kind == CHANGE else zlib.decompressobj()
        self._payload = _bounded(unpacker, content) + unpacker.flush()

    def payload(self) -> bytes:
        """The last picture as msgpack. Raises Unclear."""
        if self._look is None:
            return self._payload
        try:
            return msgspec.msgpack.encode(shown(self._look))
        except (KeyError, TypeError, AttributeError, ZeroDivisionError, OverflowError) as error:
            raise Unclear("a picture lacks what every picture has") from error

    def _follow(self, kind: int, content: bytes) -> None:
        if kind == OPENING:
            self._stream, self._sum = zlib.decompressobj(-zlib.MAX_WBITS), 0
        self._sum = zlib.crc32(content[_CHECK.size :], self._sum)
        if content[: _CHECK.size] != _CHECK.pack(self._sum):
            raise zlib.error("the frame is not what its checksum says")
        told = msgspec.msgpack.decode(_bounded(self._stream, content[_CHECK.size :] + _FLUSHED), type=list[Any])
        bare, tokens = _opened(told) if kind == OPENING else (self._look, told)
        look = made(tokens, bare)
        if not isinstance(look, dict):
            raise Unclear("a frame without a picture")
        self._look = look


def _bounded(stream: Any, content: bytes) -> bytes:
    found: bytes = stream.decompress(content, MOST_BYTES)
    if stream.unconsumed_tail:
        raise zlib.error(f"a frame of over {MOST_BYTES // (1024 * 1024)} MB")
    return found


def _opened(told: list[Any]) -> tuple[Any, list[Any]]:
    if len(told) != 2 or not isinstance(told[1], list):
        raise Unclear("a frame that does not stand alone")
    return told[0], told[1]


def _compressor() -> Any:
    # Raw: head and checksum of the stream would say nothing that ours does not.
    return zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)


@lru_cache(maxsize=1024)
def _counts(key: str) -> bool:
    """Whether a value of that name is itself, and no secret, name or number of a guest."""
    return not stand_in(key)


def _masked(key: str, value: Any) -> Any:
    if isinstance(value, str) and _counts(key):
        return mask(value)
    if isinstance(value, str | int | dict | list | tuple):
        masked: Mapping[str, Any] = mask_builtins({key: value})
        return next(iter(masked.values()))
    return value
