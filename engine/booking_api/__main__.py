"""The booking API's process: reads its spec from stdin, says through a pipe where it listens, and serves until it ends.

    python -m engine.booking_api READINESS [LIFELINE]

READINESS and LIFELINE are inherited descriptors of pipes. When the lifeline's other end is closed, by whoever holds it
or by that one's death, the server ends as if it had been sent SIGTERM.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.booking_api.server import serve
from engine.booking_api.spec import ApiSpec, ApiUnfit, Listening, Unfit
from engine.environment import read
from engine.event_loop import run as run_on_loop
from engine.exit_code import ExitCode
from engine.redact import know, mask, mask_words


def main() -> int:
    """Serve; the exit code."""
    # A terminal's interrupt is for whoever started us, who then ends us in good order.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    mask_words()
    readiness = int(sys.argv[1])
    lifeline = int(sys.argv[2]) if len(sys.argv) > 2 else None

    def say(said: Listening | Unfit) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(readiness, msgspec.json.encode(said))
        os.close(readiness)

    try:
        spec = msgspec.json.decode(sys.stdin.buffer.read(), type=ApiSpec)
        know(None, {"DSN": spec.dsn}, read(Path.cwd(), os.environ).values)
        run_on_loop(_run(spec, say, lifeline))
    except (ApiUnfit, msgspec.MsgspecError) as error:
        say(Unfit(mask(str(error))))
        return ExitCode.UNREACHABLE
    return ExitCode.PASSED


async def _run(spec: ApiSpec, say: Callable[[Listening], None], lifeline: int | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    if lifeline is not None:
        # Nothing is ever written to it: readable means that the other end is closed.
        loop.add_reader(lifeline, _let_go, loop, lifeline, stop)
    await serve(spec, say, stop)


def _let_go(loop: asyncio.AbstractEventLoop, lifeline: int, stop: asyncio.Event) -> None:
    loop.remove_reader(lifeline)
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
