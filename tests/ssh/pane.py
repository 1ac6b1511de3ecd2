"""A terminal that a person would sit at: a tmux server of the tests' own, its keys and its picture."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pytest

_LOOK_S = 0.03
_PERSON_S = 0.4
"""Between two keys whose effect is not waited for."""


class Pane:
    """One window of a tmux that nobody else talks to."""

    def __init__(self, folder: Path, width: int = 80, height: int = 24) -> None:
        self.size = (width, height)
        self._socket = str(folder / f"tmux-{width}x{height}")
        # TMUX would make a terminal in a terminal of the developer's own.
        self._environ = {key: value for key, value in os.environ.items() if key not in ("TMUX", "TMUX_PANE")} | {
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
        }

    def __enter__(self) -> "Pane":
        width, height = map(str, self.size)
        # Without a window of their own, panes would end with what runs in them and take the last words along.
        self._tmux("new-session", "-d", "-s", "main", "-x", width, "-y", height, "exec sh")
        self._tmux("set-option", "-g", "status", "off")
        self._tmux("resize-window", "-t", "main", "-x", width, "-y", height)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it, as a person closes the window: whatever runs in it is hung up."""
        self._tmux("kill-server", check=False)

    def run(self, line: str) -> None:
        """Start this in place of whatever the pane shows."""
        self._tmux("respawn-pane", "-k", "-t", "main", f"{line}; echo; echo LEFT $?; exec sh")

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names of them."""
        self._tmux("send-keys", "-t", "main", *keys)

    def type_in(self, text: str) -> None:
        """Type this, letter by letter."""
        self._tmux("send-keys", "-l", "-t", "main", text)

    def resize(self, width: int, height: int) -> None:
        """Make it another size."""
        self.size = (width, height)
        self._tmux("resize-window", "-t", "main", "-x", str(width), "-y", str(height))

    def picture(self) -> str:
        """What it shows."""
        return self._tmux("capture-pane", "-p", "-t", "main")

    def child(self) -> int:
        """The process that the pane runs."""
        return int(self._tmux("display-message", "-p", "-t", "main", "#{pane_pid}"))

    def wait_until(self, holds: Callable[[str], bool], what: str, within_s: float = 30.0) -> float:
        """Look until it holds of the picture. Returns after how many seconds."""
        began = time.monotonic()
        while True:
            picture = self.picture()
            if holds(picture):
                return time.monotonic() - began
            if time.monotonic() - began > within_s:
                pytest.fail(f"waited {within_s:g} s in vain for {what}; the pane shows:\n{picture}")
            time.sleep(_LOOK_S)

    def wait_for(self, *seen: str, gone: tuple[str, ...] = (), within_s: float = 30.0) -> float:
        """Look until all of `seen` and none of `gone` is on it. Returns after how many seconds."""
        return self.wait_until(
            lambda now: all(word in now for word in seen) and not any(word in now for word in gone),
            f"{seen}, without {gone}",
            within_s,
        )

    def settle(self) -> None:
        """Let a key be taken: a person, too, looks before the next one."""
        time.sleep(_PERSON_S)

    def _tmux(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, "-f", "/dev/null", *words],
            env=self._environ, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        if check and done.returncode != 0:
            pytest.fail(f"tmux {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout
