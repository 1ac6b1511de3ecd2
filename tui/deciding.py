"""Acts on the run: what is sent at once, and what asks first, with what it would touch."""

from engine.effects import DANGEROUS
from engine.front import AnswerLost, LinkLost
from engine.model.command import Answer, Command, Verb
from engine.model.run_state import RunState
from engine.model.sample import Backend
from engine.settings_sources import full_key
from tui.console import Console
from tui.lines import Ink
from tui.screens.attached import AttachedScreen
from tui.screens.confirm import ConfirmScreen, TypedScreen, backend_now
from tui.screens.main import kind_of
from tui.screens.question import QuestionScreen
from tui.screens.repair import RepairScreen
from tui.screens.settings import SettingsScreen
from tui.touched import CANCELS, ENDING, is_ending, of_stop

_QUERY_BEGINNING = 60


class DecidingConsole(Console):
    """What an operator decides about the run. Each act goes to the engine, which logs who asked and what came of it."""

    async def order(self, verb: Verb, *arguments: str) -> Answer | None:
        """Send a command; None, and said, when the engine does not answer."""
        word = verb.value.replace("_", " ")
        try:
            return await self.door.act(Command(verb, arguments), self.who)
        except AnswerLost as lost:
            self.say(f"{word}: no answer, and it may be done all the same ({lost})", Ink.FAULT)
        except LinkLost as lost:
            self.say(f"{word}: not sent, the engine does not answer ({lost})", Ink.FAULT)
        return None

    async def act(self, verb: Verb, *arguments: str) -> None:
        """Send a command and show what came of it."""
        answer = await self.order(verb, *arguments)
        if answer is not None:
            self.say(f"{verb.value.replace('_', ' ')}: {answer.text}", Ink.FILLED if answer.done else Ink.CONTENTION)

    async def pause_or_resume(self) -> None:
        """Pause a run that goes on, resume one that rests."""
        # Of a frozen view the picture says how it was.
        state = await self._state_now() if self.main.banner.frozen else self._state_seen()
        await self.act(Verb.RESUME if state in (RunState.PAUSING, RunState.PAUSED) else Verb.PAUSE)

    def _state_seen(self) -> RunState | None:
        return self.last.run.state if self.last is not None else None

    async def _state_now(self) -> RunState | None:
        """The run's state at this moment; without an answer that of the last picture."""
        try:
            return (await self.door.snapshot()).run.state
        except LinkLost:
            return self._state_seen()

    async def resume(self) -> None:
        """Resume."""
        await self.act(Verb.RESUME)

    async def next_pass(self) -> None:
        """On to the next pass."""
        await self.act(Verb.NEXT_PASS)

    async def mark(self, name: str) -> None:
        """Drop a mark; without a name, ask for one."""
        if not name:
            self.main.ask(":", "mark ")
            return
        await self.act(Verb.MARK, name)

    async def consoles(self) -> None:
        """Who looks at the run."""
        try:
            number = (await self.door.hello()).number
        except LinkLost:
            number = 0
        self.push_screen(AttachedScreen(self.last, number, ascii_only=self.ascii_only))

    # -- stop ------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Ask, then drain; the key twice cancels what is in flight."""
        ending = is_ending(self.last)
        answers = {} if ending else {"y": "drains: no attempt begins any more, those in flight end as they would"}
        answers |= {"y" if ending else "X": CANCELS} | ({"X": "the same"} if ending else {})

        async def answered(key: str | None) -> None:
            if key is None:
                self.say("stop: left alone, the run goes on")
                return
            if not ending and key != "X" and await self._state_now() in ENDING:
                # It was stopped meanwhile: where in this name, one more within three seconds would cancel.
                self.say("stop: somebody else has stopped it already; X asks whether to cancel", Ink.CONTENTION)
                return
            await self.act(Verb.STOP)
            if ending or key == "X":
                # The second stop within three seconds is what cancels.
                await self.act(Verb.STOP)

        title = "cancel what is in flight?" if ending else "stop the run?"
        self.push_screen(QuestionScreen(title, of_stop, answers, self.last, ascii_only=self.ascii_only), answered)

    async def stop_and_leave(self) -> None:
        """Stop, then leave; whoever types the bang has answered the question."""
        if self.last is not None and self.last.run.state.is_over:
            self.leave()
            return
        run = self.last.run.run_id if self.last else ""
        state = await self._state_now()
        if state in ENDING:
            # Nothing is left to ask for, and one stop more so soon after another would cancel.
            how = "drains" if state is RunState.DRAINING else "is being cancelled"
            self.exit(f"the run {how} already; slotfill attach {run}")
            return
        answer = await self.order(Verb.STOP)
        if answer is None:
            self.exit(f"{self.main.banner.message}; slotfill stop {run} tries again")
        elif answer.done:
            self.exit(f"the run was told to stop and ends the attempts in flight; slotfill attach {run}")
        else:
            self.exit(f"stop: {answer.text}; slotfill attach {run}")

    def leave(self) -> None:
        """Leave the run alone, and say how to come back."""
        raise NotImplementedError

    # -- settings --------------------------------------------------------------------------------------------

    async def set_value(self, words: str) -> None:
        """Set one value, as typed; what reaches rows of others asks before."""
        key, sign, value = words.partition("=")
        if not sign or not key.strip() or not value.strip():
            known = ", ".join(self.last.run.settings) if self.last else ""
            self.say(f"set: {words or 'nothing'} is no KEY=VALUE; keys: {known}", Ink.CONTENTION)
            return
        assignment = f"{key.strip()}={value.strip()}"
        if full_key(key.strip().replace("-", "_")) not in DANGEROUS and not key.startswith("fault."):
            await self.act(Verb.SET, assignment)
            return
        judged = await self.order(Verb.TRY, assignment)
        if judged is None:
            return
        if not judged.done:
            self.say(f"set: {judged.text}", Ink.CONTENTION)
            return

        async def answered(yes: str | None) -> None:
            if yes is None:
                self.say(f"set {assignment}: left alone, nothing was changed")
            else:
                await self.act(Verb.SET, assignment)

        answers = {"y": f"sets {assignment}"}
        question = QuestionScreen(
            f"set {assignment}?", lambda _: judged.lines, answers, self.last, ascii_only=self.ascii_only
        )
        self.push_screen(question, answered)

    def reconfigure(self) -> None:
        """Open the settings."""
        if self.last is None:
            self.say("settings: the engine has not answered yet", Ink.CONTENTION)
            return

        def now() -> dict[str, str]:
            return dict(self.last.run.settings) if self.last is not None else {}

        def applied(answer: Answer | None) -> None:
            if answer is None:
                self.say("settings: left as they are")
            else:
                self.say(f"set: {answer.text}", Ink.FILLED if answer.done else Ink.CONTENTION)

        sheet = SettingsScreen(
            now, self._judged, self._set, flags=dict(self.last.run.flags), ascii_only=self.ascii_only
        )
        self.push_screen(sheet, applied)

    async def _judged(self, values: dict[str, str]) -> Answer:
        return await self._asked(Verb.TRY, values)

    async def _set(self, values: dict[str, str]) -> Answer:
        return await self._asked(Verb.SET, values)

    async def _asked(self, verb: Verb, values: dict[str, str]) -> Answer:
        try:
            return await self.door.act(
                Command(verb, tuple(f"{key}={value}" for key, value in values.items())), self.who
            )
        except LinkLost as lost:
            return Answer(False, f"nothing is set: the engine does not answer ({lost})")

    # -- rows of the database --------------------------------------------------------------------------------

    async def repair(self, kind: str) -> None:
        """Have the run list what it would put right, ask, and have it done."""
        if not kind:
            self.main.ask(":", "repair ")
            return
        found = await self.order(Verb.REPAIR, kind, "list")
        if found is None:
            return
        if not found.done:
            self.say(f"repair {kind}: {found.text}", Ink.CONTENTION)
            return

        async def answered(yes: bool | None) -> None:
            if yes:
                await self.act(Verb.REPAIR, kind)
            else:
                self.say(f"repair {kind}: left alone, nothing was changed")

        self.push_screen(RepairScreen(kind, found, self.last, ascii_only=self.ascii_only), answered)

    # -- backends --------------------------------------------------------------------------------------------

    def _backend(self, words: str) -> Backend | None:
        """The backend that was named, or the one under the cursor. Says so when there is none."""
        if words:
            found = backend_now(self.last, int(words)) if words.isdecimal() and len(words) < 19 else None
            if found is None:
                self.say(f"pid {words} is not among the backends of the last look; nothing was sent", Ink.CONTENTION)
            return found
        panel = self.main.focused_panel
        found = kind_of(panel).backend(self.last, panel.view.cursor) if panel and self.last else None
        if found is None:
            self.say("no busy backend is under the cursor; :cancel PID names one", Ink.CONTENTION)
        return found

    def cancel_backend(self, words: str) -> None:
        """Ask, then cancel its query."""
        backend = self._backend(words)
        if backend is not None:
            self._question(ConfirmScreen(backend, self.last, ascii_only=self.ascii_only), Verb.CANCEL_BACKEND)

    def terminate_backend(self, words: str) -> None:
        """Have the word typed, then end its session."""
        if not words:
            self.say("terminate: give the PID, as in :terminate 20301", Ink.CONTENTION)
            return
        backend = self._backend(words)
        if backend is not None:
            self._question(TypedScreen(backend, self.last, ascii_only=self.ascii_only), Verb.TERMINATE_BACKEND)

    def _question(self, screen: ConfirmScreen, verb: Verb) -> None:
        async def answered(yes: bool | None) -> None:
            word = verb.value.replace("_", " ")
            if not yes:
                self.say(f"{word}: left alone, nothing was sent")
            elif screen.changed:
                self.say(
                    f"{word}: pid {screen.backend.pid} does something else by now; nothing was sent", Ink.CONTENTION
                )
            else:
                await self.act(verb, str(screen.backend.pid), screen.backend.query[:_QUERY_BEGINNING])

        self.push_screen(screen, answered)
