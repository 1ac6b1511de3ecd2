"""Postgres' messages in a stream of bytes, and which SQL a client's message runs. Pure."""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

PROTOCOL_3 = 3
CANCEL = 80877102
SSL = 80877103
GSS = 80877104
_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*\n?|/\*.*?\*/)*", re.DOTALL)


class Message(NamedTuple):
    """One message, whole."""

    kind: bytes
    """Its type byte; empty for the first message of a connection, which has none."""
    raw: bytes
    sql: str = ""
    """What it runs: of a simple query, and of an Execute by way of its portal and statement."""


class Opening(NamedTuple):
    """A connection's first message."""

    code: int
    """A protocol version, or the number of a request for encryption or a cancel."""
    parameters: dict[str, str]

    @property
    def is_startup(self) -> bool:
        return self.code >> 16 == PROTOCOL_3

    @property
    def asks_for_encryption(self) -> bool:
        return self.code in (SSL, GSS)


def opening(raw: bytes) -> Opening:
    """A first message, with its length in front, read."""
    code = int(struct.unpack("!I", raw[4:8])[0])
    words = raw[8:].split(b"\0") if code >> 16 == PROTOCOL_3 else []
    pairs = zip(words[::2], words[1::2], strict=False)
    return Opening(code, {name.decode(): value.decode() for name, value in pairs if name})


class Frames:
    """Cuts bytes into messages, however they were cut on the way."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, more: bytes) -> Iterator[Message]:
        """Every message that is whole by now."""
        self._rest += more
        while len(self._rest) > 4:
            length = 1 + struct.unpack("!I", self._rest[1:5])[0]
            if len(self._rest) < length:
                return
            raw, self._rest = self._rest[:length], self._rest[length:]
            yield Message(raw[:1], raw)


class Client:
    """A client's messages, each with the SQL that it runs."""

    def __init__(self) -> None:
        self._frames = Frames()
        self._statements: dict[bytes, str] = {}
        self._portals: dict[bytes, str] = {}

    def feed(self, more: bytes) -> Iterator[Message]:
        """Every message that is whole by now, with its SQL."""
        for message in self._frames.feed(more):
            yield message._replace(sql=self._sql(message))

    def _sql(self, message: Message) -> str:
        body = message.raw[5:]
        if message.kind == b"Q":
            return body.partition(b"\0")[0].decode(errors="replace")
        if message.kind == b"P":
            name, text = body.split(b"\0", 2)[:2]
            self._statements[name] = text.decode(errors="replace")
        elif message.kind == b"B":
            portal, name = body.split(b"\0", 2)[:2]
            self._portals[portal] = self._statements.get(name, "")
        elif message.kind == b"E":
            return self._portals.get(body.partition(b"\0")[0], "")
        return ""


def bare(sql: str) -> str:
    """SQL without the comments and blanks in front of it."""
    return _COMMENTS.sub("", sql, count=1)


def sqlstate(error: Message) -> str:
    """The code of an ErrorResponse; empty where it has none."""
    fields = error.raw[5:].split(b"\0")
    return next((field[1:].decode() for field in fields if field[:1] == b"C"), "")
