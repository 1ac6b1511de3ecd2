"""Reports of the platform's scripts, rebuilt from the published figures of November 2025: shape and sums, not rows."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

BOOKINGS = {"cafe-3": 30, "pub-1": 23, "finedining-5": 20, "finedining-4": 19, "pub-2": 13}
"""Of the day, by restaurant, in the order the scripts took them."""
REASONS = {
    "hold_conflict": "Hold conflicts prevented all candidates",
    "zone_lock": (
        "Booking {id}-1111-4222-8333-444455556666 locked to zone 7d1c7b0e-1111-4222-8333-444455556666, cannot assign "
        "zone 0a4f3f5e-1111-4222-8333-444455556666"
    ),
    "overlap": 'conflicting key value violates exclusion constraint "no_overlapping_table_assignments"',
    "idempotency_mismatch": (
        'duplicate key value violates unique constraint "booking_assignment_idempotency_booking_hash_key"'
    ),
    "not_movable": "Merged assignments require movable tables",
    "outside_hours": "Reservation would overrun lunch service (end 15:00).",
    "unknown": "Allocator v2 repository failure",
}


class Seen(NamedTuple):
    """One restaurant in one pass, as published."""

    processed: int
    success: int
    with_tables: int
    failures: Mapping[str, int]


RUN_2 = {
    "cafe-3": Seen(30, 9, 7, {"hold_conflict": 17, "zone_lock": 3, "overlap": 1}),
    "pub-1": Seen(23, 21, 11, {"zone_lock": 1, "idempotency_mismatch": 1}),
    "finedining-5": Seen(20, 14, 8, {"idempotency_mismatch": 1, "zone_lock": 4, "overlap": 1}),
    "finedining-4": Seen(19, 14, 9, {"zone_lock": 4, "overlap": 1}),
    "pub-2": Seen(13, 9, 1, {"idempotency_mismatch": 2, "zone_lock": 2}),
}
RUN_3_PASS_1 = {
    "cafe-3": Seen(30, 5, 2, {"zone_lock": 6, "hold_conflict": 19}),
    "pub-1": Seen(23, 19, 6, {"zone_lock": 3, "hold_conflict": 1}),
    "finedining-5": Seen(20, 13, 4, {"zone_lock": 6, "not_movable": 1}),
    "finedining-4": Seen(19, 11, 0, {"zone_lock": 5, "hold_conflict": 3}),
    "pub-2": Seen(13, 10, 2, {"zone_lock": 3}),
}
RUN_3_PASS_2 = {
    "cafe-3": Seen(28, 3, 0, {"hold_conflict": 22, "overlap": 1, "zone_lock": 2}),
    "pub-1": Seen(17, 14, 1, {"hold_conflict": 2, "zone_lock": 1}),
    "finedining-5": Seen(16, 7, 0, {"zone_lock": 3, "hold_conflict": 6}),
    "finedining-4": Seen(19, 9, 2, {"zone_lock": 5, "hold_conflict": 5}),
    "pub-2": Seen(11, 7, 2, {"zone_lock": 4}),
}
RUN_2_MS = (6888, 43053, 63531)
"""p50, p95 and max of all 105 that were processed."""


def numbers(slug: str) -> list[str]:
    """The first eight digits of the ids of a restaurant's bookings."""
    place = list(BOOKINGS).index(slug) + 0xA0
    return [f"{place:02x}{number:06x}" for number in range(1, BOOKINGS[slug] + 1)]


def told(number: str, *, tables: Sequence[str] = (), reason: str = "", took_ms: int = 5000) -> dict[str, Any]:
    """One booking's row; without a reason it is a success."""
    place = int(number[2:], 16)
    return {
        "id": number,
        "time": f"{11 + place % 10}:{place * 7 % 60:02}:00",
        "party": 2 + place % 5,
        "success": not reason,
        "reason": reason.replace("{id}", number) or "Assigned",
        "tablesAssigned": list(tables),
        "durationMs": took_ms,
    }


