"""How the console drives its terminal: paints only what differs, no faster than it is shown, and never waits for it."""

import codecs
import os
import select
import time
from contextlib import suppress
from typing import Any

from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Offset
from textual.message import Message

from engine.clock import RunningClock
from tui.answers import Answers
from tui.cells import Cells
from tui.outbox import Outbox
from tui.slow_link import SlowLink

ASK = "\x1b[6n"
_SYNC, _UNSYNC = "\x1b[?2026h", "\x1b[?2026l"
_KEY_NS = 250_000_000
"""So long after a key, what changes on the screen is taken for what the key did."""
_LEAVING_S = 2.0
_SELECT_S = 0.1


class LinkDriver(LinuxDriver):
    """A terminal at the other end of a link of unknown speed."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.cells = Cells()
        # Textual writes to stderr; a process without one has no screen and never comes here.
        self._file_number = self._file.fileno() if self._file is not None else self.fileno
        # What is no terminal is not asked: nobody would answer, and the question would stand in a file.
        self.link = SlowLink(asks=self.input_tty and os.isatty(self._file_number))
        self._outbox = Outbox(self._file_number)
        self._answers = Answers()
        self._first: set[int] = set()
        self._key_ns = -_KEY_NS
        self._cursor = Offset(0, 0)
        self._synced = False
        self._clock = RunningClock()
        self._asked = 0
        self._heard = 0
        self._given_back = False
        self.refresh_s = 0.25
        """Seconds between two pictures as the operator wants them."""

    # -- painting --------------------------------------------------------------------------------------------

    def show(self, update: ChopsUpdate | LayoutUpdate, cursor: Offset, *, synced: bool) -> None:
        """Have the terminal show this as soon as the link allows; `synced` if it knows synchronised output."""
        self.cells.resize(*self._app.size)
        changed = self.cells.take(update, self._app.console.color_system)
        if self._clock.now_ns() - self._key_ns < _KEY_NS:
            self._first |= changed
        self._cursor, self._synced = cursor, synced
        self.paint()

    def paint(self) -> None:
        """Send what differs, if the link is free and as much of it as one paint may take."""
        while self.cells.dirty and not self._given_back and self.link.free(self._outbox.queued, key=bool(self._first)):
            key = self._first & self.cells.dirty
            text = self.cells.paint(self.link.chunk, key)
            self._first &= self.cells.dirty
            if not text:
                continue
            x, y = self._cursor
            text = f"{text}\x1b[{y + 1};{x + 1}H"
            self._send(f"{_SYNC}{text}{_UNSYNC}" if self._synced else text)

    def ready(self) -> bool:
        """Whether a new picture would be shown at once: all of the last one is, and the way is free."""
        ready = not self.cells.dirty and self.link.free(self._outbox.queued)
        self.link.asked_for_one(ready)
        return ready

    def look_after(self, refresh_s: float) -> None:
        """Ask anew where an answer never came, so that one lost answer does not end all painting."""
        self.refresh_s = refresh_s
        if self.link.lost(self._clock.now_ns()):
            self._asked = self._heard
            self._send("")
        else:
            self.paint()

    @property
    def is_lent(self) -> bool:
        """Whether the terminal is somebody else's at the moment."""
        return self._given_back

    def redraw(self) -> None:
        """Send everything again: somebody else wrote on the screen."""
        self.cells.forget()
        self.paint()

    def _send(self, text: str) -> None:
        asks = self.link.asks
        self._asked += asks
        self.link.sent(len(text.encode()), self._clock.now_ns())
        self._outbox.put(text + ASK if asks else text)

    def _answered(self, count: int) -> None:
        for _ in range(count):
            self.link.answered(self._clock.now_ns())
        self.paint()
        if not self.cells.dirty and not self.link.waits:
            self.link.shown(self.refresh_s)

    # -- the driver's part -----------------------------------------------------------------------------------

    def start_application_mode(self) -> None:
        """Take the terminal, whose screen is empty now."""
        self._outbox = Outbox(self._file_number)
        self._outbox.start()
        self.cells.forget()
        self.link.forget()
        self._given_back = False
        self._asked = self._heard
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self.link.asks:
            # Before there is anything to paint: the answer says how long the way is.
            self._send("")

    def write(self, data: str) -> None:
        """Write, but never wait for it."""
        self._outbox.put(data)

    def disable_input(self) -> None:
        """Stop reading, once the answers are in: whoever reads next would take them for keys."""
        self._given_back = True
        until_ns = self._clock.now_ns() + min(self.link.wait_ns(), int(_LEAVING_S * 1e9))
        while self._asked > self._heard and self._clock.now_ns() < until_ns:
            time.sleep(0.005)
        super().disable_input()

    def close(self) -> None:
        """Give the terminal back; one that does not read is not waited for."""
        super().close()
        self._outbox.stop(_LEAVING_S)

    def run_input_thread(self) -> None:
        """Read keys and answers until the terminal is given back, or has gone."""
        parser = XTermParser(self._debug)
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        while not self.exit_event.is_set():
            text = ""
            if select.select([self.fileno], [], [], _SELECT_S)[0]:
                try:
                    data = os.read(self.fileno, 4096)
                except OSError:
                    data = b""
                if not data:
                    # A terminal that has gone reads as nothing, for ever.
                    self._loop.call_soon_threadsafe(self._app.exit)
                    break
                text = decode(data)
            self._take(text, parser)
        with suppress(EOFError, ParseError):
            list(parser.feed(""))

    def _take(self, text: str, parser: XTermParser) -> None:
        rest, count = self._answers.take(text, self._clock.now_ns(), expected=self.link.waits)
        if count:
            self._hear(count)
        if rest:
            for message in parser.feed(rest):
                self.process_message(message)
        for message in parser.tick():
            self.process_message(message)

    def _hear(self, count: int) -> None:
        self._heard += count
        self._loop.call_soon_threadsafe(self._answered, count)

    def process_message(self, message: Message) -> None:
        """Pass it on; after a key, what it changes is painted first."""
        if isinstance(message, events.CursorPosition):
            # An answer that nobody waited for any more.
            self._hear(1)
            return
        if isinstance(message, (events.Key, events.Paste)):
            self._key_ns = self._clock.now_ns()
        super().process_message(message)
