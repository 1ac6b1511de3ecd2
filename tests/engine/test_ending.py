"""The end: what was claimed is held against what is there, and the exit code says which of them to believe."""

from uuid import UUID

import msgspec
import pytest

from engine.caveats import loop_lag
from engine.exit_code import ExitCode
from engine.exit_reasons import Held, judged, paced
from engine.model.ledger import Entry, Ledger, Story
from engine.records.result import Persisted

ONE = UUID(int=1)
WHOLE = Held(Persisted(3), Ledger(attempts=3, acknowledged=3, persisted=3))
UNREAD = Held(None, Ledger(attempts=3, unverified=3), "it is gone")


def held(**counts: int) -> Held:
    """Three attempts, and what the ledger says of them."""
    told = tuple(
        Story(ONE, Entry(word), 1, ("A",), "", (), "it is gone")
        for word in ("lost", "torn", "altered")
        if word in counts
    )
    return Held(Persisted(3), msgspec.structs.replace(Ledger(attempts=3, acknowledged=3), **counts, stories=told))


@pytest.mark.parametrize(
    ("claims", "before", "after"),
    [
        (WHOLE, ExitCode.PASSED, ExitCode.PASSED),
        (WHOLE, ExitCode.STOPPED, ExitCode.STOPPED),
        (held(lost=1), ExitCode.PASSED, ExitCode.LOST),
        (held(lost=1), ExitCode.STOPPED, ExitCode.LOST),
        (held(torn=1), ExitCode.PASSED, ExitCode.LOST),
        (held(altered=1), ExitCode.PASSED, ExitCode.LOST),
        (held(duplicate=1), ExitCode.PASSED, ExitCode.LOST),
        (held(phantom=1), ExitCode.PASSED, ExitCode.LOST),
        (held(phantom=1, unresolved=1), ExitCode.PASSED, ExitCode.INCONCLUSIVE),
        (held(unresolved=2), ExitCode.PASSED, ExitCode.INCONCLUSIVE),
        (held(unverified=1), ExitCode.PASSED, ExitCode.INCONCLUSIVE),
        (held(balanced=False), ExitCode.PASSED, ExitCode.INCONCLUSIVE),
        (UNREAD, ExitCode.PASSED, ExitCode.INCONCLUSIVE),
        (UNREAD, ExitCode.CRASHED, ExitCode.CRASHED),
        (held(lost=1), ExitCode.RECORDS, ExitCode.RECORDS),
    ],
    ids=[
        "all there", "stopped and all there", "one lost", "one lost and stopped", "one torn", "one altered",
        "one twice", "one that nobody claimed", "one that may be an unknown's", "unknowns", "one not seen yet",
        "an equation that does not close", "unreadable", "a crash stays one", "failed records stay so",
    ],
)  # fmt: skip
def test_the_exit_code_believes_the_database(claims: Held, before: ExitCode, after: ExitCode) -> None:
    code, reason = judged(claims, before, "")
    assert code is after
    if after is not before:
        assert reason
    if claims.ledger.stories:
        assert after is ExitCode.RECORDS or str(ONE) in reason


def test_a_run_whose_own_loop_was_late_says_so_before_its_figures_are_believed() -> None:
    assert loop_lag(3_000_000) == ()
    assert "partly the engine's" in loop_lag(80_000_000)[0]


@pytest.mark.parametrize(
    ("rate", "late_s", "busiest", "before", "after"),
    [
        (5000.0, 3.0, 0.97, ExitCode.PASSED, ExitCode.INCONCLUSIVE),
        (5000.0, 3.0, 0.97, ExitCode.LOST, ExitCode.LOST),
        (5000.0, 3.0, 0.97, ExitCode.STOPPED, ExitCode.STOPPED),
        (5000.0, 0.2, 0.97, ExitCode.PASSED, ExitCode.PASSED),
        (5000.0, 3.0, 0.40, ExitCode.PASSED, ExitCode.PASSED),
        (None, 3.0, 0.97, ExitCode.PASSED, ExitCode.PASSED),
    ],
    ids=["behind", "lost", "stopped", "kept", "the platform's doing", "without a rate"],
)
def test_a_rate_that_the_engine_could_not_keep_is_no_answer(
    rate: float | None, late_s: float, busiest: float, before: ExitCode, after: ExitCode
) -> None:
    code, reason = paced(rate, round(late_s * 1e9), busiest, before, "")
    assert code is after
    if after is not before:
        assert "5000 attempts a second" in reason
        assert "97%" in reason
