"""Secrets and people that no output may hold, and the search for them in whatever disguise."""

import base64
import gzip
import html
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote, unquote_plus

import msgspec

from engine.records.recording import read as read_recording

PASSWORD = "pa@ss/w%rd\"Xq'7 zebra"
"""Of a target that is really used: every sign in it that some notation writes otherwise."""
SHORT = "ł9"
TINY = "ß"
BROKEN = 'Sw0rdf1sh@Hadd0ck7/Gr1mpen8%zz"mire'
"""Not escaped in its address, so that whoever reads that takes pieces of it for a host or a port."""
SERVICE_KEY = "svcSentinel4711KeyMaterial"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiIsInNlbnRpbmVsIjoxfQ.c2lnLVNlbnRpbmVsLTQ3MTE"
BEARER = "brr-Sentinel-0815-token"
PLAIN = "quagmirezebu"
"""A known one without anything odd in it."""
EMAIL = "jane.sentinel+vip@guesthouse.example"
NAME = "Jane Sentinelle-Quux"
DIGITS = "7700900461"
PHONES = (
    *("+44 7700 900461", "+447700900461", "0044 7700 900461", "07700 900461", "07700900461", "(07700) 900461"),
    *(
        "+44 (0)7700 900461",
        "+44-7700-900-461",
        "07700-900-461",
        "07700.900.461",
        "0044-7700-900-461",
        "0044 7700 900 461",
    ),
)

PIECES = ("Sw0rdf1sh", "Hadd0ck7", "Gr1mpen8%zz")
WORDS = {
    "password": (PASSWORD,),
    "short password": (SHORT, TINY),
    "broken password": (BROKEN, *PIECES),
    "service key": (SERVICE_KEY,),
    "jwt": (JWT,),
    "bearer": (BEARER,),
    "plain secret": (PLAIN,),
    "e-mail": (EMAIL, EMAIL.partition("+")[2]),
    "name": (NAME, NAME.split()[1]),
}
CUT = 10
"""So many characters at either end of a long one betray it too: texts are cut."""


def leaks(data: bytes) -> set[str]:
    """Which of them the data hold: as they are, cut off, or behind JSON, URLs, markup or base64."""
    text = data.decode("utf-8", errors="replace")
    # One or two characters come out of base64, and out of what is no text, by chance.
    by_chance = "\ufffd" in text
    found: set[str] = set()
    decoded = "".join(_base64(text))
    for look in (*_looks(text), decoded):
        for what, words in WORDS.items():
            parts = [part for word in words for part in _parts(word)]
            if by_chance or look is decoded:
                parts = [part for part in parts if len(part) > 2]
            if any(part in look for part in parts):
                found.add(what)
        if DIGITS in re.sub(r"(?<=[0-9)(])[\s ().+-]{1,3}(?=[0-9)(])", "", look):
            found.add("phone")
    return found


def in_folder(folder: Path, *but: Path) -> dict[str, set[str]]:
    """The files below it that hold any, compressed ones and recordings unpacked."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path in but or not path.is_file():
            continue
        held = leaks(path.name.encode()) | leaks(_content(path))
        if held:
            found[str(path.relative_to(folder))] = held
    for run in sorted({path.parent for path in folder.rglob("recording.*")}):
        held = {one for picture in read_recording(run) for one in leaks(msgspec.json.encode(picture))}
        if held:
            found[f"{run.name}: recording"] = held
    return found


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(content)
    try:
        return content + zlib.decompress(content)
    except zlib.error:
        return content


def _parts(word: str) -> tuple[str, ...]:
    return (word,) if len(word) <= 2 * CUT else (word, word[:CUT], word[-CUT:])


def _looks(text: str) -> Iterator[str]:
    """The text, and what any notation in it stands for."""
    yield text
    url = unquote(text)
    yield from (url, unquote(url), unquote_plus(text))
    plain = re.sub(r"<[^>]*>", "", text)
    yield html.unescape(plain).replace("\xa0", " ")
    for look in (text, url):
        once = _unescaped(look)
        yield from (once, _unescaped(once))
    yield text.replace("''", "'")


def _unescaped(text: str) -> str:
    simple = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(
        r"\\(?:u([0-9a-fA-F]{4})|(.))",
        lambda found: chr(int(found[1], 16)) if found[1] else simple.get(found[2], found[2]),
        text,
    )


def _base64(text: str) -> Iterator[str]:
    for found in re.finditer(r"[A-Za-z0-9+/_-]{12,}={0,2}", text):
        coded = found.group().rstrip("=").replace("-", "+").replace("_", "/")
        # It may begin anywhere in a longer word.
        for start in range(4):
            part = coded[start:]
            part = part[:-1] if len(part) % 4 == 1 else part + "=" * (-len(part) % 4)
            yield base64.b64decode(part).decode("utf-8", errors="replace") + " "


def disguises(word: str) -> dict[str, str]:
    """The word as other notations write it, for the search to be tried on."""
    return {
        "plain": word,
        "url": quote(word, safe=""),
        "json": json.dumps(word),
        "json in json": json.dumps(json.dumps(word)),
        "markup": html.escape(word).replace(" ", "&#160;"),
        "base64": base64.b64encode(f"user:{word}".encode()).decode(),
        "sql": word.replace("'", "''"),
    }
