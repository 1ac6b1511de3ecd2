"""Nothing leaks through the booking API and its own database either."""

from tests.scratch import ScratchDatabase
from tests.secrets import planting
from tests.secrets.hearing import Heard, do
from tests.shell import Shell


async def an_api_run(shell: Shell, database: ScratchDatabase, heard: Heard) -> None:
    """A run through the booking API, whose own database says too much."""
    short = ("run", "fill", "--target", "api", "--headless", "--json", "--stress-max", "2", "--end", "13:00")
    soon = ("api.background_window_s=2", "api.inline_window_s=1", "flags.auto_assign_retry_delays_ms=50,50")
    assert (await do(shell, heard, *short)).code in (0, 5, 6)
    own = ScratchDatabase(database.cluster, shell.manifest()["database"])
    await planting.people(own)
    quick = [word for one in (*soon, "flags.debug_capacity_profiling=true") for word in ("--set", one)]
    done = await do(shell, heard, *short, "--no-reset", *quick)
    assert done.code in (0, 5, 6), done.err
    await do(shell, heard, "events")


async def test_a_run_through_the_booking_api_says_and_writes_nothing_of_it(
    planted: Shell, database: ScratchDatabase
) -> None:
    heard = Heard()
    planting.settle(planted, database.dsn)
    await an_api_run(planted, database, heard)
    heard.all_of(planted)
    assert heard.leaked == {}
    assert heard.searched > 20_000, "too little was said to prove anything"
