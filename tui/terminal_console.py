"""The console's side towards its terminal: its theme, notes of alerts, what is copied."""

import asyncio
import os
from collections.abc import Sequence

from textual.driver import Driver

from tui.console import Console
from tui.lines import Ink
from tui.notes import NOTIFY, Noted, copy_sequence, next_note, note_sequence
from tui.palette import PREFIX
from tui.screens.menu import MenuScreen
from tui.terminal_face import Abilities, Face, best_theme, rounding
from tui.themes import AUTO, LOOKS, NAMES, unknown_theme


class TerminalConsole(Console):
    """What it sends besides the picture, and in which colours it paints."""

    abilities = Abilities(colours=1 << 24, utf8=True)
    """What it is shown on."""
    notify_by = "off"
    mouse = True
    _noted = Noted()

    def wear(self, face: Face) -> None:
        """Show itself like that, from the first picture on."""
        self.abilities = face.terminal
        self.notify_by = face.notify
        self.mouse = face.mouse
        if not self.no_color:
            self.theme = f"{PREFIX}{face.theme}"

    def to_terminal(self, sequence: str) -> None:
        """Send something that is not painted. A driver that tests use has no terminal and takes none."""
        driver: Driver | None = self._driver
        if driver is not None and not driver.is_headless:
            driver.write(sequence)
            driver.flush()

    @property
    def look_options(self) -> tuple[str, ...]:
        """Options for another console on this terminal, so that it looks like this one."""
        theme = () if self.no_color else ("--theme", self.theme_name)
        return ("--ascii" if self.ascii_only else "--no-ascii", *theme, *(() if self.mouse else ("--no-mouse",)))

    # -- the theme -------------------------------------------------------------------------------------------

    @property
    def theme_name(self) -> str:
        """Its theme as a person says it."""
        return self.theme.removeprefix(PREFIX)

    def choose_theme(self, words: str) -> None:
        """Another theme, at once; without a name, ask which."""
        if self.no_color:
            self.say("theme: NO_COLOR is set or the terminal has no colours; no theme is drawn", Ink.CONTENTION)
        elif not words:
            menu = MenuScreen("theme", list(NAMES), self.theme_name, ascii_only=self.ascii_only)
            self.push_screen(menu, lambda chosen: self.choose_theme(chosen) if chosen else None)
        elif trouble := unknown_theme(words):
            self.say(f"theme: {trouble}", Ink.CONTENTION)
        else:
            name = best_theme(self.abilities) if words == AUTO else words
            self.theme = f"{PREFIX}{name}"
            rounded = rounding(name, self.abilities)
            self.say(f"theme {name}: {rounded or LOOKS[name].words}")

    # -- notes -----------------------------------------------------------------------------------------------

    def choose_notify(self, words: str) -> None:
        """What a new alert sends to the terminal; without a word, say what it is now."""
        if words and words not in NOTIFY:
            self.say(f"notify: {words} is none of {', '.join(NOTIFY)}", Ink.CONTENTION)
            return
        if words:
            # What there is by now is no news; what comes from here on is.
            self.notify_by, self._noted = words, Noted()
        said = {
            "off": "an alert sends nothing to the terminal",
            "bell": "a new alert rings the terminal's bell",
            "osc9": "a new alert sends a note (OSC 9)",
            "both": "a new alert sends a note (OSC 9) and rings the bell",
        }
        through = self.abilities.inside == "tmux" and self.notify_by in ("osc9", "both")
        more = "; tmux wants allow-passthrough on" if through else ""
        self.say(f"notify {self.notify_by}: {said[self.notify_by]}{more}")

    def note(self, alerts: Sequence[tuple[int, str, str]]) -> None:
        """Tell of alerts that are new since the last call: moment, word and text of all that are known."""
        if self.notify_by == "off":
            return
        self._noted, words = next_note(self._noted, list(alerts), self.clock.now_ns())
        if words:
            self.to_terminal(note_sequence(words, self.notify_by, self.abilities.inside))

    # -- copies ----------------------------------------------------------------------------------------------

    async def copy_text(self, text: str) -> None:
        """Copy: through tmux where one runs here, as it swallows the terminal's own way unless it is told not to."""
        if self.abilities.tmux_here:
            done = await _into_tmux(text)
            if done:
                self.say(f"copied to tmux's buffer (prefix ] pastes it): {text}")
            else:
                self.say("tmux did not take the copy; it is nowhere", Ink.FAULT)
            return
        if copy_sequence(text, self.abilities.inside) is None:
            self.say(f"not copied: {len(text)} signs are too long for the terminal's clipboard", Ink.CONTENTION)
            return
        self.copy_to_clipboard(text)
        # No terminal ever says whether it took it.
        self.say(f"sent to the terminal's clipboard, if it takes copies: {text}")

    def copy_to_clipboard(self, text: str) -> None:
        """Send it as the terminal takes it; Textual's own does not reach through tmux or screen."""
        self._clipboard = text
        self.to_terminal(copy_sequence(text, self.abilities.inside) or "")


async def _into_tmux(text: str) -> bool:
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux", "load-buffer", "-w", "-",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            env=os.environ,
        )  # fmt: skip
    except OSError:
        return False  # $TMUX is set, and there is no tmux in PATH
    await process.communicate(text.encode())
    return process.returncode == 0
