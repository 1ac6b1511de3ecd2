"""What the platform's databases are seeded with."""

from datetime import date

import msgspec

SEEDED_DAY = date(2027, 3, 1)
"""The day runs are for unless another is given: a Monday, fixed, so that equal seeds meet equal days."""

SEEDED_RESTAURANTS = ("white-horse-pub-waterbeach",)
"""Slugs of the restaurants of `white-horse`."""

STRESS_RESTAURANTS = ("pub-1", "pub-2", "cafe-3", "finedining-4", "finedining-5")
"""Slugs of the restaurants of `stress` and of `today`."""


class DataSet(msgspec.Struct, frozen=True):
    """Restaurants a database can be seeded with, and maybe bookings that wait there."""

    seeds: tuple[str, ...]
    """Files of `queries/seed/`, in order."""
    restaurants: tuple[str, ...]
    """Slugs of the restaurants that they make."""
    day: date | None = SEEDED_DAY
    """The day its runs are for unless another is given; None for the calendar's, which the caller knows."""

    @property
    def moves(self) -> bool:
        """Whether its bookings are moved from the seeded day to the one that is asked for."""
        return self.day is None


_STRESS = ("occasions", "stress_floor", "stress_bookings")

DATA_SETS = {
    "white-horse": DataSet(("occasions", "white_horse"), SEEDED_RESTAURANTS),
    "stress": DataSet(_STRESS, STRESS_RESTAURANTS),
    "today": DataSet(_STRESS, STRESS_RESTAURANTS, day=None),
}
"""Every data set by the name `--data` knows it by."""

DATA = tuple(DATA_SETS)
"""Names of the data sets."""


def data_set(name: str) -> DataSet:
    """The data set of that name. Raises ValueError, naming those there are."""
    try:
        return DATA_SETS[name]
    except KeyError:
        raise ValueError(f"there is no data set {name!r}; there are {', '.join(DATA)}") from None
