"""The engine process: stands up a run, says so through a pipe, works to the end, and leaves its reason behind."""

import asyncio
import contextlib
import faulthandler
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import msgspec

from engine import __version__
from engine.cannot_begin import CannotBegin, or_called_off
from engine.collecting import collect_seldom
from engine.database import DatabaseFailed, DatabaseUnreachable, drop_left
from engine.ending import conclude
from engine.environment import read
from engine.event_loop import run as run_on_loop
from engine.exit_code import ExitCode
from engine.fill.worker import TargetLost
from engine.link_server import LinkServer
from engine.metrics.rounds import CUT
from engine.model.event import Acted
from engine.model.ids import Ids
from engine.model.run_state import RunState
from engine.observe.looking import Refusals
from engine.observe.sampler import Sampler
from engine.open_files import raise_limit, tell_once
from engine.opening import Opened, opened
from engine.planning import NothingToDo
from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import log_of
from engine.records.trouble import RecordsFailed
from engine.redact import know, mask, mask_words
from engine.run import Run
from engine.sockets import SocketUnfit, sweep
from engine.spec import NotReady, Ready, Spec
from engine.watch_opening import watched
from engine.watch_portrait import WATCH

LINGER_S = 5.0
"""After its end an engine waits this long at most for the consoles to see it."""


def main() -> int:
    """Read a spec from stdin, run it; the run's exit code."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    mask_words(stdout=True)
    raise_limit()
    readiness = _Readiness(int(sys.argv[1]))
    try:
        spec = msgspec.json.decode(sys.stdin.buffer.read(), type=Spec)
        know(spec.settings, read(Path.cwd(), os.environ).values)
        return run_on_loop(_ended(_watch(spec, readiness) if spec.plan == WATCH else _run(spec, readiness)))
    except CannotBegin as error:
        text, code = str(error), error.exit_code
    except (DatabaseUnreachable, PlatformUnfit) as error:
        text, code = str(error), ExitCode.UNREACHABLE
    except RecordsFailed as error:
        text, code = str(error), ExitCode.RECORDS
    except SocketUnfit as error:
        text, code = str(error), ExitCode.USAGE
    readiness.say(NotReady(mask(text), code))
    return code


class _Readiness:
    """The pipe on which the engine says, once, whether it stands."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def say(self, said: Ready | NotReady) -> None:
        """Say it and close the pipe; later words go nowhere."""
        if self._descriptor < 0:
            return
        try:
            os.write(self._descriptor, msgspec.json.encode(said))
        except BrokenPipeError:
            pass  # whoever started us has gone; the run goes on all the same
        finally:
            os.close(self._descriptor)
            self._descriptor = -1


async def _ended(work: Coroutine[Any, Any, int]) -> int:
    """The work's exit code; whatever it left open is dropped, or its loop might wait for it."""
    task = asyncio.current_task()
    if task is None:
        raise AssertionError("asyncio runs it in a task")
    # As long as it does not stand, nobody is told its name: asked to end, it takes back what there is of it.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        with or_called_off():
            return await work
    finally:
        if left := drop_left():
            sys.stderr.write(f"{left} connection(s) to Postgres had been left open, and were dropped\n")
            # A dropped connection is closed in the loop's next turn.
            await asyncio.sleep(0)


async def _run(spec: Spec, readiness: _Readiness) -> int:
    async with opened(spec) as stands:
        _keep_words(stands.folder)
        loop = asyncio.get_running_loop()
        tell_once(loop)
        server = LinkServer(stands.run)
        stands.run.consoles = lambda: server.clients
        stands.run.attached = lambda: server.attached
        server.noted = stands.run.noted
        async with _served(server, stands.socket):
            loop.add_signal_handler(signal.SIGTERM, stands.run.crew.stop)
            manifest = stands.manifest
            readiness.say(Ready(manifest.run_id, str(stands.folder), manifest.socket, manifest.pid))
            collect_seldom()
            code = await _work(stands)
            if code == ExitCode.RECORDS:
                _leave(stands.run.reason)
            await server.linger(LINGER_S)
    return code


async def _watch(spec: Spec, readiness: _Readiness) -> int:
    """A database is looked at until nobody looks any more."""
    async with watched(spec) as watch:
        _keep_words(watch.folder)
        tell_once(asyncio.get_running_loop())
        server = LinkServer(watch)
        watch.consoles, watch.attached, server.noted = (lambda: server.clients), (lambda: server.attached), watch.noted
        manifest = watch.manifest
        async with _served(server, watch.socket):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, watch.end)
            readiness.say(Ready(manifest.run_id, str(watch.folder), manifest.socket, manifest.pid))
            code = await watch.work()
            await server.linger(LINGER_S)
    return code


@contextlib.asynccontextmanager
async def _served(server: LinkServer, path: Path) -> AsyncIterator[None]:
    """Consoles may come there meanwhile; no socket is left, also of who is called off before. Raises CannotBegin."""
    try:
        with or_called_off():
            await _listen(server, path)
            await asyncio.to_thread(sweep, path)
        yield
    finally:
        await server.close()
        # A folder that takes no socket may not even say that there is none.
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108 - one unlink at the end does not hold the loop up


