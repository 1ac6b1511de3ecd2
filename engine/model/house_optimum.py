"""What a house could have seated, beside what it did."""

from datetime import datetime

import msgspec


class Price(msgspec.Struct, frozen=True):
    """What one rule costs: bookings more that would fit without it; the least of them where the time was over."""

    rule: str
    bookings: int
    is_proven: bool


class Regret(msgspec.Struct, frozen=True):
    """A booking that was refused, and how it would have fitted."""

    booking: str
    party: int
    start: datetime
    tables: tuple[str, ...]
    moved: str = ""
    """The booking that would have had to sit elsewhere; empty when the tables were free."""
    moved_from: tuple[str, ...] = ()
    moved_to: tuple[str, ...] = ()


class HouseOptimum(msgspec.Struct, frozen=True):
    """One restaurant."""

    restaurant: str
    bookings: int
    """Asked for."""
    outside: int
    """Of them, at times when the house serves nobody."""
    achieved: int
    bound: int | None
    """No assignment seats more; null when it is withheld."""
    is_proven: bool
    """Whether an assignment that seats so many was found."""
    online: int
    """First come, first served, each at the free set with the fewest empty seats."""
    covers: int
    optimal_covers: int | None
    """Guests of an assignment that seats as many as the bound; null where none was found."""
    waste: int
    optimal_waste: int | None
    """The least that as many bookings as the bound can have; null where that was not proven."""
    efficiency: float | None
    """Achieved by bound."""
    prices: tuple[Price, ...]
    regrets: tuple[Regret, ...]
    withheld: str = ""
    """Why there is no bound: an assignment that the model does not allow shows that the model is wrong."""
