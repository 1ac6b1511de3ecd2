"""What an operator is told when the journal takes no more: never that the engine has died."""

import asyncio
from pathlib import Path

import pytest

from engine.model.command import Command, Verb
from engine.model.event import Event
from engine.records.trouble import RecordsFailed
from tests.benchmarks.growing import stand
from tests.fill.crews import rehearse


@pytest.mark.parametrize("verb", [Verb.PAUSE, Verb.STOP, Verb.SET])
async def test_an_act_that_the_journal_does_not_take_is_answered_in_a_sentence(tmp_path: Path, verb: Verb) -> None:
    rehearsal = rehearse(slots=1, stress_max=1)
    run = stand(rehearsal.plan, rehearsal.target, tmp_path, 1).run

    def full(event: Event) -> None:
        raise RecordsFailed("the journal could not be written: no space left on device")

    work = asyncio.create_task(run.crew.run())
    await asyncio.sleep(0)
    run.journal.write = full  # type: ignore[method-assign]
    arguments = ("retries=2",) if verb is Verb.SET else ()
    answer = await run.act(Command(verb, arguments), "ana")
    assert "not in the journal: the journal could not be written: no space left on device" in answer.text
    with pytest.raises(BaseExceptionGroup):
        await work
    run.journal.close()
    run.recording.close()
