"""Where a connection would go, as its driver reads the address: what a guard must know, and nothing is asked of it."""

import socket
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlparse, urlsplit

import msgspec

_ENCODE = "percent-encode / @ # ? and brackets in its password"


class Unclear(ValueError):
    """It cannot be told where an address leads. The message goes on from `the address of target … `; quotes nothing."""


class Destination(msgspec.Struct, frozen=True):
    """Where a DSN leads."""

    hosts: tuple[str, ...]
    """Without their ports; a path for a Unix socket; none where the driver takes its own default, a socket."""
    database: str
    """Empty where it names none."""

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Hosts that are not this machine."""
        return tuple(host for host in self.hosts if not is_here(host))

    @property
    def places(self) -> tuple[str, ...]:
        """`host/database` of each host; a Unix socket's is `localhost/database`."""
        hosts = tuple("localhost" if host.startswith(("/", "@")) else host.lower() for host in self.hosts)
        return tuple(f"{host}/{self.database}" for host in dict.fromkeys(hosts or ("localhost",)))


def destination(dsn: str, environ: Mapping[str, str]) -> Destination:
    """Hosts and database of a DSN. Raises Unclear.

    Deliberately not `engine.address`, which takes any way of writing a place: here the driver's own reading counts,
    the environment's share in it too, and in doubt it leads elsewhere.
    """
    try:
        parts = urlparse(dsn)
    except ValueError as error:
        raise Unclear(f"cannot be read; {_ENCODE}") from error
    if parts.scheme not in ("postgresql", "postgres"):
        raise Unclear("is no postgresql://… URL; give one")
    query = parse_qs(parts.query)
    # Behind an unencoded sign stands the rest of a password, where a host or a name would be looked for and be told.
    path = parts.path.removeprefix("/")
    strange = parts.netloc.count("@") > 1 or parts.fragment or "@" in path or "/" in path
    if strange or any("@" in key or ":" in key for key in query) or (parts.query and not query):
        raise Unclear(f"cannot be taken apart for certain; {_ENCODE}")
    if "service" in query or "PGSERVICE" in environ:
        raise Unclear("goes by a service file, whose host is not seen here; name the host in its dsn, unset PGSERVICE")
    before, at, after = parts.netloc.partition("@")
    in_path, in_query = (after if at else before), [*query.get("host", ()), *query.get("hostaddr", ())]
    if in_path and in_query:
        raise Unclear("names hosts in two places, and readers differ on which counts; name them once")
    hosts = [host for one in (in_path, *in_query) for host in _hosts(one)] or list(_hosts(environ.get("PGHOST", "")))
    named = [*query.get("dbname", ()), *query.get("database", ())]
    database = unquote(path) or next(iter(named), "") or environ.get("PGDATABASE", "")
    return Destination(tuple(hosts), database)


def host_of(url: str) -> str:
    """The host of a base URL. Raises Unclear."""
    # Two readers of such an address may not agree on where it leads.
    if "@" in url or "\\" in url or any(letter <= " " for letter in url):
        raise Unclear("has a login, a backslash or a blank in it; give it without")
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise Unclear("cannot be read; give http://host:port or https://host") from error
    if parts.scheme not in ("http", "https") or not host:
        raise Unclear("is no http://… or https://… URL; give one")
    return host


def is_here(host: str) -> bool:
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
