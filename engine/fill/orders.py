"""Orders: what each attempt is asked to book, with a guest of its own who can never be reached."""

from uuid import UUID, uuid5

from engine.model.ids import AttemptId, RunId, attempt_key
from engine.model.turn import Order, Turn

_NAMESPACE = UUID("0b6e3b52-7f0e-5b3c-9a55-3d1f4f6c2a10")


class Orders:
    """Numbers the attempts of a run, and names what each may make before it is sent."""

    def __init__(self, run: RunId) -> None:
        self._run = run
        self._given = 0

    def next(self, turn: Turn, ordinal: int) -> Order:
        """The order of the run's next attempt."""
        self._given += 1
        number = AttemptId(self._given)
        key = attempt_key(self._run, number)
        booking_id = uuid5(_NAMESPACE, key)
        return Order(
            attempt=number,
            turn=turn,
            ordinal=ordinal,
            booking_id=booking_id,
            key=key,
            name=f"Slotfill {number}",
            # Nothing is delivered under .invalid (RFC 2606), and a British number has ten digits after +44: one with
            # thirteen can be nobody's.
            email=f"{key}@example.invalid",
            phone=f"+447000{booking_id.int % 10**9:09d}",
        )
