"""What a setting means to a run that goes on, and what another value of it will do: a sentence each. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from engine.config import Settings
from engine.model.fault import FAULTS


class Moment(NamedTuple):
    """What of the run decides what a change does."""

    workers: int
    """Workers there are, the leaving ones left out."""
    untouched: int
    """Turns of the pass in hand in which nothing has begun."""
    had: tuple[int, ...]
    """Attempts begun in each other turn that is still open."""


MEANINGS = {
    "run.concurrency": "workers; more begin at once, fewer leave after the attempt in hand",
    "run.rate": "attempts a second, on schedule; empty for as fast as they end",
    "run.retries": "tries after a serialization, deadlock or lock-timeout refusal",
    "run.faults": "pathologies that are on, NAME or NAME=VALUE with commas between; slotfill faults lists them",
    "fill.stress_max": "bookings a slot is given at most",
    "fill.min_party": "smallest party, drawn anew where nothing has begun",
    "fill.max_party": "largest party, drawn anew where nothing has begun",
    "assign.sweep_holds": "true: between passes holds that are expired or leaked are deleted",
    "assign.clear_zone_locks": "true: between passes zone locks of pending bookings without tables are cleared",
}
"""What stands beside a setting that is not changed."""
DANGEROUS = ("run.faults", "assign.sweep_holds", "assign.clear_zone_locks")
"""Settings whose change touches rows that no attempt of the run made."""


def effect(key: str, old: Settings, new: Settings, moment: Moment) -> str:
    """What the change of that dotted setting will do; its meaning where the two values are equal."""
    tell = _EFFECTS.get(key)
    if tell is None:
        return MEANINGS.get(key, "")
    section, _, name = key.partition(".")
    same = getattr(getattr(old, section), name) == getattr(getattr(new, section), name)
    return MEANINGS[key] if same else tell(old, new, moment)


def _workers(old: Settings, new: Settings, moment: Moment) -> str:
    wanted = new.run.concurrency
    if wanted > moment.workers:
        return f"{_some(wanted - moment.workers, 'worker begins', 'workers begin')} at once"
    if wanted < moment.workers:
        return f"{_some(moment.workers - wanted, 'worker leaves', 'workers leave')} after the attempt in hand"
    return "as many as there are now"


def _rate(old: Settings, new: Settings, moment: Moment) -> str:
    if new.run.rate is None:
        return "no schedule from now on: a worker begins when its last attempt has ended"
    before = "at once" if old.run.rate is None else f"{old.run.rate:g} a second"
    return f"a new schedule from now on: {new.run.rate:g} attempts a second whatever the answers, till now {before}"


def _retries(old: Settings, new: Settings, moment: Moment) -> str:
    return f"from the next refusal on: up to {new.run.retries} more tries, each one recorded, with backoff"


def _stress(old: Settings, new: Settings, moment: Moment) -> str:
    most = new.fill.stress_max
    full = sum(begun >= most for begun in moment.had)
    ends = f"; {_some(full, 'slot ends, it has', 'slots end, they have')} had as many" if full else ""
    return f"every open slot, from its next attempt on{ends}"


def _party(old: Settings, new: Settings, moment: Moment) -> str:
    return (
        f"{_some(moment.untouched, 'slot', 'slots')} in which nothing has begun, from {new.fill.min_party} to "
        f"{new.fill.max_party}; the others keep their party"
    )


def _sweep(old: Settings, new: Settings, moment: Moment) -> str:
    if new.assign.sweep_holds:
        return "at each pass's end holds that are expired or leaked are DELETED, anybody's"
    return "no hold is swept at the next pass's end"


def _clear(old: Settings, new: Settings, moment: Moment) -> str:
    if new.assign.clear_zone_locks:
        return "at each pass's end zone locks of pending bookings without tables are CLEARED, anybody's"
    return "no zone lock is cleared at the next pass's end"


def _faults(old: Settings, new: Settings, moment: Moment) -> str:
    before = dict(_named(old))
    after = dict(_named(new))
    on = [f"{name} goes on: {FAULTS[name].symptom}" for name in after if name in FAULTS and name not in before]
    moved = [f"{name} gets another value" for name in after if name in before and before[name] != after[name]]
    off = [f"{name} goes off" for name in before if name not in after]
    return "; ".join([*on, *moved, *off]) or "the same faults stay on"


def _named(settings: Settings) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (fault.partition("=") for fault in settings.run.faults)]


def _some(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


_EFFECTS: dict[str, Callable[[Settings, Settings, Moment], str]] = {
    "run.concurrency": _workers,
    "run.rate": _rate,
    "run.retries": _retries,
    "run.faults": _faults,
    "fill.stress_max": _stress,
    "fill.min_party": _party,
    "fill.max_party": _party,
    "assign.sweep_holds": _sweep,
    "assign.clear_zone_locks": _clear,
}
