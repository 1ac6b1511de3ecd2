"""Several runs of one kind as one arm: each is a repeat, or several, of the same experiment. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from engine.judge import telling
from engine.judge.bookings import Taken
from engine.judge.fingerprints import differences
from engine.judge.subject import Subject
from engine.metrics.ledger import merged

_ARM_NS = 10**18
"""Further apart than any run is long: repeats of different runs never mix in order of time."""


def arm(subjects: Sequence[Subject]) -> Subject:
    """These runs as one; what they are unlike in is a reason to conclude nothing."""
    first = subjects[0]
    if len(subjects) == 1:
        return first
    asked, before = [], 0
    for place, one in enumerate(subjects):
        asked += [
            msgspec.structs.replace(each, repeat=each.repeat + before, began_ns=each.began_ns + place * _ARM_NS)
            for each in one.taken.asked
        ]
        before += one.repeats
    refusals = [text for one in subjects for text in one.refusals]
    for other in subjects[1:]:
        unlike = differences(first.traits, other.traits, (first.facts.client_floor, other.facts.client_floor))
        if unlike:
            refusals.append(
                f"runs {first.facts.run_id} and {other.facts.run_id} are of one arm and differ: "
                f"{telling.differ(unlike)}"
            )
    known = [one.facts.violations for one in subjects]
    facts = msgspec.structs.replace(
        first.facts,
        run_id=" ".join(one.facts.run_id for one in subjects),
        name=first.facts.name,
        violations=None if None in known else sum(count for count in known if count is not None),
    )
    return msgspec.structs.replace(
        first,
        facts=facts,
        taken=Taken(
            tuple(asked),
            tuple(dict.fromkeys(workers for one in subjects for workers in one.taken.concurrencies)),
            tuple(text for one in subjects for text in one.taken.changed),
            sum(one.taken.unsure for one in subjects),
        ),
        ledger=merged([one.ledger for one in subjects]),
        refusals=tuple(dict.fromkeys(refusals)),
        alerts=tuple(dict.fromkeys(text for one in subjects for text in one.alerts)),
        knows_persisted=all(one.knows_persisted for one in subjects),
        fills_per_s=_mean([value for one in subjects for value in one.fills]),
        fills=tuple(value for one in subjects for value in one.fills),
        passes=(),
        levels=(),
    )


def by_setting(subjects: Sequence[Subject], key: str) -> list[Subject]:
    """Arms of the runs that have the same value of a setting; the first run's arm comes first."""
    groups: dict[str, list[Subject]] = {}
    for one in subjects:
        groups.setdefault(one.traits.get(key, ""), []).append(_without(one, key))
    return [_with(arm(mine), key, value) for value, mine in groups.items()]


def _without(one: Subject, key: str) -> Subject:
    return msgspec.structs.replace(one, traits={name: value for name, value in one.traits.items() if name != key})


def _with(one: Subject, key: str, value: str) -> Subject:
    traits: Mapping[str, str] = {**one.traits, **({key: value} if value else {})}
    return msgspec.structs.replace(one, traits=traits)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
