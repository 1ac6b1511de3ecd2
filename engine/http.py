"""The one door to HTTP: one client with its connections, whole answers, errors as refusals.

Nothing is followed, kept or looked up in the environment: no redirect, no cookie, no proxy.
"""

import contextlib
import ssl
import sys
from collections.abc import Mapping
from functools import lru_cache

# Where click and rich are installed httpx loads its own command line with them. It does without where that is not to be
# had, and the engine loads nothing that draws.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

import httpx

from engine.framing import MOST_BYTES, NoAnswer, NotHttp, NotSendable, Reply, asked
from engine.model.http import Answer
from engine.model.outcome import Phase, Refusal
from engine.model.step import Step
from engine.wire import Bounds, NoConnection, NoFreeConnection, Wires

HTTP_ERRORS = (httpx.TransportError,)
"""What a request may raise when it has no answer. Anything else is a bug."""

_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
# As it comes: an answer is bounded by its bytes, and unpacking a few of them can fill any memory.
_ALWAYS = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "slotfill"}
_JSON = {**_ALWAYS, "content-type": "application/json"}
_PATHS = 64
"""URLs that are kept ready: reading one costs as much as all else of a request."""


class BaseUrlInvalid(Exception):
    """No request can be sent there. The message is one sentence with the cure."""


class KeepAlive(httpx.AsyncBaseTransport):
    """httpx's transport API on our own connections: HTTP/1.1, kept alive, as many as `connections`."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._wires: dict[tuple[bytes, bytes, int | None], Wires] = {}
        """By scheme, host and port."""
        self._tls: ssl.SSLContext | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it and read the whole answer. Raises httpx's errors, as httpx's own transport does."""
        try:
            reply = await self._reply(request)
        except NotSendable as error:
            raise httpx.LocalProtocolError(str(error), request=request) from error
        except NoFreeConnection as error:
            raise httpx.PoolTimeout(str(error), request=request) from error
        except NoConnection as error:
            kind = httpx.ConnectTimeout if isinstance(error.__cause__, TimeoutError) else httpx.ConnectError
            raise kind(str(error), request=request) from error
        except TimeoutError as error:
            allowed_s = request.extensions["timeout"]["read"]
            raise httpx.ReadTimeout(f"no answer within {allowed_s} s", request=request) from error
        except (NoAnswer, NotHttp) as error:
            raise httpx.RemoteProtocolError(str(error), request=request) from error
        # As a stream: given as content it would be unpacked here.
        return httpx.Response(reply.status, headers=reply.headers, stream=httpx.ByteStream(reply.body), request=request)

    def allow(self, connections: int) -> None:
        """Keep so many connections at most from now on; never less than before."""
        self._connections = max(self._connections, connections)
        for wires in self._wires.values():
            wires.allow(connections)

    async def aclose(self) -> None:
        """Drop every connection that rests."""
        for wires in self._wires.values():
            await wires.close()

    async def _reply(self, request: httpx.Request) -> Reply:
        allowed = request.extensions.get("timeout", {})
        bounds = Bounds(allowed.get("pool"), allowed.get("connect"), allowed.get("read"))
        stream = request.stream
        body = b"".join(stream) if isinstance(stream, httpx.ByteStream) else await request.aread()
        url = request.url
        key = url.raw_scheme, url.raw_host, url.port
        wires = self._wires.get(key) or self._wires_to(url)
        return await wires.ask(asked(request.method.encode(), url.raw_path, request.headers.raw, body), bounds)

    def _wires_to(self, url: httpx.URL) -> Wires:
        secure = url.scheme == "https"
        if secure and self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
            self._tls.set_alpn_protocols(["http/1.1"])
        port = url.port or (443 if secure else 80)
        made = Wires(url.host, port, self._connections, self._tls if secure else None)
        self._wires[url.raw_scheme, url.raw_host, url.port] = made
        return made


class HttpClient:
    """Requests to one base URL over at most `connections` connections. Every request is bounded by `timeout_s`.

    It stands on httpx's transport API and leaves out httpx's client, whose cookies, redirects, proxies and
    authentication are what a load generator must not have, and half of its cost.
    """

    def __init__(
        self, base_url: str, *, timeout_s: float, connections: int, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Raises BaseUrlInvalid."""
        self._base = _checked(base_url)
        self._root = str(self._base).rstrip("/")
        self._extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)}
        self._transport = transport or KeepAlive(connections)
        # Reading the whole again costs a third of joining.
        self._url = lru_cache(_PATHS)(lambda path: httpx.URL(self._root + path))
        self._host = self._base.netloc

    @property
    def base_url(self) -> str:
        """Where requests go."""
        return str(self._base)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for a path, with its query. Raises HTTP_ERRORS."""
        return await self.send("GET", path, headers)

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a JSON body. Raises HTTP_ERRORS."""
        return await self._sent("POST", path, {**_JSON, **(headers or {})}, body)

    async def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send one request and read the whole answer, whatever its status. Raises HTTP_ERRORS."""
        return await self._sent(method, path, {**_ALWAYS, **(headers or {})}, body)

    async def _sent(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        raw = [(b"Host", self._host)]
        raw += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        if body is not None or method in ("POST", "PUT", "PATCH"):
            raw.append((b"Content-Length", b"%d" % len(body or b"")))
        # With a stream, httpx takes the headers as they are, and adds none.
        request = httpx.Request(
            method,
            self._url(path),
            headers=raw,
            stream=httpx.ByteStream(body or b""),
            extensions=self._extensions,
        )
        try:
            response = await self._transport.handle_async_request(request)
            return Answer(response.status_code, response.headers, await _body(response))
        except httpx.TransportError as error:
            error.request = request
            raise

    def allow(self, connections: int) -> None:
        """Use so many connections at most from now on; never less than before."""
        if isinstance(self._transport, KeepAlive):
            self._transport.allow(connections)

    async def close(self) -> None:
        """Drop every connection; another request opens one again."""
        await self._transport.aclose()


def refusal_of(error: httpx.TransportError, step: Step) -> Refusal:
    """The refusal an error proves: before the send where no connection was to be had, else in doubt.

    Its message has the request's path and never its body.
    """
    timed_out = isinstance(error, httpx.TimeoutException)
    return Refusal(
        step=step,
        phase=Phase.BEFORE_SEND if isinstance(error, _UNSENT) else Phase.IN_DOUBT,
        message=f"{error.request.method} {error.request.url.path}: {describe(error)}",
        exception=type(error).__name__,
        timer="api.timeout_s" if timed_out else None,
    )


def describe(error: httpx.TransportError) -> str:
    """An error as one line."""
    return " ".join(str(error).split()) or type(error).__name__


async def _body(response: httpx.Response) -> bytes:
    """The answer's bytes as they came, packed or not. Raises HTTP_ERRORS."""
    if isinstance(response.stream, httpx.ByteStream):
        return b"".join(response.stream)
    body = bytearray()
    async with contextlib.aclosing(response):
        async for part in response.aiter_raw():
            body += part
            if len(body) > MOST_BYTES:
                raise httpx.RemoteProtocolError(f"the answer has more than {MOST_BYTES} bytes")
    return bytes(body)


def _checked(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise BaseUrlInvalid(f"the base URL cannot be read ({error}); give one like http://127.0.0.1:3000") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise BaseUrlInvalid(f"the base URL {url.scheme}://{url.host} names no HTTP server; give http://HOST:PORT")
    if url.userinfo:
        raise BaseUrlInvalid(
            f"the base URL of {url.host} has a name or password in it, which is never sent; leave it out"
        )
    return url.copy_with(query=None, fragment=None)
