"""What a run without a screen says of itself before its first attempt."""

from msgspec.structs import replace

from tests.tui import stills
from tui import headless


def test_a_run_through_an_api_alone_has_no_database_and_says_so() -> None:
    still = stills.full()
    run = replace(still.run, target="api", database="")
    assert f"target api, no database, {run.concurrency} workers" in headless.baseline(replace(still, run=run))
    named = replace(run, database="sf_1")
    assert f"target api, database sf_1, {run.concurrency} workers" in headless.baseline(replace(still, run=named))
