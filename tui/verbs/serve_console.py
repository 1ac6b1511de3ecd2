"""`slotfill serve-console`: the console in a browser, until it is stopped."""

import asyncio
import importlib.util
import os
import secrets
import signal
import socket
import sys
from argparse import Namespace

from engine.config import ConsoleSettings
from engine.exit_code import ExitCode
from engine.local_only import is_loopback
from engine.records.archive import RunEntry
from engine.records.archive import entry_of as archived
from tui.verbs.reach import RunNotFound, entry_of
from tui.verbs.speak import SettingsInvalid, say_json, settings_of, tell, wrong

EXTRA = "pip install 'slotfill[browser]'"
_INSIDE = ("TMUX", "TMUX_PANE", "STY")
"""What a console in a browser must not take for its own: what it copies would go to the operator's terminal."""


def main(args: Namespace) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; the exit code."""
    try:
        settings = settings_of(args)
        entry = entry_of(args)
    except (SettingsInvalid, RunNotFound) as error:
        return wrong(str(error), ExitCode.USAGE)
    if missing := [name for name in ("textual_serve", "aiohttp") if importlib.util.find_spec(name) is None]:
        return wrong(f"serve-console needs {missing[0]}, which is not installed: {EXTRA}", ExitCode.USAGE)
    if refused := open_to_others(args.host, args.port, control=args.control, yes=args.yes):
        return wrong(refused, ExitCode.REFUSED)
    try:
        listening = _listen(args.host, args.port)
    except (OSError, OverflowError) as error:
        return wrong(f"--host {args.host} --port {args.port}: {error}", ExitCode.USAGE)
    with listening:
        return asyncio.run(_serve(args, entry, settings.console, listening))


def open_to_others(host: str, port: int, *, control: bool, yes: bool) -> str:
    """Why it is not served to other machines unasked; empty where only this one reaches it, or it was agreed to."""
    if yes or (host and is_loopback(host)):
        return ""
    does = "steers the run" if control else "watches the run"
    return (
        f"--host {host or '(all addresses)'} lets other machines in: whoever reaches port {port or '(any)'} and has "
        f"the address {does}, and nothing of it is encrypted; an SSH tunnel to 127.0.0.1 is, or say --yes"
    )


def console_words(entry: RunEntry, console: ConsoleSettings, *, control: bool) -> list[str]:
    """The command line of one page's console: of the run while it goes on, of its recording after that."""
    verb = ["attach", *(() if control else ("--watch",))] if entry.is_live else ["replay"]
    words = [sys.executable, "-P", "-m", "tui.cli", *verb, entry.run_id, "--runs", str(entry.path.parent)]
    theme = () if console.theme == "auto" else ("--theme", console.theme)
    return [*words, *theme, "--ascii" if console.ascii else "--no-ascii"]


def _listen(host: str, port: int) -> socket.socket:
    """Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except BaseException:
        made.close()
        raise
    return made


async def _serve(args: Namespace, entry: RunEntry, console: ConsoleSettings, listening: socket.socket) -> int:
    from aiohttp import web  # noqa: PLC0415 - of an extra, and only for this command

    from tui.browser import ConsoleServer  # noqa: PLC0415

    for name in _INSIDE:
        os.environ.pop(name, None)
    port = int(listening.getsockname()[1])
    key = secrets.token_urlsafe(18)

    def command() -> list[str]:
        return console_words(archived(entry.path), console, control=args.control)

    server = ConsoleServer(command, key=key, port=port, title=f"slotfill {entry.run_id}")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(await server.application(), handle_signals=False, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        host = f"[{args.host}]" if ":" in args.host else args.host
        address = f"http://{host}:{port}/?key={key}"
        if args.json:
            say_json({"address": address, "run": entry.run_id, "control": args.control})
        else:
            # Unmasked: this address is what the command is for, and its key ends with it.
            sys.stdout.write(f"{address}\n")
            sys.stdout.flush()
            does = "its keys steer the run" if args.control else "it only watches; --control lets it steer"
            tell(f"the console of run {entry.run_id}; {does}; Ctrl-C ends it, and the run goes on")
        await stop.wait()
    finally:
        await runner.cleanup()
    return int(ExitCode.PASSED)
