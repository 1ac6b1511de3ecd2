"""T5, and every other COMMIT that is still at work when its client has given up: its end is found."""

from pathlib import Path

import pytest

from engine.model.outcome import Outcome
from engine.model.step import Step
from engine.plans.assign import AssignPlan
from tests.faults.campaign import SEEDS, Campaign
from tests.faults.criteria import criteria, of_ledger
from tests.faults.night import MONDAY, Plans, play, play_plan, target_of
from tests.faults.proxy import proxied
from tests.faults.rules import CONFIRMING, Act, Rule
from tests.scratch import ScratchDatabase

SLOW_COMMIT = """
CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON booking_table_assignments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow_commit()
"""
TIMEOUT_S = 0.4


@pytest.mark.parametrize("act", [Act.CUT, Act.BLACK_HOLE])
async def test_a_commit_that_is_still_at_work_when_the_run_ends_is_decided_all_the_same(
    database: ScratchDatabase, tmp_path: Path, act: Act
) -> None:
    connection = await database.connect()
    await connection.execute(SLOW_COMMIT)
    await connection.close()
    async with proxied(database.dsn, Rule(act, after=CONFIRMING)) as proxy:
        plans = Plans(workers=3, slots=3, share_slots=False, step_timeout_s=TIMEOUT_S, apart=True)
        night = await play(database, proxy.dsn, tmp_path, plans)
    assert len(night.info) >= 2
    assert set(night.fates.values()) <= {"committed", "aborted"}


@pytest.mark.parametrize("seed", SEEDS)
async def test_t5_a_backend_that_stands_still_at_commit_is_given_up_on_time_and_its_end_is_found(
    database: ScratchDatabase, tmp_path: Path, campaign: Campaign, seed: int
) -> None:
    # The quick one stands still for longer than the night lasts: the ledger must wait for it.
    stands_s = 1.6 if seed == 1 else 5.0
    stop = Rule(Act.STOP, after=CONFIRMING, nth=2, most=2, delay_s=stands_s)
    async with proxied(database.dsn, stop, seed=seed) as proxy:
        night = await play(database, proxy.dsn, tmp_path, Plans(seed, slots=6, step_timeout_s=TIMEOUT_S, apart=True))
        stopped = proxy.count(Act.STOP)
    at_commit = [one for one in night.info if one.refusal is not None and one.refusal.step is Step.COMMIT]
    assert len(at_commit) == stopped > 0
    assert {one.outcome for one in at_commit} == {Outcome.TIMEOUT.word}
    took_s = sorted(step.took_ns / 1e9 for one in at_commit for step in one.steps if step.step is Step.COMMIT)
    print("a timeout of", TIMEOUT_S, "s at COMMIT took", " ".join(f"{one:.3f}" for one in took_s), "s")
    assert took_s[-1] >= TIMEOUT_S
    reached = ["info at commit", *("a resolved-aborted" for one in night.fates.values() if one == "aborted")]
    campaign.note("T5", stopped, night.kept, reached)


async def test_a_pass_begins_only_when_every_doubt_of_the_last_one_is_decided(
    stress: ScratchDatabase, tmp_path: Path
) -> None:
    connection = await stress.connect()
    few = "SELECT id FROM bookings WHERE status = 'pending' ORDER BY party_size, id LIMIT 6"
    await connection.execute(f"UPDATE bookings SET status = 'cancelled' WHERE id NOT IN ({few})")
    await connection.execute(SLOW_COMMIT)
    async with proxied(stress.dsn, Rule(Act.CUT, after=CONFIRMING, nth=1)) as proxy:
        plans = Plans(workers=6, step_timeout_s=3.0, apart=True)
        target = await target_of(stress, proxy.dsn, plans)
        pending = await target.pending(target.floors, MONDAY)
        plan = AssignPlan.of(pending, seed=1, max_iterations=2, passes=2)
        night, _ = await play_plan(target, tmp_path, plans, plan)
        cut = proxy.count(Act.CUT)
    assert cut > 0
    criteria(of_ledger(night.kept))
    assert set(night.fates.values()) <= {"committed", "aborted"}
    # Whoever was committed after all is not tried again, under whatever key.
    done = {one.booking_id for one in night.info if one.xid and night.fates[one.xid] == "committed"}
    assert done
    again = [one.booking_id for one in night.ended if one.ids.leg == 1]
    assert not done & set(again)
    await connection.close()


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_hold_that_expires_between_hold_and_confirm_is_a_fail_that_says_so(
    database: ScratchDatabase, tmp_path: Path, campaign: Campaign, seed: int
) -> None:
    async with proxied(database.dsn, Rule(Act.DELAY, "BEGIN", share=0.5, delay_s=0.12), seed=seed) as proxy:
        night = await play(database, proxy.dsn, tmp_path, Plans(seed, slots=8, hold_ttl_s=0.05, apart=True))
        delayed = proxy.count(Act.DELAY)
    late = [one.refusal for one in night.ended if one.refusal is not None and "expired" in one.refusal.message]
    assert late
    assert {one.step for one in late} == {Step.CONFIRM}
    assert not night.info
    campaign.note("expiry", delayed, night.kept, ["a hold expired between hold and confirm"])
