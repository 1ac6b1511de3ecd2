"""Orders: what each attempt is asked to book, with a guest of its own who can never be reached."""

from hashlib import sha1
from uuid import UUID

from engine.model.ids import AttemptId, RunId, attempt_key
from engine.model.strategy import Strategy
from engine.model.turn import Order, Turn

_DRAWN = ~((0xF << 76) | (0b11 << 62))
_VERSION_5 = (5 << 76) | (0b10 << 62)
"""Version and variant where RFC 9562 wants them."""
_NAMESPACE = UUID("0b6e3b52-7f0e-5b3c-9a55-3d1f4f6c2a10")


def named(namespace: UUID, name: str) -> UUID:
    """`uuid.uuid5`, which looks up its hash anew each time: half of what it takes."""
    digest = sha1(namespace.bytes + name.encode(), usedforsecurity=False).digest()
    return UUID(int=int.from_bytes(digest[:16], "big") & _DRAWN | _VERSION_5)


class Orders:
    """Numbers the attempts of a run, and names what each may make before it is sent."""

    def __init__(self, run: RunId, ladder: tuple[Strategy, ...]) -> None:
        self.ladder = ladder
        self.fixes_keys = False
        """Each booking keeps one key for ever, as the platform's own scripts did: `ultra-fast-<booking>`."""
        self._run = run
        self._given = 0

    def next(self, turn: Turn, ordinal: int) -> Order:
        """The order of the run's next attempt."""
        self._given += 1
        number = AttemptId(self._given)
        key = f"sf-{self._run}-t{turn.twin}" if turn.twin else attempt_key(self._run, number)
        booking_id = turn.booking_id or named(_NAMESPACE, key)
        if self.fixes_keys:
            key = f"ultra-fast-{booking_id}"
        return Order(
            attempt=number,
            turn=turn,
            ordinal=ordinal,
            booking_id=booking_id,
            key=key,
            name=f"Slotfill {number}",
            # Nothing is delivered under .invalid (RFC 2606), and a British number has ten digits after +44: one with
            # sixteen can be nobody's.
            email=f"sf-{booking_id}@example.invalid",
            phone=f"+447000{booking_id.int % 10**12:012d}",
            ladder=self.ladder,
        )
