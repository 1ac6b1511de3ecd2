"""What a run without a screen says of itself before its first attempt."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from engine.model.ledger import Entry, Story
from tests.tui import stills
from tui import headless


def test_a_run_through_an_api_alone_has_no_database_and_says_so() -> None:
    still = stills.full()
    run = replace(still.run, target="api", database="")
    assert f"target api, no database, {run.concurrency} workers" in headless.baseline(replace(still, run=run))
    named = replace(run, database="sf_1")
    assert f"target api, database sf_1, {run.concurrency} workers" in headless.baseline(replace(still, run=named))


@pytest.mark.parametrize(
    ("entry", "status", "said"),
    [(Entry.LOST, "", "now gone"), (Entry.TORN, "pending", "now pending"), (Entry.UNRESOLVED, "", "no row of it")],
)
def test_what_nobody_knows_to_have_been_there_is_not_said_to_be_gone(entry: Entry, status: str, said: str) -> None:
    story = Story(UUID(int=7), entry, 3, ("001",), status, (), "no answer came")
    assert said in headless.story_line(story)
    assert ("gone" in headless.story_line(story)) == (entry is Entry.LOST)
