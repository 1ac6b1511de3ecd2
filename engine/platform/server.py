"""The server itself: making, starting and ending it. Everything here blocks its thread."""

import os
import shutil
import signal
import socket
import subprocess
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
    """Make the cluster. Another's half-made one is never taken for it. Raises PlatformUnfit."""
    data = Path(plan.places.data)
    growing = data.with_name(f".{data.name}-{os.getpid()}")
    shutil.rmtree(growing, ignore_errors=True)
    growing.mkdir(mode=0o700)
    plan.owner.give(growing)
    done = subprocess.run(
        [
            plan.binaries.program("initdb"),
            *("-D", str(growing), "-U", USER, "-E", "UTF8", "--no-locale", "--auth=trust", "--no-instructions"),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **plan.owner.popen,
    )
    if done.returncode != 0:
        shutil.rmtree(growing, ignore_errors=True)
        raise PlatformUnfit(f"initdb could not make {data}: {last_line(done.stderr)}")
    if data.is_dir() and not any(data.iterdir()):
        data.rmdir()
    growing.rename(data)


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
            said = last_line(words.read().decode(errors="replace"))
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
            shutil.rmtree(found.socket, ignore_errors=True)
            return
    raise PlatformUnfit(f"Postgres (pid {found.pid}) did not stop; see {places.log}")


def last_line(text: str) -> str:
    """What a program said last, as one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


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
        "dynamic_shared_memory_type": "mmap",
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
        return os.fsencode(data) in words
    told = subprocess.run(
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return f"-D {data} " in told.stdout


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
