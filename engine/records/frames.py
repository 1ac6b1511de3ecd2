"""Snapshots made small for the recording, and whole again from it."""

from typing import TypeVar

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
    steps = {step.step: step.series for step in before.steps}
    outcomes = {outcome.outcome: outcome.series for outcome in before.outcomes}
    fills = _longer(before.fills, snapshot.fills, passed)
    conflicts = _longer(before.conflicts.series, snapshot.conflicts.series, passed)
    # What was first seen just now has nothing in the frames before: it was blank for as long as the others are.
    length = len(fills)
    return msgspec.structs.replace(
        snapshot,
        steps=tuple(
            msgspec.structs.replace(
                step, series=_filled_up(_longer(steps.get(step.step, ()), step.series, passed), None, length)
            )
            for step in snapshot.steps
        ),
        outcomes=tuple(
            msgspec.structs.replace(
                word, series=_filled_up(_longer(outcomes.get(word.outcome, ()), word.series, passed), 0, length)
            )
            for word in snapshot.outcomes
        ),
        fills=fills,
        conflicts=msgspec.structs.replace(snapshot.conflicts, series=conflicts),
        paths=_joined(snapshot.paths, before.paths, passed),
        events=(*before.events, *snapshot.events)[-EVENTS:],
    )


def _trimmed(paths: PathsFace, kept: int) -> PathsFace:
    return msgspec.structs.replace(
        paths,
        planner=msgspec.structs.replace(paths.planner, series=paths.planner.series[-kept:]),
        in_flight_series=paths.in_flight_series[-kept:],
        waste_series=paths.waste_series[-kept:],
        backlog_series=paths.backlog_series[-kept:],
    )


def _joined(paths: PathsFace, before: PathsFace, passed: int) -> PathsFace:
    planner = _longer(before.planner.series, paths.planner.series, passed)
    return msgspec.structs.replace(
        paths,
        planner=msgspec.structs.replace(paths.planner, series=planner),
        in_flight_series=_longer(before.in_flight_series, paths.in_flight_series, passed),
        waste_series=_longer(before.waste_series, paths.waste_series, passed),
        backlog_series=_longer(before.backlog_series, paths.backlog_series, passed),
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
