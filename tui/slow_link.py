"""How fast the way to the terminal is, and when the next paint may go: no clock and no terminal in it.

sshd takes megabytes before a write waits, so that a write queue alone says nothing. After each paint the terminal is
asked where its cursor is; it answers when it has come that far, and the next paint waits for that answer.
"""

from collections import deque
from typing import NamedTuple

from tui.format import size_of

_S = 1_000_000_000
_KEY_WINDOW = 2048
"""Bytes on their way behind which a key's own paint does not wait: an eighth of a second at 16 KB/s."""
_LEAST_CHUNK = 2048
_FIRST_CHUNK = 4096
_CHUNK_S = 0.25
_TELLING = 512
"""Fewer bytes say how long an answer takes, and nothing about the rate."""
_LOST_NS = 5 * _S
_LONGEST_LOST_NS = 60 * _S
_STEPS_S = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
_CALM = 5
"""Paints in a row that could have come quicker before they do."""
_MOST_QUEUED = 3


class _Asked(NamedTuple):
    bytes: int
    at_ns: int


class SlowLink:
    """One way to a terminal. Whoever paints asks it before, tells it after, and passes on the terminal's answers.

    A terminal that has never answered is asked once; until it does, the write queue decides.
    """

    def __init__(self, *, asks: bool) -> None:
        self.step_s = 0.0
        """Seconds between two pictures that the link allows; 0 for as often as wanted."""
        self.left_out = 0
        """Pictures left out for a full write queue, on a terminal that does not answer."""
        self._asks = asks
        self._answers = False
        self._waiting: deque[_Asked] = deque()
        self._trip_ns = 0
        self._ns_per_byte = 0.0
        self._answered_ns = 0
        self._frame = 0
        self._drawn = False
        self._calm = 0
        self._patience_ns = _LOST_NS

    # -- before a paint --------------------------------------------------------------------------------------

    def free(self, queued: int, *, key: bool = False) -> bool:
        """Whether a paint may go now, with so many writes waiting; a key's own goes before others."""
        if not self._answers:
            return queued <= _MOST_QUEUED * (1 + key)
        if not self._waiting:
            return True
        return key and self._on_its_way <= _KEY_WINDOW

    @property
    def chunk(self) -> int:
        """Bytes of one paint at most, so that a key never waits long behind it."""
        if not self._ns_per_byte:
            return _FIRST_CHUNK
        return max(_LEAST_CHUNK, int(_CHUNK_S * _S / self._ns_per_byte))

    @property
    def asks(self) -> bool:
        """Whether a paint is followed by a question."""
        return self._asks and (self._answers or not self._waiting)

    @property
    def waits(self) -> bool:
        """Whether an answer is expected."""
        return bool(self._waiting)

    def wait_ns(self) -> int:
        """How long the answers may well take that are on their way; nobody waits for one who never answered."""
        if not self._answers or not self._waiting:
            return 0
        return int(2 * self._trip_ns + 2 * self._ns_per_byte * self._on_its_way) + _S // 5

    @property
    def _on_its_way(self) -> int:
        return sum(asked.bytes for asked in self._waiting)

    # -- after it --------------------------------------------------------------------------------------------

    def sent(self, count: int, now_ns: int) -> None:
        """A paint of so many bytes went, and a question after it if there was to be one."""
        if self.asks:
            self._waiting.append(_Asked(count, now_ns))
        self._frame += count

    def asked_for_one(self, may: bool) -> None:
        """A picture was due, and may come or is left out."""
        self.left_out += not may and not self._answers

    def drawn(self) -> None:
        """What is painted next is a new picture, not only what a key changed."""
        self._drawn, self._frame = True, 0

    def answered(self, now_ns: int) -> None:
        """An answer came."""
        self._answers, self._patience_ns = True, _LOST_NS
        if not self._waiting:
            return  # to a question that was given up
        asked = self._waiting.popleft()
        took_ns = max(1, now_ns - max(asked.at_ns, self._answered_ns))
        self._answered_ns = now_ns
        if asked.bytes < _TELLING:
            # Ages slowly, so that a way that has become longer is found out.
            self._trip_ns = took_ns if not self._trip_ns else min(took_ns, self._trip_ns + self._trip_ns // 16 + 1)
            return
        each = max(0, took_ns - self._trip_ns) / asked.bytes
        self._ns_per_byte = each if not self._ns_per_byte else 0.7 * self._ns_per_byte + 0.3 * each

    def shown(self, refresh_s: float) -> None:
        """All that was wanted is on the screen; from what a picture took follows when the next may come."""
        if not self._drawn or not self._answers:
            return
        self._drawn = False
        # Half of the time the way stays free, so that a key finds it so.
        least_s = max(2 * self._frame * self._ns_per_byte, self._trip_ns) / _S
        slowed = next((step for step in _STEPS_S if step >= least_s), _STEPS_S[-1])
        step = 0.0 if least_s <= refresh_s else slowed
        self._calm = self._calm + 1 if step < self.step_s else 0
        if step > self.step_s or self._calm >= _CALM:
            self.step_s, self._calm = step, 0

    def lost(self, now_ns: int) -> bool:
        """Whether to ask again: an answer is overdue so long that it may never come."""
        if not self._answers or not self._waiting:
            return False
        if now_ns - self._waiting[0].at_ns <= max(self._patience_ns, self.wait_ns()):
            return False
        # Ever more seldom: what nobody reads must not pile up.
        self._patience_ns = min(2 * self._patience_ns, _LONGEST_LOST_NS)
        self._waiting.clear()
        return True

    def forget(self) -> None:
        """Whatever was on its way will not come: the terminal was somebody else's in between."""
        self._waiting.clear()
        self._drawn, self._frame = False, 0

    @property
    def words(self) -> str:
        """What there is to say; empty as long as the way is quick enough."""
        if not self.step_s:
            return f"slow link, {self.left_out} paints left out" if self.left_out else ""
        often = f"{1 / self.step_s:.0f} paint{'s' * (self.step_s < 1)}/s" if self.step_s <= 1 else ""
        if 2 * self._ns_per_byte * _FIRST_CHUNK >= self._trip_ns:
            how = f"link {size_of(round(_S / self._ns_per_byte))}/s"
        else:
            how = f"link answers after {self._trip_ns / _S:.1f} s"
        return f"{how}: {often or f'a paint every {self.step_s:.0f} s'}"
