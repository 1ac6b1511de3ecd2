"""The server itself: making, starting and ending it. Everything here blocks its thread."""

import os
import re
import shutil
import signal
import socket
import subprocess
from itertools import pairwise
from pathlib import Path

import msgspec

from engine.platform.binaries import Binaries, PlatformUnfit
from engine.platform.locks import wait_until
from engine.platform.owner import Owner
from engine.platform.places import Places

USER = "slotfill"
"""The cluster's superuser. The private socket is the only way in, so it has no password."""

_START_S = 90.0
"""Recovery after a crash replays the WAL first."""
_LOG_LIMIT = 4_000_000
_INIT_S = 300.0
_SHARED = "mmap"
"""Where processes of the server share memory that they need for a while: in its folder, as /dev/shm is often small."""
_TOLD_SINCE = 16
"""Major version since which initdb takes settings."""


class ServerPlan(msgspec.Struct, frozen=True):
    """Everything the keeper needs to run the server; written beside the data as `server.json`."""

    places: Places
    binaries: Binaries
    owner: Owner
    max_connections: int
    idle_s: float


class Postmaster(msgspec.Struct, frozen=True):
    """A running server, as its postmaster.pid tells."""

    pid: int
    socket: str
    ready: bool


def initialise(plan: ServerPlan) -> None:
    """Make the cluster; only for who holds the start lock. Raises PlatformUnfit.

    Another's half-made one is never taken for it, and nothing that lies there already is touched.
    """
    data = Path(plan.places.data)
    is_free = not any(data.iterdir()) if data.is_dir() else not data.exists()
    if not is_free:
        raise PlatformUnfit(
            f"{data} holds no cluster and is not empty; set [embedded] data to a folder that is empty or not there yet"
        )
    # What beginners left that were killed: nobody else begins now.
    for left in data.parent.iterdir():
        if re.fullmatch(rf"\.{re.escape(data.name)}-[0-9]+", left.name):
            shutil.rmtree(left, ignore_errors=True)
    growing = data.with_name(f".{data.name}-{os.getpid()}")
    growing.mkdir(mode=0o700)
    try:
        plan.owner.give(growing)
        _fill(plan, growing)
        if data.is_dir():
            data.rmdir()
        growing.rename(data)
    finally:
        shutil.rmtree(growing, ignore_errors=True)


def _fill(plan: ServerPlan, growing: Path) -> None:
    """Run initdb on an empty folder. Raises PlatformUnfit."""
    # As the server is run, or a full /dev/shm would stop the one that initdb runs; it can be told so since 16.
    sparing = ("--set", f"dynamic_shared_memory_type={_SHARED}") if plan.binaries.major >= _TOLD_SINCE else ()
    try:
        done = subprocess.run(
            [
                plan.binaries.program("initdb"),
                *("-D", str(growing), "-U", USER, "-E", "UTF8", "--no-locale", "--auth=trust", "--no-instructions"),
                *sparing,
            ],
            capture_output=True,
            text=True,
            timeout=_INIT_S,
            check=False,
            **plan.owner.popen,
        )
    except subprocess.TimeoutExpired:
        raise PlatformUnfit(
            f"initdb did not end within {_INIT_S:g} s for {plan.places.data}; set [embedded] data to a faster disk"
        ) from None
    if done.returncode != 0:
        raise PlatformUnfit(f"initdb could not make {plan.places.data}: {reason(done.stderr)}")


def check_version(plan: ServerPlan) -> None:
    """Raises PlatformUnfit when the data are of another major version."""
    made_by = (Path(plan.places.data) / "PG_VERSION").read_text(encoding="utf-8").strip()
    if made_by != str(plan.binaries.major):
        raise PlatformUnfit(
            f"{plan.places.data} was made by Postgres {made_by} and this is {plan.binaries.major}; "
            "set [embedded] data to another folder, or bin to the older programs"
        )


