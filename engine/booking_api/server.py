"""Serving: the application on a socket, beside it the event log and the jobs, and an end that leaves nothing undone."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.booking_api.answers import CORRELATION, Declined, answer
from engine.booking_api.assigning import Assigner
from engine.booking_api.bodies import Problem
from engine.booking_api.hall import Hall, opened
from engine.booking_api.routes import Routes
from engine.booking_api.spec import HOST, ApiSpec, ApiUnfit, Listening
from engine.database import DatabaseFailed, DatabaseUnreachable
from engine.redact import mask

_BACKLOG = 2048
_KEEP_ALIVE_S = 75
"""Longer than clients rest between two requests, so that none meets a connection that is just being closed."""
_DRAIN_S = 5


async def serve(spec: ApiSpec, say: Callable[[Listening], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set; then finish what is in hand. Raises ApiUnfit."""
    async with opened(spec) as hall:
        listening = _bound(spec.port)
        logged = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as outer:
                outer.create_task(hall.log.run(logged), name="event log")
                try:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(hall.keep_fresh(), name="refresh")
                        await _answer(hall, group, listening, say, stop)
                        hall.stopping.set()
                finally:
                    hall.stopping.set()
                    # Jobs have ended: there is nothing more to note.
                    logged.set()
        finally:
            listening.close()


async def _answer(
    hall: Hall,
    group: asyncio.TaskGroup,
    listening: socket.socket,
    say: Callable[[Listening], None],
    stop: asyncio.Event,
) -> None:
    server = _Server(
        uvicorn.Config(
            application(Routes(hall, Assigner(hall, group))),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_DRAIN_S,
        )
    )
    serving = group.create_task(server.serve(sockets=[listening]), name="http")
    stopped = asyncio.ensure_future(stop.wait())
    stands = asyncio.ensure_future(server.stands.wait())
    try:
        await asyncio.wait((serving, stands, stopped), return_when=asyncio.FIRST_COMPLETED)
        if stands.done():
            port = listening.getsockname()[1]
            say(Listening(f"http://{HOST}:{port}", os.getpid()))
        await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        stopped.cancel()
        stands.cancel()


def application(routes: Routes) -> Starlette:
    """The ASGI application."""
    app = Starlette(
        routes=[
            # One route for both, so that a refused method is told of all that are allowed.
            Route("/api/bookings", routes.bookings, methods=["GET", "POST"]),
            Route("/api/bookings/{id}", routes.look, methods=["GET"]),
            Route("/api/restaurants/{slug}/schedule", routes.schedule, methods=["GET"]),
            Route("/api/health", routes.health, methods=["GET"]),
            Route("/openapi.json", routes.openapi, methods=["GET"]),
        ],
        middleware=[Middleware(_Echo)],
        exception_handlers={
            Declined: _declined,
            HTTPException: _refused,
            DatabaseFailed: _failed,
            DatabaseUnreachable: _failed,
            Exception: _broken,
        },
    )
    app.router.redirect_slashes = False
    return app


class _Echo:
    """Sends the correlation header back with whatever is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._name = CORRELATION.lower().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        sent = next((value for name, value in scope.get("headers", ()) if name == self._name), None)
        if sent is None:
            await self._app(scope, receive, send)
            return

        async def echo(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((self._name, sent))
            await send(message)

        await self._app(scope, receive, echo)


class _Server(uvicorn.Server):
    """Says when it listens, and leaves the signals to us."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stands = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.stands.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bound(port: int) -> socket.socket:
    """A socket bound to loopback. Raises ApiUnfit."""
    # By name: only where the protocol is told does asyncio send small answers without waiting for more, 40 ms each.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError as error:
        bound.close()
        raise ApiUnfit(f"port {port} of {HOST} cannot be had: {error.strerror}; give another, or 0 for any") from error
    return bound


async def _declined(_request: Request, error: Exception) -> Response:
    if not isinstance(error, Declined):
        raise TypeError(type(error))
    return answer(error.status, error.body, error.headers)


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise TypeError(type(error))
    return answer(error.status_code, Problem(error.detail), error.headers)


async def _failed(_request: Request, error: Exception) -> Response:
    return answer(500, Problem(mask(str(error))))


async def _broken(_request: Request, _error: Exception) -> Response:
    """A bug: its trace is on stderr, and nobody outside learns more."""
    return answer(500, Problem("Internal server error"))
