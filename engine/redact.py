"""What must not be written down: e-mail addresses, phone numbers, secrets, and characters that steer a terminal.

The rule for phone numbers, because digits are mostly counts, ids and times here. Masked are
  + and 7 to 15 digits, grouped or not            +44 7700 900123
  0 and 8 or more digits, in groups as dialled    07700 900123, (01223) 123456, 0044 7700 900123
  three groups with hyphens or dots               555-123-4567, (555) 123-4567
  7 digits or more after a word for a phone       customer_phone: 7700900123, Key (phone)=(7700900123)
Kept are UUIDs, moments, keys `sf-<run>-<n>`, and bare digits that start with neither + nor 0.
"""

import re
from functools import lru_cache
from typing import Any

import msgspec

from engine.model.event import (
    Acted,
    AttemptEnded,
    DatabaseSampled,
    Event,
    Refused,
    RunMoved,
    SettingsChanged,
)
from engine.model.outcome import Refusal

EMAIL = "[e-mail]"
PHONE = "[phone]"
SECRET = "***"

_SECRET_WORDS = (
    "password", "passwd", "pwd", "passphrase", "secret", "token", "credential", "jwt", "authorization",
    "api_key", "api-key", "apikey", "access_key", "access-key", "private_key", "private-key",
    "anon_key", "anon-key", "service_role", "service-role",
)  # fmt: skip
_PHONE_WORDS = ("phone", "mobile", "tel")
_SECRET_KEY = f"(?:{'|'.join(_SECRET_WORDS)})"
_PHONE_KEY = f"(?:{'|'.join(_PHONE_WORDS)})"

# A secret in a URL may itself hold "/" or "@": it reaches to the last "@" of the word.
_URL = re.compile(r"(?P<scheme>[a-z0-9+.-]://)(?P<user>[^\s\"/:]*):[^\s\"]*@", re.IGNORECASE)
_EMAIL = re.compile(r"(?P<dsn>postgres(?:ql)?://)?[\w.%+'-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_KEYED = re.compile(
    rf"(?P<name>{_SECRET_KEY}[\w-]{{0,32}}[\"'\\]{{0,4}}\)?\s{{0,3}}[=:]\s{{0,3}})"
    r"(?:(?P<open>\\+[\"']|[\"'(])|(?P<bearer>(?:bearer|basic)\s{1,3})?)"
    r"(?P<value>(?<=\\\")(?:[^\"\\]|\\[^\"])*|(?<=\")(?:[^\"\\]|\\.)*|(?<=')[^']*|(?<=\()[^)]*|[^\s,;&\"')}\]]+)",
    re.IGNORECASE | re.DOTALL,
)
_BEARER = re.compile(r"(?P<name>bearer\s{1,3})[\w.~+/=-]+", re.IGNORECASE)
_TOKEN = re.compile(r"eyJ[\w-]{4,}(?:\.[\w-]*){0,2}|(?:sb_secret_|sbp_|sk_live_|sk_test_|ghp_)\w{6,}")
_TOKEN_STARTS = ("eyJ", "sb_secret_", "sbp_", "sk_live_", "sk_test_", "ghp_")

_DIALLED = re.compile(
    rf"(?P<name>{_PHONE_KEY}[\w-]{{0,32}}[\"'\\]{{0,4}}\)?\s{{0,3}}[=:]\s{{0,3}}[\\]{{0,2}}[\"'(]?)"
    r"\+?\(?[0-9](?:[ .()/-]{0,2}[0-9]){6,14}",
    re.IGNORECASE,
)
# Each branch begins with its first character and looks behind it afterwards: so the search skips to such a character.
_PHONE = re.compile(
    r"\+(?<![\w+]\+)\(?[0-9](?:[ .()/-]{0,2}[0-9]){6,14}(?![0-9])"
    r"|[(0](?<![\w.].)(?<!\w-.)(?!0?[0-9a-f]{7,8}-[0-9a-f]{4}-)"
    r"(?:(?<=\()0)?[0-9]{2,4}\)?[ .-]?[0-9]{3,4}[ .-]?[0-9]{3,6}(?!\w)"
    r"|[(1-9](?<![\w.].)(?<!\w-.)(?:(?<=\()[0-9]{3}\) ?|(?<!\()[0-9]{2}[.-])[0-9]{3}[.-][0-9]{4}(?!\w)"
)

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SECRET_NAME = re.compile(_SECRET_KEY, re.IGNORECASE)
_PHONE_NAME = re.compile(rf"(?:^|_){_PHONE_KEY}(?:_|$)", re.IGNORECASE)


