"""The pictures in docs/screens: what a console shows over ssh on a live run, taken while every key is pressed once.

`python -m tests.ssh.screens docs/screens`, or `make screens`. Nothing in them is of the machine they were taken on.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.ssh.far_side import FarSide, NoFarSide
from tests.ssh.pane import Pane
from tests.ssh.walk import RUN, STEPS, lead_back, take

SIZES = ((80, 24), (120, 40), (160, 50), (200, 60))
WIDE = ("locks", "worker", "booking", "postgres", "hold-conflicts")
"""What is taken at 160x50, too: more room shows more."""
_WARM_S = 70
"""A minute of charts is a picture of a run, not of its begin."""


def main(out: Path) -> int:
    """Take them all; those of before are replaced."""
    with tempfile.TemporaryDirectory(prefix="slotfill-") as base:
        home = Path(base)
        # The server of a root user runs as somebody else, who must be able to walk in.
        home.chmod(0o711)
        (home / "far").mkdir(mode=0o700)
        project = str(Path(__file__).parent.parent.parent)
        environ = {
            "HOME": base, "PATH": os.environ["PATH"], "PYTHONPATH": project, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
            "LOGNAME": "ana", "SLOTFILL_EMBEDDED_IDLE_S": "5",
        }  # fmt: skip
        try:
            far = FarSide.open(home / "far", environ)
        except NoFarSide as reason:
            print(f"no screens: {reason}", file=sys.stderr)
            return 3
        try:
            _take_all(far, home, out)
        finally:
            for _ in range(2):
                _slotfill(far, "stop")
            _slotfill(far, "db", "stop")
            far.close()
    return 0


def _take_all(far: FarSide, home: Path, out: Path) -> None:
    with Pane(far.folder, 80, 24) as pane:
        pane.run(far.slotfill(*RUN))
        pane.wait_for("RUNNING", "workers 32", within_s=120)
        pane.wait_for("ALERTS", within_s=60)
        for step in STEPS:
            take(pane, step)
            if step.screen:
                _keep(pane.picture(), home, out / "80x24" / f"{step.screen}.txt")
            lead_back(pane, step)
    with Pane(far.folder, 160, 50) as pane:
        pane.run(far.slotfill("attach"))
        pane.wait_for("RUNNING")
        for step in (one for one in STEPS if one.screen in WIDE):
            take(pane, step)
            _keep(pane.picture(), home, out / "160x50" / f"{step.screen}.txt")
            lead_back(pane, step)
    time.sleep(_WARM_S)
    for size in SIZES:
        name = "x".join(map(str, size))
        with Pane(far.folder, *size) as pane:
            pane.run(far.slotfill("attach"))
            pane.wait_for("RUNNING")
            pane.settle()
            _keep(pane.picture(), home, out / name / "run.txt")
        _slotfill(far, "snapshot", "--size", name, "--out", str(home / f"svg-{name}"))
        svg = next((home / f"svg-{name}").rglob("screen.svg")).read_text()
        (out / name / "run.svg").write_text(_neutral(svg, home))


def _keep(picture: str, home: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [line.rstrip() for line in _neutral(picture, home).splitlines()]
    path.write_text("\n".join(lines) + "\n")
    print(path)


def _neutral(text: str, home: Path) -> str:
    """Without the home of the machine's user and the number of the terminal."""
    text = text.replace(str(home), "~".ljust(4, "."))
    text = re.sub(r"pts/\d+", "pts/1", text)
    host = socket.gethostname()
    # Of the same length: the frames around it stay where they are.
    return text.replace(f"ana@{host}", f"ana@{('jump' * len(host))[: len(host)]}")


def _slotfill(far: FarSide, *words: str) -> None:
    subprocess.run([far.folder / "slotfill", *words], capture_output=True, timeout=120, check=False)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
