"""What a role or a server refuses is named, left out and not asked for again."""

from typing import Any
from uuid import uuid4

import asyncpg
from msgspec.structs import replace

from engine.clock import RunningClock
from engine.database import STEP_ERRORS, Connection
from engine.model.ids import RunId
from engine.observe.holdings import read_holdings
from engine.observe.looking import Refusals
from engine.observe.sampler import Sampler
from engine.observe.server import ServerLooks
from engine.observe.waits import Terms, WaitSampler, Watched
from tests.observe.planting import hold_zone
from tests.observe.stage import Stage, nobody


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


async def test_counts_since_the_beginning_outlive_a_look_at_the_counters_that_was_refused(stage: Stage) -> None:
    sampler = stage.sampler()
    await sampler.look()
    sampler._rates = replace(sampler._rates, deadlocks=4, temp_bytes=9)
    sampler.refusals.note("database_counters", "rates", asyncpg.QueryCanceledError("statement timeout"))

    sample = await sampler.look()

    assert (sample.deadlocks, sample.temp_bytes) == (4, 9), "they were counted, and nothing took them back"
    assert sample.commits_per_s is None
    assert not sample.shows("rates")
    assert sample.shows("stale holds")


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


class Remembering(Connection):
    """Remembers what it sent, and whether that was refused."""

    sent: list[tuple[str, bool]]

    async def rows(self, name: str, into: type[Any], *args: object) -> list[Any]:
        try:
            found = await super().rows(name, into, *args)
        except STEP_ERRORS:
            self.sent.append((name, True))
            raise
        self.sent.append((name, False))
        return found


class Forgetful(Refusals):
    """Asks everything again."""

    def stands(self, name: str) -> bool:
        super().stands(name)
        return False


async def every_look(stage: Stage, role: str, known: Refusals) -> tuple[list[tuple[str, bool]], set[str]]:
    """What all looks of an engine send in two rounds, and what they say is missing."""
    sent: list[tuple[str, bool]] = []
    clock, booking = RunningClock(), uuid4()

    async def connect() -> Connection:
        made = await Remembering.open(stage.dsn, application_name="slotfill", timeout_s=5, settings={"role": role})
        assert isinstance(made, Remembering)
        made.sent = sent
        return made

    sampler = Sampler(connect, clock, nobody, 0.05, 5.0)
    watched = Watched(lambda _at: {}, nobody, lambda: True)
    waits = WaitSampler(connect, clock, watched, Terms(RunId("r"), 20.0, 5.0), lambda _: None)
    sampler.refusals = waits.refusals = known
    holdings_known = type(known)(clock, known)
    server = ServerLooks(clock, str, type(known)(clock, known))
    missing: set[str] = set()
    for leg in range(2):
        sampler._due_ns.clear()
        missing |= set((await sampler.look()).missing)
        await waits.begin(leg)
        await waits._look_once()
        await waits.end()
        missing |= set(found.missing if (found := waits.now()) else ())
        detail = await connect()
        missing |= set((await server.look(detail)).missing)
        holdings, _ = await read_holdings(detail, holdings_known, (booking, booking), [{}], str)
        missing |= set(holdings.missing)
        await detail.close()
    await waits.close()
    await sampler.close()
    return sent, missing


def sent_again(sent: list[tuple[str, bool]]) -> set[str]:
    """Statements that were sent after they had been refused."""
    refused: set[str] = set()
    again: set[str] = set()
    for name, was_refused in sent:
        again |= {name} & refused
        refused |= {name} if was_refused else set()
    return again


async def test_no_look_of_any_kind_sends_a_refused_statement_again_and_each_is_named(stage: Stage) -> None:
    role = await stage.plain_role()

    sent, missing = await every_look(stage, role, Refusals(RunningClock()))

    refused = [name for name, was_refused in sent if was_refused]
    assert {"observe/stale_holds", "observe/zone_keys", "observe/detail_bookings", "observe/detail_holds"} <= set(
        refused
    )
    assert len(refused) == len(set(refused))
    assert sent_again(sent) == set()
    told = [line for line in missing if "permission denied" in line]
    assert len(told) == len(refused)
    assert {"observe/waits", "observe/leg_counters", "observe/advisory_locks", "observe/settings"} <= {
        name for name, _ in sent
    }


async def test_a_look_that_forgets_what_was_refused_is_found_out(stage: Stage) -> None:
    sent, _ = await every_look(stage, await stage.plain_role(), Forgetful(RunningClock()))

    assert {"observe/stale_holds", "observe/detail_bookings"} <= sent_again(sent)


def test_what_one_look_was_refused_another_does_not_send_and_names_only_if_it_needs_it() -> None:
    first = Refusals(RunningClock())
    second, third = Refusals(RunningClock(), first), Refusals(RunningClock(), first)
    error = asyncpg.InsufficientPrivilegeError("permission denied for table zones")
    assert not first.stands("zone_keys")
    assert first.note("zone_keys", "zone names", error)

    assert second.stands("zone_keys")
    assert second.lines() == first.lines() == ("zone names: permission denied for table zones",)
    assert third.lines() == ()
