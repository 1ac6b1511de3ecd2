"""Queues, edges and backends get their names, on a real server."""

from engine.redact import mask
from tests.observe.planting import hold_zone, until_waiting
from tests.observe.stage import Stage


async def test_a_zone_queue_has_the_stranger_that_holds_it_first_and_then_the_waiters_in_order(stage: Stage) -> None:
    stranger, first, second = [await stage.session(name) for name in ("psql", "slotfill old w01", "slotfill w02")]
    names = {second.get_server_pid(): "w02 19:15"}
    await hold_zone(stranger, stage.floor.zone)
    await stage.wait_for_zone(first, 1)
    await stage.wait_for_zone(second, 2)

    sample = await stage.sampler(names.get).look()

    (queue,) = sample.queues
    assert (queue.name, queue.is_zone, queue.restaurant, queue.day) == (
        "Planted Terrace 19:00",
        True,
        "planted",
        "2026-03-04",
    )
    assert [(member.who, member.granted) for member in queue.members] == [
        ("NOT OURS", True),
        ("other run", False),
        ("w02 19:15", False),
    ]
    assert queue.members[0].waited_ns is None
    waited = [member.waited_ns or 0 for member in queue.members[1:]]
    assert waited == sorted(waited, reverse=True)
    assert waited[1] > 0
    # An advisory queue has no edges: everyone in it waits for everyone ahead.
    assert sample.blockings == ()
    advisory = [count for count in sample.lock_counts if count.locktype == "advisory"]
    assert [(count.mode, count.granted, count.waiting) for count in advisory] == [("ExclusiveLock", 1, 2)]
    assert [(w.ours, w.others) for w in sample.waits if w.wait == "Lock:advisory"] == [(1, 1)]


async def test_a_zone_that_comes_later_gets_its_name_too(stage: Stage) -> None:
    sampler = stage.sampler()
    await sampler.look()
    late = await stage.admin.fetchval(
        "INSERT INTO zones (restaurant_id, name) VALUES ($1, 'Planted Roof') RETURNING id", stage.floor.restaurant
    )
    await hold_zone(await stage.session(), late)
    sampler._due_ns["zones"] = 0

    assert [queue.name for queue in (await sampler.look()).queues] == ["Planted Roof 19:00"]


async def test_an_advisory_key_of_nobody_we_know_is_shown_when_somebody_waits_for_it(stage: Stage) -> None:
    holder, waiter = await stage.session(), await stage.session()
    await holder.execute("SELECT pg_advisory_lock(-1, 7), pg_advisory_lock(-5)")
    sampler = stage.sampler()

    assert (await sampler.look()).queues == ()

    await stage.background(waiter.execute("SELECT pg_advisory_lock(-1, 7)"))
    await stage.background((await stage.session()).execute("SELECT pg_advisory_lock(-5)"))
    await until_waiting(stage.admin, 2)
    queues = (await sampler.look()).queues
    assert {queue.name for queue in queues} == {"advisory 4294967295/7", "advisory -5"}
    assert not any(queue.is_zone for queue in queues)


async def test_a_wait_for_a_row_is_an_edge_from_the_waiter_to_the_holder(stage: Stage) -> None:
    holder, waiter, third = [await stage.session() for _ in range(3)]
    lock = "SELECT FROM table_inventory WHERE id = $1 FOR UPDATE"
    await holder.execute("BEGIN")
    await holder.execute(lock, stage.floor.table)
    await stage.background(waiter.execute(lock, stage.floor.table))
    await until_waiting(stage.admin, 1)
    await stage.background(third.execute(lock, stage.floor.table))
    await until_waiting(stage.admin, 2)
    names = {waiter.get_server_pid(): "w03 19:15"}

    sample = await stage.sampler(names.get).look()

    edges = {edge.pid: edge for edge in sample.blockings}
    edge = edges[waiter.get_server_pid()]
    assert (edge.who, edge.blocked_by, edge.blocked_by_who) == ("w03 19:15", holder.get_server_pid(), "NOT OURS")
    assert edge.waits_for.startswith("transactionid ")
    assert edge.query.startswith("SELECT FROM table_inventory")
    assert (edge.waited_ns or 0) > 0
    # The third queues behind the second at the row itself.
    assert edges[third.get_server_pid()].blocked_by == waiter.get_server_pid()
    assert edges[third.get_server_pid()].waits_for == "tuple table_inventory"
    assert {queue.name for queue in sample.queues} == {edge.waits_for for edge in sample.blockings}
    assert not any(queue.is_zone for queue in sample.queues)


async def test_backends_are_named_by_worker_by_sampler_by_other_runs_and_else_not_ours(stage: Stage) -> None:
    ours, other, stranger = [await stage.session(name) for name in ("slotfill w03", "slotfill r2 w01", "psql")]
    for who in (ours, other, stranger):
        await who.execute("BEGIN")
    names = {ours.get_server_pid(): "w03 19:15"}

    sample = await stage.sampler(names.get).look()

    who = {backend.pid: backend.who for backend in sample.backends}
    assert who[ours.get_server_pid()] == "w03 19:15"
    assert who[other.get_server_pid()] == "other run"
    assert who[stranger.get_server_pid()] == "NOT OURS"
    assert "slotfill sampler" in who.values()
    # The planter is idle and holds nothing, so it is counted and not listed.
    assert stage.admin.get_server_pid() not in who
    assert (sample.ours, sum(sample.states.values()) >= 5, sample.connections >= 5) == (2, True, True)
    assert sample.states["idle in transaction"] == 3


async def test_a_backend_shows_its_query_masked_and_without_literals_and_comments(stage: Stage) -> None:
    who = await stage.session()
    await who.execute("BEGIN")
    await who.execute("-- What it is for.\n-- params: none\nSELECT 'Ann' AS \"guest@example.org\",\n       2")

    sample = await stage.sampler(mask=lambda text: text.replace("guest@example.org", "masked")).look()

    (backend,) = [b for b in sample.backends if b.pid == who.get_server_pid()]
    assert backend.query == "SELECT '…' AS \"masked\", 2"


async def test_an_address_that_lies_across_the_cut_is_still_masked(stage: Stage) -> None:
    who = await stage.session()
    await who.execute("BEGIN")
    await who.execute(f'SELECT 1 AS "{"x " * 90}guest@example.org"')

    sample = await stage.sampler(mask=mask).look()

    (backend,) = [b for b in sample.backends if b.pid == who.get_server_pid()]
    assert len(backend.query) == 200
    assert backend.query.endswith("x [e-mail")
