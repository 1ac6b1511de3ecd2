"""The keeper: starts the server, stays with it, and ends it when nobody has used it for a while.

`python -m engine.platform.keeper <data>`; what to start stands in `server.json` beside the data. It says `ready`, or
one sentence, on its output and then is on its own. However its users end, the kernel frees their locks, and the keeper
sees that: nothing is left behind for good.
"""

import os
import subprocess
import sys
from pathlib import Path
from threading import Event

import msgspec

from engine.platform import server
from engine.platform.binaries import PlatformUnfit
from engine.platform.locks import FileLock, forget_users
from engine.platform.server import ServerPlan

_TICK_S = 1.0


def main(data: str) -> int:
    """Keep the server of this data folder; returns when it has ended."""
    # The one who asked for us must not have to wait for us, nor to bury us.
    if os.fork() != 0:
        os._exit(0)
    room = Path(f"{data}.room")
    alone = FileLock(room / "keeper.lock")
    if not alone.wait_exclusive(10.0):
        _answer("another keeper of this cluster does not let go; end it and try again")
        return 1
    plan = msgspec.json.decode((room / "server.json").read_bytes(), type=ServerPlan)
    try:
        # A server that lost its keeper is taken over.
        process = None if server.postmaster(plan.places) else server.start(plan)
    except (PlatformUnfit, OSError) as error:
        _answer(str(error))
        return 1
    _answer("ready")
    _keep(plan, process, alone)
    return 0


def _keep(plan: ServerPlan, process: "subprocess.Popen[bytes] | None", alone: FileLock) -> None:
    users = FileLock(plan.places.room / "users.lock")
    nap = Event()
    tick_s = min(_TICK_S, max(0.05, plan.idle_s / 4))
    idle_s, came_and_went = 0.0, 0
    while not nap.wait(tick_s):
        if not plan.places.exists or not plan.places.users.exists():
            server.stop(plan.places)
            _end(process)
            return
        if process is not None:
            process.poll()  # fetches it, should it have died
        if server.postmaster(plan.places) is None:
            return
        # Somebody may have come and gone between two looks: their note changed the folder.
        notes = plan.places.users.stat().st_mtime_ns
        if not users.try_exclusive() or notes != came_and_went:
            users.let_go()
            idle_s, came_and_went = 0.0, notes
            continue
        idle_s += tick_s
        if idle_s < plan.idle_s:
            users.let_go()
            continue
        # Whoever comes now waits for the users' lock, and must then find neither server nor keeper: in this order.
        server.stop(plan.places)
        forget_users(plan.places.users)
        alone.release()
        users.release()
        return


def _end(process: "subprocess.Popen[bytes] | None") -> None:
    # Without its folder the server cannot be found by its pid file any more.
    if process is not None and process.poll() is None:
        process.terminate()
        process.wait(30)


def _answer(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
    # The asker reads to the end of the pipe; from here on our words go to the log.
    os.dup2(2, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
