"""The known pathologies by their signatures: what each leaves where, and what would speak against it. Pure.

A signature reads what happened, never which fault was switched on.
"""

from typing import NamedTuple

from engine.judge.evidence import journal, result
from engine.judge.signs import Case, Seen, Sign, counted, ended, entered, found, grew, logged, refused, steady, without
from engine.model.ledger import Entry

ENOUGH_FILLED = 20
"""Bookings that were filled, of which none was given a certain table, before that means anything."""
_MASKED = refused(
    "{n} confirms were refused with `22023`, an error of format()", step="confirm", sqlstate="22023", message="format"
)
_DEADLOCKED = refused("{n} confirms in {all} attempts ended in `40P01`, a deadlock", step="confirm", sqlstate="40P01")
_CLIENT = "our own client: it cannot make the server answer so"


class Pathology(NamedTuple):
    """One pathology: it is named when all of its signs are there."""

    name: str
    headline: str
    """The claim; what was seen is told behind it."""
    resource: str
    signs: tuple[Sign, ...]
    """All of them must be there."""
    beside: tuple[Sign, ...] = ()
    """These make it surer."""
    step: str = ""
    waits: str = ""
    """The kind of wait that belongs to it, a name of `WAITS`: a limit of that kind in that step is this one."""
    refute: str = ""
    rivals: tuple[str, ...] = ()


def _ended_young(case: Case) -> Seen | None:
    """No attempt that was refused lasted as long as a hold is good for."""
    ttl_s = case.result.settings.get("run.hold_ttl_s", "")
    longest = journal("longest refused")
    if not ttl_s or case.total(longest) >= float(ttl_s) * 1e9:
        return None
    return Seen(
        "path",
        lambda book: f"none of the refused attempts lasted longer than {book(longest, 'ns')}, far less than that",
    )


def _touch_nothing(case: Case) -> Seen | None:
    tables, pairs = result("/houses/*/tables"), result("/houses/*/pairs")
    if case.total(tables) < 2 or case.total(pairs) > 0 or case.book.left.value(pairs) is None:
        return None
    return Seen("floor", lambda book: f"of {book(tables)} tables {book(pairs)} pairs are stored as touching")


def _never_given(case: Case) -> Seen | None:
    """Tables that only stand second in their pairs, of which nobody was given one."""
    tables = sorted(set(case.text("/houses/*/second_only/*")))
    ref = journal(f"given {','.join(tables)}")
    if len(tables) < 2 or case.total(ref) > 0 or case.total(result("/outcomes/filled")) < ENOUGH_FILLED:
        return None
    among, filled = result("/houses/*/second_only"), result("/outcomes/filled")
    return Seen(
        "floor",
        lambda book: (
            f"{book(among)} tables stand only second in their pairs, and of them {book(ref)} were given to"
            f" anybody in {book(filled)} bookings"
        ),
    )


def _nobody(case: Case) -> Seen | None:
    filled = journal("outcome filled")
    return None if case.total(filled) else Seen("refusals", lambda book: f"{book(filled)} were filled")


