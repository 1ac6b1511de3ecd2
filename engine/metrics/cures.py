"""What would clear contention, by rule, and which of the next turns meet something that was left behind: pure."""

from collections.abc import Iterable, Mapping, Sequence

from engine.metrics.ranking import BUCKETS, Ranking
from engine.model.ranking_face import Cure, Forecast
from engine.model.sample import Sample
from engine.model.snapshot import SlotFace

LOOKED_AT = 40
"""So many of the next turns a forecast is about."""
_WHILE_PAUSED = "while paused"


def cures(ranking: Ranking, sample: Sample | None, settings: Mapping[str, str], now_ns: int) -> tuple[Cure, ...]:
    """Each cure with the count that it would free, most first; none for what nobody met."""
    found: list[Cure] = []
    if sample is not None:
        found.append(Cure(sample.zone_locked_count, "bookings locked to a zone", ":repair zone-locks", _WHILE_PAUSED))
        found.append(Cure(sample.stale_count, "stale holds", ":repair holds", _WHILE_PAUSED))
    ours = _lately(ranking.by_ours.until(now_ns))
    spread = settings.get("spread")
    if spread == "false":
        found.append(Cure(ours, "conflicts by equal plans", ":set spread=true"))
    elif spread is None:
        found.append(Cure(ours, "conflicts by equal plans", "--set allocator.spread=true", "next run"))
    else:
        found.append(Cure(ours, "conflicts among our workers", ":fewer"))
    allocations = _lately(ranking.by_allocation.until(now_ns))
    found.append(Cure(allocations, "overlaps with stale allocations", ":repair allocations", _WHILE_PAUSED))
    stale = sum(len(hold.tables) for hold in sample.stale_holds) if sample is not None else 0
    if not stale:
        strangers = _lately(ranking.by_strangers.until(now_ns))
        found.append(Cure(strangers, "hold conflicts with what is not ours", ""))
    return tuple(sorted((cure for cure in found if cure.count), key=lambda cure: -cure.count))


def forecast(slots: Iterable[SlotFace], sample: Sample | None) -> Forecast:
    """Of the next turns that nobody has begun, those that something waits for that was left behind."""
    if sample is None:
        return Forecast()
    locked = {one.booking for one in sample.zone_locked}
    ahead = [slot for slot in slots if slot.end is None and not slot.workers and not slot.attempts][:LOOKED_AT]
    zone_lock = stale_hold = 0
    for slot in ahead:
        if slot.booking and slot.booking in locked:
            zone_lock += 1
        elif any(hold.covers(slot.restaurant, slot.day, slot.slot) for hold in sample.stale_holds):
            stale_hold += 1
    return Forecast(len(ahead), zone_lock, stale_hold)


def _lately(trend: Sequence[int]) -> int:
    """Of the last minute."""
    return sum(trend[BUCKETS // 2 :])
