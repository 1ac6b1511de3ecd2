"""slotfill in terminals of every kind, one after the other: loaded once, a process and a pty each.

Run as a program: scenes come as JSON on stdin, what each terminal was sent goes to stdout, in the same order.
"""

import asyncio
import base64
import fcntl
import json
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from engine.records.journal import ENDING, NAME, Journal
from engine.records.segments import segments
from tests.clocks import StillClock
from tests.metrics.stories import RUN
from tests.tui.terminal import screen

WITHIN_S = 60.0
NOTING = "a run with two alerts"
"""Instead of a command: a console on a run in whose journal two alerts appear while it is shown."""


class Scene(msgspec.Struct, frozen=True):
    """One terminal: what is typed at the shell, in which environment, and then at the console."""

    words: list[str]
    environ: dict[str, str]
    acts: list[tuple[str, str]] = []
    """Keys, each sent once the words before it are on the screen."""
    width: int = 100
    height: int = 30


class Seen(msgspec.Struct, frozen=True):
    """What came of it."""

    sent: bytes
    code: int
    missing: str = ""
    """Words that never came."""

    @property
    def text(self) -> str:
        """What can be read in it, colours and places left out."""
        return self.sent.decode("utf-8", "replace")


def show(scenes: list[Scene], home: Path) -> list[Seen]:
    """Show every scene; a second or two for the first one, little for each further one."""
    kept = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tests.tui.many_terminals"],
        input=msgspec.json.encode(scenes),
        capture_output=True,
        check=False,
        timeout=115,
        cwd=home,
        # UTF-8 mode, as Python would else change the locale that a scene gives.
        env=kept
        | {"HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stderr.decode()
    return [
        Seen(base64.b64decode(one["sent"]), one["code"], one["missing"])
        for one in json.loads(done.stdout.decode().splitlines()[-1])
    ]


def _child(scene: Scene) -> NoReturn:
    code = 70
    try:
        for key in list(os.environ):
            if key not in ("PATH", "HOME", "TMPDIR", "PYTHONPATH", "PYTHONUTF8"):
                del os.environ[key]
        os.environ.update(scene.environ)
        if scene.words[0] == NOTING:
            code = _noting(*scene.words[1:])
        else:
            from tui.cli import main  # noqa: PLC0415

            code = main(scene.words)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _noting(folder: str, how: str) -> int:
    from engine.config import ConsoleSettings  # noqa: PLC0415
    from tui.terminal_face import settle  # noqa: PLC0415

    face = settle(ConsoleSettings(notify=how))
    # The screen's library comes only now, as in the command.
    import tui.standing  # noqa: PLC0415
    from engine.model.command import Hello  # noqa: PLC0415
    from tests.tui import recorded, stills  # noqa: PLC0415
    from tests.tui.fake_door import FakeDoor  # noqa: PLC0415
    from tui.app import SlotfillApp  # noqa: PLC0415

    tui.standing._FOLLOW_S = 0.01

    class Door(FakeDoor):
        async def hello(self) -> Hello:
            return Hello(1, "0", 1, self.now.run.run_id, folder)

    class App(SlotfillApp):
        async def goes_wrong(self) -> None:
            """Attempts time out twice, twenty seconds apart."""
            while self.diary is None:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.01)
            # Written aside and put there whole: whoever follows it must come upon both at once.
            aside = Path(f"{folder}-aside")
            shutil.copytree(folder, aside)
            journal = Journal(aside, RUN, StillClock())
            for event in recorded.story():
                if event.at_ns > 30 * recorded.S:
                    journal.write(event)
            journal.close()
            _, written = segments(aside, NAME, ENDING)[-1]
            written.rename(Path(folder) / written.name)

        async def on_mount(self) -> None:
            await super().on_mount()
            self.run_worker(self.goes_wrong(), name="goes wrong", exit_on_error=True)

    app = App(Door(stills.full()), who="ana@jump1", ascii=face.ascii)
    app.wear(face)
    app.run(mouse=face.mouse)
    return 0


def _show(scene: Scene) -> dict[str, Any]:
    pid, ours = pty.fork()
    if not pid:
        _child(scene)
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", scene.height, scene.width, 0, 0))
    sent, missing, acts = bytearray(), "", list(scene.acts)
    until = time.monotonic() + WITHIN_S
    while True:
        if acts and acts[0][0] in "\n".join(screen(bytes(sent), scene.width, scene.height)):
            os.write(ours, acts.pop(0)[1].encode())
        ready = select.select([ours], [], [], 0.02)[0]
        try:
            more = os.read(ours, 65536) if ready else None
        except OSError:
            break  # it has gone
        if more == b"":
            break
        for _ in range((more or b"").count(b"\x1b[6n")):
            os.write(ours, b"\x1b[1;1R")
        sent += more or b""
        if time.monotonic() > until:
            missing = acts[0][0] if acts else "its end"
            os.kill(pid, 9)
            break
    status = os.waitpid(pid, 0)[1]
    os.close(ours)
    return {
        "sent": base64.b64encode(sent).decode(),
        "code": os.waitstatus_to_exitcode(status),
        "missing": missing or (acts[0][0] if acts else ""),
    }


if __name__ == "__main__":
    # Everything but the screen's library, which reads the environment when it is loaded.
    import tui.verbs.attach
    import tui.verbs.replay
    import tui.verbs.run  # noqa: F401

    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Scene])
    told = [_show(one) for one in asked]
    sys.stdout.write(json.dumps(told) + "\n")
