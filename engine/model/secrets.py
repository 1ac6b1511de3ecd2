"""Secrets that are known by value: where they are found, and in which shapes a text may hold them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from engine.model.alert import Severity
from engine.model.integrity import Grade
from engine.model.outcome import OUTCOMES, Certainty, Kind, Phase
from engine.model.path import Path
from engine.model.run_state import RunState, WorkerState
from engine.model.step import Step
from engine.model.strategy import AdjacencyMode
from engine.model.turn import TurnEnd

SHORTEST = 8
"""A secret of fewer characters is no more than a word: it is looked for only where its place gives it away."""
SHORTEST_MIXED = 6
"""Of letters and digits, or of capitals and others, so few characters are enough; of digits up to f not, as ids are."""
SHORTEST_ODD = 5
"""With a sign in it that our texts hardly use, so few are."""
SHORTEST_NUMBER = 12
"""Digits alone are mostly counts and times here."""
ENDING = 3
"""By so many characters at its end a beginning is found."""
SHORTEST_QUOTED = 4
"""Between quotes, or as a whole value, so few are enough."""

_ODD = frozenset("@\"'\\?#&$!*^{}<>|;~`")
_OURS = frozenset(
    (
        *(
            "postgres",
            "postgresql",
            "supabase",
            "slotfill",
            "embedded",
            "localhost",
            "database",
            "password",
            "rehearsal",
        ),
        *("booking", "bookings", "restaurant", "restaurants", "customer", "customers", "schedule", "allocations"),
        *("development", "production", "staging", "test", "local", "remote", "public", "default", "admin", "user"),
        *("required", "optional", "disabled", "enabled", "true", "false", "none", "null", "unset", "missing", "main"),
        *("confirmed", "pending", "cancelled", "completed", "attempts", "outcomes", "settings", "acknowledged"),
        *(
            "persisted",
            "total",
            "fill",
            "assign",
            "create",
            "burst",
            "idle",
            "active",
            "white-horse",
            "stress",
            "today",
        ),
        *OUTCOMES,
        # Readers of our files know these by their word: a recording must stay readable, whatever the password is.
        *(
            member.value.lower()
            for words in (
                *(AdjacencyMode, Certainty, Grade, Kind, Path, Phase, RunState),
                *(Severity, Step, TurnEnd, WorkerState),
            )
            for member in words
        ),
    )
)
"""Words of our own texts. Whoever takes one for a password is not helped by stars in their place, and nobody could read
the rest; in an address or after `password=` they are masked like any other."""

_NAME = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|JWT|ANON_?KEY|SERVICE_?ROLE|API_?KEY|WEBHOOK(?:_URL)?$"
    r"|(?:^|_)(?:KEY|KEYS|KEY_ID|PASS|PWD|AUTH|AUTHORIZATION|COOKIE|SALT)$",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"^(?:OLD)?PWD$|_(?:FILE|PATH|DIR|HOME|SOCK|HOST|PORT|USER|NAME|TTL|MODE|ENABLED)$", re.IGNORECASE
)
_ADDRESS = re.compile(r"[a-z0-9+.-]+://(?P<netloc>[^\s]*)", re.IGNORECASE)
_QUERY = re.compile(r"(?:password|passwd|secret|token|key)", re.IGNORECASE)
_WORDED = re.compile(r"(?:^|\s)(?:ssl)?password\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))", re.IGNORECASE)
_MIXED = re.compile(r"[A-Za-z].*[0-9]|[0-9].*[A-Za-z]|[a-z].*[A-Z]")
_HEX = re.compile(r"[0-9a-fA-F]+")
_PIECES = re.compile(r"[/@?#:]")


def names_a_secret(variable: str) -> bool:
    """Whether what an environment variable of that name holds is a secret. One for a path or a host is not."""
    return _NAME.search(variable) is not None and _NO_SECRET.search(variable) is None


def in_environment(environ: Mapping[str, str]) -> Iterator[str]:
    """Secrets among variables: those that their names give away, and the passwords of any addresses."""
    for name, value in environ.items():
        if names_a_secret(name):
            yield value
        if "://" in value or "=" in value:
            yield from in_address(value)


def in_address(address: str) -> Iterator[str]:
    """The passwords of a URL or of a `host=… password=…`, as they stand and as they are meant.

    One with an unescaped `/`, `@` or `#` is no URL's any more, and whoever reads it takes a piece of it for a host or
    a port and says so: then its pieces are secrets too.
    """
    for found in _ADDRESS.finditer(address):
        login, at, _ = found["netloc"].rpartition("@")
        _, colon, password = login.partition(":")
        if at and colon:
            yield password
            yield unquote(password)
            yield from (piece for piece in _PIECES.split(password) if piece != password)
    for spaced in _WORDED.finditer(address):
        yield re.sub(r"\\(.)", r"\1", spaced[1]) if spaced[1] is not None else spaced[2]
    if "?" in address:
        try:
            pairs = parse_qsl(urlsplit(address).query, keep_blank_values=True)
        except ValueError:
            return
        yield from (value for key, value in pairs if _QUERY.search(key))


def searched(secrets: Iterable[str]) -> tuple[str, ...]:
    """What is looked for in any text: every shape of those secrets that no other text has; longest first."""
    shapes = {shape for secret in secrets for line in _lines(secret) if is_telling(line) for shape in shapes_of(line)}
    return tuple(sorted(shapes, key=lambda shape: (-len(shape), shape)))


def placed(secrets: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """What is looked for at its place only, with what stands there instead; longest first.

    Before the @ of an address any secret is, and between quotes one of four characters and more.
    """
    pairs: dict[str, str] = {}
    for secret in secrets:
        if not secret or not secret.strip("*"):
            continue
        pairs |= {f":{shape}@": ":***@" for shape in shapes_of(secret)}
        if is_quotable(secret) and not is_telling(secret):
            pairs |= {f"{mark}{secret}{mark}": f"{mark}***{mark}" for mark in "'\"`"}
    return tuple(sorted(pairs.items(), key=lambda pair: (-len(pair[0]), pair[0])))


def whole(secrets: Iterable[str]) -> frozenset[str]:
    """What is masked when it is all there is: a field of JSON, a cell of a table."""
    return frozenset(secret for secret in secrets if is_quotable(secret))


def beginnings(shapes: Iterable[str]) -> dict[str, tuple[tuple[str, int], ...]]:
    """What is looked for at the end of a text that somebody cut: of each shape, the beginnings that still tell it.

    By the last `ENDING` characters of a beginning: the shape and the beginning's length, longest first.
    """
    found: dict[str, list[tuple[str, int]]] = {}
    for shape in shapes:
        shortest = next((end for end in range(SHORTEST_ODD, len(shape)) if is_telling(shape[:end])), len(shape))
        for end in range(shortest, len(shape)):
            found.setdefault(shape[end - ENDING : end], []).append((shape, end))
    return {last: tuple(sorted(some, key=lambda one: -one[1])) for last, some in found.items()}


def is_telling(secret: str) -> bool:
    """Whether a text that has it in it can hardly have it by chance."""
    if secret.lower() in _OURS or not secret.strip("*"):
        return False
    if secret.isdigit():
        return len(secret) >= SHORTEST_NUMBER
    if _ODD & set(secret):
        return len(secret) >= SHORTEST_ODD
    return len(secret) >= (SHORTEST_MIXED if _MIXED.search(secret) and not _HEX.fullmatch(secret) else SHORTEST)


def is_quotable(secret: str) -> bool:
    """Whether it can be told from a word of ours when it stands alone."""
    return len(secret) >= SHORTEST_QUOTED and secret.lower() not in _OURS and not secret.isdigit() and secret != "****"


def shapes_of(secret: str) -> set[str]:
    """The secret as it stands, and as URLs, JSON, Python, SQL and markup write it."""
    quoted = quote(secret, safe="")
    inside = json.dumps(secret)[1:-1]
    return {
        secret,
        quoted,
        quote(secret),
        quote_plus(secret),
        re.sub("%..", lambda found: found.group().lower(), quoted),
        inside,
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(inside)[1:-1],
        repr(secret)[1:-1],
        secret.replace("'", "''"),
        escape(secret),
        escape(secret, quote=False),
        escape(secret).replace(" ", "&#160;"),
    }


def _lines(secret: str) -> Iterator[str]:
    """All of it, and each line of a key of several lines: a text may be cut into lines."""
    yield secret
    if "\n" in secret:
        yield from (line.strip() for line in secret.splitlines() if len(line.strip()) >= 2 * SHORTEST)
