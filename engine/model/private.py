"""What gives itself away in a text and must not be written down: patterns, and what is put in their place.

The rule for phone numbers, because digits are mostly counts, ids and times here. Masked are
  + and 7 to 15 digits, grouped or not            +44 7700 900123
  0 and 8 or more digits, in groups as dialled    07700 900123, (01223) 123456, 0044 7700 900123
  00 and 9 to 14 digits, grouped in any way       0044-7700-900-123
  three groups with hyphens or dots               555-123-4567, (555) 123-4567
  7 digits or more after a word for a phone       customer_phone: 7700900123, Key (phone)=(7700900123)
Kept are UUIDs, moments, keys `sf-<run>-<n>`, and bare digits that start with neither + nor 0.
"""

import re
from functools import lru_cache

EMAIL = "[e-mail]"
PHONE = "[phone]"
NAME = "[name]"
SECRET = "***"

_SECRET_WORDS = (
    "password", "passwd", "pwd", "passphrase", "secret", "token", "credential", "jwt", "authorization",
    "api_key", "api-key", "apikey", "access_key", "access-key", "private_key", "private-key",
    "anon_key", "anon-key", "service_role", "service-role",
)  # fmt: skip
_PHONE_WORDS = ("phone", "mobile", "tel")
_SECRET_KEY = f"(?:{'|'.join(_SECRET_WORDS)})"
_PHONE_KEY = f"(?:{'|'.join(_PHONE_WORDS)})"
_NAME_KEY = "(?:customer|guest|contact|full|first|last|given|family)_?name"
STATES = frozenset(("set", "unset", "missing", "malformed", "dangerous", "empty", "null", "none", "None"))
"""What may stand after a secret's name and be told: they say how it is with it, and not what it is."""

# A secret in a URL may itself hold "/" or "@": it reaches to the last "@" of the word.
_URL = re.compile(r"(?P<scheme>[a-z0-9+.-]://)(?P<user>[^\s\"/:]*):[^\s\"]{0,4096}@", re.IGNORECASE)
_CUT_URL = re.compile(r"(?P<name>postgres(?:ql)?://[^\s\"/:@\[]*:)(?![0-9]{0,5}(?:[/?]|$))[^\s\"@]+$", re.IGNORECASE)
"""One that was cut before its host. Behind a host's colon stands a port."""
# The sign between as it is, in a URL, in JSON and in markup.
_EMAIL = re.compile(
    r"(?P<dsn>postgres(?:ql)?://)?[\w.%+'-]{1,64}(?:@|(?<=%)40|\\{1,2}u0040|&#(?:64|x40);)[\w-]+(?:\.[\w-]+)+"
)
_KEYED = re.compile(
    rf"(?P<name>{_SECRET_KEY}[\w-]{{0,32}}[\"'\\]{{0,4}}\)?\s{{0,3}}[=:]\s{{0,3}})"
    r"(?:(?P<open>\\+[\"']|[\"'(])|(?P<bearer>(?:bearer|basic)\s{1,3})?)"
    r"(?P<value>(?<=\\\")(?:[^\"\\]|\\[^\"])*|(?<=\")(?:[^\"\\]|\\.)*|(?<=')[^']*|(?<=\()[^)]*|[^\s,;&\"')}\]]+)",
    re.IGNORECASE | re.DOTALL,
)
_PASSWORD = re.compile(r"(?P<name>password\s{1,3}E?)'(?:[^']|'')*(?:'|$)", re.IGNORECASE)
_NAMED = re.compile(
    rf"(?P<name>{_NAME_KEY}[\w-]{{0,16}}[\"'\\]{{0,4}}\)?\s{{0,3}}[=:]\s{{0,3}})(?P<open>\\*[\"'(]|)"
    r"(?P<value>(?<=\\\")(?:[^\"\\]|\\[^\"])*|(?<=\")(?:[^\"\\]|\\.)*|(?<=')(?:[^']|'')*|(?<=\()[^)]*|[^,;&\"')}\]\n]+)",
    re.IGNORECASE | re.DOTALL,
)
_ROW = re.compile(r"(?P<name>row contains )\(.*\)", re.DOTALL)
_ROW_ELSEWHERE = re.compile(r"\((?:[^,]*,){3,}.*\)", re.DOTALL)
"""The same in a server's other languages."""
_COLUMNS = re.compile(r"(?P<name>Key \((?P<columns>[^=\n]*)\)=)\([^\n]*\)")
_PERSONAL = re.compile(rf"{_NAME_KEY}|e?mail|{_PHONE_KEY}|{_SECRET_KEY}", re.IGNORECASE)
_ENCODED_PHONE = re.compile(r"%2B\(?[0-9](?:(?:%20|[ .()/+-]){0,2}[0-9]){6,14}", re.IGNORECASE)
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
    r"(?:(?<=\()0)?0[1-9](?:[ .()-]{0,2}[0-9]){8,13}(?!\w)"
    r"|[(0](?<![\w.].)(?<!\w-.)(?!0?[0-9a-f]{7,8}-[0-9a-f]{4}-)"
    r"(?:(?<=\()0)?[0-9]{2,4}\)?[ .-]?[0-9]{3,4}[ .-]?[0-9]{3,6}(?!\w)"
    r"|[(1-9](?<![\w.].)(?<!\w-.)(?:(?<=\()[0-9]{3}\) ?|(?<!\()[0-9]{2}[.-])[0-9]{3}[.-][0-9]{4}(?!\w)"
)

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
"""What steers a terminal or turns a line about, and what nobody sees: it would also keep a pattern from its match."""
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_HEAP = re.compile(f"([{_MARKS}]{{2}})[{_MARKS}]+")
"""More marks upon one sign than any language writes: a heap of them covers the lines above and below."""
_SECRET_NAME = re.compile(_SECRET_KEY, re.IGNORECASE)
_PHONE_NAME = re.compile(rf"(?:^|_){_PHONE_KEY}(?:_|$)", re.IGNORECASE)
_PERSON_NAME = re.compile(rf"^{_NAME_KEY}$", re.IGNORECASE)
_SQL = re.compile(
    r"(?P<kept>\"[^\"]*(?:\"|$))|--[^\n]*|/\*.*?(?:\*/|$)"
    r"|(?P<text>\b[eE]'(?:[^'\\]|''|\\.)*(?:'|$)|'(?:[^']|'')*(?:'|$)|\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?(?:\$(?P=tag)\$|$))"
    r"|(?<![\w.])[0-9]{9,}(?![\w.])",
    re.DOTALL,
)


