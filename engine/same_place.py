"""Whether two addresses mean one place, whatever they look like, and what of one may be shown. Pure, asks nobody."""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import msgspec

HTTP = ("http", "https")
POSTGRES = ("postgres", "postgresql")
LOOPBACK = "localhost"
"""What every name of this machine is compared as."""

_ENCODE = "percent-encode / @ # ? and brackets in the password"
_PORTS = {"http": 80, "https": 443, "postgres": 5432, "postgresql": 5432}
_PROJECT_HOST = re.compile(
    r"(?:db\.)?(?!(?:api|app|www|db)\.)([a-z0-9-]+)(?:\.(?:functions|storage|realtime))?\.supabase\.(?:co|in|net|red)"
)
_BARE_PROJECT = re.compile(r"[a-z]{20}")
_BARE_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?")


class PlaceInvalid(Exception):
    """It is no address. The message says why and never quotes it, as it may hold a password."""


class Place(msgspec.Struct, frozen=True):
    """Where an address leads; nothing of it is secret."""

    scheme: str
    """Empty for a bare host or a bare project."""
    hosts: tuple[tuple[str, int], ...]
    """Host as written and port, more than one where a driver tries several. A socket's folder is a host."""
    database: str = ""
    projects: tuple[str, ...] = ()
    """References of Supabase projects: the API, the database and the poolers of one stand under different hosts."""
    has_password: bool = False
    path: bool = False
    """An HTTP address has more than its host; that may be a token, so it is not kept."""

    @property
    def is_database(self) -> bool:
        """Whether it names a Postgres database."""
        return self.scheme in POSTGRES

    @property
    def is_here(self) -> bool:
        """Whether it names this machine and no other."""
        return bool(self.hosts) and all(_is_here(host) for host, _ in self.hosts)

    @property
    def shown(self) -> str:
        """What of it may be shown: no login, no query."""
        hosts = ",".join(self._host(host, port) for host, port in self.hosts)
        if self.is_database:
            return f"{hosts}/{self.database}"
        return f"{self.scheme}://{hosts}{'/…' if self.path else ''}" if self.scheme else hosts or self.projects[0]

    def _host(self, host: str, port: int) -> str:
        named = f"[{host}]" if ":" in host else host
        return named if port == _PORTS.get(self.scheme) or host.startswith("/") else f"{named}:{port}"


def place(text: str) -> Place:
    """The place a text names: http(s)://…, postgres(ql)://…, or a bare host or project. Raises PlaceInvalid."""
    if not text.strip():
        raise PlaceInvalid("is empty")
    if re.search(r"\s|[\x00-\x1f\x7f]", text.strip()):
        raise PlaceInvalid("has white space in it")
    text = text.strip()
    if _BARE_PROJECT.fullmatch(text):
        return Place("", (), projects=(text,))
    if _BARE_HOST.fullmatch(text):
        text = f"//{text}"
    try:
        split = urlsplit(text)
        scheme = split.scheme.lower()
    except ValueError as error:
        raise PlaceInvalid(f"has a host that cannot be read; {_ENCODE}") from error
    if not text.startswith("//") and scheme not in (*HTTP, *POSTGRES):
        raise PlaceInvalid("begins with none of https://, http:// and postgresql://")
    return _database(split, scheme) if scheme in POSTGRES else _http(split, scheme)


def _http(split: SplitResult, scheme: str) -> Place:
    login, _, hosts = split.netloc.rpartition("@")
    places = tuple(_places(hosts, scheme))
    if len(places) != 1 or not places[0][0]:
        raise PlaceInvalid("names no host")
    return Place(
        scheme,
        places,
        projects=_projects(places, "", ""),
        has_password=":" in login,
        path=bool(split.path.strip("/") or split.query or split.fragment),
    )


