"""Moments of a run: classes of events, alerts, marks, and what a person types for a moment. Pure."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from engine.model.outcome import Kind
from engine.model.snapshot import EventLine
from tui.format import elapsed, length_ns

CLASSES = ("alert", "operator", "error", "mark")
"""Classes that have a name of their own; any other word is that of the event itself: `zone lock`, `pass`, `run`."""
RULED = "alert"
"""The word of what an alert rule has raised."""
_S = 1_000_000_000
_EPISODE_NS = 5 * _S
"""Faults of one word no further apart than this are one alert: a storm is one thing to look at."""
_OPERATOR = ("operator", "setting")
_QUIET = ("note ",)
"""Acts that changed nothing: a console came, a snapshot was taken."""


class Alert(msgspec.Struct, frozen=True):
    """Faults of one kind that came together."""

    at_ns: int
    until_ns: int
    word: str
    text: str
    count: int
    rule: str = ""
    """The alert rule that raised it; empty for an episode of faults."""


class Mark(msgspec.Struct, frozen=True):
    """A sign on the time bar: R a resize or another act on settings, A an alert, M a named mark."""

    at_ns: int
    sign: str
    name: str = ""
    """Of a named mark."""


class Timeline(msgspec.Struct, frozen=True):
    """What the time bar shows."""

    begins_ns: int
    ends_ns: int
    at_ns: int | None
    """Where we look; None at the live edge."""
    marks: tuple[Mark, ...] = ()
    grows: bool = True
    """The run goes on."""


class MomentInvalid(Exception):
    """What was typed is no moment. The message says what one looks like."""


def belongs(line: EventLine, name: str) -> bool:
    """Whether an event is of that class."""
    match name:
        case "alert":
            return line.kind is Kind.FAULT or line.word == RULED
        case "error":
            return line.kind not in (None, Kind.FILLED)
        case "operator":
            return line.word in _OPERATOR and not line.text.startswith(_QUIET)
        case "mark":
            return line.word == "operator" and line.text.startswith("mark ")
        case _:
            return _plain(line.word) == _plain(name)


def words_of(lines: Iterable[EventLine]) -> tuple[str, ...]:
    """Classes there is something of, those with a name of their own first."""
    seen = dict.fromkeys(_plain(line.word) for line in lines)
    return (*CLASSES, *(word for word in seen if word not in CLASSES and word != "setting"))


def _plain(word: str) -> str:
    return word.replace("_", " ").casefold()


def alerts_of(lines: Iterable[EventLine]) -> tuple[Alert, ...]:
    """What rules raised, and faults and losses, those of one word that came together as one; by when they began."""
    found: list[Alert] = []
    latest: dict[str, int] = {}
    for line in lines:
        if line.word == RULED:
            found.append(Alert(line.at_ns, line.at_ns, line.word, line.text, 1, line.text.partition(":")[0]))
            continue
        if line.kind is not Kind.FAULT:
            continue
        place = latest.get(line.word)
        if place is not None and line.at_ns - found[place].until_ns <= _EPISODE_NS:
            one = found[place]
            found[place] = msgspec.structs.replace(one, until_ns=max(one.until_ns, line.at_ns), count=one.count + 1)
        else:
            latest[line.word] = len(found)
            found.append(Alert(line.at_ns, line.at_ns, line.word, line.text, 1))
    return tuple(found)


def marks_of(lines: Iterable[EventLine], alerts: Iterable[Alert]) -> tuple[Mark, ...]:
    """The signs of the time bar; where several fall on one cell the last of them stands."""
    acts = [
        Mark(line.at_ns, "M", line.text.removeprefix("mark ").partition(":")[0]) if belongs(line, "mark")
        else Mark(line.at_ns, "R")
        for line in lines
        if belongs(line, "operator")
    ]  # fmt: skip
    named = [mark for mark in acts if mark.sign == "M"]
    return (*(mark for mark in acts if mark.sign == "R"), *(Mark(one.at_ns, "A") for one in alerts), *named)


def following(lines: Sequence[EventLine], name: str, after_ns: int) -> EventLine | None:
    """The first event of that class after that moment."""
    return next((line for line in lines if line.at_ns > after_ns and belongs(line, name)), None)


def preceding(lines: Sequence[EventLine], name: str, until_ns: int) -> EventLine | None:
    """The last event of that class up to that moment."""
    return next((line for line in reversed(lines) if line.at_ns <= until_ns and belongs(line, name)), None)


_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,2}):(\d{2})")


def read_moment(text: str, here_ns: int, ends_ns: int, started_at: str) -> int | None:
    """A typed moment: `01:23` since the run began, `-30s` and `+2m` from here, `90s`, `14:03:07` UTC, `start`.

    None is the end: `end`, `live`. Raises MomentInvalid.
    """
    text = text.strip()
    if text in ("end", "live"):
        return None
    if text in ("start", "begin"):
        return 0
    if text[:1] in ("+", "-"):
        length = length_ns(text[1:])
        if length is not None:
            return max(0, here_ns + (length if text[0] == "+" else -length))
    elif (length := length_ns(text)) is not None:
        return length
    elif (clock := _CLOCK.fullmatch(text)) and int(clock[3]) < 60:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        since = (hours * 3600 + minutes * 60 + seconds) * _S
        if clock[1] is None or since <= ends_ns:
            return since
        wall = _wall(hours, minutes, seconds, ends_ns, started_at)
        if wall is not None:
            return wall
        raise MomentInvalid(f"{text} UTC is not within the run: it began {started_at} and is {elapsed(ends_ns)} long")
    raise MomentInvalid(f"{text or 'nothing'} is no moment: write 01:23, -30s, +2m, 14:03:07 (UTC), start or end")


def _wall(hours: int, minutes: int, seconds: int, ends_ns: int, started_at: str) -> int | None:
    """A time of day as a moment of the run; None when the run was not going on then."""
    try:
        began = datetime.fromisoformat(started_at).astimezone(UTC)
        wanted = began.replace(hour=hours, minute=minutes, second=seconds, microsecond=0)
    except ValueError:
        return None
    if wanted < began - timedelta(seconds=1):
        wanted += timedelta(days=1)
    since = int((wanted - began).total_seconds() * _S)
    return max(0, since) if since <= ends_ns else None
