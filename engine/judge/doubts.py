"""Why there is no verdict, or no stronger one: what the run itself does not bear out. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from engine.judge.evidence import MANIFEST, RULES, Ref, derived, result, rule, samples
from engine.judge.limits import all_in_steps, at_client, levels_refusals
from engine.judge.signs import Case
from engine.model.client_floor import ClientFloor

MOST_LAG_MS = 25.0
MOST_LATE = 0.01
MOST_CPU = 0.60
MOST_WAITED = 0.5


def generator(case: Case, floor: ClientFloor | None, lengths: Mapping[str, Sequence[int]]) -> list[str]:
    """Why the generator, and not the platform, may have been the limit; empty when it was not."""
    found = []
    lag, cpu = case.journal("load lag"), case.journal("load cpu")
    tainted = derived("ratio", case.journal("load tainted"), case.journal("attempts"))
    if case.total(lag) > MOST_LAG_MS * 1e6:
        found.append(f"the engine's own loop was late by {case.book(lag, 'ns')} (p99)")
    if case.total(case.journal("load tainted")) and case.total(tainted) > MOST_LATE:
        found.append(f"a late loop fell into {case.book(tainted, '%')} of the attempts")
    if case.total(cpu) > MOST_CPU:
        found.append(f"it took {case.book(cpu, '%')} of a core")
    waited, seen = at_client(case), all_in_steps(case)
    if case.total(seen) >= RULES["fewest sightings"] and case.total(waited) > MOST_WAITED * case.total(seen):
        found.append(
            f"the server waited for the client in {case.book(derived('ratio', waited, seen), '%')} of sightings"
        )
    if floor is not None and lengths.get("submit"):
        p50 = samples("submit", "p50")
        if not floor.sees(int(case.total(p50))):
            empty = Ref(MANIFEST, "/client_floor/p50_ns")
            found.append(
                f"submit takes {case.book(p50, 'ns')} (p50), and an empty answer costs the client "
                f"{case.book(empty, 'ns')}"
            )
    return found


def ledger(case: Case) -> Iterable[str]:
    """Why what the run came to is not certain."""
    kept = case.result.ledger
    if not kept.balanced:
        attempts = case.book(result("/ledger/attempts"))
        yield f"the ledger does not balance: {attempts} attempts are not the sum of its entries"
    for word, why in (
        ("unresolved", "nobody knows whether they were booked"),
        ("unverified", "the database was not read for them"),
    ):
        ref = result(f"/ledger/{word}")
        if case.total(ref):
            yield f"{case.book(ref)} attempts are {word}: {why}"


def size(case: Case, unlike: tuple[str, ...]) -> Iterable[str]:
    """Why there is too little, or too unlike, to judge by."""
    attempts = result("/attempts")
    if case.result.state != "finished":
        yield f"the run is {case.result.state}, so not all of its plan was run"
    if case.total(attempts) < RULES["least attempts"]:
        yield f"{case.book(attempts)} attempts are too few: {case.book(rule('least attempts'))} are the least"
    lasted = result("/waits/*/seconds")
    if case.result.waits and case.total(lasted) < RULES["least seconds"]:
        yield (
            f"the crew was at work for {case.book(lasted, 's')}, which is warm-up: "
            f"{case.book(rule('least seconds'), 's')} are the least for what rests on times"
        )
    for one in unlike:
        yield f"its legs are not alike: `{one}`"
    yield from levels_refusals(case)
    if case.result.sweep is not None:
        limited = case.result.sweep.generator_limited
        if limited:
            yield f"of some levels the generator itself was the limit: `{'; '.join(limited)}`"
