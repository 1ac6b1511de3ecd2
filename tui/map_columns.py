"""Which tables of the map are seen, how wide each is, and the lines above them."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.model.map_face import MapFace
from tui.lines import Ink, Line, Span, cut

LABEL = 8
"""Cells before the first column: the cursor and the slot."""
TOTALS = 11
"""Cells behind the last one: how many were given in the slot, and how often it was fought for."""


class Column(NamedTuple):
    """A table of the page in hand."""

    place: int
    """In the face."""
    number: str
    zone: str
    prefix: str
    """What all tables of its zone begin with; shown once, with the zone."""

    @property
    def short(self) -> str:
        """Its number without that."""
        return self.number[len(self.prefix) :]


class Seen(NamedTuple):
    """Which columns are seen, and how wide each is."""

    columns: tuple[Column, ...]
    first: int
    wide: int
    of: int


def heads_of(face: MapFace, page: int, width: int, number: str) -> tuple[list[Line], Seen]:
    """The lines above a page's slots, and which columns are below them."""
    house = face.pages[page].house
    seen = seen_of(columns_of(face, house), width, number)
    names: list[Span] = [Span(" " * LABEL)]
    wide = max((len(column.short) for column in seen.columns), default=0)
    across = wide < seen.wide
    numbers: list[list[Span]] = [[Span(" " * LABEL)] for _ in range(1 if across else min(wide, 2))]
    for zone, group in groups_of(seen.columns):
        room = len(group) * seen.wide
        short = group[0].prefix.strip("-_ ")
        # The whole name where there is room, with what its tables begin with; else that alone.
        title = next((one for one in (f"{zone} {group[0].prefix}", zone) if len(one) < room), short or zone)
        names.append(Span(f"{cut(title, max(1, room - 1)):<{room}} ", Ink.TITLE))
        for place, spans in enumerate(numbers):
            signs = [
                f"{column.short if across else column.short.rjust(2)[-2:][place - len(numbers)]:<{seen.wide}}"
                for column in group
            ]
            spans.append(Span("".join(signs) + " ", Ink.MUTED))
    if seen.of > len(seen.columns):
        names[0] = Span(f"  <{seen.first + 1}-{seen.first + len(seen.columns)}>"[:LABEL].ljust(LABEL), Ink.MUTED)
        numbers[0][0] = Span(f"  of {seen.of}"[:LABEL].ljust(LABEL), Ink.MUTED)
    return [Line(tuple(names)), *(Line(tuple(spans)) for spans in numbers)], seen


def columns_of(face: MapFace, house: int) -> tuple[Column, ...]:
    """Every table of a house."""
    of_zone: dict[int, list[str]] = {}
    for table in face.tables:
        if table.house == house:
            of_zone.setdefault(table.zone, []).append(table.number)
    prefixes = {zone: _prefix(numbers) for zone, numbers in of_zone.items()}
    return tuple(
        Column(place, table.number, face.zones[table.zone] or "-", prefixes[table.zone])
        for place, table in enumerate(face.tables)
        if table.house == house
    )


def _prefix(numbers: Sequence[str]) -> str:
    """What all of them begin with, digits left out; nothing for a lone one."""
    if len(numbers) < 2:
        return ""
    shared = numbers[0]
    for number in numbers[1:]:
        while not number.startswith(shared):
            shared = shared[:-1]
    return shared.rstrip("0123456789")


def groups_of(columns: Sequence[Column]) -> list[tuple[str, list[Column]]]:
    """Columns that stand side by side and are of one zone."""
    groups: list[tuple[str, list[Column]]] = []
    for column in columns:
        if not groups or groups[-1][0] != column.zone:
            groups.append((column.zone, []))
        groups[-1][1].append(column)
    return groups


def seen_of(columns: tuple[Column, ...], width: int, number: str) -> Seen:
    """All columns, as wide as there is room for; else as many of one cell as there is, the chosen one among them."""
    room = max(1, width - LABEL)
    gaps = len(groups_of(columns))
    for wide in (5, 4, 3, 2, 1):
        if len(columns) * wide + gaps + (TOTALS if wide > 1 else 0) <= room:
            return Seen(columns, 0, wide, len(columns))
    if len(columns) + gaps <= room:
        return Seen(columns, 0, 1, len(columns))
    at = next((place for place, column in enumerate(columns) if column.number == number), 0)
    shown = max(1, room - 1)
    first = min(max(0, at - shown // 2), max(0, len(columns) - 1))
    seen = columns[first : first + shown]
    while len(seen) > 1 and len(seen) + len(groups_of(seen)) > room:
        seen = seen[1:] if seen[0].number != number and at - first > len(seen) // 2 else seen[:-1]
        first = seen[0].place - columns[0].place
    return Seen(seen, first, 1, len(columns))
