"""The console in a browser: textual-serve with a page of our own, and a door that opens only to whoever has the key.

textual-serve by itself asks nobody who they are, takes WebSockets from pages of any origin, and its page fetches a font
from another machine. A console may steer a run, so all three are closed here.
"""

import hmac
import html
import shlex
from collections.abc import Awaitable, Callable
from pathlib import Path
from string import Template

from aiohttp import web
from textual_serve.server import Server

MOST_PAGES = 16
"""Pages open at once; each is a console process."""
_PAGE = Path(__file__).with_name("pages") / "console.html"
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""The browser itself sees to it that the page asks no other machine."""
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_NO_KEY = "Open the address that slotfill serve-console printed: it holds the key of this console.\n"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ConsoleServer(Server):
    """Serves one run's console."""

    def __init__(self, command: Callable[[], list[str]], *, key: str, port: int, title: str) -> None:
        """`command` gives the command line of a console, asked anew for every page: runs end."""
        super().__init__("", host="127.0.0.1", port=port, title=title)
        self._command = command
        self._key = key
        # Cookies know no ports: two servers on one host would overwrite each other's.
        self._cookie = f"slotfill_{port}"
        self._pages = 0

    async def application(self) -> web.Application:
        """What answers."""
        made = await self._make_app()
        made.middlewares.append(self._door)
        return made

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the command has said where it is."""

    @web.middleware
    async def _door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.query.get("key", "")
        if request.path == "/" and self._fits(given):
            # Away with it from the address line, where shoulders and histories read it.
            answer: web.StreamResponse = web.Response(status=302, headers={"Location": "/"} | _HEADERS)
            answer.set_cookie(self._cookie, given, httponly=True, samesite="Strict", path="/")
            return answer
        if not self._fits(request.cookies.get(self._cookie, "")):
            return web.Response(status=403, text=_NO_KEY, headers=_HEADERS)
        if request.path == "/ws":
            return await self._console(request, handler)
        answer = await handler(request)
        answer.headers.update(_HEADERS)
        return answer

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._key.encode())

    async def _console(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin", "")
        if origin.partition("://")[2] != request.host:
            return web.Response(status=403, text=f"a page of {origin or 'nowhere'} may not open a console here\n")
        if self._pages >= MOST_PAGES:
            return web.Response(status=503, text=f"{MOST_PAGES} pages are open; close one\n")
        self.command = shlex.join(self._command())
        self._pages += 1
        try:
            return await handler(request)
        finally:
            self._pages -= 1

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page, with the address of its WebSocket as this browser sees us: through a tunnel it is another."""
        socket = f"{'wss' if request.secure else 'ws'}://{request.host}/ws"
        page = Template(_PAGE.read_text(encoding="utf-8"))
        text = page.substitute(title=html.escape(self.title), socket=html.escape(socket, quote=True))
        return web.Response(text=text, content_type="text/html")
