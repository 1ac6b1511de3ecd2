"""A run that is stopped between two of its repeats: the next one is not begun for it."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.__main__ import _work
from engine.checks import Checks
from engine.model.event import RunPlanned
from engine.model.run_state import RunState
from engine.records.journal import read
from tests.benchmarks.growing import nowhere, stand
from tests.fill.crews import rehearse


class Stopping(Checks):
    """Checks during which somebody says stop."""

    stop: Callable[[], bool]

    async def after(self) -> None:
        self.stop()


async def test_who_stops_while_a_repeat_is_checked_has_no_further_one_begun(tmp_path: Path) -> None:
    rehearsal = rehearse(slots=1, stress_max=1)
    stands = stand(rehearsal.plan, rehearsal.target, tmp_path, 1)
    run = stands.run
    settings = run.steering.settings
    run.steering.settings = msgspec.structs.replace(settings, run=msgspec.structs.replace(settings.run, repeat=3))
    checks = Stopping(nowhere, run.target, 60.0, tmp_path)
    checks.stop = run.crew.stop
    stands.checks = checks
    code = await _work(stands)
    run.journal.close()
    run.recording.close()
    assert (code, run.exit_code, run.crew.state) == (130, 130, RunState.STOPPED)
    assert [event.repeat for event in read(tmp_path) if isinstance(event, RunPlanned)] == [1]
