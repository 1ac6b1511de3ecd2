"""Questions before something is done to a backend: `y`, or a word typed out."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from engine.model.sample import Backend
from engine.model.snapshot import RunSnapshot
from tui.format import took
from tui.lines import Area, Ink, Line, line
from tui.screens.sheet import Sheet
from tui.worker_detail import NOT_OURS, fact


def backend_now(snapshot: RunSnapshot | None, pid: int) -> Backend | None:
    """The backend as the last look saw it."""
    sample = snapshot.sample if snapshot else None
    return next((one for one in sample.backends if one.pid == pid), None) if sample else None


class ConfirmScreen(Sheet[bool]):
    """Shows the backend as it was when the question was asked, and says when it is another one by now."""

    MOST_WIDTH = 90
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "yes", show=False),
        Binding("n", "leave", "no", show=False),
    ]
    TYPED: ClassVar[str] = ""

    def __init__(self, backend: Backend, snapshot: RunSnapshot | None, *, ascii_only: bool = False) -> None:
        super().__init__(snapshot, ascii_only=ascii_only)
        self.backend = backend

    def title_words(self) -> str:
        """What would be done to whom."""
        return f" cancel the query of pid {self.backend.pid}? "

    @property
    def changed(self) -> bool:
        """Whether the backend runs another query by now, so that yes would hit something else."""
        now = backend_now(self.snapshot, self.backend.pid)
        return now is None or now.query != self.backend.query or (now.age_ns or 0) < (self.backend.age_ns or 0)

    def draw(self, area: Area) -> list[Line]:
        """The backend's facts and the question."""
        one = self.backend
        stranger = one.who.upper() == NOT_OURS
        lines = [
            fact("who", f"{one.who}  {one.application_name}", Ink.FAULT if stranger else Ink.STRONG),
            fact("state", f"{one.state}  {one.wait}".strip()),
            fact("query for", took(one.age_ns)),
            fact("query", " ".join(one.query.split())[: max(10, area.width - 16)]),
            line(""),
        ]
        if self.changed:
            lines.append(line(("  it does something else by now: yes would send nothing", Ink.CONTENTION)))
        return [*lines, self.question()]

    def question(self) -> Line:
        """How to answer."""
        return line(
            ("  y", Ink.ACCENT), " cancels it   ", ("n", Ink.ACCENT), " or ", ("esc", Ink.ACCENT), " leaves it alone"
        )

    def action_yes(self) -> None:
        """Do it."""
        self.dismiss(True)


class TypedScreen(ConfirmScreen):
    """For what cannot be taken back: the word is typed out."""

    TYPED = "terminate"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y,n", "nothing", show=False)]

    def title_words(self) -> str:
        """What would be done to whom."""
        return f" end the session of pid {self.backend.pid}? "

    def compose(self) -> ComposeResult:
        """The lines, and a place to type."""
        yield self.sheet
        yield Input(placeholder=f"type {self.TYPED} and enter", id="typed", compact=True)

    def question(self) -> Line:
        """How to answer."""
        return line(f"  type {self.TYPED} below to end its session; ", ("esc", Ink.ACCENT), " leaves it alone")

    def action_nothing(self) -> None:
        """One key is not enough here."""

    def on_key(self, event: events.Key) -> None:
        """Escape leaves, even from the place to type."""
        if event.key == "escape":
            event.stop()
            self.dismiss(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Only the whole word counts."""
        self.dismiss(event.value.strip() == self.TYPED)
