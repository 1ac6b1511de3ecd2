"""What runs must have in common before a difference between them means anything. Pure."""

from collections.abc import Mapping

import msgspec

from engine.model.client_floor import ClientFloor
from engine.model.comparison import Difference

IMPORT = "import"
REPORTS = "reports"
"""The class of target of an import: where its bookings were made is not known."""
FLOOR_MOVED = 1.5
"""A client whose empty answer costs so many times more, or less, is another client."""

_SHARED = ("run", "allocator", "flags", "observe")
_BY_PLAN = {"fill": ("fill",), "assign": ("assign",), "create": ("create", "fill"), "burst": ("burst", "fill")}
_NO_MATTER = frozenset({
    # Told better elsewhere: the class of the target, the data set and the day that were really used.
    "run.target", "run.data", "run.date",
    "run.name",
})  # fmt: skip
_SAME_BOOKINGS = ("seed", "data", "day", "plan", "target")
_RECORDED = ("seed", "data", "schema", "postgres", "slotfill")
"""What must be recorded of both before a cause is named."""
_WORDS = {
    "slotfill": "version of the tool",
    "python": "version of Python",
    "system": "client's system",
    "postgres": "version of the server",
    "schema": "schema",
    "data": "data set",
    "run.seed": "seed",
}


class Facts(msgspec.Struct, frozen=True):
    """What a run's manifest says of it, as far as it matters here."""

    run_id: str
    plan: str
    target: str
    """Class of the target: embedded, postgres, api, reports."""
    place: str = ""
    """Which one, where there are several of a class."""
    database: str = ""
    name: str = ""
    started_at: str = ""
    day: str = ""
    continues: str = ""
    settings: Mapping[str, str] = {}
    fingerprint: Mapping[str, str] = {}
    adaptations: tuple[str, ...] = ()
    client_floor: ClientFloor | None = None
    violations: int | None = None
    """New rows of broken promises; None where nobody checked."""


def traits(facts: Facts, concurrencies: tuple[int, ...] = (), changed: tuple[str, ...] = ()) -> dict[str, str]:
    """Everything recorded that could make the run come out otherwise, by name."""
    is_import = facts.plan == IMPORT
    found = {"plan": facts.plan, "target": facts.target, "day": facts.day}
    if facts.place:
        found["where"] = facts.place
    if not is_import:
        sections = (*_SHARED, *_BY_PLAN.get(facts.plan, ()), *(("api",) if facts.target.endswith("api") else ()))
        found |= {
            _WORDS.get(key, key): value
            for key, value in facts.settings.items()
            if key.partition(".")[0] in sections and key not in _NO_MATTER
        }
        found |= {_WORDS.get(key, key): value for key, value in facts.fingerprint.items()}
        found["adaptations"] = "; ".join(facts.adaptations)
        found["goes on with"] = facts.continues
    # Which version read the reports does not matter: it did not make the run.
    if (len(concurrencies) > 1 and not changed) or (is_import and concurrencies):
        found["run.concurrency"] = ", ".join(map(str, concurrencies))
    if changed:
        found["changed while it ran"] = "; ".join(changed)
    return {name: " ".join(value.split()) for name, value in found.items()}


def differences(
    first: Mapping[str, str], other: Mapping[str, str], floors: tuple[ClientFloor | None, ...] = ()
) -> tuple[Difference, ...]:
    """Traits recorded of both that are not alike; a change while it ran counts where one alone has it."""
    found = [
        Difference(name, first.get(name, ""), other.get(name, ""))
        for name in dict.fromkeys((*first, *other))
        if first.get(name) != other.get(name) and ((name in first and name in other) or name == "changed while it ran")
    ]
    p50s = [one.p50_ns for one in floors if one is not None]
    if len(p50s) == 2 and max(p50s) > FLOOR_MOVED * max(1, min(p50s)):
        found.append(Difference("client floor", *(f"{p50 / 1e6:.2f} ms" for p50 in p50s)))
    return tuple(found)


def unrecorded(first: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, ...]:
    """What should be known of both and is not."""
    return tuple(word for key in _RECORDED if (word := _WORDS.get(key, key)) not in first or word not in other)


def same_bookings(found: tuple[Difference, ...], missing: tuple[str, ...]) -> bool:
    """Whether seed, data set, day, plan and target agree, so that both were asked for the same bookings."""
    unlike = {one.name for one in found} | set(missing)
    return not unlike & {_WORDS.get(name, name) for name in _SAME_BOOKINGS}