def start(plan: ServerPlan) -> "subprocess.Popen[bytes]":
    """Start the server and wait until it takes connections. Raises PlatformUnfit with its last words."""
    _bury(plan.places)
    plan.places.prepare_socket(plan.owner)
    log = plan.places.log
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".old"))
    began = log.stat().st_size if log.exists() else 0
    with log.open("ab") as out:
        process = subprocess.Popen(
            [plan.binaries.program("postgres"), "-D", plan.places.data, *_settings(plan)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            **plan.owner.popen,
        )

    def settled() -> bool:
        found = postmaster(plan.places)
        return process.poll() is not None or (found is not None and found.pid == process.pid and found.ready)

    if not wait_until(settled, _START_S) or process.poll() is not None:
        process.kill()
        process.wait()
        with log.open("rb") as words:
            words.seek(began)
            said = reason(words.read().decode(errors="replace"))
        raise PlatformUnfit(f"Postgres did not start on {plan.places.data}: {said} ({log})")
    return process


def postmaster(places: Places) -> Postmaster | None:
    """The server that runs on the data now, or None."""
    try:
        lines = (Path(places.data) / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        pid = int(lines[0])
    except (OSError, ValueError, IndexError):
        return None
    if not _is_postmaster(pid, places.data):
        return None
    ready = len(lines) > 7 and lines[7].strip() == "ready"
    return Postmaster(pid=pid, socket=lines[4] if len(lines) > 4 else "", ready=ready)


def answers(found: Postmaster) -> bool:
    """Whether its socket takes connections."""
    with socket.socket(socket.AF_UNIX) as knock:
        knock.settimeout(2.0)
        try:
            knock.connect(f"{found.socket}/.s.PGSQL.5432")
        except OSError:
            return False
    return True


def stop(places: Places) -> None:
    """End the server, orderly; its clients are sent away. Raises PlatformUnfit when it does not go."""
    found = postmaster(places)
    if found is None:
        return

    def gone() -> bool:
        now = postmaster(places)
        return now is None or now.pid != found.pid

    for how, within_s in ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0)):
        try:
            os.kill(found.pid, how)
        except ProcessLookupError:
            return
        if wait_until(gone, within_s):
            _clear_socket(places, Path(found.socket))
            return
    raise PlatformUnfit(f"Postgres (pid {found.pid}) did not stop; see {places.log}")


def _clear_socket(places: Places, folder: Path) -> None:
    """Take the folder of its socket away if we made it: somebody may have started the server by hand, as with pg_ctl,
    and then it is /tmp."""
    ours = Path(places.socket)
    # By its last two names: TMPDIR may have been another one when it was started.
    if (folder.parent.name, folder.name) == (ours.parent.name, ours.name):
        shutil.rmtree(folder, ignore_errors=True)


def reason(text: str) -> str:
    """Why a program of Postgres ended, as one line: its last error with its hint, or what it said last.

    Farewells follow an error, and tell nothing.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    places = [place for place, line in enumerate(lines) if "FATAL:" in line or "error:" in line]
    if not places:
        return (lines or ["it said nothing"])[-1]
    last = lines[places[-1]]
    hints = [line.partition("HINT:")[2].strip() for line in lines[places[-1] + 1 :] if "HINT:" in line]
    return "; ".join((last.partition("FATAL:")[2].strip() or last, *hints[:1]))


def _settings(plan: ServerPlan) -> list[str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": plan.places.socket,
        "unix_socket_permissions": "0700",
        "port": "5432",
        "cluster_name": "slotfill",
        "TimeZone": "UTC",
        "log_timezone": "UTC",
        "max_connections": str(plan.max_connections),
        "shared_preload_libraries": "pg_stat_statements",
        "track_activity_query_size": "1024",
        "dynamic_shared_memory_type": _SHARED,
        "deadlock_timeout": "1s",
        "log_lock_waits": "on",
        # The database of a session is named in its lines, so that a run can quote those of its own.
        "log_line_prefix": "%m [%p] %q%d ",
        # Refusals are the daily bread of a stress run and are counted by the engine: not in the log, which grows.
        "log_min_messages": "log",
        # A line on a lock that is waited for would quote the statement, with the names and addresses in it.
        "log_min_error_statement": "panic",
        # Statements here take milliseconds; compiling them would take tens.
        "jit": "off",
    }
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _is_postmaster(pid: int, data: str) -> bool:
    """Whether the process is a server on this data: a number alone may be somebody else's by now."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    if Path("/proc/self/cmdline").exists():
        try:
            # Empty for a process that has ended and was not fetched by its parent.
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        # The keeper is given the folder too, and after a reboot the number in a crashed server's file may be its own.
        return (b"-D", os.fsencode(data)) in pairwise(words) or _works_in(pid, words[0], data)
    told = subprocess.run(
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return f"-D {data} " in told.stdout


def _works_in(pid: int, program: bytes, data: str) -> bool:
    """Whether it is a server in this folder, as it goes there: by hand it may be told of it by PGDATA, or from near."""
    try:
        return Path(os.fsdecode(program)).name == "postgres" and Path(f"/proc/{pid}/cwd").samefile(data)
    except OSError:
        return False


def _bury(places: Places) -> None:
    """Let a crashed server's pid file name a process that is surely dead.

    Postgres refuses to start while the number in it belongs to any process of its user, and after a crash that may be
    a stranger, or the dead one itself where nobody fetched it. The file is not removed: the rest of it tells Postgres
    which shared memory must be free before it may start.
    """
    file = Path(places.data) / "postmaster.pid"
    if not file.exists() or postmaster(places) is not None:
        return
    lines = file.read_text(encoding="utf-8").splitlines()
    dead = subprocess.Popen(["/bin/sh", "-c", ":"])
    dead.wait()
    with file.open("r+", encoding="utf-8") as out:
        out.write("\n".join([str(dead.pid), *lines[1:]]) + "\n")
        out.truncate()
