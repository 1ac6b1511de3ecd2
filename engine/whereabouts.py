"""Where a target is: by its settings, which can be told without asking anybody, and by what its server says."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.config import TargetSettings
from engine.destination import Unclear, destination, host_of, is_here
from engine.model.room import Whereabouts

if TYPE_CHECKING:
    from engine.database import Connection


class GuardRefused(Exception):
    """A guard said no; nothing was sent. The message is one sentence with the cure. Exit code 4."""


class Standing(msgspec.Struct, frozen=True):
    """Where a target is by its settings. The embedded one, and the reference API upon it, have nothing in it."""

    word: str = ""
    """What a user types to agree: the database's name, or the host of a booking API."""
    elsewhere: tuple[str, ...] = ()
    """Addresses of it that are not on this machine, in words."""
    unknown: tuple[str, ...] = ()
    """What else speaks for its being remote."""
    places: tuple[str, ...] = ()
    """`host/database`, and of a booking API its host, as `meant_for` names them."""
    dsn: str = ""
    base_url: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is remote; empty where only its server can tell."""
        return self.elsewhere + self.unknown


def standing(name: str, target: TargetSettings, environ: Mapping[str, str]) -> Standing:
    """Where it is by its settings. Raises GuardRefused where that cannot be told."""
    dsn = dsn_of(name, target, environ) if target.kind == "postgres" or target.dsn or target.dsn_env else ""
    base_url = base_url_of(name, target, environ) if target.base_url or target.base_url_env else ""
    elsewhere: list[str] = []
    unknown: list[str] = []
    places: list[str] = []
    word = ""
    try:
        if dsn:
            leads = destination(dsn, environ)
            elsewhere += [f"its database is at {host}" for host in leads.elsewhere]
            places += leads.places
            word = leads.database
        if base_url:
            word = host_of(base_url)
            places.append(word)
            if not is_here(word):
                elsewhere.append(f"its booking API is at {word}")
            elif not dsn:
                unknown.append(f"without a dsn nothing tells which database its booking API at {word} has")
    except Unclear as error:
        raise GuardRefused(f"the address of target {name} {error}: nothing was sent") from error
    if target.fallback_base_url:
        _guard_fallback(name, target.fallback_base_url)
    return Standing(word, tuple(elsewhere), tuple(unknown), tuple(places), dsn, base_url)


def dsn_of(name: str, target: TargetSettings, environ: Mapping[str, str] = os.environ) -> str:
    """The address of a target's database. Raises GuardRefused when it has none."""
    return _given(name, "dsn", (target.dsn, target.dsn_env), environ)


def base_url_of(name: str, target: TargetSettings, environ: Mapping[str, str] = os.environ) -> str:
    """The address of a target's booking API. Raises GuardRefused when it has none."""
    return _given(name, "base_url", (target.base_url, target.base_url_env), environ)


async def server_says(connection: "Connection") -> tuple[tuple[str, ...], str]:
    """Why the server is not on this machine, by its own word, and the name of the database one is in.

    An SSH tunnel and a container's port both look like loopback from here. The far end's own address gives away most
    of them, and that its process is none of this machine's gives away the rest. What cannot be seen speaks against it.
    """
    from engine.database import STEP_ERRORS  # noqa: PLC0415 - for settings alone no driver is loaded

    try:
        found = await connection.row("observe/whereabouts", Whereabouts)
    except STEP_ERRORS:
        found = None
    if found is None:
        return ("its server does not say where it is",), ""
    if found.address and not is_here(found.address):
        return (f"its server says that it is at {found.address}, a container or the end of a tunnel",), found.database
    if not await asyncio.to_thread(_is_process_here, found.pid):
        return ("its server's process is none of this machine's, so a tunnel leads elsewhere",), found.database
    return (), found.database


async def is_marked(connection: "Connection") -> bool:
    """Whether the marker names this very server and this very database; what cannot be seen speaks against it."""
    from engine.database import STEP_ERRORS  # noqa: PLC0415

    try:
        return bool(
            await connection.value("platform/admin/marked") and await connection.value("platform/admin/marked_as_this")
        )
    except STEP_ERRORS:
        return False


def _is_process_here(pid: int) -> bool:
    """Whether a process of that number runs on this machine and, where that can be seen, is Postgres."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        pass  # it is there, and another user's, as a server usually is
    except (ProcessLookupError, OverflowError):
        return False
    try:
        return "postgres" in Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace")
    except OSError:
        # Not every system shows its processes; then their number has to do.
        return True


def _guard_fallback(name: str, url: str) -> None:
    try:
        host = host_of(url)
    except Unclear as error:
        raise GuardRefused(f"fallback_base_url of target {name} {error}: nothing was sent") from error
    if not is_here(host):
        raise GuardRefused(
            f"fallback_base_url of target {name} is at {host}, and it is for this machine only: nothing was sent; "
            "give http://localhost:port"
        )


def _given(name: str, key: str, given: tuple[str, str], environ: Mapping[str, str]) -> str:
    """A setting that may stand in config.toml or in the variable named there."""
    text, variable = given
    if text:
        return text
    if not variable:
        raise GuardRefused(f"target {name} has no address; give it {key} or {key}_env in config.toml")
    found = environ.get(variable, "")
    if not found:
        raise GuardRefused(f"target {name} takes its address from {variable}, which is not set; set it")
    return found
