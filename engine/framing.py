"""How requests and answers lie in the bytes of HTTP/1.1. No I/O.

The plainest form of an answer, and of a request, is read and written here: one head, one length, no coding. Whatever
is anything else is h11's, which httpx and uvicorn stand on too, from its first byte on. So framing goes wrong where
h11 says it does, and the common case costs a fifth. Both give the same for every stream of bytes
(`tests/engine/test_framing.py`).
"""

import re
from typing import NamedTuple

import h11

MOST_BYTES = 8 * 1024 * 1024
"""Body of one answer at most."""
_MOST_HEAD = 16 * 1024
"""Bytes of a head at most that is read here; h11 takes no longer one either, unless it comes at once."""
_MOST_CHUNKS = 4096
"""Chunks of one body at most. Each costs the loop as much as a small answer does, and they may be of one byte."""
_MOST_HINTS = 16
"""Heads of 100 to 199 before the answer at most; they could go on for ever."""

_TOKEN = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
_TEXT = rb"[\t\x20-\x7e\x80-\xff]*"
_HEAD = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2}) " + _TEXT + rb"\r\n((?:" + _TOKEN + rb":" + _TEXT + rb"\r\n)+)\r\n")
_ASKED = re.compile(_TOKEN + rb" [\x21-\x7e]+ HTTP/1\.1\r\n(?:" + _TOKEN + rb": " + _TEXT + rb"\r\n)+\r\n")
_BODILESS = frozenset({b"204", b"304"})

Headers = list[tuple[bytes, bytes]]


class NoAnswer(Exception):
    """The connection ended before its answer did: the request may have been carried out."""


class NotHttp(Exception):
    """What came back is not HTTP/1.1, or more of it than can be taken: the request may have been carried out."""


class NotSendable(Exception):
    """The request is none that HTTP/1.1 can carry; nothing was sent."""


class Asked(NamedTuple):
    """A request as it is sent."""

    method: bytes
    sent: bytes


class Reply(NamedTuple):
    """A whole answer; its headers' names are in small letters."""

    status: int
    headers: Headers
    body: bytes


def asked(method: bytes, target: bytes, headers: Headers, body: bytes) -> Asked:
    """A request in bytes; its headers tell host and length. Raises NotSendable."""
    lines = b"".join([b"%b: %b\r\n" % one for one in headers])
    head = b"%b %b HTTP/1.1\r\n%b\r\n" % (method, target, lines)
    # As many lines as there are headers: one with a line end in it would be two, each of them in good order.
    if _ASKED.fullmatch(head) is None or head.count(b"\n") != len(headers) + 2:
        raise NotSendable("a method, path or header of the request has signs in it that HTTP does not carry")
    return Asked(method, head + body)


class Answering:
    """The answer to one request, as it comes in. After a reply or an error it is to be given nothing more."""

    def __init__(self, method: bytes) -> None:
        self._method = method
        self._http: h11.Connection | None = None
        self._head: Reply | None = None
        self._length = 0
        """Bytes of a plain body."""
        self._parts: list[bytes] = []
        self._size = 0
        self._chunks = 0
        self._hints = 0
        self.keeps = False
        """Whether the connection can be used again: known with the reply."""

    @property
    def has_begun(self) -> bool:
        """Whether the answer's head is there."""
        return self._head is not None

    def feed(self, data: bytes) -> Reply | None:
        """Take bytes; the reply when it is whole. Raises NoAnswer, NotHttp."""
        if self._http is None:
            if self._head is not None:
                return self._gather(data)
            begins = self._plain(data)
            if begins:
                return self._gather(data[begins:])
            self._http = _awaiting(self._method)
        self._http.receive_data(data)
        return self._read(self._http)

    def finish(self) -> Reply | None:
        """The other side has no more to say: an answer without a length ends here. Raises NoAnswer, NotHttp."""
        if self._http is None or self._head is None:
            return None
        self._http.receive_data(b"")
        return self._read(self._http)

    def _plain(self, data: bytes) -> int:
        """Read a head in its plainest form; where its body begins, 0 when it has another."""
        if self._method not in (b"GET", b"POST"):
            return 0
        found = _HEAD.match(data, 0, _MOST_HEAD)
        if found is None or found[1] in _BODILESS:
            return 0
        headers: Headers = []
        length = -1
        for line in found[2][:-2].split(b"\r\n"):
            name, _, value = line.partition(b":")
            name, value = name.lower(), value.strip(b" \t")
            if name == b"content-length":
                # Nine digits: whatever is longer is too much, and h11's to refuse.
                if length >= 0 or not value.isdigit() or len(value) > 9:
                    return 0
                length = int(value)
            elif name == b"transfer-encoding" or (name == b"connection" and value.lower() != b"keep-alive"):
                return 0
            headers.append((name, value))
        if not 0 <= length <= MOST_BYTES:
            return 0
        self._head, self._length = Reply(int(found[1]), headers, b""), length
        return found.end()

    def _gather(self, data: bytes) -> Reply | None:
        self._parts.append(data)
        self._size += len(data)
        if self._size < self._length:
            return None
        # Bytes beyond the answer belong to no request.
        self.keeps = self._size == self._length
        return self._whole(b"".join(self._parts)[: self._length])

    def _read(self, http: h11.Connection) -> Reply | None:
        try:
            while True:
                event = http.next_event()
                if isinstance(event, h11.Data):
                    self._take(event)
                elif isinstance(event, h11.Response):
                    self._head = Reply(event.status_code, list(event.headers), b"")
                elif isinstance(event, h11.InformationalResponse):
                    self._hints += 1
                    if self._hints > _MOST_HINTS:
                        raise NotHttp(f"more than {_MOST_HINTS} heads of status 1xx and no answer")
                elif isinstance(event, h11.EndOfMessage):
                    self.keeps = (
                        http.their_state is h11.DONE and http.our_state is h11.DONE and not http.trailing_data[0]
                    )
                    return self._whole(b"".join(self._parts))
                else:
                    return None
        except h11.RemoteProtocolError as error:
            # What comes after the colon quotes the server's bytes, and those may have anything in them.
            text = str(error).partition(":")[0]
            if "closed connection" in text:
                raise NoAnswer(text) from error
            raise NotHttp(f"not HTTP/1.1: {text}") from error

    def _take(self, event: h11.Data) -> None:
        self._chunks += event.chunk_start
        self._size += len(event.data)
        if self._size > MOST_BYTES:
            raise NotHttp(f"the answer has more than {MOST_BYTES} bytes")
        if self._chunks > _MOST_CHUNKS:
            raise NotHttp(f"the answer has more than {_MOST_CHUNKS} chunks")
        self._parts.append(bytes(event.data))

    def _whole(self, body: bytes) -> Reply:
        if self._head is None:
            raise AssertionError("an answer ends after its head")
        return self._head._replace(body=body)


def _awaiting(method: bytes) -> h11.Connection:
    """h11's connection that has sent a request of that method: framing asks for no more of it."""
    http = h11.Connection(h11.CLIENT)
    http.send(h11.Request(method=method, target="/", headers=_HOST))
    http.send(h11.EndOfMessage())
    return http


_HOST = [("host", "h11")]
