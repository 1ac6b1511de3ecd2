"""What no terminal may be sent, texts that hold it, and pictures in which every text is one of them."""

import re
from typing import Any, TypeVar

import msgspec

OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
"""Controls, what turns a line about, and what nobody sees."""
HEAP = re.compile("[\u0300-\u036f\u0483-\u0489\u20d0-\u20ff]{3}")
"""More marks upon one sign than any language writes."""
WORDS = (
    "\x1b[2J\x1b[H",
    "\x1b]0;pwned\x07",
    "\x1b]52;c;cm0gLXJmIH4K\x07",
    "\x1b]9;4;1;50\x1b\\",
    "\x1bPq#0;2;0;0;0\x1b\\",
    "\x9b31m\x9d0;x\x9c",
    "\x1b[6n\x05\x0e\x0f",
    "one\r\ntwo\nthree\x0b\x0c",
    "\u202egnp.exe\u202c \u2066x\u2069 \u061cy",
    "a\u200bb\u200dc\u2060d\ufeffe",
    "z\u0301\u0302\u0303\u0304" + "\u0335" * 40,
    "\U000e0041\U000e0042 tags",
    "宽" * 15,
    "👩‍👩‍👧‍👦" * 3,
    "\u2028next\u2029",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "\x00\x08\x7f\x80",
    "|`]() [E1](javascript:1)",
    "%s{0}%n" + "x" * 90,
)


Found = TypeVar("Found")


def infested(value: Found, word: str) -> Found:
    """The same with that word behind every text in it; kinds and outcomes are words of ours, and no texts."""
    made: Any = value
    if isinstance(value, msgspec.Struct):
        fields = {name: infested(getattr(value, name), word) for name in value.__struct_fields__}
        made = msgspec.structs.replace(value, **fields)
    elif type(value) is str:
        made = f"{value}{word}"
    elif isinstance(made, tuple):
        made = tuple(infested(one, word) for one in made)
    elif isinstance(made, dict):
        made = {key: infested(one, word) for key, one in made.items()}
    return made  # type: ignore[no-any-return]


def raw(text: str) -> str:
    """What of the text a terminal would obey, with what stands around; empty when it is none."""
    found = OBEYED.search(text) or HEAP.search(text)
    return "" if found is None else repr(text[max(0, found.start() - 30) : found.end() + 10])
