"""The success waterfall of a run's folder: what it is computed over, computed anew, and on the page."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from engine.judge.demand import demands
from engine.judge.inventory import Bounded
from engine.judge.waterfall import GONE, Ground, Said, waterfall
from engine.model.event import AttemptEnded
from engine.model.house_optimum import Regret
from engine.model.ledger import Ledger
from engine.model.report import Result
from engine.model.waterfall import STEPS, HouseFall, Loss, Waterfall
from engine.records.journal import read
from engine.records.reading import content
from engine.records.tables import markdown
from engine.records.writer import write_json

INVENTORY = "inventory.json"
PLANS = ("assign", "create", "fill")
"""Of which a bound makes sense: a burst has its own, and the rounds of a sweep are all different."""
_MOST_LOST = 100
_HOW = (
    "Bookings, from what was asked for to what stayed. {bound} `alone` is the run's own allocator with one worker, "
    "replayed over the same bookings in the plan's order. A booking is lost once, at the first step it did not pass; a "
    "number below 0 says that the later step has more. `slotfill optimum` adds what each rule costs.\n"
)
_EXACT = "The bound is exact: no assignment of tables under these rules seats more."
_NONE = "There is no bound; what stands below the tables tells why."
_FROM_ABOVE = (
    "The bound is one from above: no assignment of tables under these rules seats more, and in the time there was none "
    "was found that seats as many."
)


def attempted(folder: Path) -> frozenset[UUID]:
    """Bookings of the run, in whichever pass they were tried: nothing of theirs was taken before it."""
    return frozenset(event.booking_id for event in read(folder) if isinstance(event, AttemptEnded))


def keep_ground(folder: Path, ground: Ground) -> None:
    """Write what a waterfall of the run is computed over. Raises RecordsFailed."""
    write_json(folder / INVENTORY, ground)


def ground_of(folder: Path) -> Ground | None:
    """That of a run's folder; None where there is none that can be read."""
    try:
        return msgspec.json.decode(content(folder / INVENTORY), type=Ground)
    except (OSError, ValueError, RecursionError):
        return None


def fell(folder: Path, ground: Ground, result: Result, known: Mapping[str, Bounded] | None = None) -> Waterfall | None:
    """The waterfall, from the journal and the ledger; None where nothing was attempted. Raises RecordsDamaged.

    `known` are bounds that were found already, by restaurant.
    """
    kept = result.ledger
    lost = [story.booking_id for story in kept.stories if story.entry in GONE]
    fails_hard = any(rules.fails_hard for rules in ground.planning.values())
    shares = demands(read(folder), ground.floors, lost, fails_hard=fails_hard)
    if not shares:
        return None
    repeats = max((one.repeat for one in result.passes), default=1)
    workers = int(result.settings.get("run.concurrency", "1"))
    return waterfall(ground, shares, Said(kept, _is_read(kept, result), workers, repeats, repeats), known)


def _is_read(kept: Ledger, result: Result) -> bool:
    told = kept.lost + kept.torn + kept.altered
    return result.persisted is not None and not kept.unverified and told <= len(kept.stories)


def is_proven(found: Waterfall) -> bool:
    """Whether its bound is reached by an assignment; else the solver ran out of time, and with more it may say less."""
    return all(one.optimum is None or one.optimum.is_proven for one in found.houses)


def waterfall_parts(result: Result) -> Iterator[str]:
    """Parts of the report; none where there is no waterfall."""
    found = result.waterfall
    if found is None:
        return
    yield "## Success waterfall\n"
    how = _HOW.format(bound=_NONE if found.bound is None else _EXACT if is_proven(found) else _FROM_ABOVE)
    yield f"{how}Rules: {found.rules}.{f' It is {found.over}.' if found.over else ''}\n"
    yield markdown(
        ("", "asked for", "bound", "alone", f"at {found.workers} workers", "acknowledged", "persisted"),
        [
            *((one.restaurant, *_steps(one)) for one in found.houses if len(found.houses) > 1),
            ("all", *_steps(found)),
        ],
    )
    if any(found.losses.values()):
        yield markdown(("lost to", "bookings, net"), found.losses.items())
    if found.missing:
        yield "".join(f"- {one}\n" for one in found.missing)
    lost = [one for house in found.houses for one in house.lost]
    if lost:
        yield markdown(
            ("booking", "party", "start, UTC", "lost to", "why"),
            (
                (
                    one.booking[:8],
                    one.party,
                    f"{one.start:%Y-%m-%d %H:%M}" if one.start else "-",
                    one.loss.value,
                    one.why,
                )
                for one in lost[:_MOST_LOST]
            ),
        )
        if len(lost) > _MOST_LOST:
            yield f"{len(lost) - _MOST_LOST} more are in result.json.\n"
    found_regrets = [one for house in found.houses if house.optimum is not None for one in house.optimum.regrets]
    if found_regrets:
        yield "Refused, though there was room at once or by moving one other, each by itself:\n"
        yield "".join(f"- {regret(one)}\n" for one in found_regrets)


def regret(one: Regret) -> str:
    """One booking that would have fitted, in a line."""
    who = f"{one.booking[:8]} party {one.party} {one.start:%Y-%m-%d %H:%M} UTC"
    moved = f"{one.moved[:8]} had moved from {'+'.join(one.moved_from)} to {'+'.join(one.moved_to)}"
    return f"{who} would have fitted at {'+'.join(one.tables)}{f' if {moved}' if one.moved else ''}"


def waterfall_lines(found: Waterfall) -> Iterator[str]:
    """It for people at a terminal: a line a step, with what was lost before it."""
    steps = ("asked for", "could be seated", "alone", f"at {found.workers} workers", "acknowledged", "persisted")
    before = ("", *(loss.value for loss in STEPS))
    for name, count, loss in zip(steps, _steps(found), before, strict=True):
        if loss == Loss.ALLOCATOR and Loss.UNTOLD in found.losses:
            loss = Loss.UNTOLD.value  # noqa: PLW2901 - the two steps before are one
        lost = found.losses.get(loss, 0)
        said = "" if not lost else f"  {-lost:+d} {loss}"
        yield f"  {name:<16} {count:>5}{said}"
    yield from (f"  {one}" for one in found.missing)


def _steps(one: Waterfall | HouseFall) -> Sequence[str]:
    counts = (one.demand, one.bound, one.alone, one.placed, one.acknowledged, one.persisted)
    return tuple("-" if count is None else str(count) for count in counts)
