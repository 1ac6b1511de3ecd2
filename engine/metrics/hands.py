"""What each worker has in hand, folded from events: attempts in flight and for how long."""

from engine.metrics.refusals import RefusalCount
from engine.model.event import AttemptEnded, Intended, Refused
from engine.model.ids import AttemptId, Ids, WorkerId
from engine.model.run_state import RunState


class Hand:
    """A worker's latest attempt."""

    __slots__ = ("attempt", "booking", "ended", "refusals", "started_ns")

    def __init__(self, attempt: AttemptId, started_ns: int) -> None:
        self.attempt = attempt
        self.started_ns = started_ns
        self.booking = ""
        """First eight characters of the booking's id, once something about it was sent."""
        self.refusals: list[RefusalCount] = []
        self.ended = False


class Hands:
    """One hand a worker: that bounds the memory, and a word that comes after the attempt's last opens nothing."""

    def __init__(self) -> None:
        self._hands: dict[WorkerId | None, Hand] = {}
        self._busy_ns = 0
        self._paused_ns = 0
        self._paused_since: int | None = None
        self.first_send_ns: int | None = None
        self.in_flight = 0

    def intended(self, event: Intended) -> None:
        """Something is about to be sent."""
        if self.first_send_ns is None:
            self.first_send_ns = event.at_ns
        hand = self._hand(event.ids, event.at_ns)
        if hand is not None and not hand.booking:
            hand.booking = str(event.booking_id)[:8]

    def refused(self, event: Refused) -> Hand | None:
        """The hand the refusal belongs to; None when its attempt has ended."""
        return self._hand(event.ids, event.at_ns)

    def ended(self, event: AttemptEnded) -> list[RefusalCount]:
        """The attempt's refusals; it is no longer in flight."""
        sent_ns = self.first_send_ns
        if sent_ns is not None:
            # The mean is of the time since then, and the first attempts are quoted before it.
            began_ns = event.started_ns
            self._busy_ns += event.ended_ns - (began_ns if began_ns > sent_ns else sent_ns)
        hand = self._hand(event.ids, event.started_ns)
        if hand is None:
            return []
        hand.ended = True
        self.in_flight -= 1
        refusals, hand.refusals = hand.refusals, []
        return refusals

    def moved(self, at_ns: int, state: RunState) -> None:
        """The run came into another state; time in PAUSED is left out of the mean."""
        if self._paused_since is not None:
            sent_ns = at_ns if self.first_send_ns is None else self.first_send_ns
            self._paused_ns += at_ns - max(self._paused_since, sent_ns)
            self._paused_since = None
        if state is RunState.PAUSED:
            self._paused_since = at_ns

    def effective_concurrency(self, until_ns: int) -> float:
        """Mean number of attempts in flight since the first send, pauses left out."""
        if self.first_send_ns is None:
            return 0.0
        paused_ns = self._paused_ns
        if self._paused_since is not None:
            paused_ns += max(0, until_ns - max(self._paused_since, self.first_send_ns))
        sent_ns = self.first_send_ns
        open_ns = sum(max(0, until_ns - max(one.started_ns, sent_ns)) for one in self._hands.values() if not one.ended)
        lasted_ns = until_ns - self.first_send_ns - paused_ns
        return (self._busy_ns + open_ns) / lasted_ns if lasted_ns > 0 else 0.0

    def unended(self) -> tuple[AttemptId, ...]:
        """Attempts that have no last word."""
        return tuple(sorted(hand.attempt for hand in self._hands.values() if not hand.ended))

    def _hand(self, ids: Ids, at_ns: int) -> Hand | None:
        if ids.attempt is None:
            return None
        hand = self._hands.get(ids.worker)
        if hand is None or hand.attempt < ids.attempt:
            # A worker begins its attempts in ascending order: a greater number is its next one.
            self.in_flight += hand is None or hand.ended
            hand = self._hands[ids.worker] = Hand(ids.attempt, at_ns)
        return hand if hand.attempt == ids.attempt and not hand.ended else None
