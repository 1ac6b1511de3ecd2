"""A whole run behind a transaction pooler: as many workers as it has clients, and a pooler that goes and comes."""

import asyncio

import pytest

from engine.exit_code import ExitCode
from tests.faults.criteria import criteria, nothing_left
from tests.faults.test_whole_program import LONG, begin, ended
from tests.observe.bouncer import FOUND, bouncer
from tests.scratch import ScratchDatabase
from tests.shell import Shell, wait_until

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.skipif(FOUND is None, reason="there is no pgbouncer on this machine: apt install pgbouncer"),
]


def test_more_workers_than_the_pooler_has_backends_lose_nothing(shell: Shell, database: ScratchDatabase) -> None:
    with bouncer(database.dsn) as through:
        process = begin(shell, through, *LONG, "--concurrency", "6", "--rate", "40", "--set", "run.step_timeout_s=10")
        wait_until(lambda: shell.see().run.filled > 20, "some bookings")
        shell.do("stop")
        result, attempts = ended(shell, process)
    criteria(result, exit_code=ExitCode.STOPPED)
    assert {one.outcome for one in attempts} <= {"filled", "hold_conflict", "capacity", "overlap"}
    asyncio.run(nothing_left(database.dsn))


def test_a_pooler_that_dies_in_the_middle_is_a_lost_connection_and_no_loss(
    shell: Shell, database: ScratchDatabase
) -> None:
    with bouncer(database.dsn) as through:
        process = begin(shell, through, *LONG, "--rate", "40")
        wait_until(lambda: shell.see().run.filled > 5, "some bookings")
    # Nobody listens there any more: the run ends by itself, and what it knows adds up.
    result, attempts = ended(shell, process)
    assert result["exit_code"] in (ExitCode.UNREACHABLE, ExitCode.INCONCLUSIVE), result["reason"]
    assert result["ledger"]["balanced"]
    assert result["ledger"]["lost"] == 0
    assert attempts
