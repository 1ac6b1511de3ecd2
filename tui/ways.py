"""How bookings made through the API ended, in six ways that are told apart at a glance."""

from typing import NamedTuple

from engine.model.path import Path
from engine.model.paths_face import PathsFace
from tui.lines import Ink


class Way(NamedTuple):
    """One of the ends told apart at a glance: by sign and word first, by colour as well."""

    sign: str
    word: str
    ink: Ink
    paths: tuple[Path, ...]
    late: bool
    note: str


_CONFIRMED = tuple(path for path in Path if path.is_confirmed)
WAYS: tuple[Way, ...] = (
    Way("#", "inline", Ink.FILLED, _CONFIRMED[:2], False, ""),
    Way("b", "background", Ink.ACCENT, _CONFIRMED[2:], False, "confirmed by the job"),
    Way("L", "late", Ink.CONTENTION, _CONFIRMED, True, "timeout noted"),
    Way(
        "?",
        "timeout",
        Ink.FAULT,
        (Path.FAILED_INLINE_TIMEOUT, Path.FAILED_BACKGROUND_TIMEOUT),
        False,
        "not decided in time: may be there",
    ),
    Way(
        "x",
        "failed",
        Ink.CAPACITY,
        (Path.FAILED_INLINE_TERMINAL, Path.FAILED_BACKGROUND_TERMINAL),
        False,
        "for certain",
    ),
    Way("u", "unknown", Ink.UNKNOWN, (Path.FAILED_UNKNOWN,), False, "no answer: may be there"),
)
"""Each booking is in one of them; together they are all."""


def counts(face: PathsFace) -> tuple[int, ...]:
    """How many bookings each of `WAYS` has."""
    return tuple(
        sum(one.late if way.late else one.count - one.late for one in face.paths if one.path in way.paths)
        for way in WAYS
    )


def note_of(way: Way, face: PathsFace) -> str:
    """What a way's figure is made of."""
    by_path = {one.path: one for one in face.paths}
    if way.sign == "#":
        answer, asked = (by_path[path].count - by_path[path].late if path in by_path else 0 for path in way.paths)
        return f"{answer} in the answer, {asked} by asking"
    if way.late:
        job = by_path[Path.CONFIRMED_BACKGROUND].late if Path.CONFIRMED_BACKGROUND in by_path else 0
        return f"{way.note}: {face.late - job} inline, {job} background"
    if way.sign == "x":
        inline, job = (by_path[path].count if path in by_path else 0 for path in way.paths)
        return f"{way.note}: {inline} inline, {job} background"
    return way.note