def masked_once(text: str) -> str:
    """The text with every pattern applied once.

    Each runs only where what it needs is there: most texts have none of it and cost two microseconds.
    """
    if "://" in text and "@" in text:
        text = _URL.sub(_url, text)
    if "postgres" in text and "://" in text:
        text = _CUT_URL.sub(rf"\g<name>{SECRET}", text)
    lower = text.lower()
    keyed = "=" in text or ":" in text
    secret = keyed and any(word in lower for word in _SECRET_WORDS)
    phone = keyed and any(word in lower for word in _PHONE_WORDS)
    name = keyed and "name" in lower
    if secret:
        text = _KEYED.sub(_keyed, text)
    if "row contains (" in text:
        text = _ROW.sub(rf"\g<name>({SECRET})", text)
    if "Key (" in text and (secret or phone or name or "mail" in lower):
        text = _COLUMNS.sub(_columns, text)
    if name:
        text = _NAMED.sub(rf"\g<name>\g<open>{NAME}", text)
    if "password" in lower and "'" in text:
        text = _PASSWORD.sub(rf"\g<name>'{SECRET}'", text)
    if "bearer" in lower:
        text = _BEARER.sub(rf"\g<name>{SECRET}", text)
    if any(start in text for start in _TOKEN_STARTS):
        text = _TOKEN.sub(SECRET, text)
    if "@" in text or "%40" in text or "0040" in text or "&#" in text:
        text = _EMAIL.sub(_email, text)
    if phone:
        text = _DIALLED.sub(rf"\g<name>{PHONE}", text)
    if "%2" in text:
        text = _ENCODED_PHONE.sub(PHONE, text)
    return _PHONE.sub(PHONE, text)


def visible(text: str) -> str:
    """The text with signs in place of what would steer a terminal."""
    if not text.isprintable():
        text = _CONTROL.sub(_sign, text)
    return text if text.isascii() else _HEAP.sub(r"\1", text)


def without_literals(sql: str) -> str:
    """A statement without its literals, long numbers and comments, whole or cut off anywhere after its beginning."""
    return _SQL.sub(_plain_sql, sql)


@lru_cache(maxsize=1024)  # keys are field names, the same thousands of times
def stand_in(key: str) -> str:
    """What a key says of its value: the stand-in for a secret, a guest's name or a phone number, or nothing."""
    if _SECRET_NAME.search(key) is not None:
        return SECRET
    if _PERSON_NAME.search(key) is not None:
        return NAME
    return PHONE if _PHONE_NAME.search(key) is not None else ""


def without_row(detail: str, sqlstate: str | None) -> str:
    """A detail without the row that a not-null or a check constraint refused: all of a booking with its guest."""
    return _ROW_ELSEWHERE.sub(f"({SECRET})", detail) if sqlstate in ("23502", "23514") else detail


def _url(found: re.Match[str]) -> str:
    user = EMAIL if "@" in found["user"] else found["user"]
    return f"{found['scheme']}{user}:{SECRET}@"


def _keyed(found: re.Match[str]) -> str:
    if found["value"] in STATES:
        return found.group()
    return f"{found['name']}{found['open'] or found['bearer'] or ''}{SECRET}"


def _email(found: re.Match[str]) -> str:
    # The user of a DSN stands before its host like an address; it is a role, and wanted in messages.
    return found.group() if found["dsn"] else EMAIL


def _columns(found: re.Match[str]) -> str:
    return f"{found['name']}({SECRET})" if _PERSONAL.search(found["columns"]) else found.group()


def _plain_sql(found: re.Match[str]) -> str:
    if found["kept"] is not None:
        return found["kept"]
    return "'…'" if found["text"] is not None else ("…" if found.group()[0].isdigit() else " ")


def _sign(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"
