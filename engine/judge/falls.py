"""The success waterfall in sentences whose every number has its evidence. Pure."""

from collections.abc import Iterator

from engine.judge.evidence import Ref, derived, result
from engine.judge.replay import MOST_REGRETS
from engine.judge.signs import Case
from engine.model.waterfall import STEPS, Loss, Waterfall

_STEPS = ("demand", "bound", "alone", "placed", "acknowledged", "persisted")
_LOST = {
    Loss.INVENTORY: "to the inventory",
    Loss.ALLOCATOR: "to the allocator",
    Loss.CONTENTION: "to contention",
    Loss.COMMIT: "at COMMIT",
    Loss.AFTER: "after the acknowledgement",
}


def told(case: Case) -> Iterator[str]:
    """What was possible and what became of it; nothing of a run without a waterfall."""
    found = case.result.waterfall
    if found is None:
        return
    yield _way(case, found)
    losses = [f"{case.book(_between(loss))} {_LOST[loss]}" for loss in STEPS if loss.value in found.losses]
    if Loss.UNTOLD in found.losses:
        both = derived("more", _at("demand"), _at("alone"))
        losses.insert(0, f"{case.book(both)} to the inventory or the allocator, which only a bound would tell apart")
    if losses:
        yield f"net of what the next step has more: {', '.join(losses)}"
    if found.bound is not None:
        yield from _beside(case, found)
    yield from (f"`{one}`" for one in found.missing)


def _way(case: Case, found: Waterfall) -> str:
    cite = case.book
    parts = [f"{cite(_at('demand'))} bookings were asked for{f' (`{found.over}`)' if found.over else ''}"]
    if found.bound is not None:
        is_proven = all(one.optimum is not None and one.optimum.is_proven for one in found.houses)
        parts.append(f"{cite(_at('bound'))} could be seated at most ({'proven' if is_proven else 'an upper bound'})")
    if found.alone is not None:
        parts.append(f"the same allocator with one worker seats {cite(_at('alone'))}")
    parts.append(f"at concurrency {cite(_at('workers'))} {cite(_at('placed'))} came to their COMMIT")
    parts.append(f"{cite(_at('acknowledged'))} were acknowledged")
    if found.persisted is not None:
        share = f", {cite(derived('ratio', _at('persisted'), _at('bound')), '%')} of what was possible"
        parts.append(f"{cite(_at('persisted'))} persisted{share if found.bound else ''}")
    return "; ".join(parts)


def _beside(case: Case, found: Waterfall) -> Iterator[str]:
    """Waste, and who was refused though there was room."""
    cite, houses = case.book, "/waterfall/houses/*/optimum"
    waste = f"{cite(result(f'{houses}/waste'))} seats stayed empty beside those that were seated"
    if all(one.optimum is not None and one.optimum.optimal_waste is not None for one in found.houses):
        waste += f", and at the bound {cite(result(f'{houses}/optimal_waste'))} would at the least"
    yield waste
    regrets = [len(one.optimum.regrets) for one in found.houses if one.optimum is not None]
    if any(regrets):
        least = "at least " if MOST_REGRETS in regrets else ""
        yield (
            f"{least}{cite(result(f'{houses}/regrets'))} refused ones would have fitted, at once or with one other "
            "moved: the waterfall's regrets name them and their tables"
        )


def _at(step: str) -> Ref:
    return result(f"/waterfall/{step}")


def _between(loss: Loss) -> Ref:
    place = STEPS.index(loss)
    return derived("more", _at(_STEPS[place]), _at(_STEPS[place + 1]))
