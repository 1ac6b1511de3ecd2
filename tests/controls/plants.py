"""What is planted: platforms that lose what they acknowledged, each in its own way, and clients that believe too early.

Bookings are chosen by their ids, which follow from the run's name: the same ones every time, and not all of them.
"""

from uuid import UUID, uuid5

import msgspec

from engine.model.floor import Candidate, Quote
from engine.model.outcome import Refusal
from engine.model.strategy import Strategy
from engine.model.turn import Order
from engine.target import Committed, Confirmed, Held, Seat, Submitted
from engine.targets.postgres import PostgresTarget
from tests.controls.evening import Looking

CHOSEN = """
CREATE FUNCTION chosen(p_id uuid) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT ('x' || left(md5(p_id::text), 8))::bit(32)::bigint % 2 = 0
$$;
"""

# A platform that trusts an INSERT without counting its rows, and answers with what it wanted, not with what is there.
TRUSTING = (
    CHOSEN
    + """
SELECT slotfill_swap('assign_tables_atomic_v2',
    'IF cardinality(v_made) IS DISTINCT FROM v_count THEN', 'IF false THEN');
SELECT slotfill_swap('apply_booking_state_transition',
$was$    IF NOT FOUND THEN
        SELECT b.status INTO v_status$was$,
$becomes$    IF false THEN
        SELECT b.status INTO v_status$becomes$);
SELECT slotfill_swap('confirm_hold_assignment_tx',
$was$        SELECT a.id, a.table_id, a.start_at, a.end_at, a.merge_group_id
          FROM booking_table_assignments a
         WHERE a.booking_id = p_booking_id AND a.table_id = ANY (v_ids)
         ORDER BY a.table_id;$was$,
$becomes$        SELECT gen_random_uuid(), wanted, lower(v_window), upper(v_window), NULL::uuid
          FROM unnest(v_ids) AS wanted;$becomes$);
DROP TRIGGER booking_assignment_validation ON bookings;
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET app.capacity.post_assignment.enabled = off', current_database());
END $$;
"""
)

C3_SWALLOWED_BY_A_TRIGGER = (
    TRUSTING
    + """
CREATE FUNCTION swallow_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN chosen(NEW.booking_id) THEN NULL ELSE NEW END;
END $$;
CREATE FUNCTION swallow_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN chosen(NEW.id) THEN NULL ELSE NEW END;
END $$;
CREATE TRIGGER swallow BEFORE INSERT ON booking_table_assignments
    FOR EACH ROW EXECUTE FUNCTION swallow_assignment();
CREATE TRIGGER swallow BEFORE UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION swallow_status();
"""
)

C4_DEFERRED_CONSTRAINT = (
    CHOSEN
    + """
CREATE FUNCTION refuse_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'somebody was quicker' USING ERRCODE = '23P01', CONSTRAINT = 'no_overlapping_table_assignments';
END $$;
CREATE CONSTRAINT TRIGGER refuse_at_commit AFTER INSERT ON booking_table_assignments
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (chosen(NEW.booking_id)) EXECUTE FUNCTION refuse_at_commit();
"""
)

# As a job that comes by every moment; it ends when it has found something that is old enough.
C6_SWEEPER = """
DO $$ BEGIN
    LOOP
        DELETE FROM bookings
         WHERE status = 'confirmed' AND chosen(id) AND updated_at < clock_timestamp() - interval '500 ms';
        EXIT WHEN NOT EXISTS (SELECT FROM bookings WHERE status = 'confirmed' AND chosen(id));
        PERFORM pg_sleep(0.02);
    END LOOP;
END $$;
"""

# Rows without a window take no table's time, and their slot all the same: the planner does not see them.
C7_CONFLICTS_COUNTED_AS_SUCCESS = (
    TRUSTING
    + """
SELECT slotfill_swap('assign_tables_atomic_v2',
    'ON CONFLICT (booking_id, table_id) DO NOTHING', 'ON CONFLICT DO NOTHING');
WITH guest AS (
    INSERT INTO customers (restaurant_id, full_name, email, phone)
    SELECT r.id, 'Earlier', 'earlier@example.invalid', '+4470009999999999' FROM restaurants r
    RETURNING id, restaurant_id
), earlier AS (
    INSERT INTO bookings (restaurant_id, customer_id, booking_date, start_time, end_time, party_size, booking_type,
                          status, customer_name, customer_email, customer_phone, reference)
    SELECT g.restaurant_id, g.id, DATE '2027-03-01', '18:15', '19:15', 2, 'dinner', 'cancelled', 'Earlier',
           'earlier@example.invalid', '+4470009999999999', ''
      FROM guest g
    RETURNING id, restaurant_id
)
INSERT INTO booking_table_assignments (booking_id, table_id, slot_id)
SELECT e.id, t.id, get_or_create_booking_slot(e.restaurant_id, DATE '2027-03-01', TIME '18:15')
  FROM earlier e
  JOIN table_inventory t ON t.restaurant_id = e.restaurant_id;
"""
)

