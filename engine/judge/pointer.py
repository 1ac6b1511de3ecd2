"""Pointers into a JSON document: JSON pointers, with `*` for every entry and `{key=value}` for those that have it.

In braces several conditions are joined by `&`, several values by `|`, and a value may have `*` and `?` in it.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

Json = object
"""What JSON can hold."""


def resolve(document: Json, pointer: str) -> list[Json]:
    """Everything that the pointer names, in the document's order; none where it names nothing."""
    found = [document]
    for part in pointer.split("/")[1:]:
        found = [inner for one in found for inner in _step(one, part)]
    return found


def numbers(document: Json, pointer: str) -> list[float]:
    """The numbers that the pointer names; what is no number is left out, and a list counts as its length."""
    return [
        float(len(one)) if isinstance(one, list | tuple) else float(one)
        for one in resolve(document, pointer)
        if isinstance(one, int | float | list | tuple)
    ]


def _step(one: Json, part: str) -> Iterator[Json]:
    if isinstance(one, dict):
        if part == "*":
            yield from one.values()
        elif part in one:
            yield one[part]
    elif isinstance(one, list | tuple):
        if part == "*":
            yield from one
        elif part.startswith("{"):
            wanted = [
                (key, values.split("|")) for key, _, values in (one.partition("=") for one in part[1:-1].split("&"))
            ]
            yield from (entry for entry in one if isinstance(entry, dict) and _fits(entry, wanted))
        elif part.isdecimal() and int(part) < len(one):
            yield one[int(part)]


def _fits(entry: dict[str, Json], wanted: list[tuple[str, list[str]]]) -> bool:
    return all(any(fnmatchcase(str(entry.get(key, "")), value) for value in values) for key, values in wanted)
