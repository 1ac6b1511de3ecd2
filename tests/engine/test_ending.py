"""The end: what was claimed is held against what is there, and the exit code says which of them to believe."""

from uuid import UUID

import pytest

from engine.ending import Held, alerts, judged
from engine.exit_code import ExitCode
from engine.records.result import Persisted

ONE, OTHER = UUID(int=1), UUID(int=2)
WHOLE = Held(Persisted(3))


@pytest.mark.parametrize(
    ("held", "unknown", "before", "after"),
    [
        (WHOLE, 0, ExitCode.PASSED, ExitCode.PASSED),
        (WHOLE, 0, ExitCode.STOPPED, ExitCode.STOPPED),
        (Held(Persisted(2), missing=(ONE,)), 0, ExitCode.PASSED, ExitCode.LOST),
        (Held(Persisted(2), missing=(ONE,)), 0, ExitCode.STOPPED, ExitCode.LOST),
        (Held(Persisted(4), unclaimed=(OTHER,)), 0, ExitCode.PASSED, ExitCode.LOST),
        (Held(Persisted(4), unclaimed=(OTHER,)), 1, ExitCode.PASSED, ExitCode.INCONCLUSIVE),
        (WHOLE, 2, ExitCode.PASSED, ExitCode.INCONCLUSIVE),
        (Held(None, trouble="it is gone"), 0, ExitCode.PASSED, ExitCode.INCONCLUSIVE),
        (Held(None, trouble="it is gone"), 0, ExitCode.CRASHED, ExitCode.CRASHED),
        (Held(Persisted(2), missing=(ONE,)), 0, ExitCode.RECORDS, ExitCode.RECORDS),
    ],
    ids=[
        "all there", "stopped and all there", "one lost", "one lost and stopped", "one that nobody claimed",
        "one that may be an unknown's", "unknowns", "unreadable", "a crash stays one", "failed records stay so",
    ],
)  # fmt: skip
def test_the_exit_code_believes_the_database(held: Held, unknown: int, before: ExitCode, after: ExitCode) -> None:
    code, reason = judged(held, unknown, before, "")
    assert code is after
    if after is not before:
        assert reason
    if held.missing:
        assert after is ExitCode.RECORDS or str(ONE) in reason


def test_a_run_whose_own_loop_was_late_says_so_before_its_figures_are_believed() -> None:
    assert alerts(3_000_000) == ()
    assert "partly the engine's" in alerts(80_000_000)[0]
