"""Reports put in order: which pass each belongs to, and what the next one of its restaurant proves. Pure."""

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence

import msgspec

from engine.model.ledger import Entry
from engine.model.outcome import Certainty
from engine.records.historic.moments import began
from engine.records.historic.report import Read, ReportUnreadable, SlotFillMetrics, Told, UltraFast

LONGEST = dt.timedelta(days=31)
"""Reports further apart than this are not of one run."""
ROUNDED = dt.timedelta(milliseconds=20)
"""Reports round how long they took to hundredths of a second."""


class Sitting(msgspec.Struct, frozen=True):
    """One report in its place: a restaurant's turn in a pass."""

    file: str
    report: UltraFast
    number: int
    """Which pass it belongs to, from 1: its restaurant's how manyth report of that day this is."""
    left: frozenset[str] | None = None
    """Bookings that were pending when the restaurant's next report began; None when no report tells."""
    asked: dt.datetime | None = None
    """When that was read; None when no report tells."""
    doubt: str = ""
    """Why the next report proves less than it seems to, in one sentence; empty when it does not."""

    @property
    def slug(self) -> str:
        """The restaurant's."""
        return self.report.slug

    @property
    def given(self) -> frozenset[str]:
        """Bookings that it says were given tables."""
        return frozenset(one.number for one in self.report.results if one.success and one.tables)

    @property
    def is_followed(self) -> bool:
        """Whether the next report tells of each of its bookings what became of it."""
        return self.left is not None and not self.doubt

    def entry(self, one: Told, certainty: Certainty) -> Entry:
        """What one booking of it came to, as far as the next report tells."""
        pending = None if self.left is None else one.number in self.left
        if self.doubt and not pending:
            pending = None  # it may have been taken away since
        match certainty:
            case Certainty.OK:
                return Entry.UNVERIFIED if pending is None else Entry.LOST if pending else Entry.PERSISTED
            case Certainty.INFO:
                return Entry.UNRESOLVED if pending is None else Entry.VOID if pending else Entry.RECOVERED
            case _:
                # It failed and waits no more: another script confirmed it, or somebody cancelled it. Nothing tells.
                return Entry.UNVERIFIED if pending is False else Entry.VOID


class Reports(msgspec.Struct, frozen=True):
    """The files of one call, in order."""

    sittings: tuple[Sitting, ...]
    """By time, whatever the order of the files."""
    metrics: tuple[tuple[str, SlotFillMetrics], ...]
    began: dt.datetime
    ended: dt.datetime

    @property
    def doubts(self) -> tuple[str, ...]:
        """What a reader must know before believing what the passes prove."""
        return (*dict.fromkeys(one.doubt for one in self.sittings if one.doubt), *self._resets())

    def _resets(self) -> Iterable[str]:
        for number in sorted({one.number for one in self.sittings}):
            followed = [one for one in self.sittings if one.number == number and one.left is not None]
            given = sum(len(one.given) for one in followed)
            if given and all(one.given <= (one.left or frozenset()) for one in followed):
                yield (
                    f"all {given} bookings that pass {number} gave tables are pending again in pass {number + 1}: "
                    "they count as lost; if something reset them in between, import the passes in two calls"
                )


def in_order(read: Sequence[Read]) -> Reports:
    """The reports as passes. Raises ReportUnreadable where they cannot be of one run."""
    _not_twice(read)
    fast = sorted(
        ((one.file, one.report) for one in read if isinstance(one.report, UltraFast)),
        key=lambda pair: (pair[1].executed_at, pair[1].slug),
    )
    metrics = sorted(
        ((one.file, one.report) for one in read if isinstance(one.report, SlotFillMetrics)),
        key=lambda pair: pair[1].generated_at,
    )
    ended = max(one.ended for one in read)
    begins = [began(report) for _, report in fast] + [report.generated_at for _, report in metrics]
    first = min(begins)
    if ended - first > LONGEST:
        raise ReportUnreadable(
            f"these reports are {(ended - first).days} days apart, from {first:%Y-%m-%d} to {ended:%Y-%m-%d}, and one "
            "call makes one run; import them in several calls"
        )
    return Reports(tuple(_seated(fast)), tuple(metrics), first, ended)


def _not_twice(read: Iterable[Read]) -> None:
    """The same report again would look like a pass that found everything pending once more."""
    files: dict[object, str] = {}
    for one in read:
        report = one.report
        keys: list[object] = [one.sha256]
        if isinstance(report, UltraFast):
            keys.append((report.slug, report.date, report.executed_at))
        for key in keys:
            if key in files:
                raise ReportUnreadable(f"{files[key]} and {one.file} are the same report; give each one once")
        files.update(dict.fromkeys(keys, one.file))


def _seated(fast: Sequence[tuple[str, UltraFast]]) -> Iterable[Sitting]:
    series: dict[tuple[str, dt.date], list[UltraFast]] = {}
    for _, report in fast:
        series.setdefault((report.slug, report.date), []).append(report)
    put_back: dict[int, str] = {}
    for reports in series.values():
        for number, (before, after) in enumerate(itertools.pairwise(reports), start=1):
            if why := _put_back(before, after):
                put_back.setdefault(number, why)
    for file, report in fast:
        mine = series[report.slug, report.date]
        number = mine.index(report) + 1
        one = Sitting(file, report, number)
        yield _followed(one, mine[number], put_back.get(number, "")) if number < len(mine) else one


def _put_back(before: UltraFast, after: UltraFast) -> str:
    """The sign that something reset bookings between two reports; empty when there is none."""
    back = len(after.pending - before.pending)
    if not back or after.config.forced or after.total_bookings != before.total_bookings:
        return ""
    return (
        f"{back} bookings of {after.slug} that were not pending before are pending in it, so something put bookings "
        "back in between"
    )


def _followed(one: Sitting, after: UltraFast, put_back: str) -> Sitting:
    """What the next report of its restaurant tells of it, and how far that can be believed."""
    replace, before = msgspec.structs.replace, one.report
    which = f"pass {one.number + 1} proves nothing of pass {one.number}"
    if put_back:
        # A reset takes a whole day: where one restaurant shows it, the others cannot be believed either.
        return replace(one, doubt=f"{which}: {put_back}")
    if after.config.forced:
        why = "it was told FORCE_REASSIGN_ALL, so it took bookings whether they were pending or not"
        return replace(one, doubt=f"{one.slug}: {which}: {why}")
    if after.began < before.executed_at - ROUNDED:
        why = "it began before that one was over, so it read too early which bookings were pending"
        return replace(one, doubt=f"{one.slug}: {which}: {why}")
    doubt = ""
    if after.total_bookings != before.total_bookings:
        doubt = (
            f"{one.slug}: the day had {before.total_bookings} bookings in pass {one.number} and "
            f"{after.total_bookings} in pass {one.number + 1}: one that is no longer pending may be gone"
        )
    return replace(one, left=after.pending, asked=after.began, doubt=doubt)
