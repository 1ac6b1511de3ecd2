"""What must not be written down: e-mail addresses, phone numbers, names of guests, secrets, terminal controls.

Patterns find what gives itself away; secrets that settings and environment hold are found by their value (`know`), in
all the shapes that URLs, JSON, SQL and markup give them. Nobody can find a guest's name in free text: it is masked
where it is named as one, in rows that Postgres quotes, and in the literals of other people's statements.
"""

import sys
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol, TextIO, cast

import msgspec

from engine.model.event import (
    Acted,
    AttemptEnded,
    DatabaseSampled,
    Event,
    Intended,
    Noticed,
    Reconciled,
    Refused,
    RunMoved,
    SettingsChanged,
    WaitsSampled,
)
from engine.model.outcome import Refusal
from engine.model.private import (
    NAME,
    PHONE,
    SECRET,
    STATES,
    masked_once,
    stand_in,
    visible,
    without_literals,
    without_row,
)
from engine.model.secrets import ENDING, beginnings, in_address, in_environment, is_telling, placed, searched, whole
from engine.model.waits import Waits


class Reached(Protocol):
    """A target as far as it holds secrets: `TargetSettings`, which the pure rooms that mask must not know."""

    @property
    def dsn(self) -> str: ...  # noqa: D102 - the fields of `TargetSettings`
    @property
    def dsn_env(self) -> str: ...  # noqa: D102
    @property
    def base_url(self) -> str: ...  # noqa: D102
    @property
    def base_url_env(self) -> str: ...  # noqa: D102
    @property
    def fallback_base_url(self) -> str: ...  # noqa: D102


class HasTargets(Protocol):
    """Settings."""

    @property
    def targets(self) -> Mapping[str, Reached]: ...  # noqa: D102


_AFTER_CUT = " .…\"'\n"
"""What may stand behind a text that was cut."""
_FURTHER = 10
"""Nobody masks a megabyte of which three hundred characters are kept."""


class _Known:
    """Secrets known by value; replaced as one, so that no thread sees half of it."""

    def __init__(self, secrets: frozenset[str] = frozenset()) -> None:
        self.secrets = secrets
        self.searched = searched(secrets)
        self.beginnings = beginnings(self.searched)
        self.placed = placed(secrets)
        self.whole = whole(secrets)
        self.weak = frozenset(secret for secret in self.whole if not is_telling(secret))


_known = _Known()


def know(settings: HasTargets | None, *environs: Mapping[str, str]) -> None:
    """From now on mask what these hold of secrets, besides what was known before, wherever it stands in a text.

    Secrets are the passwords of all targets' addresses, of any address among the variables, and variables whose names
    say so. Short ones, and words of our own texts, are masked where their place tells what they are: before the @ of an
    address, after `password=` and its like, between quotes, or as all there is. For the `.env` files too, give what
    `engine.environment.read` found.
    """
    global _known  # noqa: PLW0603 - what must not be said holds for the whole process
    found = {secret for environ in environs for secret in in_environment(environ)}
    for target in settings.targets.values() if settings is not None else ():
        for address in (target.dsn, target.base_url, target.fallback_base_url):
            found.update(in_address(address))
        for variable in filter(None, (target.dsn_env, target.base_url_env)):
            for environ in environs:
                found.update(in_address(environ.get(variable, "")))
    found.discard("")
    if found - _known.secrets:
        _known = _Known(_known.secrets | found)
        _masked.cache_clear()


def forget() -> None:
    """Know no secret by value any more; patterns stay."""
    global _known  # noqa: PLW0603 - see `know`
    _known = _Known()
    _masked.cache_clear()


def mask(text: str) -> str:
    """The text with nothing in it that must not be written down. Masking twice changes nothing more."""
    if len(text) <= 8 and text.isalnum() and "eyJ" not in text:
        # Too short for anything but a token's beginning or a secret that is known: table numbers, words, ids.
        return SECRET if text in _known.whole else text
    return _masked(text) if len(text) <= 500 else _masked.__wrapped__(text)


@lru_cache(maxsize=1024)  # a storm of refusals says the same few sentences again and again
def _masked(text: str) -> str:
    text = visible(text)
    if text in _known.whole:
        return SECRET
    # A second round may see what the first one's words have brought together; it never takes more than a few.
    for _ in range(8):
        masked = _masked_once(text)
        if masked == text:
            break
        text = masked
    return text


def _masked_once(text: str) -> str:
    """Known secrets first: a pattern may take a part of one and leave the rest."""
    known = _known
    for shape, in_place in known.placed:
        if shape in text:
            text = text.replace(shape, in_place)
    for shape in known.searched:
        if shape in text:
            text = text.replace(shape, SECRET)
    return masked_once(_without_cut(text, known))


def _without_cut(text: str, known: _Known) -> str:
    """Servers cut their texts, and so a secret in them: what is left of it at the end is masked too."""
    end = len(text.rstrip(_AFTER_CUT))
    for shape, length in known.beginnings.get(text[max(0, end - ENDING) : end], ()):
        if text.endswith(shape[:length], 0, end):
            return text[: end - length] + SECRET + text[end:]
    return text


def mask_and_cut(text: str, most: int) -> str:
    """The first `most` characters of a text that may be long, masked while what is masked is still whole."""
    return mask(text[: most * _FURTHER])[:most]


