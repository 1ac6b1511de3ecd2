"""Verdicts over planted figures: every grade, every refusal, and every number with its evidence."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.judge.evidence import RULES
from engine.judge.pointer import numbers, resolve
from engine.judge.proportions import wilson
from engine.judge.wait_kinds import kind_of
from engine.model.client_floor import ClientFloor
from engine.model.event import Event
from engine.model.ledger import Ledger
from engine.model.levels import Level
from engine.model.report import Result
from engine.model.verdict import Sureness, Verdict
from engine.model.waits import FEWEST, Blocker
from tests.judge.planted import (
    STEPS,
    attempts,
    experiment,
    judge,
    ledger,
    measured,
    named,
    refused,
    result,
    sweep,
    waits,
)  # fmt: skip

QUEUE = {("confirm", "Lock:advisory"): 300, ("submit", "CPU or unaccounted"): 80, ("hold", "client"): 60}
SLEEP = {("hold", "Timeout:PgSleep"): 300, ("submit", "CPU or unaccounted"): 80, ("hold", "client"): 60}
SLOW_HOLD = STEPS | {"hold": 30}
FORTY = {"filled": 40}


def queue(**more: Any) -> Verdict:
    found = result(FORTY, waits=[waits(QUEUE)], **more)
    return judge(found, attempts(FORTY))


def test_an_experiment_waits_and_fit_that_agree_prove_a_limit() -> None:
    found = queue(sweep=sweep(0.9), experiment=experiment("confirm", 0.95))
    claim = named(found)["slot-queue"]
    assert claim.grade is Sureness.PROVEN
    assert set(claim.kinds) == {"waits", "path", "fit", "experiment"}
    assert (claim.step, claim.resource) == ("confirm", "advisory lock of the slot's zone and hour")
    assert claim.would_refute
    assert claim.rivals
    assert found.summary == "proven: slot-queue at confirm"


def test_two_kinds_support_and_one_suggests() -> None:
    assert named(queue())["slot-queue"].grade is Sureness.SUPPORTED
    elsewhere = STEPS | {"submit": 50}
    alone = judge(result(FORTY, waits=[waits(QUEUE)]), attempts(FORTY, steps=elsewhere))
    assert named(alone)["slot-queue"].kinds == ("waits",)
    assert named(alone)["slot-queue"].grade is Sureness.SUGGESTIVE


def test_an_experiment_of_fewer_than_three_repeats_is_no_evidence() -> None:
    few = {step: msgspec.structs.replace(one, runs=2) for step, one in experiment("confirm", 0.95).items()}
    assert "experiment" not in named(queue(sweep=sweep(0.9), experiment=few))["slot-queue"].kinds


def test_a_step_that_sleeps_side_by_side_is_proven_by_a_fit_without_a_queue_and_a_delay_felt_by_each_alone() -> None:
    found = result(FORTY, waits=[waits(SLEEP)], sweep=sweep(0.06), experiment=experiment("hold", 0.15))
    claim = named(judge(found, attempts(FORTY, steps=SLOW_HOLD)))["slow-step"]
    assert claim.grade is Sureness.PROVEN
    assert claim.step == "hold"
    queued = result(FORTY, waits=[waits(SLEEP)], sweep=sweep(0.9), experiment=experiment("hold", 0.95))
    claim = named(judge(queued, attempts(FORTY, steps=SLOW_HOLD)))["slow-step"]
    assert set(claim.kinds) == {"waits", "path"}, "neither agrees with a sleep"


def test_a_fit_that_speaks_against_a_queue_is_no_evidence_for_it() -> None:
    assert "fit" not in named(queue(sweep=sweep(0.1)))["slot-queue"].kinds


def test_a_queue_is_not_held_up_by_the_log_that_its_holders_wait_for_and_each_of_two_locks_is_named() -> None:
    log = {("commit", "IO:WalSync"): 330, ("confirm", "Lock:advisory"): 100, ("submit", "Lock:advisory"): 200}
    found = named(judge(result(FORTY, waits=[waits(log)]), attempts(FORTY, steps=STEPS | {"submit": 50})))
    assert set(found) == {"slot-queue", "day-queue"}
    assert (found["day-queue"].step, found["day-queue"].resource) == ("submit", "advisory lock of the restaurant's day")
    assert found["day-queue"].grade is Sureness.SUPPORTED
    assert "66.7 %" in found["day-queue"].claim
    assert (found["slot-queue"].step, found["slot-queue"].grade) == ("confirm", Sureness.SUGGESTIVE)
    assert "33.3 %" in found["slot-queue"].claim
    ours = (Blocker("confirm", "Lock:advisory", "confirm", "w03", 60), Blocker("confirm", "Lock:advisory", "", "x", 9))
    told = judge(result(FORTY, waits=[waits(log, blockers=ours)]), attempts(FORTY, steps=STEPS | {"submit": 50}))
    assert named(told)["slot-queue"].kinds == ("waits", "blockers")
    assert named(told)["slot-queue"].grade is Sureness.SUPPORTED
    assert re.search(r"of 69 \[E\d+\] times .* in 87.0 % \[E\d+\]", named(told)["slot-queue"].claim)
    strangers = (Blocker("confirm", "Lock:advisory", "", "NOT OURS", 60),)
    told = judge(result(FORTY, waits=[waits(log, blockers=strangers)]))
    assert "blockers" not in named(told)["slot-queue"].kinds
    few = named(judge(result(FORTY, waits=[waits(log | {("confirm", "Lock:advisory"): 29})])))
    assert set(few) == {"day-queue"}, "a step with too few sightings is named for nothing"


def test_a_fit_over_too_few_levels_or_repeats_does_not_count_and_says_so() -> None:
    for few in (sweep(0.9, levels=4), sweep(0.9, repeats=2)):
        found = queue(sweep=few)
        assert "fit" not in named(found)["slot-queue"].kinds
        assert any("too few for a fit" in one for one in found.refusals)


def test_only_the_larger_levels_legs_are_looked_at_and_never_those_with_a_delay() -> None:
    levels = [Level(2, 1, 10, {}, legs=[1]), Level(8, 1, 10, {}, legs=[2])]
    delayed = waits(SLEEP)
    found = result(FORTY, waits=[delayed], sweep=sweep(0.9), levels=levels)
    assert not judge(found).claims


def test_a_clean_run_names_nothing() -> None:
    even = {(step, "CPU or unaccounted"): 20 for step in STEPS} | {
        ("commit", "IO:WalSync"): 60,
        ("hold", "LWLock:WALWrite"): 50,
    }
    even |= {(step, "client"): 20 for step in STEPS} | {("submit", "Lock:advisory"): 40}
    found = judge(result({"filled": 40, "capacity": 5, "hold_conflict": 3}, waits=[waits(even)]))
    assert not found.claims
    assert found.summary.startswith("no verdict")


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([measured(lag_ms=40)], "late by 40.0 ms"),
        ([measured(tainted=3)], "a late loop fell into 7.5 %"),
        ([measured(cpu=0.7)], "70.0 %"),
    ],
)
def test_a_generator_that_may_be_the_limit_is_said_and_fits_and_own_times_do_not_count(
    events: list[Event], says: str
) -> None:
    plain = attempts(FORTY)
    found = judge(result(FORTY, waits=[waits(QUEUE)], sweep=sweep(0.9)), [*plain, *events])
    assert found.refusals[0].startswith("the generator may be the limit")
    assert says in found.refusals[0]
    assert "fit" not in named(found)["slot-queue"].kinds
    healthy = judge(result(FORTY, waits=[waits(QUEUE)], sweep=sweep(0.9)), [*plain, measured()])
    assert not any("generator" in one for one in healthy.refusals)
    assert "fit" in named(healthy)["slot-queue"].kinds


def test_an_effect_counts_attempts_and_not_the_several_refusals_of_one() -> None:
    outcomes = {"filled": 30, "deadlock": 10}
    twice = refused("confirm", "deadlock", "40P01", count=10)
    found = named(judge(result(outcomes), [*twice, *twice, *attempts(outcomes)]))["restaurant-row-lock"]
    assert "20 confirms in 40 attempts" in re.sub(r" \[E\d+\]", "", found.claim)
    assert found.effect.startswith("25.0 %"), "ten of forty attempts were hit, twice each"
    assert found.interval == pytest.approx(wilson(10, 40))


def test_what_may_have_other_causes_too_is_an_effect_of_at_most_so_much() -> None:
    found = named(judge(result({"filled": 30, "capacity": 10}, {"leaked_holds": 1})))["immortal-holds"]
    assert found.effect.startswith("at most 25.0 %"), "a full house refuses as well"
    assert found.interval is None


def test_a_share_of_sightings_says_of_what_it_is_and_that_it_has_no_interval() -> None:
    found = named(queue())["slot-queue"]
    assert "of the workers' time in a step at the server" in found.effect
    assert "no interval" in found.effect
    assert found.over.endswith(" repeat")


def test_a_client_whose_own_floor_is_as_high_as_what_it_measures_is_the_limit() -> None:
    floor = ClientFloor(400, 4, 1_000_000, 2_000_000, 500_000)
    near = judge(result(FORTY), floor=floor, samples={"submit": [1_900_000] * 20})
    assert "an empty answer costs the client 1.0 ms" in near.refusals[0]
    far = judge(result(FORTY), floor=floor, samples={"submit": [2_100_000] * 20})
    assert "generator" not in far.refusals[0]


def test_a_server_that_waits_for_the_client_most_of_the_time_says_so() -> None:
    found = judge(
        result(
            FORTY, waits=[waits({("hold", "client"): 90, ("hold", "idle in transaction"): 20, ("hold", "IO:X"): 60})]
        )
    )
    assert "the server waited for the client in 64.7 %" in found.refusals[0]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"state": "stopped"}, "the run is stopped"),
        ({"ledger": Ledger(attempts=40, persisted=39, balanced=False)}, "does not balance"),
        ({"ledger": ledger(40, unresolved=2)}, "2 [E"),
        ({"ledger": ledger(40, unverified=40)}, "the database was not read"),
        ({}, "not sampled"),
        ({"waits": [waits({("hold", "IO:X"): 3})]}, "too few to name a resource"),
        ({"sweep": sweep(0.5, refusals=["no throughput to fit"])}, "no throughput to fit"),
        ({"sweep": sweep(0.5, generator_limited=["8 workers: 70% of its core used"])}, "the generator itself"),
    ],
)
def test_every_refusal_is_a_sentence(more: dict[str, Any], says: str) -> None:
    assert any(says in one for one in judge(result(FORTY, **more)).refusals)


def test_few_attempts_unlike_legs_and_one_concurrency_are_said() -> None:
    found = judge(result({"filled": 5}), unlike=("fingerprints differ: 2 bookings instead of 0",))
    text = " ".join(found.refusals)
    assert "attempts are too few" in text
    assert "fingerprints differ" in text
    assert "one concurrency was tried" in text


def test_a_run_that_is_all_warm_up_says_so() -> None:
    short = msgspec.structs.replace(waits(QUEUE), seconds=0.7)
    assert any("warm-up" in one for one in judge(result(FORTY, waits=[short])).refusals)


def test_time_that_nothing_measures_forbids_to_name_a_limit() -> None:
    found = result(FORTY, waits=[waits(QUEUE)])
    gaps = judge(found, attempts(FORTY, gap_ms=2))
    assert not gaps.claims
    assert any("Little's law" in one for one in gaps.refusals)
    nowhere = judge(found, attempts(FORTY, rest_ms=2))
    assert not nowhere.claims
    assert any("is in no step" in one for one in nowhere.refusals)


def test_a_cell_seen_too_seldom_is_insufficient() -> None:
    thin = {(step, "Lock:advisory"): 25 for step in ("submit", "hold")}
    found = judge(result(FORTY, waits=[waits(thin)]))
    assert not found.claims
    assert any("insufficient" in one for one in found.refusals)
    assert RULES["fewest sightings"] == FEWEST


def test_a_limit_that_is_no_known_pathology_is_named_by_its_resource() -> None:
    log = {("commit", "IO:WalSync"): 200, ("hold", "LWLock:WALWrite"): 50, ("hold", "CPU or unaccounted"): 40}
    claim = judge(result(FORTY, waits=[waits(log)]), attempts(FORTY, steps=STEPS | {"commit": 30})).claims[0]
    assert (claim.name, claim.step, claim.resource) == ("", "commit", "the write-ahead log")


def test_every_wait_has_one_kind_and_an_unknown_one_has_none() -> None:
    kinds = {"Timeout:PgSleep": "sleep", "Lock:tuple": "row lock", "LWLock:WALWrite": "log", "IO:DataFileRead": "disk"}
    kinds |= {"Lock:relation": "other lock", "CPU or unaccounted": "processor", "idle in transaction": "client"}
    for event, name in kinds.items():
        kind = kind_of(event)
        assert kind is not None
        assert kind.name == name
    assert kind_of("other waits") is None


def cited(text: str) -> list[tuple[str, str]]:
    """Every number of a sentence, quotes left out, with the id behind it."""
    plain = re.sub(r"`[^`]*`", "", text)
    return re.findall(r"(?<![\w\[])(\d+(?:\.\d+)?)(?: (?:%|ms|s|a second))?(?: \[(E\d+)\])?", plain)


def every_sentence(found: Verdict) -> list[str]:
    claims = [text for one in found.claims for text in (one.claim, one.effect, one.over, one.would_refute, *one.rivals)]
    return [found.summary, *claims, *found.refusals]


@pytest.mark.parametrize("is_swept", [False, True])
def test_every_number_of_every_sentence_has_evidence_and_none_is_there_for_nothing(is_swept: bool) -> None:
    more: dict[str, Any] = {"sweep": sweep(0.9), "experiment": experiment("confirm", 0.95)} if is_swept else {}
    found = judge(
        result({"filled": 40, "deadlock": 6}, waits=[waits(QUEUE)], ledger=ledger(46, unresolved=2), **more),
        [*attempts({"filled": 40, "deadlock": 6}), *refused("confirm", "deadlock", "40P01"), measured(lag_ms=40)],
    )
    known = {one.id: one for one in found.numbers}
    numbers = [pair for text in every_sentence(found) for pair in cited(text)]
    assert len(numbers) > 8
    for number, name in numbers:
        assert name, f"{number} has no evidence"
        assert known[name].shown.split()[0] == number
    used = {name for _, name in numbers} | {name for one in found.numbers for name in one.inputs}
    assert used == set(known)
    for claim in found.claims:
        assert set(claim.evidence) <= set(known)
        assert claim.evidence


@given(
    st.dictionaries(st.sampled_from(["filled", "capacity", "deadlock", "replay", "overlap"]), st.integers(0, 30)),
    st.dictionaries(
        st.tuples(
            st.sampled_from(["", *STEPS]), st.sampled_from(["client", "Lock:tuple", "IO:WalSync", "other waits"])
        ),
        st.integers(0, 90),
    ),
    st.integers(0, 80),
)
def test_whatever_a_run_left_it_is_judged(
    outcomes: dict[str, int], cells: dict[tuple[str, str], int], told: int
) -> None:
    found: Result = result(outcomes, {"leaked_holds": told, "stale_allocations": told}, waits=[waits(cells)])
    events = [*attempts(outcomes), *refused("confirm", "deadlock", "40P01", count=told)]
    verdict = judge(found, events)
    assert verdict.summary
    assert [claim.grade for claim in verdict.claims] == sorted(
        (claim.grade for claim in verdict.claims), key=list(Sureness).index
    )


def test_pointers_find_entries_by_place_by_star_and_by_condition() -> None:
    document = {"a": [{"k": "x", "n": 1}, {"k": "y", "n": 2}, {"k": "xy", "n": 4}], "b": {"c": 3, "d": 5}}
    assert resolve(document, "/a/1/n") == [2]
    assert numbers(document, "/b/*") == [3, 5]
    assert numbers(document, "/a/{k=x}/n") == [1]
    assert numbers(document, "/a/{k=x|y}/n") == [1, 2]
    assert numbers(document, "/a/{k=x*&n=4}/n") == [4]
    assert numbers(document, "/a") == [3], "a list counts as its length"
    assert resolve(document, "/nowhere/0") == []
