"""Attempts told step by step, from the events of a run: pure."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from engine.metrics.ledger import compared
from engine.model.detail import AttemptTold, Comparison, Holdings, MissedTold, RefusalTold, TryTold
from engine.model.event import AttemptEnded, Event, Intended, Missed, Refused
from engine.model.floor import Window
from engine.model.ids import AttemptId, TurnId, worker_name
from engine.model.ledger import Entry, HeldRow
from engine.model.step import Step
from engine.model.turn import Turn

MOST_ATTEMPTS = 40
"""A detail tells that many, the newest."""


class Stories:
    """Gathers events of attempts; those of no attempt are passed over."""

    def __init__(self, turns: Mapping[TurnId, Turn]) -> None:
        self._turns = turns
        self._attempts: dict[AttemptId, AttemptTold] = {}
        self.missed: list[tuple[UUID, MissedTold]] = []

    def take(self, events: Iterable[Event]) -> None:
        """More events, in their order."""
        for event in events:
            attempt = event.ids.attempt
            if attempt is None:
                continue
            if isinstance(event, Missed):
                self.missed.append((event.booking_id, _missed(event)))
                continue
            told = self._attempts.get(attempt) or self._begun(attempt, event)
            self._attempts[attempt] = _with(told, event)

    def newest(self) -> tuple[AttemptTold, ...]:
        """All of them, the newest first."""
        return tuple(self._attempts[attempt] for attempt in sorted(self._attempts, reverse=True))

    def _begun(self, attempt: AttemptId, event: Event) -> AttemptTold:
        ids = event.ids
        turn = None if ids.turn is None else self._turns.get(ids.turn)
        told = AttemptTold(
            attempt=attempt,
            worker="" if ids.worker is None else worker_name(ids.worker),
            leg=ids.leg,
            turn=ids.turn,
            booking_id=None,
            key="",
            began_ns=event.at_ns,
        )
        return told if turn is None else _placed(told, turn)


def _placed(told: AttemptTold, turn: Turn) -> AttemptTold:
    return msgspec.structs.replace(
        told, restaurant=turn.restaurant, day=turn.on.isoformat(), slot=turn.label, party=turn.party
    )


def _with(told: AttemptTold, event: Event) -> AttemptTold:
    changes: dict[str, Any] = {}
    if isinstance(event, Intended):
        changes = {"booking_id": event.booking_id, "key": event.key, "sent": event.ids.step}
        if event.xid is not None:
            changes["xid"] = event.xid
        number = event.ids.attempt_try
        if number is not None and event.tables and all(one.number != number for one in told.tries):
            hold = str(event.hold_id)[:8] if event.hold_id else ""
            one = TryTold(number, event.at_ns, event.tables, hold, event.strategy)
            changes["tries"] = (*told.tries, one)
    elif isinstance(event, Refused):
        changes = {"refusals": (*told.refusals, _refusal(event))}
    elif isinstance(event, AttemptEnded):
        changes = _last_word(told, event)
    return msgspec.structs.replace(told, **changes)


def _last_word(told: AttemptTold, event: AttemptEnded) -> dict[str, Any]:
    window = event.window
    changes: dict[str, Any] = {
        "booking_id": event.booking_id,
        "began_ns": event.started_ns,
        "ended_ns": event.ended_ns,
        "outcome": event.outcome,
        "certainty": event.certainty.value,
        "acknowledged": event.acknowledged,
        "status": event.status,
        "tables": event.tables,
        "zone": event.zone or "",
        "seats": event.seats,
        "party": event.party or told.party,
        "starts": None if window is None else window.start,
        "ends": None if window is None else window.end,
        "xid": told.xid if event.xid is None else event.xid,
        "path": "" if event.path is None else event.path.label,
        "late": event.late,
        "steps": tuple(one for one in event.steps if one.step is not Step.TOTAL),
    }
    if event.refusal is not None and not told.refusals:
        # What the planner said no to is no refusal of a step that was sent, and stands in the last word only.
        tries = event.ids.attempt_try or 0
        one = RefusalTold(
            at_ns=event.ended_ns,
            attempt_try=tries,
            step=event.refusal.step,
            outcome=event.outcome,
            message=event.refusal.message,
            sqlstate=event.refusal.sqlstate or "",
            constraint=event.refusal.constraint or "",
            detail=event.refusal.detail or "",
            held_by=event.refusal.held_by or "",
            timer=event.refusal.timer or "",
            tables=event.refusal.tables,
        )
        changes["refusals"] = (one,)
    return changes


def _refusal(event: Refused) -> RefusalTold:
    told = event.refusal
    return RefusalTold(
        at_ns=event.at_ns,
        attempt_try=event.ids.attempt_try or 0,
        step=told.step,
        outcome=event.outcome,
        message=told.message,
        sqlstate=told.sqlstate or "",
        constraint=told.constraint or "",
        detail=told.detail or "",
        held_by=told.held_by or "",
        timer=told.timer or "",
        tables=told.tables,
    )


def _missed(event: Missed) -> MissedTold:
    after_ns = event.at_ns - event.acknowledged_ns
    return MissedTold(event.at_ns, after_ns, event.entry, event.status, event.tables, event.cause)


def compare(attempts: Iterable[AttemptTold], holdings: Holdings) -> Comparison | None:
    """The newest acknowledged claim against what is there; None where no attempt tells anything."""
    newest = sorted(attempts, key=lambda one: one.attempt, reverse=True)
    if not newest:
        return None
    claim = next((one for one in newest if one.acknowledged), None)
    row = _row(holdings)
    there = _there(row)
    if claim is None:
        if newest[0].ended_ns is None:
            return Comparison(newest[0].attempt, None, f"nothing is claimed yet: the attempt has not ended; {there}")
        unsure = next((one for one in newest if one.certainty == "info"), None)
        if unsure is not None:
            return Comparison(unsure.attempt, None, f"nobody heard whether it took effect; {there}")
        return Comparison(newest[0].attempt, None, f"no success was claimed; {there}")
    window = None if claim.starts is None or claim.ends is None else Window("", claim.starts, claim.ends)
    entry = compared(claim.tables, claim.party, window, row)
    claimed = f"claimed {'+'.join(claim.tables)}" if claim.tables else "claimed as a success without tables"
    if entry is Entry.PERSISTED:
        return Comparison(claim.attempt, entry, f"{claimed}, and it is there so")
    return Comparison(claim.attempt, entry, f"{claimed}; {there}")


def _row(holdings: Holdings) -> HeldRow | None:
    booking = holdings.booking
    if booking is None:
        return None
    starts = [one.starts for one in holdings.tables if one.starts is not None]
    ends = [one.ends for one in holdings.tables if one.ends is not None]
    return HeldRow(
        booking_id=booking.booking_id,
        status=booking.status,
        key=booking.key,
        tables=[one.table for one in holdings.tables],
        party=booking.party,
        attempt=booking.attempt,
        starts=booking.starts,
        start=min(starts, default=None),
        end=max(ends, default=None),
    )


def _there(row: HeldRow | None) -> str:
    if row is None:
        return "it is not in the database"
    tables = f"at {'+'.join(row.tables)}" if row.tables else "without tables"
    return f"it is there {row.status} {tables}"
