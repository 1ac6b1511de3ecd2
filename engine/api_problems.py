"""Answers of the booking API that are no success, as refusals. No message has anything of the guest in it."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from engine.model.http import Answer
from engine.model.outcome import Phase, Refusal
from engine.model.private import visible
from engine.model.step import Step
from engine.model.turn import Order
from engine.redact import mask_and_cut

_UNPROVEN = frozenset({408, 499})
"""Statuses below 500 that tell of time, and not that the request was rejected."""
_MOST_TEXT = 300
_MOST_SEARCHED = 10 * _MOST_TEXT
_MOST_WAIT_S = 7 * 24 * 3600.0
"""A server that says a longer one is not believed; nobody waits it out anyway."""
_NO_PROBLEM = "no problem as JSON"
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading a body raises that is no JSON of its shape: no text in UTF-8 and no end of nesting count as well."""


class Problem(msgspec.Struct, frozen=True):
    """What went wrong, as far as the contract tells it."""

    error: str = ""
    message: str = ""
    code: str = ""
    details: msgspec.Raw = msgspec.Raw()
    issues: msgspec.Raw = msgspec.Raw()


class _Hours(msgspec.Struct, frozen=True, rename="camel"):
    reason: str = ""
    requested_time: str = ""
    opens_at: str | None = None
    closes_at: str | None = None


class _Fields(msgspec.Struct, frozen=True, rename="camel"):
    field_errors: dict[str, msgspec.Raw] = {}


class _Issue(msgspec.Struct, frozen=True):
    code: str = ""
    message: str = ""


def one_line(text: str) -> str:
    """A server's text in one line, with signs for what would steer a terminal."""
    return visible(" ".join(text.split()))


def quoted(text: str) -> str:
    """As much of a server's text as is kept, in one line, with nothing secret in it that the cut could take apart."""
    # Cut before it is searched, as it may be as long as a body; and far behind where it is cut for good.
    return mask_and_cut(one_line(text[:_MOST_SEARCHED]), _MOST_TEXT)


def refused(answer: Answer, step: Step, order: Order | None = None) -> Refusal:
    """An answer that is no success, as its status, code and text."""
    proven = 400 <= answer.status < 500 and answer.status not in _UNPROVEN
    words = [f"HTTP {answer.status}"]
    if 300 <= answer.status < 400:
        words.append("a redirect, which is not followed")
    words += words_of(answer.body)
    text = ": ".join(words)[:_MOST_SEARCHED]
    if order is not None:
        text = _without_guest(text, order)
    return Refusal(step=step, phase=Phase.ANSWERED if proven else Phase.IN_DOUBT, message=quoted(text))


def absent(answer: Answer) -> bool:
    """Whether the platform itself says that there is no such thing.

    A 404 that is no problem of its contract is of somebody on the way, or of a route that is not there: no loss is
    proven by that.
    """
    return answer.status == 404 and words_of(answer.body) != [_NO_PROBLEM]


def unreadable(answer: Answer, step: Step, error: Exception) -> Refusal:
    """A success whose body says nothing: what it stands for may be there."""
    message = f"HTTP {answer.status}, but its body cannot be read: {why_unreadable(answer, error)}"
    return Refusal(step=step, phase=Phase.IN_DOUBT, message=message, exception=type(error).__name__)


def why_unreadable(answer: Answer, error: Exception) -> str:
    """One of `UNREADABLE` as words."""
    packed = answer.headers.get("content-encoding", "").strip()
    if packed and packed.lower() != "identity":
        return quoted(f"it is packed as {packed}, which was not asked for")
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return quoted(str(error))


def told_to_wait_s(answer: Answer, now: datetime) -> float | None:
    """How long a 429 says to wait; None where it does not say. `now` is the wall's time, for dates."""
    told = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", told):
        wait_s = float(told)
    else:
        try:
            until = parsedate_to_datetime(told)
            wait_s = max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())
        except (ValueError, OverflowError, IndexError):
            return None
    return wait_s if wait_s <= _MOST_WAIT_S else None


def words_of(body: bytes) -> list[str]:
    """Code and text of a problem; what is no JSON of that shape is left out, as it may quote anything."""
    try:
        told = msgspec.json.decode(body, type=Problem)
    except UNREADABLE:
        return [_NO_PROBLEM]
    more = []
    if told.code == "OPERATING_HOURS_CLOSED":
        more = _closed(told.details)
    elif told.details:
        more = _fields(told.details)
    if told.issues:
        more += _issues(told.issues)
    return [word for word in (told.code, told.error or told.message, *more) if word]


def _closed(details: msgspec.Raw) -> list[str]:
    try:
        hours = msgspec.json.decode(details, type=_Hours)
    except UNREADABLE:
        return []
    asked = f"{hours.reason} at {hours.requested_time}"
    return [f"{asked}, open from {hours.opens_at} to {hours.closes_at}" if hours.opens_at else asked]


def _fields(details: msgspec.Raw) -> list[str]:
    """Names of the fields that are wrong, never what stood in them."""
    try:
        return [", ".join(msgspec.json.decode(details, type=_Fields).field_errors)]
    except UNREADABLE:
        return []


def _issues(issues: msgspec.Raw) -> list[str]:
    try:
        return [f"{one.code} {one.message}".strip() for one in msgspec.json.decode(issues, type=list[_Issue])]
    except UNREADABLE:
        return []


def _without_guest(text: str, order: Order) -> str:
    for secret in (order.email, order.phone, order.name):
        text = re.sub(re.escape(secret), "…", text, flags=re.IGNORECASE) if secret else text
    return text