C8_SWALLOWED_EXCEPTION = (
    CHOSEN
    + """
ALTER FUNCTION confirm_hold_assignment_tx RENAME TO confirm_in_earnest;
CREATE FUNCTION confirm_hold_assignment_tx(
    p_hold_id uuid, p_booking_id uuid, p_key text, p_adjacent boolean, p_by uuid,
    p_from timestamptz, p_until timestamptz,
    p_policy text, p_hash text, p_status booking_status, p_reason text, p_metadata jsonb, p_changed_by uuid
) RETURNS TABLE (assignment_id uuid, table_id uuid, start_at timestamptz, end_at timestamptz, merge_group_id uuid)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_ids uuid[];
BEGIN
    SELECT array_agg(m.table_id) INTO v_ids FROM table_hold_members m WHERE m.hold_id = p_hold_id;
    BEGIN
        PERFORM confirm_in_earnest(p_hold_id, p_booking_id, p_key, p_adjacent, p_by, p_from, p_until, p_policy, p_hash,
                                   p_status, p_reason, p_metadata, p_changed_by);
        IF chosen(p_booking_id) THEN
            RAISE EXCEPTION 'what came after it failed';
        END IF;
    EXCEPTION WHEN raise_exception THEN
        RAISE WARNING 'ignored: %', SQLERRM;
    END;
    RETURN QUERY SELECT gen_random_uuid(), wanted, p_from, p_until, NULL::uuid FROM unnest(v_ids) AS wanted;
END
$$;
"""
)

C12_SHIFTED_WINDOW = (
    CHOSEN
    + """
SELECT slotfill_swap('assign_tables_atomic_v2', 'v_start := coalesce(p_start_at, v_booking.start_at);',
    'v_start := (coalesce(p_start_at, v_booking.start_at) AT TIME ZONE ''UTC'') AT TIME ZONE ''Europe/Paris'';');
SELECT slotfill_swap('assign_tables_atomic_v2', 'v_end := coalesce(p_end_at, v_booking.end_at);',
    'v_end := (coalesce(p_end_at, v_booking.end_at) AT TIME ZONE ''UTC'') AT TIME ZONE ''Europe/Paris'';');
"""
)


async def plant(dsn: str, script: str) -> None:
    """Change a database."""
    async with Looking(dsn) as connection:
        await connection.script(script)


class Passing:
    """A seat that hands everything on. Heirs change what becomes of COMMIT."""

    def __init__(self, inner: Seat) -> None:
        self.inner = inner

    @property
    def pid(self) -> int | None:
        return self.inner.pid

    async def submit(self, order: Order) -> Submitted | Refusal:
        return await self.inner.submit(order)

    async def quote(self, order: Order, strategy: Strategy) -> Quote | Refusal:
        return await self.inner.quote(order, strategy)

    async def hold(self, order: Order, candidate: Candidate, hold_id: UUID) -> Held | Refusal:
        return await self.inner.hold(order, candidate, hold_id)

    async def confirm(self, order: Order, candidate: Candidate, hold_id: UUID) -> Confirmed | Refusal:
        return await self.inner.confirm(order, candidate, hold_id)

    async def commit(self, order: Order, candidate: Candidate) -> Committed | Refusal:
        return await self.inner.commit(order, candidate)

    async def release(self, hold_id: UUID) -> Refusal | None:
        return await self.inner.release(hold_id)

    async def close(self) -> None:
        await self.inner.close()


class Hasty(Passing):
    """C4: the statement succeeded, so success is said; what COMMIT answers is nobody's business."""

    async def commit(self, order: Order, candidate: Candidate) -> Committed | Refusal:
        await self.inner.commit(order, candidate)
        return Committed()


class Twice(Passing):
    """C11: the answer to COMMIT is taken for lost, and the whole fill is made once more under another key."""

    async def commit(self, order: Order, candidate: Candidate) -> Committed | Refusal:
        committed = await self.inner.commit(order, candidate)
        again = msgspec.structs.replace(
            order, booking_id=uuid5(order.booking_id, "again"), key=f"{order.key}-again", email=f"again-{order.email}"
        )
        again = msgspec.structs.replace(again, phone=f"+447001{again.booking_id.int % 10**12:012d}")
        hold_id = uuid5(again.booking_id, "hold")
        assert isinstance(await self.inner.submit(again), Submitted)
        quote = await self.inner.quote(again, again.ladder[0])
        assert isinstance(quote, Quote)
        held = await self.inner.hold(again, quote.candidates[0], hold_id)
        if isinstance(held, Held) and isinstance(
            await self.inner.confirm(again, quote.candidates[0], hold_id), Confirmed
        ):
            await self.inner.commit(again, quote.candidates[0])
        return committed


def seated(target: PostgresTarget, kind: type[Passing]) -> PostgresTarget:
    """The target, where every worker has a seat of that kind."""
    given = target.seat

    async def seat(application_name: str) -> Seat:
        return kind(await given(application_name))

    target.seat = seat  # type: ignore[method-assign]
    return target
