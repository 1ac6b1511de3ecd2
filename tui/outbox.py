"""What goes to the terminal, written by a thread of its own: a terminal that does not read holds up nobody else."""

import os
import queue
import threading


class Outbox(threading.Thread):
    """Writes in the order given. `put` never waits; whoever paints looks at `queued` first."""

    def __init__(self, file: int) -> None:
        super().__init__(daemon=True, name="slotfill-terminal")
        self._file = file
        self._texts: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writing = False
        self.dead = False
        """The terminal has gone; nothing is written any more."""

    @property
    def queued(self) -> int:
        """Writes that the terminal has not taken."""
        return self._texts.qsize() + self._writing

    def put(self, text: str) -> None:
        """Have it written."""
        if not self.dead:
            self._texts.put(text.encode("utf-8", "replace"))

    def run(self) -> None:
        """Write until it is stopped or the terminal has gone."""
        while (left := self._texts.get()) is not None:
            self._writing = True
            try:
                while left and not self.dead:
                    left = left[os.write(self._file, left) :]
            except OSError:
                self.dead = True
            self._writing = False

    def stop(self, most_s: float) -> None:
        """Write what is left, but wait for a terminal that does not read no longer than that."""
        self._texts.put(None)
        self.join(most_s)
        self.dead = True