def report(
    slug: str, results: Sequence[dict[str, Any]], ended: dt.datetime, *, concurrency: int = 15, total: int | None = None
) -> dict[str, Any]:
    """A report as the ultra-fast script writes it."""
    lengths = [one["durationMs"] for one in results]
    chunks = [lengths[begin : begin + concurrency] for begin in range(0, len(lengths), concurrency)]
    successful = sum(one["success"] for one in results)
    return {
        "executedAt": f"{ended:%Y-%m-%dT%H:%M:%S}.{ended.microsecond // 1000:03}Z",
        "restaurant": slug.replace("-", " ").title(),
        "date": "2025-11-05",
        "config": {
            "TARGET_RESTAURANT_SLUG": slug,
            "TARGET_DATE": "2025-11-05",
            "MAX_CONCURRENT_BOOKINGS": concurrency,
            "SINGLE_ATTEMPT_ONLY": True,
            "HOLD_TTL_SECONDS": 180,
            "MINIMAL_CONSOLE_OUTPUT": False,
            "FORCE_REASSIGN_ALL": False,
        },
        "totalBookings": BOOKINGS.get(slug, len(results)) if total is None else total,
        "pendingProcessed": len(results),
        "successful": successful,
        "failed": len(results) - successful,
        "successRate": round(100 * successful / len(results)) if results else 0,
        "totalDurationSeconds": round(sum(map(max, chunks)) / 1000 + 0.7, 2),
        "avgProcessingMs": round(sum(lengths) / len(lengths)) if lengths else 0,
        "results": list(results),
    }


def passes(
    *seen: Mapping[str, Seen], concurrency: int, begin: dt.datetime, lengths: Sequence[int] = (5000,)
) -> list[dict[str, Any]]:
    """Passes one after the other; each finds pending what those before gave no tables. Lengths are gone round."""
    pending = {slug: numbers(slug) for slug in BOOKINGS}
    made, at, taken = [], begin, 0
    for one in seen:
        for slug, figures in one.items():
            mine = pending[slug]
            assert len(mine) == figures.processed, f"{slug}: {len(mine)} are pending, published are {figures.processed}"
            rows = []
            reasons = [REASONS[word] for word, count in figures.failures.items() for _ in range(count)]
            assert figures.success + len(reasons) == figures.processed, slug
            for place, number in enumerate(mine):
                took_ms = lengths[taken % len(lengths)]
                taken += 1
                if place < figures.with_tables:
                    rows.append(told(number, tables=[f"T{place + 1:03}"], took_ms=took_ms))
                elif place < figures.success:
                    rows.append(told(number, took_ms=took_ms))
                else:
                    rows.append(told(number, reason=reasons[place - figures.success], took_ms=took_ms))
            pending[slug] = mine[figures.with_tables :]
            document = report(slug, rows, at, concurrency=concurrency)
            at += dt.timedelta(seconds=document["totalDurationSeconds"] + 0.5)
            document["executedAt"] = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
            made.append(document)
        at += dt.timedelta(minutes=4)
    return made


def run_2() -> list[dict[str, Any]]:
    """Run #2: one pass, fifteen at once; its lengths have the published percentiles."""
    p50, p95, longest = RUN_2_MS
    lengths = [1000 + (p50 - 1000) * rank // 53 for rank in range(1, 54)]
    lengths += [p50 + (p95 - p50) * rank // 47 for rank in range(1, 48)]
    lengths += [p95 + (longest - p95) * rank // 5 for rank in range(1, 6)]
    begin = dt.datetime(2025, 11, 5, 18, 14, 30, tzinfo=dt.UTC)
    return passes(RUN_2, concurrency=15, begin=begin, lengths=lengths[::2] + lengths[1::2])


def run_3() -> list[dict[str, Any]]:
    """Run #3: two passes, five at once."""
    begin = dt.datetime(2025, 11, 5, 18, 21, tzinfo=dt.UTC)
    return passes(RUN_3_PASS_1, RUN_3_PASS_2, concurrency=5, begin=begin, lengths=(3000, 7741, 9573, 41995))


def metrics() -> dict[str, Any]:
    """Slot-fill metrics of three concurrencies, with the published means."""
    published = ((1, 19876.1, 0, 20588.5, 21885, 1.0), (4, 19850.5, 989.4, 21469.9, 31970, 0.9))
    return {
        "generatedAt": "2025-11-15T10:44:32.528Z",
        "date": "2025-11-25",
        "window": "17:30-18:30",
        "stressMax": 4,
        "metrics": [
            {
                "label": f"concurrency-{concurrency}",
                "concurrency": concurrency,
                "count": 20,
                "avgSubmitMs": submit,
                "avgInlineMs": inline,
                "avgTotalMs": total,
                "avgSeatWaste": waste,
                "avgTablesPerBooking": 1.0,
                "inlinePollRate": 0.1,
                "backgroundRate": 0,
                "maxSubmitMs": 21158,
                "maxInlineMs": 0,
                "maxTotalMs": longest,
            }
            for concurrency, submit, inline, total, longest, waste in published
        ],
    }


def put(folder: Path, documents: Sequence[object]) -> list[Path]:
    """The documents as files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, document in enumerate(documents):
        path = folder / f"auto-assign-ultra-fast-2025-11-05-{number}.json"
        path.write_text(json.dumps(document))
        paths.append(path)
    return paths
