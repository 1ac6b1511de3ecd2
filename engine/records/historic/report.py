"""Reading the platform's old reports: what each script wrote, strictly; what later versions added is passed over."""

import datetime as dt
import hashlib
import os
import re
import stat
from collections import Counter
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, field

from engine.records.trouble import one_line
from engine.redact import mask_and_cut

LARGEST_BYTES = 4 * 1024 * 1024
"""A report of the platform has some kilobytes; a file beyond this is none."""
EARLIEST, LATEST = 2000, 2100
"""Years that a report may be of."""
LONGEST_REASON = 1000
"""So many characters of a reason are kept."""

Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Ms = Annotated[float, Meta(ge=0, le=86_400_000)]
Figure = Annotated[float, Meta(ge=-1e9, le=1e9)]
_WHOLE = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_NAMED = re.compile(rf"\bbooking ({_WHOLE})\b", re.IGNORECASE)
_Moment = Annotated[dt.datetime, Meta(tz=True)]
_BookingId = Annotated[str, Meta(pattern=rf"^{_WHOLE}$|^[0-9a-fA-F]{{8}}$")]
_Slug = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]
_Word = Annotated[str, Meta(min_length=1, max_length=100)]


class ReportUnreadable(Exception):
    """A file is no report that an import reads; the message is one sentence that names the file."""


class Told(msgspec.Struct, frozen=True, rename="camel"):
    """What an ultra-fast report says of one booking."""

    id: _BookingId
    """The first eight digits of the booking's id, or all of it."""
    time: dt.time
    party: Annotated[int, Meta(ge=1, le=10_000)]
    success: bool
    duration_ms: Ms
    reason: str | None = None
    tables_assigned: Annotated[tuple[_Word, ...], Meta(max_length=100)] | None = None
    """Table numbers."""
    booking_id: _BookingId | None = None
    """The whole id; older reports have none."""
    error_code: str | None = None
    """SQLSTATE; older reports have none."""

    @property
    def number(self) -> str:
        """The eight digits that tell it from others in its report."""
        return (self.booking_id or self.id)[:8].lower()

    @property
    def whole_id(self) -> UUID | None:
        """The whole id, where the report gives it."""
        given = self.booking_id or self.id
        return UUID(given) if len(given) > 8 else None

    @property
    def named_id(self) -> UUID | None:
        """The whole id, where the reason names it: `Booking 9560be94-… locked to zone …`."""
        named = _NAMED.search(self.words)
        return UUID(named[1]) if named and named[1][:8].lower() == self.number else None

    @property
    def tables(self) -> tuple[str, ...]:
        """Table numbers it is said to have been given."""
        return self.tables_assigned or ()

    @property
    def words(self) -> str:
        """The reason as it was given, cut where it is endless."""
        given = (self.reason or "").strip()
        return given if len(given) <= LONGEST_REASON else f"{mask_and_cut(given, LONGEST_REASON)}…"

    @property
    def took_ns(self) -> int:
        """How long it took."""
        return round(self.duration_ms * 1e6)


class Config(msgspec.Struct, frozen=True):
    """What the ultra-fast script was told."""

    slug: _Slug = field(name="TARGET_RESTAURANT_SLUG")
    concurrency: Annotated[int, Meta(ge=1, le=10_000)] = field(name="MAX_CONCURRENT_BOOKINGS", default=1)
    forced: bool = field(name="FORCE_REASSIGN_ALL", default=False)
    """It took every booking of the day, whether it waited for tables or not."""


class UltraFast(msgspec.Struct, frozen=True, rename="camel"):
    """A report of the ultra-fast script: one restaurant, one pass."""

    executed_at: _Moment
    """When it was over."""
    date: dt.date
    config: Config
    total_bookings: Count
    pending_processed: Count
    successful: Count
    failed: Count
    total_duration_seconds: Annotated[float, Meta(ge=0, le=7 * 86_400)]
    results: tuple[Told, ...]

    @property
    def slug(self) -> str:
        """The restaurant's."""
        return self.config.slug

    @property
    def began(self) -> dt.datetime:
        """When it was begun, and read which bookings were pending."""
        return self.executed_at - dt.timedelta(seconds=self.total_duration_seconds)

    @property
    def pending(self) -> frozenset[str]:
        """Numbers of the bookings that it found pending, for it processes all of them."""
        return frozenset(one.number for one in self.results)


