"""When each booking of a report was at work, as the script goes about it: in chunks, each waiting for its slowest.

Reports give lengths and the moment of the end. On the reports of November 2025 what is rebuilt so is as long as they
say, but for the 0.5 to 1.2 s at the begin in which the bookings were read.
"""

import datetime as dt
from collections.abc import Iterator

import msgspec

from engine.records.historic.report import Told, UltraFast

BETWEEN_NS = 1_000
"""Between chunks: one that begins must not begin before the last one has ended."""


class Moment(msgspec.Struct, frozen=True):
    """One booking of a report, when it was at work, and by which worker."""

    told: Told
    lane: int
    """Its place in its chunk, from 0."""
    before_ns: int
    """When it began, counted back from the end of the report."""


def moments(report: UltraFast) -> Iterator[Moment]:
    """Each booking in the order of the report."""
    size = report.config.concurrency
    chunks = [report.results[begin : begin + size] for begin in range(0, len(report.results), size)]
    slowest = [max(one.took_ns for one in chunk) for chunk in chunks]
    before_ns = sum(slowest) + BETWEEN_NS * max(0, len(chunks) - 1)
    if before_ns > report.total_duration_seconds * 1e9 + 1e9:
        # So many at once as it says cannot have been: each is placed by itself, as late as can be.
        yield from (Moment(one, lane, one.took_ns) for lane, one in enumerate(report.results))
        return
    for chunk, took_ns in zip(chunks, slowest, strict=True):
        for lane, one in enumerate(chunk):
            yield Moment(one, lane, before_ns)
        before_ns -= took_ns + BETWEEN_NS


def began(report: UltraFast) -> dt.datetime:
    """When the first thing in it began."""
    longest_ns = max((one.before_ns for one in moments(report)), default=0)
    return min(report.began, report.executed_at - dt.timedelta(microseconds=longest_ns // 1000 + 1))


def width(report: UltraFast) -> int:
    """How many were at work at once, at most."""
    return max((one.lane for one in moments(report)), default=-1) + 1
