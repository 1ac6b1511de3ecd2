"""What may be written to: the embedded cluster, and a database on this machine that carries our marker."""

import os
import socket
from collections.abc import Collection, Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlparse

from engine.config import Settings, TargetSettings
from engine.database import STEP_ERRORS, Connection


class GuardRefused(Exception):
    """A guard said no; nothing was sent. The message is one sentence with the cure. Exit code 4."""


def guard_target(settings: Settings, environ: Mapping[str, str] = os.environ) -> TargetSettings:
    """The target a run may write to, by its settings alone. Raises GuardRefused; asks no server.

    A second look, at the server itself, is `engine.platform.databases.is_ours` for the embedded cluster and
    `guard_database` for any other.
    """
    name = settings.run.target
    target = settings.targets.get(name)
    if target is None:
        known = ", ".join(sorted(settings.targets)) or "none"
        raise GuardRefused(f"there is no target named {name} in config.toml (known: {known}); use --target embedded")
    if target.base_url or target.base_url_env:
        raise GuardRefused(
            f"target {name} names an address, and this version writes over Postgres only: nothing was sent; "
            "remove base_url from it, or use --target embedded"
        )
    match target.kind:
        case "embedded":
            if target.dsn or target.dsn_env:
                raise GuardRefused(
                    f"target {name} names a database, and that is not the embedded cluster: nothing was sent; "
                    'give it kind = "postgres" or remove dsn, or use --target embedded'
                )
        case "postgres":
            _guard_hosts(name, dsn_of(name, target, environ), environ)
        case _:
            raise GuardRefused(
                f"target {name} is of kind {target.kind}: this version writes to its own embedded Postgres and to a "
                'kind = "postgres" on this machine; use --target embedded'
            )
    return target


def dsn_of(name: str, target: TargetSettings, environ: Mapping[str, str] = os.environ) -> str:
    """The address of a target of kind `postgres`. Raises GuardRefused when it has none."""
    if target.dsn:
        return target.dsn
    if not target.dsn_env:
        raise GuardRefused(f"target {name} has no address; give it dsn or dsn_env in config.toml")
    found = environ.get(target.dsn_env, "")
    if not found:
        raise GuardRefused(f"target {name} takes its address from {target.dsn_env}, which is not set; set it")
    return found


def guard_restaurants(name: str, target: TargetSettings, slugs: Collection[str]) -> None:
    """Only restaurants on the target's allow-list, where it has one, are written to. Raises GuardRefused."""
    strange = sorted(set(slugs) - set(target.restaurants))
    if target.restaurants and strange:
        raise GuardRefused(
            f"target {name} allows writing to {', '.join(target.restaurants)} only, and not to {', '.join(strange)}; "
            "add it to `restaurants` of the target, or give --restaurant"
        )


async def guard_database(connection: Connection, name: str) -> None:
    """Whether this very database carries our marker. Raises GuardRefused; writes nothing."""
    if not await is_marked(connection):
        raise GuardRefused(
            f"the database of target {name} carries no marker of slotfill's that names this server and this database: "
            f"nothing was written; slotfill db init --target {name} puts one there"
        )


async def is_marked(connection: Connection) -> bool:
    """Whether the marker names this very server and this very database; what cannot be seen speaks against it."""
    try:
        return bool(
            await connection.value("platform/admin/marked") and await connection.value("platform/admin/marked_as_this")
        )
    except STEP_ERRORS:
        return False


def _guard_hosts(name: str, dsn: str, environ: Mapping[str, str]) -> None:
    address = urlparse(dsn)
    if address.scheme not in ("postgresql", "postgres"):
        raise GuardRefused(f"the address of target {name} is no postgresql://… URL: nothing was sent; give one")
    query = parse_qs(address.query)
    if "service" in query or "PGSERVICE" in environ:
        raise GuardRefused(
            f"target {name} is reached by a service file, whose host is not seen here: nothing was sent; "
            "name the host in its dsn, and unset PGSERVICE"
        )
    before, at, after = address.netloc.partition("@")
    named = [after if at else before, *query.get("host", ()), *query.get("hostaddr", ())]
    hosts = [host for one in named for host in _hosts(one)] or list(_hosts(environ.get("PGHOST", "")))
    for host in hosts:
        if not _is_here(host):
            raise GuardRefused(
                f"target {name} is at {host}, which is not this machine's loopback: nothing was sent; "
                "this version writes to 127.0.0.0/8, ::1, localhost or a Unix socket only"
            )


def _hosts(listed: str) -> Iterator[str]:
    """The hosts of a comma-separated list, without their ports."""
    for one in filter(None, listed.split(",")):
        host = unquote(one)
        if host.startswith("["):
            yield host[1:].partition("]")[0]
        elif host.startswith(("/", "@")) or host.count(":") > 1:
            yield host
        else:
            yield host.partition(":")[0]


def _is_here(host: str) -> bool:
    """Whether a host is this machine and no other. A name is not asked for, but for `localhost`."""
    if not host or host.startswith(("/", "@")):
        return True
    try:
        if host == "localhost":
            found = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
            return bool(found) and all(ip_address(one).is_loopback for one in found)
        return ip_address(host).is_loopback
    except (OSError, ValueError):
        return False
