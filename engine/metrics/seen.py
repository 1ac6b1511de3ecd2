"""Whether an id may have come before: a Bloom filter of a fixed size, for ids that are drawn at random."""

from uuid import UUID

BITS = 1 << 24
"""Two megabytes: of a million ids two in a thousand are taken for one that came before, of five million a quarter."""
_PLACES = 4
_DRAWN = (1 << 30) - 1


class Seen:
    """Remembers ids without keeping them. What came before is always known; what did not is now and then taken for it.

    Places are drawn from the last sixty bits of an id, which are random in every version of UUID that is drawn.
    """

    def __init__(self) -> None:
        self._bits = bytearray(BITS >> 3)

    def add(self, one: UUID) -> bool:
        """Remember it; whether it may have come before."""
        drawn = one.int
        place, step = drawn & _DRAWN, (drawn >> 30 & _DRAWN) | 1
        bits, before = self._bits, True
        for _ in range(_PLACES):
            at = place & (BITS - 1)
            bit = 1 << (at & 7)
            if not bits[at >> 3] & bit:
                before = False
                bits[at >> 3] |= bit
            place += step
        return before
