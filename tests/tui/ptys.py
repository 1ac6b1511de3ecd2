"""Terminals to see a console in: a pty whose reader is quick, throttled like a slow link, or stalled.

Each answers the console's questions after the cursor the way a terminal does: when it has read that far.
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

_PART = re.compile(
    rb"\x1b\[([0-9;?<>=]*)([ -/]*)([@-~])|\x1b[\]P_].*?(?:\x07|\x1b\\)|\x1b[()].|\x1b[^\[\]P_()]|[\r\n]|[^\x1b\r\n]+",
    re.S,
)
_SLICE_S = 0.01
_TICK_S = os.sysconf("SC_CLK_TCK")


class Cells:
    """What a terminal shows, kept up to date as bytes come."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._cells = [[" "] * width for _ in range(height)]
        self._x = self._y = 0
        self._rest = b""

    def row(self, y: int) -> str:
        """One of its lines."""
        return "".join(self._cells[y])

    def write(self, y: int, text: str) -> None:
        """Put something into the cells that nobody sent."""
        self._cells[y][: len(text)] = text

    def feed(self, sent: bytes) -> int:
        """Take these bytes. Returns how often the cursor's place was asked for."""
        data = self._rest + sent
        last = data.rfind(b"\x1b")
        if last >= 0 and _PART.match(data, last) is None:
            data, cut = data[:last], data[last:]
        else:
            cut = b""
        asked = end = 0
        for part in _PART.finditer(data):
            end = part.end()
            if part[0][:1] not in (b"\x1b", b"\r", b"\n") and end == len(data):
                # The last sign may lack bytes.
                whole = part[0].decode(errors="ignore").encode()
                end = part.start() + len(whole)
                self._text(whole.decode())
                break
            asked += self._take(part)
        self._rest = data[end:] + cut
        return asked

    def _take(self, part: "re.Match[bytes]") -> bool:
        final, given = part[3], part[1] or b""
        numbers = [int(one or 0) for one in given.split(b";") if one.isdigit() or not one]
        if final in (b"H", b"f"):
            self._y, self._x = [*(max(0, one - 1) for one in numbers), 0, 0][:2]
        elif final == b"J" and numbers[:1] == [2]:
            self._cells = [[" "] * self.width for _ in range(self.height)]
        elif final == b"G":
            self._x = max(0, numbers[0] - 1) if numbers else 0
        elif part[0] == b"\r":
            self._x = 0
        elif part[0] == b"\n":
            self._y += 1
        elif part[0][:1] != b"\x1b":
            self._text(part[0].decode(errors="replace"))
        return final == b"n" and given == b"6"

    def _text(self, text: str) -> None:
        if self._y < self.height:
            row = self._cells[self._y]
            for column, sign in enumerate(text, start=self._x):
                if column < self.width:
                    row[column] = sign
        self._x += len(text)


class Terminal:
    """A console in a pty, and the one who reads it."""

    def __init__(
        self, command: list[str], environ: dict[str, str], home: Path, size: tuple[int, int], bytes_per_s: int = 0
    ) -> None:
        width, height = size
        self.cells = Cells(width, height)
        self.sent = 0
        self.bytes_per_s = bytes_per_s
        self.stalled = False
        self.answers = True
        self.asked = 0
        """How often it was asked where its cursor is."""
        self._typing = threading.Lock()
        """No key comes amid an answer."""
        self._moved = threading.Condition()
        self._over = threading.Event()
        self.terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.process = subprocess.Popen(
            command,
            env={"TERM": "xterm-256color", "COLORTERM": "truecolor"} | environ,
            cwd=home,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one call, no lock taken
        )
        # Kept open: it tells what the console has not read, and what is typed into the shell after it.
        self._theirs = theirs
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while not self._over.is_set():
            if self.stalled:
                time.sleep(_SLICE_S)
                continue
            at_once = max(1, int(self.bytes_per_s * _SLICE_S)) if self.bytes_per_s else 65536
            try:
                if not select.select([self.terminal], [], [], 0.1)[0]:
                    continue
                seen = os.read(self.terminal, at_once)
                with self._moved:
                    self.sent += len(seen)
                    asked = self.cells.feed(seen)
                    self._moved.notify_all()
                self.asked += asked
                self._answer(asked)
            except OSError:
                return
            if self.bytes_per_s:
                time.sleep(len(seen) / self.bytes_per_s)

    def _answer(self, asked: int) -> None:
        with self._typing:
            for byte in b"\x1b[1;1R" * asked * self.answers:
                # One by one, as a bad link may cut them.
                os.write(self.terminal, bytes((byte,)))

    @property
    def text(self) -> str:
        """All it shows."""
        with self._moved:
            return "\n".join(self.cells.row(y) for y in range(self.cells.height))

    def shows(self, *words: str, within_s: float = 20.0) -> bool:
        """Wait until all of the words are on it; whether they came."""

        def there(cells: Cells) -> bool:
            text = "\n".join(cells.row(y) for y in range(cells.height))
            return all(word in text for word in words)

        return self.until(there, within_s)

    def scribble(self, text: str, row: int = 12) -> None:
        """Have something else written on it."""
        with self._moved:
            self.cells.write(row, text)

    def press(self, keys: bytes) -> None:
        """Type."""
        with self._typing:
            os.write(self.terminal, keys)

    def until(self, condition: Callable[[Cells], bool], within_s: float = 20.0) -> bool:
        """Wait until its cells are so; whether they came to be."""
        with self._moved:
            return self._moved.wait_for(lambda: condition(self.cells), within_s)

    def unread(self) -> int:
        """Bytes that were typed and that the console has not read."""
        return int.from_bytes(fcntl.ioctl(self._theirs, termios.FIONREAD, bytes(4)), sys.byteorder)

    @property
    def cpu_s(self) -> float:
        """Processor time the console has taken so far."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / _TICK_S

    @property
    def resident_bytes(self) -> int:
        """Memory the console holds."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        """Hang up."""
        self.stalled = False
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._over.set()
        self._reader.join()
        os.close(self.terminal)
        os.close(self._theirs)
