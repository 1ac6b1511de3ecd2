"""T7 to T10: what is cut, swallowed or left without an answer exactly at COMMIT is resolved, and booked once."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from engine.model.step import Step
from tests.faults.campaign import SEEDS, Campaign
from tests.faults.night import Night, Plans, play
from tests.faults.proxy import proxied
from tests.faults.rules import CONFIRMING, Act, Rule
from tests.scratch import ScratchDatabase

pytestmark = pytest.mark.parametrize("seed", SEEDS)


def at_commit(act: Act, share: float, *, reset: bool = False) -> Rule:
    return Rule(act, "COMMIT", after=CONFIRMING, share=share, reset=reset)


def at_commit_only(night: Night, injected: int, *, others_wait: bool = False) -> None:
    """As many in doubt at COMMIT as were put there, each with its transaction; and every other attempt was heard.

    `others_wait`: a transaction that stays open keeps others waiting, whose own time may then run out at a hold.
    """
    assert injected > 0
    at_commit = [one for one in night.info if one.refusal is not None and one.refusal.step is Step.COMMIT]
    assert len(at_commit) == injected
    assert all(one.xid is not None for one in at_commit)
    assert others_wait or len(night.info) == injected


@pytest.mark.parametrize("act", [Act.CUT, Act.CUT_AT_ANSWER, Act.HALF_CLOSE])
async def test_t7_a_commit_that_was_forwarded_and_cut_off_is_recovered_and_never_booked_again(
    database: ScratchDatabase, tmp_path: Path, campaign: Campaign, seed: int, act: Act
) -> None:
    async with proxied(database.dsn, at_commit(act, 0.5, reset=seed % 2 == 0), seed=seed) as proxy:
        night = await play(database, proxy.dsn, tmp_path, Plans(seed))
        injected = proxy.count(act)
    at_commit_only(night, injected)
    assert (night.kept.recovered, night.kept.lost) == (injected, 0)
    assert set(night.fates.values()) == {"committed"}
    campaign.note("T7", injected, night.kept, reached(night))


@pytest.mark.parametrize("act", [Act.SWALLOW, Act.LOSE])
async def test_t8_a_commit_that_never_reached_the_server_is_void(
    database: ScratchDatabase, tmp_path: Path, campaign: Campaign, seed: int, act: Act
) -> None:
    async with proxied(database.dsn, at_commit(act, 0.4), seed=seed) as proxy:
        night = await play(database, proxy.dsn, tmp_path, Plans(seed, step_timeout_s=0.6, slots=8))
        injected = proxy.count(act)
    at_commit_only(night, injected, others_wait=act is Act.LOSE)
    assert night.kept.recovered == 0
    assert set(night.fates.values()) == {"aborted"}
    campaign.note("T8", injected, night.kept, reached(night))


async def test_t9_a_commit_whose_answer_never_comes_is_recovered_after_its_timeout(
    database: ScratchDatabase, tmp_path: Path, campaign: Campaign, seed: int
) -> None:
    async with proxied(database.dsn, at_commit(Act.BLACK_HOLE, 0.4), seed=seed) as proxy:
        night = await play(database, proxy.dsn, tmp_path, Plans(seed, step_timeout_s=0.6, slots=8))
        injected = proxy.count(Act.BLACK_HOLE)
    at_commit_only(night, injected, others_wait=True)
    assert night.outcomes["timeout"] >= injected
    assert night.kept.recovered == injected
    campaign.note("T9", injected, night.kept, reached(night))


async def test_t10_with_retries_what_is_in_doubt_is_not_tried_again_and_nothing_is_there_twice(
    database: ScratchDatabase, tmp_path: Path, campaign: Campaign, seed: int
) -> None:
    async with proxied(database.dsn, at_commit(Act.CUT_AT_ANSWER, 0.5), seed=seed) as proxy:
        night = await play(database, proxy.dsn, tmp_path, Plans(seed, retries=3))
        injected = proxy.count(Act.CUT_AT_ANSWER)
    at_commit_only(night, injected)
    assert night.kept.recovered == injected
    connection = await database.connect()
    twice = await connection.fetch(
        "SELECT idempotency_key FROM bookings GROUP BY 1 HAVING count(*) > 1 UNION ALL "
        "SELECT details -> 'slotfill' ->> 'attempt' FROM bookings GROUP BY 1 HAVING count(*) > 1"
    )
    assert twice == []
    await connection.close()
    campaign.note("T10", injected, night.kept, reached(night))


def reached(night: Night) -> Iterable[str]:
    """What a campaign is to have reached, as far as this night did."""
    at = Counter(one.refusal.step.value for one in night.info if one.refusal is not None)
    yield from (f"info at {step}" for step in at)
    if "aborted" in night.fates.values():
        yield "a resolved-aborted"
