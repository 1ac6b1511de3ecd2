"""What a run without a screen says of itself before its first attempt."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from engine.model.ledger import Entry, Story
from tests.tui import stills
from tui import headless
from tui.lines import Area
from tui.panels.slots import SlotsPanel
from tui.view import View


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


def test_workers_that_may_share_a_slot_are_not_said_to_wait_for_one() -> None:
    still = stills.full()
    few = replace(still, run=replace(still.run, plan="fill", concurrency=9, turns=4))
    assert any("4 slots keep 4 workers busy" in line for line in headless.baseline(few))
    assert not any("keep" in line for line in headless.baseline(few, shares_slots=True))


@pytest.mark.parametrize(("plan", "word"), [("fill", "slots"), ("burst", "requests"), ("assign", "bookings")])
def test_turns_have_one_name_without_a_screen_and_in_the_console(plan: str, word: str) -> None:
    still = stills.full()
    named = replace(still, run=replace(still.run, plan=plan, left_ns=None))
    assert f"plan {plan}: {named.run.turns} {word}," in headless.baseline(named)[0]
    assert f"{word} {named.run.turns_ended}/" in headless.progress(named)
    area = Area(80, 12)
    assert SlotsPanel.heading(named, area, View()).startswith(word)