async def _listen(server: LinkServer, path: Path) -> None:
    """Have consoles come there. Raises CannotBegin."""
    try:
        await server.open(path)
    except OSError as error:
        raise CannotBegin(
            f"{path.parent} takes no socket ({error.strerror or error}): set TMPDIR to a folder that does",
            ExitCode.USAGE,
        ) from error


async def _work(stands: Opened) -> int:
    """The crew with everything that runs beside it; then the result. A bug is told in engine.log and in the result."""
    run = stands.run
    code, reason = ExitCode.PASSED, ""
    try:
        if run.faults is not None:
            run.waits.log = await log_of(run.steering.settings.embedded)
        await stands.begin()
        await _beside(stands)
        while _goes_on(stands):
            await run.passes.finish(run.plan, run.crew)
            await stands.checks.after()
            if not _goes_on(stands):
                # Told meanwhile: a repeat that was begun now would be one of no attempts.
                break
            try:
                await stands.renew()
            except NothingToDo as nothing:
                # Where repeats share a database the one before may have left nothing: then the run is done.
                run.passes.none_left(stands.repeats, str(nothing))
                break
            await stands.begin()
            await _beside(stands)
    except* RecordsFailed as failed:
        code, reason = ExitCode.RECORDS, _first(failed)
    except* (TargetLost, DatabaseUnreachable, DatabaseFailed, PlatformUnfit, NothingToDo) as lost:
        code, reason = ExitCode.UNREACHABLE, _first(lost)
    except* Exception as bug:
        traceback.print_exception(bug)
        code, reason = ExitCode.CRASHED, f"a bug ended it: {_first(bug)}; its trace is in engine.log"
    if code is not ExitCode.PASSED:
        return await conclude(stands, RunState.CRASHED, code, reason)
    if run.crew.is_stopping:
        return await conclude(stands, RunState.STOPPED, ExitCode.STOPPED, run.crew.reason)
    return await conclude(stands, RunState.FINISHED, ExitCode.PASSED, "")


def _goes_on(stands: Opened) -> bool:
    """Whether another repeat follows."""
    return stands.run.passes.repeat < stands.repeats and not stands.run.crew.is_stopping


async def _beside(stands: Opened) -> None:
    """Run the crew to its end, with sampler, lag meter, journal's sync and recording beside it."""
    run = stands.run
    sampler = Sampler(
        lambda: stands.connect(f"slotfill {run.facts.run_id} sampler"),
        run.clock,
        run.crew.whose,
        run.steering.settings.observe.interval_s,
        run.steering.settings.observe.timeout_s,
        mask,
    )
    sampler.refusals = Refusals(run.clock, run.waits.refusals)
    async with asyncio.TaskGroup() as beside:
        tasks = [
            beside.create_task(sampler.run(run.looked, run.look_failed), name="sampler"),
            beside.create_task(run.lag.run(), name="loop lag"),
            beside.create_task(run.journal.keep_synced(), name="journal"),
            beside.create_task(run.record(), name="recording"),
            beside.create_task(run.reconciler.run(), name="reconciler"),
            beside.create_task(run.waits.run(), name="sampler of waits"),
            beside.create_task(run.alerting.run(), name="webhook"),
        ]
        if run.told is not None:
            tasks.append(beside.create_task(run.told.run(), name="events for the platform"))
        if stands.sweep is not None and (seconds := run.steering.settings.sweep.seconds):
            tasks.append(beside.create_task(_end_round(run, seconds), name="end of the round"))
        await run.waits.begin(run.crew.leg)
        await run.crew.run()
        await run.waits.end()
        await run.waits.close()
        await run.reconciler.last_look()
        if run.told is not None:
            await run.told.close()
        for task in tasks:
            task.cancel()


async def _end_round(run: Run, seconds: float) -> None:
    """After so long the round of a sweep is over, whatever of its plan is left."""
    if await run.crew.go_home_after(round(seconds * 1e9)):
        ids = Ids(run=run.facts.run_id, leg=run.crew.leg)
        run.log(Acted(run.clock.now_ns(), ids, CUT, "engine", f"{seconds:g} s are over; the plan was not"))


def _first(group: BaseExceptionGroup[BaseException]) -> str:
    """The first of a group's errors, as one line."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return " ".join(str(error).split()) or type(error).__name__


def _keep_words(folder: Path) -> None:
    """From here on whatever is said goes to the run's engine.log, and so does the trace of a fatal signal."""
    descriptor = os.open(folder / "engine.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    faulthandler.enable()
    # With its first line the log has its first block, in which there is room for a last word on a disk that is full.
    _leave(f"slotfill {__version__}, process {os.getpid()}")


def _leave(words: str) -> None:
    """Put a line into engine.log, if its disk takes it."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{words}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
