"""A submit that nobody heard of, at an API without a database: when all is over it is asked after by its key."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from engine import settlement
from engine.config import Settings
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.model.event import AttemptEnded, Intended
from engine.model.ids import AttemptId, Ids, RunId, TurnId, WorkerId
from engine.model.ledger import Ledger
from engine.model.outcome import Certainty, Phase, Refusal
from engine.model.path import Path as Way
from engine.model.step import Step
from engine.passes import Passes
from engine.records.journal import Journal
from engine.target import Target
from tests.clocks import SkippingClock
from tests.targets.fake_api import says, silent
from tests.targets.test_api import House, house, order, until

CREW = cast("Crew", SimpleNamespace(leg=0, run_id="test"))
IDS = Ids(RunId("test"), 0, WorkerId(1), TurnId(1), AttemptId(1), None, Step.SUBMIT)


async def stopped_twice(at: House, folder: Path, monkeypatch: pytest.MonkeyPatch, *, at_once: bool) -> Passes:
    """A submit is on its way when the operator stops for the second time."""
    monkeypatch.setattr(settlement, "WHOLE", 10 if at_once else 0)
    clock, one = SkippingClock(), order()
    submit = asyncio.ensure_future((await at.seat()).submit(one))
    await until(lambda: bool(at.api.submits))
    submit.cancel()
    await asyncio.gather(submit, return_exceptions=True)
    cancelled = Refusal(Step.SUBMIT, Phase.IN_DOUBT, "cancelled by the operator", timer="operator")
    journal = Journal(folder, "test", clock)
    journal.write(Intended(1, IDS, one.key, one.booking_id))
    journal.write(
        AttemptEnded(
            at_ns=2, ids=IDS, due_ns=1, started_ns=1, ended_ns=2, outcome="unknown", certainty=Certainty.INFO,
            booking_id=one.booking_id, ordinal=1, tries=0, steps=(), refusal=cancelled, path=Way.FAILED_UNKNOWN,
        )
    )  # fmt: skip
    journal.close()
    target = cast("Target", at.target)
    ends = Passes(target, at.target.connect, Desk(clock, print, Holders(), {}), folder, Settings)
    ends.settlement.attempts = lambda: 1
    ends._base = 0, None
    return ends


async def settled(ends: Passes) -> Ledger:
    await ends.settle(CREW)
    (kept,) = ends.kept
    assert kept.ledger.balanced
    return kept.ledger


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_booking_that_was_made_all_the_same_is_found_by_its_key(
    at_once: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(silent(makes=True)) as at:
        ends = await stopped_twice(at, tmp_path, monkeypatch, at_once=at_once)
        at.api.note("sf-test-1", tables=["1"], source="inline")
        kept = await settled(ends)
    assert (kept.recovered, kept.phantom) == (1, 0)


async def test_one_that_was_not_made_is_void_once_the_api_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(silent(makes=False)) as at:
        ends = await stopped_twice(at, tmp_path, monkeypatch, at_once=True)
        assert (await settled(ends)).void == 1


@pytest.mark.parametrize("at_once", [True, False])
async def test_one_that_cannot_be_asked_after_is_unresolved_and_never_void(
    at_once: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(silent(makes=True)) as at:
        ends = await stopped_twice(at, tmp_path, monkeypatch, at_once=at_once)
        at.api.reads.extend([says(400, {"error": "email and phone are needed"})] * 20)
        kept = await settled(ends)
    assert (kept.unresolved, kept.void) == (1, 0)
    (story,) = kept.stories
    assert story.cause == "no answer came to its request, and nothing that can be asked tells what became of that"
