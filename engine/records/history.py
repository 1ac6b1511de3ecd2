"""Every series of a recording from its first second to its last, put together while its frames are read."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.metrics.series import LONGEST
from engine.model.snapshot import RunSnapshot
from engine.records.frames import blank_of, second_of, with_series

_NO_END = 10**9


class _Track:
    """One series: the second of the run it begins in, and its values."""

    __slots__ = ("first", "values")

    def __init__(self, first: int, values: list[int | None]) -> None:
        self.first = first
        self.values = values


class History:
    """One value a second, for as long as the recording is.

    A frame's own series are only its last seconds, and a later frame never tells anew what an earlier one had told
    before its last seconds. So the history until now, cut where a frame's own series begin, is what was known then.
    """

    def __init__(self) -> None:
        self._tracks: dict[str, _Track] = {}

    def take(self, second: int, series: Mapping[str, Sequence[int | None]]) -> None:
        """The series of a frame that was taken in this second of the run."""
        for name, tail in series.items():
            if not tail:
                continue
            begins = second - len(tail) + 1
            track = self._tracks.get(name)
            if track is None:
                self._tracks[name] = _Track(begins, list(tail))
                continue
            place = begins - track.first
            if place > len(track.values):  # frames between could not be read
                track.values += [blank_of(name)] * (place - len(track.values))
            track.values[max(0, place) :] = tail[max(0, -place) :]

    def joined(self, snapshot: RunSnapshot, most: int = LONGEST) -> RunSnapshot:
        """A frame's snapshot with as many seconds before its own series as are known, up to `most` in all."""
        second = second_of(snapshot)

        def longer(name: str, tail: Sequence[int | None]) -> Any:
            track = self._tracks.get(name)
            if track is None or not tail:
                return tuple(tail)
            first = max(track.first, second - most + 1)
            return (*track.values[first - track.first : max(0, second - len(tail) + 1 - track.first)], *tail)

        return with_series(snapshot, longer)

    def widened(self, snapshot: RunSnapshot) -> RunSnapshot:
        """A snapshot with its series from the recording's first second on, however long that is."""
        return self.joined(snapshot, _NO_END)

    def of(self, name: str) -> tuple[int, Sequence[int | None]]:
        """A series' first second and its values; none when it was not recorded."""
        track = self._tracks.get(name)
        return (0, ()) if track is None else (track.first, track.values)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all series there are."""
        return tuple(self._tracks)