class Level(msgspec.Struct, frozen=True, rename="camel"):
    """What the slot-fill metrics say of one concurrency: a count, means and maxima, and no booking."""

    concurrency: Annotated[int, Meta(ge=1, le=10_000)]
    count: Count
    label: Annotated[str, Meta(max_length=200)] = ""
    avg_submit_ms: Ms | None = None
    avg_inline_ms: Ms | None = None
    avg_total_ms: Ms | None = None
    avg_seat_waste: Figure | None = None
    avg_tables_per_booking: Figure | None = None
    inline_poll_rate: Figure | None = None
    background_rate: Figure | None = None
    max_submit_ms: Ms | None = None
    max_inline_ms: Ms | None = None
    max_total_ms: Ms | None = None


class SlotFillMetrics(msgspec.Struct, frozen=True, rename="camel"):
    """The metrics of slot fills at several concurrencies."""

    generated_at: _Moment
    metrics: tuple[Level, ...]
    date: dt.date | None = None


class Read(msgspec.Struct, frozen=True):
    """One file, read."""

    file: str
    """Its name, without folders."""
    sha256: str
    report: UltraFast | SlotFillMetrics

    @property
    def ended(self) -> dt.datetime:
        """When what it reports was over."""
        report = self.report
        return report.executed_at if isinstance(report, UltraFast) else report.generated_at


class _Shape(msgspec.Struct, frozen=True):
    results: msgspec.Raw = msgspec.Raw()
    metrics: msgspec.Raw = msgspec.Raw()


def read_report(path: Path) -> Read:
    """One file. Raises ReportUnreadable."""
    content = _content(path)
    try:
        shape = msgspec.json.decode(content, type=_Shape)
        if not (bytes(shape.results) or bytes(shape.metrics)):
            raise ReportUnreadable(
                f"{path}: neither an ultra-fast report, which has results, nor slot-fill metrics, which have metrics"
            )
        kind: Any = UltraFast if bytes(shape.results) else SlotFillMetrics
        report = msgspec.json.decode(content, type=kind)
    except RecursionError as error:
        raise ReportUnreadable(f"{path}: nested too deep to be a report of the platform") from error
    except (ValueError, OverflowError) as error:  # msgspec's DecodeError and Unicode's are ValueErrors
        raise ReportUnreadable(
            f"{path}: not a report of the platform: {one_line(error)}; give the JSON file that its script wrote"
        ) from error
    name = os.fsencode(path.name).decode("utf-8", "replace")
    read = Read(name, hashlib.sha256(content).hexdigest(), report)
    if not EARLIEST <= read.ended.year < LATEST:
        raise ReportUnreadable(f"{path}: it is of the year {read.ended.year}; reports are of {EARLIEST} and later")
    if isinstance(report, UltraFast):
        _agrees_with_itself(path, report)
    return read


def _content(path: Path) -> bytes:
    try:
        # Not waiting for a pipe's other end, which may never come.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            known = os.fstat(handle)
            if not stat.S_ISREG(known.st_mode):
                raise ReportUnreadable(f"{path}: not a file; give the reports' own files")
            content = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:  # a NUL in a path is a ValueError
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise ReportUnreadable(f"{path}: could not be read: {why}") from error
    if len(content) > LARGEST_BYTES:
        raise ReportUnreadable(f"{path}: over {LARGEST_BYTES >> 20} MB, which no report of the platform is")
    return content


def _agrees_with_itself(path: Path, report: UltraFast) -> None:
    """Raises ReportUnreadable where its sums are not those of its own list: then neither can be believed."""
    successes = sum(one.success for one in report.results)
    listed = {
        "pendingProcessed": (report.pending_processed, len(report.results)),
        "successful": (report.successful, successes),
        "failed": (report.failed, len(report.results) - successes),
    }
    for name, (said, found) in listed.items():
        if said != found:
            raise ReportUnreadable(f"{path}: it says {name} = {said}, and its results come to {found}")
    if report.total_bookings < report.pending_processed:
        raise ReportUnreadable(
            f"{path}: it processed {report.pending_processed} of totalBookings = {report.total_bookings}"
        )
    if len(report.pending) < len(report.results):
        numbers = Counter(one.number for one in report.results)
        twice = next(number for number, count in numbers.items() if count > 1)
        raise ReportUnreadable(f"{path}: booking {twice} is in its results twice")
