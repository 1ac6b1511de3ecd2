"""`slotfill serve`: the reference booking API on the embedded database, until it is stopped."""

import asyncio
import datetime as dt
import secrets
import signal
from argparse import Namespace

from engine.booking_api.launch import start
from engine.booking_api.spec import ApiSpec, ApiUnfit
from engine.config import Settings
from engine.database import DatabaseFailed, DatabaseUnreachable
from engine.exit_code import ExitCode
from engine.model.strategy import Rules
from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import Cluster
from engine.platform.databases import clone, drop, names
from engine.platform.seed import DATA, data_set
from engine.wanted import strategies
from tui.verbs.db import SERVED
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, tell, who, wrong


def main(args: Namespace) -> int:
    """Serve until SIGINT or SIGTERM; the exit code."""
    data = args.data or DATA[0]
    if data not in DATA:
        return wrong(f"--data {data}: give {', '.join(DATA)}", ExitCode.USAGE)
    if args.database and args.data:
        return wrong(f"--data {data} is for a new database, and --database names one; give one of them", ExitCode.USAGE)
    if not 0 <= args.port <= 65535:
        return wrong(f"--port {args.port} is none; give 1 to 65535, or 0 for any that is free", ExitCode.USAGE)
    try:
        return asyncio.run(_main(args, settings_of(args), data))
    except (SettingsInvalid, ValueError) as error:
        return wrong(str(error), ExitCode.USAGE)
    except (PlatformUnfit, ApiUnfit, DatabaseFailed, DatabaseUnreachable) as error:
        return wrong(str(error), ExitCode.UNREACHABLE)


async def _main(args: Namespace, settings: Settings, data: str) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    cluster = await Cluster.open(settings.embedded, f"serve by {who()}")
    try:
        if args.database:
            if args.database not in await names(cluster):
                return wrong(f"the embedded cluster has no database {args.database} of a run", ExitCode.USAGE)
            return await _serve(args, settings, cluster, args.database, stop)
        fresh = f"{SERVED}_{secrets.token_hex(4)}"
        await clone(cluster, fresh, data, _today() if data_set(data).moves else None)
        try:
            return await _serve(args, settings, cluster, fresh, stop)
        finally:
            # Nobody else knows of it: no run's folder names it, so `prune` would never remove it.
            await drop(cluster, fresh)
    finally:
        await cluster.close()


async def _serve(args: Namespace, settings: Settings, cluster: Cluster, database: str, stop: asyncio.Event) -> int:
    allocator = settings.allocator
    spec = ApiSpec(
        dsn=cluster.dsn(database),
        flags=settings.flags,
        port=args.port,
        strategy=strategies("fill", settings)[0],
        rules=Rules(fails_hard=allocator.fail_hard),
        step_timeout_s=settings.run.step_timeout_s,
    )
    process = await start(spec)
    try:
        if args.json:
            say_json({"base_url": process.base_url, "pid": process.pid, "database": database})
        else:
            say(process.base_url)
            tell(f"the booking API of {database}; its contract is at {process.base_url}/openapi.json; Ctrl-C ends it")
        stopped, ended = asyncio.ensure_future(stop.wait()), asyncio.ensure_future(process.wait())
        await asyncio.wait((stopped, ended), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if ended.done():
            return wrong(f"the booking API ended by itself with code {ended.result()}", ExitCode.CRASHED)
        ended.cancel()
    finally:
        await process.stop()
    return int(ExitCode.PASSED)


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