def mask(text: str) -> str:
    """The text with nothing in it that must not be written down. Masking twice changes nothing more."""
    if len(text) <= 8 and text.isalnum() and "eyJ" not in text:
        return text  # too short for anything but a token's beginning: table numbers, words, ids
    return _masked(text) if len(text) <= 500 else _masked.__wrapped__(text)


@lru_cache(maxsize=1024)  # a storm of refusals says the same few sentences again and again
def _masked(text: str) -> str:
    if not text.isprintable():
        text = _CONTROL.sub(_visible, text)
    # A second round may see what the first one's words have brought together; it never takes more than a few.
    for _ in range(8):
        masked = _masked_once(text)
        if masked == text:
            break
        text = masked
    return text


def _masked_once(text: str) -> str:
    """Each pattern runs only where what it needs is there: most texts have none of it and cost two microseconds."""
    if "://" in text:
        text = _URL.sub(_url, text)
    lower = text.lower()
    keyed = "=" in text or ":" in text
    if keyed and any(word in lower for word in _SECRET_WORDS):
        text = _KEYED.sub(_keyed, text)
    if "bearer" in lower:
        text = _BEARER.sub(rf"\g<name>{SECRET}", text)
    if any(start in text for start in _TOKEN_STARTS):
        text = _TOKEN.sub(SECRET, text)
    if "@" in text:
        text = _EMAIL.sub(_email, text)
    if keyed and any(word in lower for word in _PHONE_WORDS):
        text = _DIALLED.sub(rf"\g<name>{PHONE}", text)
    return _PHONE.sub(PHONE, text)


def mask_builtins(value: Any) -> Any:
    """The same for every string in lists and dicts, and whatever stands under a key that names a secret."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(str(key)): _under(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [mask_builtins(inner) for inner in value]
    return value


def mask_event(event: Event) -> Event:
    """The event with its free texts masked; the same object where it has none, which is the usual case."""
    kind = type(event)
    if kind is AttemptEnded:
        assert isinstance(event, AttemptEnded)  # noqa: S101 - tells the type checker what `kind` says faster
        if event.refusal is None:
            return event
        return msgspec.structs.replace(event, refusal=mask_refusal(event.refusal))
    if isinstance(event, Refused):
        return msgspec.structs.replace(event, refusal=mask_refusal(event.refusal))
    if isinstance(event, RunMoved):
        return msgspec.structs.replace(event, reason=mask(event.reason)) if event.reason else event
    if isinstance(event, Acted):
        return msgspec.structs.replace(
            event, command=mask(event.command), who=mask(event.who), answer=mask(event.answer)
        )
    if isinstance(event, SettingsChanged):
        old, new = _under(event.key, event.old), _under(event.key, event.new)
        return msgspec.structs.replace(event, old=old, new=new, who=mask(event.who))
    if isinstance(event, DatabaseSampled):
        return msgspec.structs.replace(event, failed=mask(event.failed)) if event.failed else event
    return event


def mask_refusal(refusal: Refusal) -> Refusal:
    """The refusal with its texts masked; the same object when there was nothing to mask."""
    message = mask(refusal.message)
    detail = None if refusal.detail is None else mask(refusal.detail)
    held_by = None if refusal.held_by is None else mask(refusal.held_by)
    if message == refusal.message and detail == refusal.detail and held_by == refusal.held_by:
        return refusal
    return msgspec.structs.replace(refusal, message=message, detail=detail, held_by=held_by)


def _under(key: str, value: Any) -> Any:
    names = _named(key)
    if names and value != "":
        if names == SECRET and isinstance(value, str):
            return SECRET
        if names == PHONE and isinstance(value, str | int) and sum(letter.isdigit() for letter in str(value)) >= 7:
            return PHONE
    return mask_builtins(value)


@lru_cache(maxsize=1024)  # keys are field names, the same thousands of times
def _named(key: str) -> str:
    """What a key says of its value: the stand-in for a secret or a phone number, or nothing."""
    if _SECRET_NAME.search(key) is not None:
        return SECRET
    return PHONE if _PHONE_NAME.search(key) is not None else ""


def _url(found: re.Match[str]) -> str:
    user = EMAIL if "@" in found["user"] else found["user"]
    return f"{found['scheme']}{user}:{SECRET}@"


def _keyed(found: re.Match[str]) -> str:
    return f"{found['name']}{found['open'] or found['bearer'] or ''}{SECRET}"


def _email(found: re.Match[str]) -> str:
    # The user of a DSN stands before its host like an address; it is a role, and wanted in messages.
    return found.group() if found["dsn"] else EMAIL


def _visible(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"
