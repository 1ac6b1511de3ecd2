"""Starting a booking API in a process of its own, and ending it."""

import asyncio
import contextlib
import os
import sys

import msgspec

from engine.booking_api.spec import ApiSpec, ApiUnfit, Listening, Unfit

_STANDS_WITHIN_S = 60.0
_ENDS_WITHIN_S = 20.0


class ApiProcess:
    """A booking API that listens."""

    def __init__(self, process: asyncio.subprocess.Process, base_url: str, lifeline: int) -> None:
        self._process = process
        self._lifeline = lifeline
        self.base_url = base_url
        self.pid = process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """Wait until it ends; its exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End it: it finishes what is in hand, and is killed when that takes too long. May be called twice."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            await _ended(self._process)


async def start(spec: ApiSpec, *, lifeline: bool = True) -> ApiProcess:
    """Start it and wait until it listens. Raises ApiUnfit with one sentence.

    With a lifeline it ends when we end, however we do; without one it outlives us. What it says of bugs goes to our
    stderr.
    """
    reading, writing = os.pipe()
    theirs, ours = os.pipe() if lifeline else (-1, -1)
    passed = (writing, theirs) if lifeline else (writing,)
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            # A folder named `engine` in the current directory must not be taken for ours.
            "-P",
            "-m",
            "engine.booking_api",
            *map(str, passed),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=passed,
            start_new_session=True,
        )
    except OSError as error:
        _close(reading, writing, theirs, ours)
        raise ApiUnfit(f"the booking API could not be started: {error.strerror}") from error
    _close(writing, theirs)
    try:
        said = await _heard(process, spec, reading)
    except BaseException:
        _close(ours)
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        raise
    if isinstance(said, Unfit):
        _close(ours)
        await _ended(process)
        raise ApiUnfit(said.text)
    return ApiProcess(process, said.base_url, ours)


async def _heard(process: asyncio.subprocess.Process, spec: ApiSpec, reading: int) -> Listening | Unfit:
    """What it says of itself. Raises ApiUnfit when it says nothing."""
    with os.fdopen(reading, "rb") as pipe:
        hearing = asyncio.ensure_future(asyncio.to_thread(pipe.read))
        try:
            await _tell(process, spec)
            async with asyncio.timeout(_STANDS_WITHIN_S):
                body = await asyncio.shield(hearing)
        except TimeoutError:
            raise ApiUnfit(f"the booking API said no word for {_STANDS_WITHIN_S:.0f} s") from None
        finally:
            if not hearing.done():
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                # Its death closes the pipe, and with that the reading ends.
                await hearing
    if not body:
        code = await process.wait()
        raise ApiUnfit(f"the booking API died before it listened: exit code {code}")
    said: Listening | Unfit = msgspec.json.decode(body, type=Listening | Unfit)
    return said


async def _tell(process: asyncio.subprocess.Process, spec: ApiSpec) -> None:
    if process.stdin is None:
        raise AssertionError("stdin was asked for as a pipe")
    # When it died at once the pipe is broken; that nothing is said then tells as much.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(msgspec.json.encode(spec))
        await process.stdin.drain()
    process.stdin.close()


async def _ended(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(_ENDS_WITHIN_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        if descriptor >= 0:
            os.close(descriptor)
