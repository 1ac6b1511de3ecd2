"""A run's folder as an engine leaves it: journal and recording of one made-up story, the same each time."""

import os
import shutil
import tempfile
from pathlib import Path

from msgspec.structs import replace

from engine.metrics.tally import Tally
from engine.model.event import Acted, Event, RunMoved, SettingsChanged
from engine.model.ids import Ids
from engine.model.outcome import Outcome
from engine.model.run_state import RunState
from engine.model.snapshot import RunSnapshot
from engine.records.archive import Manifest, new_folder, write_manifest
from engine.records.journal import Journal
from engine.records.recording import Recording
from tests.clocks import StillClock
from tests.metrics.stories import MS, RUN, ended, intended, planned, snapshot_of
from tests.scratch import FOLDER
from tests.tui import stills

S = 1000 * MS
RESIZED, MARKED, TIMED_OUT, AGAIN = 20 * S + 300 * MS, 31 * S + 100 * MS, 40 * S + 500 * MS, 62 * S + 200 * MS
LENGTH_S = 90
CONFLICTS = (11, 33, 55)
"""Seconds in which an attempt ended by a hold conflict."""


def story(seconds: int = LENGTH_S, *, state: RunState | None = None) -> list[Event]:
    """Two attempts a second; a resize, a mark, two storms of timeouts, three conflicts; then its end, if it has one."""
    here = Ids(RUN)
    events: list[Event] = [planned(), RunMoved(0, here, RunState.RUNNING)]
    number = 0
    for second in range(seconds):
        for part in (300, 800):
            number += 1
            at_ns = second * S + part * MS
            worker, took_ns = number % 3, (100 + (number * 37) % 400) * MS
            outcome = Outcome.HOLD_CONFLICT if second in CONFLICTS and part == 300 else Outcome.FILLED
            events += [intended(max(0, at_ns - took_ns), worker, number)]
            events += [ended(at_ns, worker, number, outcome=outcome, took_ns=took_ns)]
    for at_ns in (TIMED_OUT, TIMED_OUT + 2 * S, AGAIN):
        number += 1
        events.append(ended(at_ns, 0, number, outcome=Outcome.TIMEOUT, took_ns=900 * MS))
    events += [
        Acted(RESIZED, here, "set concurrency=+3", "ana@jump1", "concurrency 12 -> 15"),
        SettingsChanged(RESIZED, here, "concurrency", "12", "15", "ana@jump1"),
        Acted(MARKED, here, "mark vacuum", "ana@jump1", "marked vacuum"),
        Acted(MARKED + S, here, "note console", "ana@jump1", "noted"),
    ]
    events = sorted((one for one in events if one.at_ns < seconds * S), key=lambda one: one.at_ns)
    return [*events, RunMoved(seconds * S, here, state, "done")] if state is not None else events


def picture(tally: Tally, now_ns: int, tick: int) -> RunSnapshot:
    """The still's workers and server, with the story's figures."""
    still, figures = stills.full(), snapshot_of(tally, now_ns, tick)
    turned = tick % len(still.workers)
    rows = tuple(
        replace(one, worker=row.worker, pid=row.pid)
        for one, row in zip(still.workers[turned:] + still.workers[:turned], still.workers, strict=True)
    )
    over = figures.run.state.is_over
    run = replace(figures.run, workers=0 if over else 15, concurrency=15, exit_code=0 if over else None)
    return replace(figures, run=run, workers=() if over else rows, sample=still.sample, sample_trouble="")


def pictures(events: list[Event], seconds: int) -> list[RunSnapshot]:
    """A look just after each second, as the engine's loop takes them, and one of the end."""
    tally, made, left = Tally(), [], list(events)
    for second in range(seconds + 1):
        now_ns = second * S + (2 * MS if second < seconds else 0)
        while left and left[0].at_ns <= now_ns:
            tally.apply(left.pop(0))
        made.append(picture(tally, now_ns, second + 1))
    return made


def record(folder: Path, looks: list[RunSnapshot], events: list[Event]) -> Path:
    """Write them as an engine would."""
    recording = Recording(folder, RUN)
    for look in looks:
        recording.write(look)
    recording.close()
    journal = Journal(folder, RUN, StillClock())
    for event in events:
        journal.write(event)
    journal.close()
    return folder


def run_folder(root: Path, *, seconds: int = LENGTH_S, state: RunState | None = RunState.FINISHED) -> Path:
    """A whole run's folder; without a state its engine died. Made once, and copied."""
    key = seconds, state
    if key not in _MADE:
        made = Path(tempfile.mkdtemp(prefix="recorded-", dir=os.environ[FOLDER]))
        _MADE[key] = _run_folder(made, seconds, state)
    root.mkdir(exist_ok=True)
    return Path(shutil.copytree(_MADE[key], root / _MADE[key].name))


_MADE: dict[tuple[int, RunState | None], Path] = {}


def _run_folder(root: Path, seconds: int, state: RunState | None) -> Path:
    events = story(seconds, state=state)
    folder = new_folder(root, "fill", RUN, StillClock().wall())
    write_manifest(
        folder, Manifest(RUN, "fill", "embedded", "2026-03-04T12:00:00+00:00", pid=2**22 - 3, pid_started="gone")
    )
    if state is not None:
        (folder / "result.json").write_text(f'{{"state": "{state.value}", "exit_code": 0}}')
    return record(folder, pictures(events, seconds), events)
