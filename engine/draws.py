"""What a plan draws from its seed and from the day: party sizes and start times. The same words give the same draw."""

import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta

import msgspec

from engine.allocator.window import hours_on
from engine.model.floor import Floor


def draw(*words: object) -> float:
    """A number in [0, 1) that follows from the words and from nothing else, in every process."""
    return random.Random("/".join(str(word) for word in words)).random()  # noqa: S311 - repeatable, not secret


class Parties(msgspec.Struct, frozen=True):
    """The party sizes there may be, both ends included."""

    min_party: int
    max_party: int

    def checked(self) -> "Parties":
        """Itself, when the sizes go together. Raises ValueError when they do not."""
        if self.min_party < 1:
            raise ValueError(f"min_party = {self.min_party} seats nobody; give 1 or more")
        if self.max_party < self.min_party:
            raise ValueError(f"max_party = {self.max_party} is below min_party = {self.min_party}; give at least that")
        return self

    def party(self, drawn: float) -> int:
        """The size that a draw in [0, 1) comes to."""
        return self.min_party + int(drawn * (self.max_party - self.min_party + 1))


def start_times(start: time, end: time, interval_min: int) -> Iterator[time]:
    """Start times of one day, the end too when it falls on the grid; none past midnight. Raises ValueError."""
    if interval_min < 1:
        raise ValueError(f"interval_min = {interval_min} never leaves the first slot; give 1 or more")
    at = datetime.combine(date.min, start)
    last = datetime.combine(date.min, end)
    while at <= last:
        yield at.time()
        at += timedelta(minutes=interval_min)


def open_at(floors: Mapping[str, Floor], on: date, at: time) -> tuple[str, ...]:
    """The restaurants that are open at that moment, in the order given."""
    hours = {slug: hours_on(floor, on) for slug, floor in floors.items()}
    return tuple(slug for slug, opens in hours.items() if opens is not None and opens[0] <= at < opens[1])
