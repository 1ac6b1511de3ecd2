"""How a run exits and why: its code with the ledger, the checks, the sweep and the rate taken in, one by one. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from engine.exit_code import ExitCode
from engine.judge.sweep import CPU_FULL
from engine.model.ledger import Entry, Ledger
from engine.model.levels import Sweep
from engine.records.result import Persisted

BEHIND_S = 1.0
"""Who begins later than this after the due moment has lost the pace, and not only a moment."""


class Held(msgspec.Struct, frozen=True):
    """Claims against what is there."""

    persisted: Persisted | None
    """This run's confirmed bookings that have tables; None when that could not be read."""
    ledger: Ledger = Ledger()
    trouble: str = ""
    """Why the database could not be read."""


def judged(held: Held, code: ExitCode, reason: str) -> tuple[ExitCode, str]:
    """The exit code with the ledger taken in; a worse one of before stays."""
    if code not in (ExitCode.PASSED, ExitCode.STOPPED):
        return code, reason
    kept = held.ledger
    unread = "" if held.persisted is not None else f"what the database holds could not be read: {held.trouble}"
    bad = {"lost": kept.lost, "torn": kept.torn, "altered": kept.altered, "duplicate": kept.duplicate}
    if any(bad.values()):
        counts = ", ".join(f"{count} {word}" for word, count in bad.items() if count)
        told = [story for story in kept.stories if story.entry is not Entry.UNRESOLVED]
        names = ", ".join(str(story.booking_id) for story in told[:3])
        causes = dict.fromkeys(story.cause for story in told)
        why = f"; likeliest: {next(iter(causes))}" if causes else ""
        beside = f"; beside that, {unread}" if unread else ""
        named = f": {names}" if names else ""
        return ExitCode.LOST, f"{counts} of {kept.acknowledged} acknowledged{named}{why}{beside}"
    if unread:
        return ExitCode.INCONCLUSIVE, unread
    if kept.unresolved:
        return ExitCode.INCONCLUSIVE, f"{kept.unresolved} attempts ended unknown: they may or may not have been booked"
    if kept.phantom:
        return ExitCode.LOST, f"{kept.phantom} bookings are confirmed that nobody was told of"
    if kept.unverified or not kept.balanced:
        return ExitCode.INCONCLUSIVE, f"the ledger does not close: {kept.equation}"
    return code, reason


def checked(grew: Mapping[str, int], files: Sequence[str], code: ExitCode, reason: str) -> tuple[ExitCode, str]:
    """The exit code with the integrity checks taken in: what was broken before the run is not held against it.

    `files` have the rows.
    """
    if not grew or code not in (ExitCode.PASSED, ExitCode.STOPPED, ExitCode.INCONCLUSIVE):
        return code, reason
    names = ", ".join(f"{name} {more}" for name, more in grew.items())
    where = f"{', '.join(files)} {'names' if len(files) == 1 else 'name'} the rows"
    return ExitCode.LOST, f"integrity is broken since the run began: {names}; {where}"


def inconclusive(sweep: Sweep | None, code: ExitCode, reason: str) -> tuple[ExitCode, str]:
    """The exit code with a sweep taken in: what its levels do not carry is no answer."""
    if sweep is None or code is not ExitCode.PASSED:
        return code, reason
    if sweep.refusals:
        return ExitCode.INCONCLUSIVE, f"no estimate of how it scales: {sweep.refusals[0]}"
    if sweep.limited_at_most:
        return ExitCode.INCONCLUSIVE, f"the generator was the limit at {sweep.generator_limited[-1]}"
    return code, reason


def paced(rate: float | None, late_ns: int, busiest: float, code: ExitCode, reason: str) -> tuple[ExitCode, str]:
    """The exit code with the rate taken in: where the engine could not keep it, its figures are of another load.

    `late_ns` is how late the last attempt began, `busiest` what the engine took of its one core. Falling behind with
    a core that is not used up is the platform's doing, or for want of workers, and a result like any other.
    """
    late_s = late_ns / 1e9
    if rate is None or code is not ExitCode.PASSED or late_s <= BEHIND_S or busiest <= CPU_FULL:
        return code, reason
    told = f"the last attempt began {late_s:.1f} s after it was due, and the engine took {busiest:.0%} of its one core"
    return ExitCode.INCONCLUSIVE, f"the generator was the limit at {rate:g} attempts a second: {told}; ask for fewer"
