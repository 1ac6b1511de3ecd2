"""Another run's series, laid behind those on the screen: its first second under their first second."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.records.past import Past
from engine.records.trouble import RecordsDamaged


class Behind(msgspec.Struct, frozen=True):
    """A reference run."""

    name: str
    length_ns: int
    series: dict[str, tuple[int, tuple[int | None, ...]]]
    """By name, as `engine/records/frames.py` names them: the first second, and a value for each second from there."""

    def under(self, name: str, second: int, count: int) -> tuple[int | None, ...]:
        """Its values of the `count` seconds that end with this one; None where it has none."""
        first, values = self.series.get(name, (0, ()))
        start = second - count + 1 - first
        inside = values[max(0, start) : max(0, start + count)]
        before = [None] * min(count, max(0, -start))
        return (*before, *inside, *[None] * (count - len(before) - len(inside)))


def read_behind(folder: Path, name: str) -> Behind:
    """A run's recording as a reference. Raises RecordsDamaged."""
    past = Past(folder)
    past.read_on()
    if past.is_empty:
        raise RecordsDamaged(f"{folder}: the recording has no picture yet")
    names = [one for one in past.history.names if one == "fills" or one.startswith("step ")]
    return Behind(name, past.ends_ns, {one: _whole(past.history.of(one)) for one in names})


def _whole(track: tuple[int, Sequence[int | None]]) -> tuple[int, tuple[int | None, ...]]:
    return track[0], tuple(track[1])
