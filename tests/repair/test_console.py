"""`:repair` in the console: what would be done is shown, and sent only at yes."""

from engine.model.command import Answer, Command, Verb
from engine.model.run_state import RunState
from tests.tui import stills
from tests.tui.fake_door import FakeDoor
from tests.tui.test_console import NEVER_S, Console, over, text_of
from tui.screens.repair import RepairScreen

TORN = ("back to pending: booking AB12, confirmed without tables: the guest was told yes",)


class Mender(FakeDoor):
    """Repairs only what rests, as an engine does."""

    def _obey(self, command: Command) -> Answer:
        if command.verb is not Verb.REPAIR:
            return super()._obey(command)
        if self.now.run.state is not RunState.PAUSED:
            return Answer(False, f"{self.now.run.in_flight} attempts are in flight and it is running: pause first (P)")
        if command.arguments[1:]:
            return Answer(True, "1 found, something can be done about 1", TORN)
        return Answer(True, "1 put right (1 back to pending), 0 left")


async def test_a_repair_is_refused_while_it_runs_and_shown_and_asked_for_while_it_is_paused() -> None:
    door = Mender(stills.full())
    app = Console(door, who="ana@jump1", refresh_s=NEVER_S)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await app.obey("repair", "torn")
        await pilot.pause()
        assert "pause first (P)" in text_of(app)
        door.change(state=RunState.PAUSED, in_flight=0)
        for key in ("n", "y"):
            await app.obey("repair", "torn")
            await pilot.pause()
            question = over(app, RepairScreen)
            assert "booking AB12" in question.sheet.text
            await pilot.press(key)
            await pilot.pause()
            assert ("left alone" if key == "n" else "1 put right") in text_of(app)
        assert [one.arguments for one in door.commands] == [
            ("torn", "list"), ("torn", "list"), ("torn", "list"), ("torn",)
        ]  # fmt: skip
        await app.obey("repair", "")
        await pilot.pause()
        assert app.main.query("Prompt")


async def test_a_console_that_only_watches_repairs_nothing() -> None:
    door = Mender(stills.full())
    app = Console(door, who="ana@jump1", refresh_s=NEVER_S, watch=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await app.obey("repair", "torn")
        assert not door.commands
