"""What a journal says of every attempt: its last word, or what it sent last. Pure."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from engine.model.event import AttemptEnded, Event, Intended, Missed
from engine.model.floor import Window
from engine.model.ids import AttemptId
from engine.model.outcome import Certainty, Outcome
from engine.model.step import Step


class Said(msgspec.Struct, frozen=True, gc=False):
    """An attempt's last word, as far as the ledger needs it: a run may have a million."""

    booking_id: UUID
    key: str
    certainty: Certainty
    outcome: str
    tables: tuple[str, ...]
    xid: int | None
    through_api: bool
    ended_ns: int
    party: int = 0
    window: Window | None = None
    step: Step | None = None
    """The step that decided, or the last one that was sent; None when filled."""

    @property
    def acknowledged(self) -> bool:
        """The platform said success."""
        return self.certainty is Certainty.OK


class Words:
    """What a journal says of every attempt: its last word, or what it sent last when it has none."""

    def __init__(self, events: Iterable[Event], *, through_api: bool = False) -> None:
        """`through_api`: of attempts without a last word only this tells whether the platform assigned by itself."""
        self.ended: dict[AttemptId, Said] = {}
        self.open: dict[AttemptId, Said] = {}
        """Attempts that sent something and have no last word, as if what they sent last was never answered."""
        self.missed: dict[AttemptId, Missed] = {}
        """What readings during the run did not have."""
        keys: dict[AttemptId, str] = {}
        for event in events:
            attempt = event.ids.attempt
            if attempt is None:
                continue
            if isinstance(event, Intended):
                keys[attempt] = event.key
                self.open[attempt] = unanswered(event, through_api)
            elif isinstance(event, AttemptEnded):
                self.ended[attempt] = said(event, keys.pop(attempt, ""))
                self.open.pop(attempt, None)
            elif isinstance(event, Missed):
                self.missed[attempt] = event

    @classmethod
    def of(
        cls, ended: dict[AttemptId, Said], unanswered: dict[AttemptId, Said], missed: dict[AttemptId, Missed]
    ) -> "Words":
        """Words that were read before."""
        words = cls(())
        words.ended, words.open, words.missed = ended, unanswered, missed
        return words

    @property
    def all(self) -> dict[AttemptId, Said]:
        """Every attempt's last word, given or not."""
        return self.ended | self.open

    @property
    def bookings(self) -> frozenset[UUID]:
        """Every booking that an attempt was about."""
        return frozenset(one.booking_id for one in self.all.values())

    @property
    def in_doubt(self) -> frozenset[UUID]:
        """Bookings of attempts whose end nobody heard: they may be there, and nobody was told."""
        return frozenset(one.booking_id for one in self.all.values() if one.certainty is Certainty.INFO)

    @property
    def doubtful(self) -> frozenset[int]:
        """Transactions of attempts whose end nobody heard."""
        return frozenset(
            one.xid for one in self.all.values() if one.certainty is Certainty.INFO and one.xid is not None
        )

    @property
    def acknowledged(self) -> frozenset[int]:
        """Transactions whose COMMIT was answered."""
        return frozenset(one.xid for one in self.ended.values() if one.acknowledged and one.xid is not None)

    @property
    def last_unheard_ns(self) -> int | None:
        """When the last attempt through an API ended without an answer to its request; None when all had one."""
        unheard = [one.ended_ns for one in self.all.values() if waits_for_server(one)]
        return max(unheard, default=None)


def said(event: AttemptEnded, key: str) -> Said:
    """An attempt's last word, as the ledger keeps it."""
    return Said(
        booking_id=event.booking_id,
        key=key,
        certainty=event.certainty,
        outcome=event.outcome,
        tables=event.tables,
        xid=event.xid,
        through_api=event.path is not None,
        ended_ns=event.ended_ns,
        party=event.party,
        window=event.window,
        step=None if event.refusal is None else event.refusal.step,
    )


def unanswered(event: Intended, through_api: bool) -> Said:
    """What was sent last and nobody answered."""
    return Said(
        booking_id=event.booking_id,
        key=event.key,
        certainty=Certainty.INFO,
        outcome=Outcome.UNKNOWN.word,
        tables=(),
        xid=event.xid,
        through_api=through_api,
        ended_ns=event.at_ns,
        step=event.ids.step,
    )


def waits_for_server(one: Said) -> bool:
    """Whether a server may still work on its request: only time, and then a reading, tells what became of it."""
    return one.certainty is Certainty.INFO and one.through_api and one.step is Step.SUBMIT