_PATHOLOGIES = (
    Pathology(
        "restaurant-row-lock",
        "Assignments of one restaurant deadlock with each other over its row in `restaurants`",
        "rows of the restaurant",
        (_DEADLOCKED,),
        (
            counted("the server counted {n} deadlocks", "deadlocks"),
            logged("the server's log names the relation `restaurants` in its lock waits", 'relation "restaurants"'),
        ),
        step="confirm",
        waits="row lock",
        refute="deadlocks at confirm between bookings of different restaurants, or with the lock on the row taken away",
        rivals=("table rows locked in different orders: the log would name another relation", _CLIENT),
    ),
    Pathology(
        "ledger-replay",
        "Used idempotency keys are answered with success and no tables",
        "idempotency keys",
        (
            ended("{n} of {all} attempts were told success with no assignments", "replay"),
            entered("the database has nothing of {n} acknowledged bookings", Entry.LOST, cause="ledger replay"),
        ),
        (grew("{n} more used keys have no tables than before", "ledger_without_tables"),),
        step="confirm",
        refute="an acknowledged booking without rows whose key had never been used",
        rivals=("rows swallowed at COMMIT: the answer would have named tables",),
    ),
    Pathology(
        "sticky-zone-lock",
        "Bookings without tables keep a zone lock of an earlier assignment and are refused every other zone",
        "zone locks of bookings",
        (
            refused("{n} confirms were refused as locked to a zone", step="confirm", outcome="zone_lock"),
            found("{n} pending bookings hold a zone lock and no table", "zone_locks_on_pending"),
        ),
        step="confirm",
        refute="the refused bookings seated in any zone once their lock is cleared by nobody",
        rivals=("bookings that do have tables in another zone: the check counts only those without",),
    ),
    Pathology(
        "immortal-holds",
        "Holds that nobody will use any more take the tables",
        "table holds",
        (
            ended("{n} of {all} attempts found no table free", "capacity", at_most=True),
            found("{n} holds are older than they may live", "leaked_holds"),
            without(_MASKED),
        ),
        refute="as many refusals after the holds were swept",
        rivals=("a house that is full: the holds are there and their owners are not",),
    ),
    Pathology(
        "shadow-allocations",
        "Holds were deleted without their tables, and their shadow allocations stay",
        "allocations",
        (found("{n} shadow allocations have no hold", "shadow_allocations"),),
        refute="a hold that each of them belongs to",
        rivals=("holds in flight when the check ran: it runs when the last attempt has ended",),
    ),
    Pathology(
        "stale-allocations",
        "Allocations of bookings that are not seated any more refuse confirms that the planner offered",
        "allocations",
        (
            refused("{n} confirms were refused as overlapping", step="confirm", sqlstate="P0001", outcome="overlap"),
            found("{n} allocations belong to no assignment", "stale_allocations"),
        ),
        step="confirm",
        refute="the same refusals with those allocations removed",
        rivals=("two workers that want one table at once: that leaves no allocation without an assignment",),
    ),
    Pathology(
        "confirmed-without-tables",
        "Confirmed bookings lose their tables",
        "assignments",
        (
            entered("{n} acknowledged bookings are torn", Entry.TORN),
            grew("{n} more bookings are confirmed and have no table", "confirmed_without_tables"),
        ),
        step="commit",
        refute="the same bookings with their tables in the acknowledged transaction's own snapshot later on",
        rivals=("a reading too early: it begins after COMMIT was acknowledged, in a snapshot that sees it",),
    ),
    Pathology(
        "tables-without-confirmation",
        "Bookings get their tables and stay pending: assigning and confirming are two steps, and the second is lost",
        "status of bookings",
        (
            entered("{n} acknowledged bookings are torn", Entry.TORN),
            grew("{n} more bookings have tables and are pending", "tables_without_confirmation"),
        ),
        step="commit",
        refute="the same bookings confirmed a moment later by nobody's hand",
        rivals=("a reading too early: it begins after COMMIT was acknowledged, in a snapshot that sees it",),
    ),
    Pathology(
        "finished-bookings-block",
        "Cancelled and completed bookings keep their tables",
        "assignments",
        (
            ended("{n} of {all} attempts found no table free", "capacity", at_most=True),
            found("{n} tables are still taken by bookings that are over", "finished_bookings_blocking"),
        ),
        refute="as many refusals with the assignments of finished bookings removed",
        rivals=("a house that is full of guests: those rows are of bookings that are over",),
    ),
    Pathology(
        "masked-hold-conflict",
        "Confirms that meet a hold fail in their own error message and hide the hold",
        "table holds",
        (_MASKED,),
        (found("{n} holds lie there that nobody uses", "leaked_holds"),),
        step="confirm",
        refute="the same error at a confirm of tables that no hold touches",
        rivals=("an argument of ours that has no format: the text is the function's own",),
    ),
    Pathology(
        "deferred-overlap",
        "A constraint that is asked only at COMMIT refuses what confirm had accepted",
        "exclusion constraint",
        (refused("{n} COMMITs were refused with `23P01`", step="commit", sqlstate="23P01"),),
        (counted("the server counted {n} transactions rolled back", "rollbacks"),),
        step="commit",
        refute="the same constraint refusing at confirm",
        rivals=("two workers at one table: the tables' own constraints are asked at confirm",),
    ),
    Pathology(
        "empty-adjacency",
        "No table is offered to anybody because none is stored as touching another",
        "adjacency",
        (
            refused("the planner found no tables for {n} of {all} attempts", step="quote", message="no tables"),
            _nobody,
            _touch_nothing,
        ),
        step="quote",
        refute="an attempt that is offered a table while no pair is stored",
        rivals=("a full house: nobody had been seated in it", "closed hours: those are refused in other words"),
    ),
    Pathology(
        "one-way-adjacency",
        "Pairs of tables are read in one direction only: tables that stand second are offered to nobody",
        "adjacency",
        (
            refused("the planner found no tables for {n} of {all} attempts", step="quote", message="no tables"),
            _never_given,
        ),
        step="quote",
        refute="one booking that is given such a table",
        rivals=("tables that fit no party: these are of every size the house has",),
    ),
    Pathology(
        "silent-drop",
        "Acknowledged bookings vanish at COMMIT without a trace",
        "COMMIT",
        (
            entered("the database has nothing of {n} acknowledged bookings", Entry.LOST, without="ledger replay"),
            steady("their keys do not count as used either ({n} more without tables)", "ledger_without_tables"),
        ),
        step="commit",
        refute="any reading that had one of them whole",
        rivals=("an undo later on: it would leave the used key behind", "a ledger replay: the answer named tables"),
    ),
    Pathology(
        "late-undo",
        "Bookings that were confirmed are undone some time later",
        "confirmed bookings",
        (
            entered("the database has nothing of {n} acknowledged bookings", Entry.LOST, without="ledger replay"),
            grew("{n} more used keys have lost their tables", "ledger_without_tables"),
        ),
        refute="the same keys unused, or never whole in any reading",
        rivals=("rows swallowed at COMMIT: no key would count as used", "a ledger replay: the answer named tables"),
    ),
    Pathology(
        "session-time-zone",
        "Holds that are still good are told to have expired: the time is read in the session's zone",
        "clock of the session",
        (
            refused("{n} confirms were told that their hold had expired", step="confirm", message="hold expired"),
            _ended_young,
        ),
        step="confirm",
        refute="the same refusals in a session whose zone is UTC",
        rivals=("slow attempts: none came near the life of a hold",),
    ),
    Pathology(
        "slow-step",
        "One step's own statement sleeps",
        "a sleep in the statement",
        (),
        waits="sleep",
        refute="the same response time with the sleep taken out",
        rivals=("locks: who waits for one is seen in the lock's queue", "the network: the server itself says sleep"),
    ),
    Pathology(
        "slot-queue",
        "Bookings of one slot are given their tables one by one behind the advisory lock of its zone and hour",
        "advisory lock of the slot's zone and hour",
        # Whoever deadlocks keeps its locks for a second: the queue behind it is that one's doing.
        (without(_DEADLOCKED),),
        step="confirm",
        waits="advisory lock",
        refute="the same throughput with the bookings spread over many slots and zones",
        rivals=("a slow disk or processor: sessions would wait for those and not in the lock's queue",),
    ),
    Pathology(
        "day-queue",
        "Bookings of one restaurant and day are let in one by one behind the advisory lock of the capacity check",
        "advisory lock of the restaurant's day",
        (without(_DEADLOCKED),),
        step="submit",
        waits="advisory lock",
        refute="the same throughput with the bookings spread over many restaurants or days",
        rivals=("a slow disk or processor: sessions would wait for those and not in the lock's queue",),
    ),
)  # fmt: skip

PATHOLOGIES: dict[str, Pathology] = {one.name: one for one in _PATHOLOGIES}
"""Every pathology that the verdict can name."""