def _database(split: SplitResult, scheme: str) -> Place:
    name = unquote(split.path[1:])
    query = parse_qs(split.query)
    # Behind an unencoded @, / or # stands the rest of a password, where a host or a name is looked for.
    if split.netloc.count("@") > 1 or "#" in split.geturl() or "@" in split.path or "/" in split.path[1:]:
        raise PlaceInvalid(f"cannot be taken apart for certain; {_ENCODE}")
    if any("@" in key or ":" in key for key in query) or (split.query and not query):
        raise PlaceInvalid(f"has a query that cannot be read; {_ENCODE}")
    if "service" in query:
        raise PlaceInvalid("is reached by a service file, whose host is not seen here; name the host")
    login, _, hosts = split.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    named = [one for key in ("host", "hostaddr") for one in query.get(key, ())]
    # Drivers differ in which of two hosts they take: here all of them count.
    listed = [hosts, *named] if hosts else named or [""]
    places = tuple(found for one in listed for found in _places(one, scheme, query.get("port", [""])[0]))
    user = unquote(user) or query.get("user", [""])[0]
    return Place(
        scheme,
        places,
        database=name or query.get("dbname", query.get("database", [user]))[0],
        projects=_projects(places, user, query.get("options", [""])[0]),
        has_password=bool(colon) or "password" in query,
    )


def _places(listed: str, scheme: str, port: str = "") -> Iterator[tuple[str, int]]:
    """Hosts and ports of a comma-separated list; none at all is this machine, which is what drivers make of it."""
    for one in listed.split(","):
        host, own = unquote(one), port
        if host.startswith("["):
            host, _, own = host[1:].partition("]")
            own = own.removeprefix(":") or port
        elif not host.startswith(("/", "@")) and host.count(":") == 1:
            host, _, own = host.partition(":")
        if own and not (own.isascii() and own.isdigit() and 0 < int(own) < 65536):
            raise PlaceInvalid(f"has a port that is no number from 1 to 65535; {_ENCODE}")
        yield _plain(host, scheme), int(own or _PORTS.get(scheme, 0))


def _plain(host: str, scheme: str) -> str:
    host = host.lower().rstrip(".")
    if not host:
        return LOOPBACK if scheme in POSTGRES else ""
    if ":" in host or host.startswith(("/", "@")) or re.fullmatch(r"[\w.-]+", host):
        try:
            return str(ip_address(host)) if ":" in host else host
        except ValueError:
            pass
        if ":" not in host:
            return host
    raise PlaceInvalid(f"has a host that cannot be one; {_ENCODE}")


def _one_name(host: str) -> str:
    """What every way to write one host is compared as."""
    try:
        found = ip_address(host)
    except ValueError:
        return LOOPBACK if host.endswith(".localhost") else host
    mapped = getattr(found, "ipv4_mapped", None) or found
    return LOOPBACK if mapped.is_loopback else str(mapped)


def _is_here(host: str) -> bool:
    return host.startswith(("/", "@")) or _one_name(host) == LOOPBACK


def _projects(hosts: tuple[tuple[str, int], ...], user: str, options: str) -> tuple[str, ...]:
    found = [told[1] for host, _ in hosts if (told := _PROJECT_HOST.fullmatch(host))]
    found += re.findall(r"(?:reference|project)=([a-z0-9-]+)", options)
    if "." in user and any(host.endswith(".pooler.supabase.com") for host, _ in hosts):
        found.append(user.rpartition(".")[2].lower())
    return tuple(dict.fromkeys(found))


def sameness(one: Place, other: Place) -> str:
    """In what two places are one, in words; empty when they are not. In doubt they are one."""
    shared = [project for project in one.projects if project in other.projects]
    if shared or (one.projects and other.projects):
        return f"the Supabase project {shared[0]}" if shared else ""
    for host, port in one.hosts:
        for their_host, their_port in other.hosts:
            if _one_name(host) != _one_name(their_host):
                continue
            is_here = _is_here(host)
            same_port = port == their_port or {port, their_port} == {80, 443} or 0 in (port, their_port)
            if one.is_database and other.is_database:
                # Another port of one host is a pooler in front of the same database; here, it is another server.
                if one.database == other.database and (same_port or not is_here):
                    return f"the database {one.database} on {host}"
            elif one.is_database or other.is_database:
                if not is_here:
                    return f"the host {host}"
            elif same_port:
                return f"the host {host}"
    return ""


def claims(key: str) -> tuple[str, str]:
    """Project and role that a key of the Supabase kind says it is for; empty where it says nothing. Not verified."""
    parts = key.strip().split(".")
    if len(parts) != 3:
        return "", ""
    try:
        told = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return "", ""
    if not isinstance(told, dict):
        return "", ""
    return str(told.get("ref") or ""), str(told.get("role") or "")
