"""A booking from both sides, as lines: what was claimed of it, and what the database holds of it."""

from datetime import datetime

from engine.model.detail import BookingNow, Detail, Holdings, HoldNow
from engine.model.ledger import Entry
from tui.format import moment, took
from tui.lines import Ink, Line, line
from tui.waterfall import heading, outcome_span, waterfall
from tui.worker_detail import fact, section

_BAD = (Entry.LOST, Entry.TORN, Entry.ALTERED)


def booking_lines(detail: Detail, width: int) -> list[Line]:
    """Claim against truth, what the database holds now, then every attempt of it."""
    lines = [section("claim against truth"), *_claim(detail), line("")]
    lines += _held(detail)
    if not detail.attempts and not detail.journal_trouble:
        lines += [line(""), line(("  no attempt of this run was about it", Ink.MUTED))]
    for attempt in detail.attempts:
        lines += [line(""), heading(attempt, detail.at_ns), *waterfall(attempt, width)]
    if detail.more_attempts:
        lines.append(line((f"  and {detail.more_attempts} earlier attempts, which are not shown", Ink.MUTED)))
    return lines


def booking_name(detail: Detail | None, wanted: str) -> str:
    """Its name in the title."""
    if detail is not None and detail.holdings is not None and detail.holdings.booking is not None:
        return f"booking {str(detail.holdings.booking.booking_id)[:8]}"
    named = next((one.booking_id for one in detail.attempts if one.booking_id), None) if detail else None
    return f"booking {str(named)[:8] if named else wanted}"


def _claim(detail: Detail) -> list[Line]:
    newest = detail.attempts[0] if detail.attempts else None
    claim = next((one for one in detail.attempts if one.acknowledged), newest)
    lines = []
    if claim is not None:
        told = outcome_span(claim)
        tables = f" {'+'.join(claim.tables)}" if claim.tables else ""
        zone = f" {claim.zone}" if claim.zone else ""
        at = f" at {moment(claim.ended_ns)}" if claim.ended_ns is not None else ""
        xid = f", transaction {claim.xid}" if claim.xid is not None else ""
        way = f", {claim.path}{', late' if claim.late else ''}" if claim.path else ""
        lines.append(fact("claim", f"#{claim.attempt} {told.text}{tables}{zone}{at}{xid}{way}", told.ink))
        lines.append(fact("key", claim.key))
    found = detail.comparison
    if found is None:
        lines.append(fact("truth", detail.database_trouble or "nothing was claimed", Ink.UNKNOWN))
    else:
        bad = found.entry in _BAD
        word = f"{found.entry.value.upper() if bad else found.entry.value}{' !' * bad}: " if found.entry else ""
        ink = Ink.FAULT if bad else Ink.FILLED if found.entry is Entry.PERSISTED else Ink.TEXT
        lines.append(fact("truth", f"{word}{found.said}", ink))
    for one in detail.missed:
        there = f"{one.status or 'gone'} {'+'.join(one.tables)}".strip()
        words = f"{took(one.after_ns)} after: {one.entry.value}, {there} at {moment(one.at_ns)}; {one.cause}"
        lines.append(fact("missed", words, Ink.FAULT))
    return lines


def _held(detail: Detail) -> list[Line]:
    held = detail.holdings
    if held is None:
        words = detail.database_trouble or "not asked"
        return [section("in the database"), line(("  not shown: ", Ink.MUTED), (words, Ink.UNKNOWN))]
    lines = [section("in the database now   (times UTC)")]
    lines += [line((f"  {text}", Ink.UNKNOWN)) for text in held.missing]
    if held.booking is None:
        lines.append(fact("booking", "there is no such row", Ink.FAULT if detail.attempts else Ink.TEXT))
    else:
        lines += _row(held.booking)
    return lines + _tables(held) + _holds(held) + _ledger(held)


def _row(row: BookingNow) -> list[Line]:
    tag = f", attempt {row.attempt} of run {row.run}" if row.run else ""
    return [
        fact("booking", str(row.booking_id)),
        fact("status", f"{row.status}  party {row.party}  {row.restaurant}  {_span(row.starts, row.ends)}", Ink.STRONG),
        fact("zone lock", row.zone),
        fact("made", f"{_clock(row.created)}, changed {_clock(row.changed)}{tag}"),
        fact("its key", row.key),
    ]


def _tables(held: Holdings) -> list[Line]:
    lines = _listed(
        "tables",
        [
            f"{one.table}  {one.zone}  {_span(one.starts, one.ends)}  assigned {_clock(one.assigned)}"
            + (f"  allocation {one.allocation}" if one.allocation else "  NO ALLOCATION !")
            for one in held.tables
        ],
    )
    return lines + _listed(
        "allocations",
        [
            f"{one.resource}  {_span(one.starts, one.ends)}  {one.allocation}{'  shadow' if one.shadow else ''}"
            for one in held.allocations
        ],
    )


def _holds(held: Holdings) -> list[Line]:
    return _listed("holds", [_hold(one) for one in held.holds])


def _hold(one: HoldNow) -> str:
    left = one.expires_in_ns
    when = f"expires in {took(left)}" if left >= 0 else f"EXPIRED {took(-left)} ago, still blocks !"
    short = f"  {one.windows} of {len(one.tables)} tables blocked !" if one.windows != len(one.tables) else ""
    return f"{one.hold}  {one.status}  {'+'.join(one.tables)}  {_span(one.starts, one.ends)}  {when}{short}"


def _ledger(held: Holdings) -> list[Line]:
    keys = _listed(
        "ledger keys",
        [
            f"{one.key}  {'+'.join(one.tables) or 'NO TABLES !'}  {_span(one.starts, one.ends)}"
            + (f"  {_clock(one.created)}" if one.created else "")
            + (f"  hold {one.hold}" if one.hold else "")
            for one in held.keys
        ],
    )
    history = [
        f"{_clock(one.changed)}  {one.was or 'nothing'} to {one.became}{f': {one.reason}' if one.reason else ''}"
        for one in held.history
    ]
    return keys + _listed("history", history)


def _listed(name: str, rows: list[str]) -> list[Line]:
    """Rows below one another under one name; `none` where there is none."""
    if not rows:
        return [fact(name, "none", Ink.MUTED)]
    return [
        fact(name if not place else "", text, Ink.FAULT if text.endswith("!") else Ink.TEXT)
        for place, text in enumerate(rows)
    ]


def _span(starts: datetime | None, ends: datetime | None) -> str:
    if starts is None or ends is None:
        return "NO TIMES !"
    return f"{starts:%Y-%m-%d %H:%M}-{ends:%H:%M}"


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 100_000}"
