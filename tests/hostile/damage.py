"""Ways to damage what lies on a disk or comes over a wire, each drawn by a seed."""

import json
from copy import deepcopy
from random import Random
from typing import Any

LEAVES: tuple[Any, ...] = (
    *(None, True, -1, 0, 2**63, 2**70, 1e308, float("inf"), "", "sf", "sf_x; DROP", "../../etc/passwd", "9" * 5000),
    *("\x1b]52;c;aGk=\x07", "\n# x", "=cmd|' /C calc'!A0", "\u202e\u200b", "a\u0301" * 100, [], {}, [[[[]]]], {"a": 1}),
)


def damaged(content: bytes, draws: Random) -> bytes:
    """The bytes with one flipped, cut off, replaced, doubled or gone."""
    made = bytearray(content)
    at = draws.randrange(len(made) + 1)
    match draws.randrange(5):
        case 0 if made:
            made[draws.randrange(len(made))] ^= 1 << draws.randrange(8)
        case 1:
            del made[at:]
        case 2:
            made[at : at + draws.randrange(50)] = draws.randbytes(draws.randrange(50))
        case 3:
            other = draws.randrange(len(content) + 1)
            made[at:at] = content[other : other + draws.randrange(3000)]
        case _:
            del made[at : at + draws.randrange(300)]
    return bytes(made)


def bent(content: bytes, draws: Random) -> bytes:
    """A JSON document, or one line of several, with a value in it that is another one, or gone."""
    lines = content.splitlines(keepends=True) if content.count(b'\n{"type"') else [content]
    at = draws.randrange(len(lines))
    document = json.loads(lines[at])
    for _ in range(draws.randrange(1, 4)):
        _bend(document, draws)
    lines[at] = json.dumps(document).encode() + (b"\n" if len(lines) > 1 else b"")
    return b"".join(lines)


def _bend(document: Any, draws: Random) -> None:
    place = document
    while isinstance(place, dict | list) and place:
        key = draws.choice(list(place) if isinstance(place, dict) else range(len(place)))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or draws.random() < 0.15:
            if isinstance(place, dict) and draws.random() < 0.1:
                del place[key]
            else:
                # A copy: one that is bent itself the next time would be a part of itself.
                place[key] = deepcopy(draws.choice(LEAVES))
            return
        place = inner


DEEP = (b"[" * 200_000, b'{"a":' * 100_000, b"\x91" * 200_000, b"\x81\xa1a" * 100_000)
"""Nested beyond what any reader can follow: JSON and msgpack."""