def mask_statement(text: str) -> str:
    """A statement that anybody may have sent: without its literals and comments, which hold names, and masked."""
    return mask(without_literals(text))


def mask_builtins(value: Any) -> Any:
    """The same for every string in lists and dicts, and whatever stands under a key that names a secret."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {_mask_key(str(key)): _under(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [mask_builtins(inner) for inner in value]
    return value


def mask_event(event: Event) -> Event:
    """The event with its free texts masked; the same object where it has none, which is the usual case."""
    kind = type(event)
    if kind is Intended:
        return event  # four of five
    if kind is AttemptEnded:
        assert isinstance(event, AttemptEnded)  # noqa: S101 - tells the type checker what `kind` says faster
        return event if event.refusal is None else _with(event, mask_refusal(event.refusal))
    if isinstance(event, Refused):
        return _with(event, mask_refusal(event.refusal))
    if isinstance(event, RunMoved):
        return msgspec.structs.replace(event, reason=mask(event.reason)) if event.reason else event
    if isinstance(event, Acted):
        return msgspec.structs.replace(
            event, command=mask(event.command), who=mask(event.who), answer=mask(event.answer)
        )
    if isinstance(event, SettingsChanged):
        old, new = _under(event.key, event.old), _under(event.key, event.new)
        return msgspec.structs.replace(event, old=old, new=new, who=mask(event.who))
    if isinstance(event, Reconciled):
        return msgspec.structs.replace(event, trouble=mask(event.trouble)) if event.trouble else event
    if isinstance(event, WaitsSampled):
        return msgspec.structs.replace(event, waits=mask_waits(event.waits))
    if isinstance(event, Noticed):
        return msgspec.structs.replace(event, text=mask(event.text))
    if isinstance(event, DatabaseSampled):
        return msgspec.structs.replace(event, failed=mask(event.failed)) if event.failed else event
    return event


def mask_refusal(refusal: Refusal) -> Refusal:
    """The refusal with its texts masked; the same object when there was nothing to mask."""
    message = mask(refusal.message)
    detail = None if refusal.detail is None else mask(without_row(refusal.detail, refusal.sqlstate))
    held_by = None if refusal.held_by is None else mask(refusal.held_by)
    if message == refusal.message and detail == refusal.detail and held_by == refusal.held_by:
        return refusal
    return msgspec.structs.replace(refusal, message=message, detail=detail, held_by=held_by)


def mask_waits(waits: Waits) -> Waits:
    """The waits with what the server said in words of its own masked; names of steps and waits are none."""
    counters = waits.counters
    if counters is not None:
        told = tuple(msgspec.structs.replace(one, query=mask(one.query)) for one in counters.statements)
        counters = msgspec.structs.replace(counters, statements=told)
    return msgspec.structs.replace(
        waits,
        blockers=tuple(msgspec.structs.replace(one, by_who=mask(one.by_who)) for one in waits.blockers),
        missing=tuple(map(mask, waits.missing)),
        counters=counters,
        server_log=tuple(map(mask, waits.server_log)),
    )


def _with(event: AttemptEnded | Refused, refusal: Refusal) -> Event:
    return event if refusal is event.refusal else msgspec.structs.replace(event, refusal=refusal)


def _mask_key(key: str) -> str:
    """A key of a dict. One that is a field's name stays, should a weak secret be the same word."""
    return key if key in _known.weak else mask(key)


def _under(key: str, value: Any) -> Any:
    names = stand_in(key)
    if names and value != "":
        if names in (SECRET, NAME) and isinstance(value, str):
            return value if value in STATES else names
        if names == PHONE and isinstance(value, str | int) and sum(letter.isdigit() for letter in str(value)) >= 7:
            return PHONE
    return mask_builtins(value)


_LONGEST_LINE = 65_536
"""A line is held back until it is whole, but no longer than this."""


class MaskedStream:
    """A stream that masks whatever is written to it, by whole lines: tracebacks, warnings, other libraries' words."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._pending = ""
        self._one = threading.Lock()

    def write(self, text: str) -> int:
        """Take a text; whole lines of it go on at once."""
        with self._one:
            self._pending += text
            end = self._pending.rfind("\n") + 1 or (len(self._pending) if len(self._pending) > _LONGEST_LINE else 0)
            if end:
                lines, self._pending = self._pending[:end], self._pending[end:]
                self._stream.write(mask(lines))
        return len(text)

    def flush(self) -> None:
        """Let go of what there is, also of a line that has no end yet, such as a question."""
        with self._one:
            rest, self._pending = self._pending, ""
            if rest:
                self._stream.write(mask(rest))
            self._stream.flush()

    def writelines(self, lines: list[str]) -> None:
        """Take several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the stream's own: its descriptor, its encoding, whether it is a terminal."""
        return getattr(self._stream, name)


def mask_words(*, stdout: bool = False) -> None:
    """From now on mask what this process says on stderr, and on stdout where its words go to a log.

    Call it after the descriptors are in place; a second call changes nothing.
    """
    for name in ("stderr", *(("stdout",) if stdout else ())):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, MaskedStream):
            setattr(sys, name, cast("TextIO", MaskedStream(stream)))
