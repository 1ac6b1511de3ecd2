"""What a role or a server refuses is named, left out and not asked for again."""

from tests.observe.planting import hold_zone
from tests.observe.stage import Stage


async def test_a_table_under_a_long_lock_costs_its_own_panel_only(stage: Stage) -> None:
    locker = await stage.session("locker")
    await locker.execute("BEGIN")
    await locker.execute("LOCK TABLE table_holds IN ACCESS EXCLUSIVE MODE")
    sampler = stage.sampler(timeout_s=1.0)

    sample = await sampler.look()

    assert sample.took_ns < 1_000_000_000
    assert any(b.application_name == "locker" for b in sample.backends)
    assert [line for line in sample.missing if line.startswith("stale holds: canceling statement due to lock timeout")]
    stage.asked.clear()
    sampler._due_ns.clear()
    await sampler.look()
    assert "observe/stale_holds" not in stage.asked
    assert "observe/zone_locked" in stage.asked


async def test_a_plain_role_sees_zone_queues_and_is_told_what_it_cannot_see(stage: Stage) -> None:
    role = await stage.plain_role("zones", "restaurants")
    stranger, waiter = await stage.session(), await stage.session("slotfill w01")
    await hold_zone(stranger, stage.floor.zone)
    await stage.wait_for_zone(waiter, 1)
    sampler = stage.sampler({waiter.get_server_pid(): "w01 19:15"}.get, role=role)

    sample = await sampler.look()

    (queue,) = sample.queues
    assert queue.name == "Planted Terrace 19:00"
    assert [member.who for member in queue.members] == ["NOT OURS", "w01 19:15"]
    assert sample.states["hidden"] >= 3
    assert {b.query for b in sample.backends if b.state == "hidden"} == {""}
    assert "states, waits and queries of other roles: needs pg_monitor" in sample.missing
    assert "stale holds: permission denied for table table_holds" in sample.missing
    assert sample.commits_per_s is None
    assert (await sampler.look()).commits_per_s is not None


async def test_what_was_refused_for_a_right_is_never_asked_again(stage: Stage) -> None:
    role = await stage.plain_role()
    sampler = stage.sampler(role=role)
    await sampler.look()
    asked = stage.asked.copy()
    for _ in range(3):
        sampler._due_ns.clear()
        sample = await sampler.look()

    refused = {"observe/zone_keys", "observe/stale_holds", "observe/live_holds", "observe/zone_locked"}
    assert refused <= set(asked)
    assert not refused & set(stage.asked[len(asked) :])
    assert len([line for line in sample.missing if "permission denied" in line]) == len(refused)
    assert stage.asked.count("observe/activity") == 4


async def test_a_server_without_statements_says_what_is_needed(stage: Stage) -> None:
    await stage.admin.execute("DROP EXTENSION IF EXISTS pg_stat_statements")

    sample = await stage.sampler().look()

    assert "top statements: needs pg_stat_statements" in sample.missing
    assert "observe/statements" not in stage.asked


async def test_a_database_that_is_no_platform_is_still_looked_at(stage: Stage) -> None:
    await stage.admin.execute("DROP TABLE table_holds, zones CASCADE")

    sample = await stage.sampler().look()

    assert 'stale holds: relation "table_holds" does not exist' in sample.missing
    assert sample.connections > 0
