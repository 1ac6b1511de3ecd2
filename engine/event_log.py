"""What is said in a run: the journal takes it first, then it counts, and then whoever wants to know hears of it."""

from collections import deque
from collections.abc import Callable

from engine.metrics.tally import Tally
from engine.model.event import AttemptEnded, Event, RunPlanned
from engine.observability import EventTable
from engine.reconciler import Reconciler
from engine.records.journal import Journal
from engine.records.samples import Samples
from engine.redact import mask_event

EVENTS_KEPT = 5_000
_TALLIED_AT_ONCE = 64
"""Counted one after the other, events cost a third of what each does between two statements; and so many take half a
millisecond."""


class EventLog:
    """The events of one run, in their order."""

    def __init__(self, journal: Journal, samples: Samples) -> None:
        self.journal = journal
        self.samples = samples
        self.reconciler: Reconciler | None = None
        """Who reads back what was acknowledged; None until there is one."""
        self.table: EventTable | None = None
        """The platform's own table of events; None where nothing is written to it."""
        self.planned: Callable[[], None] = lambda: None
        """Hears that a leg was planned."""
        self.last: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._count = 0
        self._tally, self._untallied = Tally(), list[Event]()

    def log(self, event: Event) -> None:
        """Take an event, masked: the journal first, and only what it took counts. Raises RecordsFailed."""
        event = mask_event(event)
        self.journal.write(event)
        self._untallied.append(event)
        if len(self._untallied) >= _TALLIED_AT_ONCE:
            self._count_up()
        self.last.append(event)
        self._count += 1
        if self.table is not None:
            self.table.take(event)
        if isinstance(event, RunPlanned):
            self.planned()
        elif isinstance(event, AttemptEnded):
            self.samples.take(event)
            if self.reconciler is not None:
                self.reconciler.take(event)

    def remember(self, event: Event) -> None:
        """Keep an event that belongs to the screens and not to the journal."""
        self.last.append(event)
        self._count += 1

    def since(self, number: int) -> tuple[int, tuple[Event, ...]]:
        """Events from that number on, as far as they are kept, and the number to ask with next."""
        oldest = self._count - len(self.last)
        return self._count, tuple(self.last)[max(0, number - oldest) :]

    @property
    def tally(self) -> Tally:
        """Every figure that comes from events, up to the last one."""
        if self._untallied:
            self._count_up()
        return self._tally

    def _count_up(self) -> None:
        events, self._untallied = self._untallied, []
        for event in events:
            self._tally.apply(event)
