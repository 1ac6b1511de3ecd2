"""Snapshots made small for the recording, and whole again from it."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from engine.metrics.series import LONGEST, SECOND_NS
from engine.model.paths_face import PathsFace
from engine.model.snapshot import EventLine, RunSnapshot

KEPT = 10
"""Seconds of each series in a frame: what ends late changes the bucket it belongs to, and seldom later than this."""
EVENTS = 200

Bucket = TypeVar("Bucket")


def second_of(snapshot: RunSnapshot) -> int:
    """The second of the run a snapshot was taken in; its series end there."""
    return snapshot.run.elapsed_ns // SECOND_NS


def trim(snapshot: RunSnapshot, before: RunSnapshot | None) -> RunSnapshot:
    """The snapshot with what the frame before it does not tell."""
    kept = KEPT if before is None else max(KEPT, second_of(snapshot) - second_of(before) + 1)
    return msgspec.structs.replace(
        snapshot,
        steps=tuple(msgspec.structs.replace(step, series=step.series[-kept:]) for step in snapshot.steps),
        outcomes=tuple(
            msgspec.structs.replace(outcome, series=outcome.series[-kept:]) for outcome in snapshot.outcomes
        ),
        fills=snapshot.fills[-kept:],
        conflicts=msgspec.structs.replace(snapshot.conflicts, series=snapshot.conflicts.series[-kept:]),
        paths=_trimmed(snapshot.paths, kept),
        events=snapshot.events if before is None else _new(snapshot.events, before.events),
    )


def join(snapshot: RunSnapshot, before: RunSnapshot | None) -> RunSnapshot:
    """A trimmed snapshot with what the whole one before it told."""
    if before is None:
        return snapshot
    passed = second_of(snapshot) - second_of(before)
    told = series_of(before)

    def longer(name: str, tail: Sequence[int | None]) -> Any:
        return _longer(told.get(name, ()), tuple(tail), passed)

    return msgspec.structs.replace(with_series(snapshot, longer), events=(*before.events, *snapshot.events)[-EVENTS:])


def series_of(look: Any) -> dict[str, tuple[int | None, ...]]:
    """Every series of a snapshot, or of what was read of one, by a name of its own; all end in its second."""
    return {
        "fills": look.fills,
        "conflicts": look.conflicts.series,
        "planner": look.paths.planner.series,
        "in_flight": look.paths.in_flight_series,
        "waste": look.paths.waste_series,
        "backlog": look.paths.backlog_series,
        **{f"step {one.step}": one.series for one in look.steps},
        **{f"outcome {one.outcome}": one.series for one in look.outcomes},
    }


def blank_of(name: str) -> int | None:
    """What a series of that name has in a second in which nothing was told."""
    return None if name in ("planner", "waste") or name.startswith("step ") else 0


def with_series(snapshot: RunSnapshot, longer: Callable[[str, Sequence[int | None]], Any]) -> RunSnapshot:
    """The snapshot with other series; `longer` is given each one's name and values."""
    replace = msgspec.structs.replace
    paths, fills = snapshot.paths, longer("fills", snapshot.fills)
    # What was first seen just now has nothing in the frames before: it was blank for as long as the others are.
    length = len(fills)
    return replace(
        snapshot,
        fills=fills,
        conflicts=replace(snapshot.conflicts, series=longer("conflicts", snapshot.conflicts.series)),
        paths=replace(
            paths,
            planner=replace(paths.planner, series=longer("planner", paths.planner.series)),
            in_flight_series=longer("in_flight", paths.in_flight_series),
            waste_series=longer("waste", paths.waste_series),
            backlog_series=longer("backlog", paths.backlog_series),
        ),
        steps=tuple(
            replace(one, series=_filled_up(longer(f"step {one.step}", one.series), None, length))
            for one in snapshot.steps
        ),
        outcomes=tuple(
            replace(one, series=_filled_up(longer(f"outcome {one.outcome}", one.series), 0, length))
            for one in snapshot.outcomes
        ),
    )


def _trimmed(paths: PathsFace, kept: int) -> PathsFace:
    return msgspec.structs.replace(
        paths,
        planner=msgspec.structs.replace(paths.planner, series=paths.planner.series[-kept:]),
        in_flight_series=paths.in_flight_series[-kept:],
        waste_series=paths.waste_series[-kept:],
        backlog_series=paths.backlog_series[-kept:],
    )


def _longer(before: tuple[Bucket, ...], tail: tuple[Bucket, ...], passed: int) -> tuple[Bucket, ...]:
    """What was known before the tail begins, and the tail; the frame before ended `passed` seconds earlier."""
    known = before[: max(0, len(before) + passed - len(tail))]
    return (*known, *tail)[-LONGEST:]


def _filled_up(series: tuple[Bucket, ...], blank: Bucket, length: int) -> tuple[Bucket, ...]:
    return (*[blank] * (length - len(series)), *series)


def _new(events: tuple[EventLine, ...], before: tuple[EventLine, ...]) -> tuple[EventLine, ...]:
    if not before:
        return events
    for place in range(len(events) - 1, -1, -1):
        # The last line alone may be said twice; with the one before it, it is the same place.
        if events[place] == before[-1] and (place == 0 or len(before) < 2 or events[place - 1] == before[-2]):
            return events[place + 1 :]
    return events
