"""The deeds of a soak, done to a run. Each leaves the run going on; what it returns is told in the minute's line."""

import random
import signal
import time
from typing import assert_never

from tests.soak.place import BIG, RATE, SMALL, Place, until
from tests.soak.schedule import Deed

KEYS = (b"l", b"\x1b", b"h", b"\x1b", b"c", b"\x1b", b"e", b"\x1b", b"f", b"\x1b", b"\t", b"s", b"L", b"t", b"[", b"]",
        b"t", b"b", b"\x1b", b"?", b"\x1b", b" ", b" ")  # fmt: skip
"""Screens that are opened and left, a view that is frozen and let go."""


def disturb(place: Place, deed: Deed, drawn: random.Random) -> str:
    """Do it; what was done, in a word or two. Never takes longer than some seconds."""
    match deed:
        case Deed.PAUSE:
            place.say("pause")
            time.sleep(drawn.uniform(0.2, 2.0))
            place.say("resume")
            return "pause"
        case Deed.RESIZE:
            workers = drawn.randint(1, 15)
            place.say("set", f"concurrency={workers}")
            return f"workers={workers}"
        case Deed.RATE:
            rate = drawn.randint(RATE // 2, RATE * 2)
            place.say("set", f"rate={rate}")
            return f"rate={rate}"
        case Deed.SETTING:
            wanted = drawn.choice(["retries=2", "retries=0", "stress_max=10", "stress_max=12", "max_party=6"])
            place.say("set", wanted)
            return wanted
        case Deed.LOOK:
            return _look(place, drawn)
        case Deed.KILL_CONSOLE | Deed.HANG_UP:
            console = place.attach(drawn.choice([BIG, SMALL]), *drawn.choice([(), ("--watch",)]))
            time.sleep(drawn.uniform(0.1, 1.0))
            console.process.send_signal(signal.SIGKILL if deed is Deed.KILL_CONSOLE else signal.SIGHUP)
            place.gone(console)
            return deed
        case Deed.EXPORT:
            if place.watcher is not None:
                place.watcher.press(b"E")
            return "E"
        case Deed.SNAPSHOT:
            place.say("snapshot")
            return "snapshot"
        case Deed.SLOW_STEP:
            return _fault(place, "slow-step", f"{drawn.choice(['submit', 'hold', 'confirm'])}:30", drawn)
        case Deed.DEADLOCKS:
            return _fault(place, "restaurant-row-lock", "on", drawn)
        case Deed.TERMINATE:
            return f"{place.terminate(drawn, 3)} terminated"
        case Deed.RESTART_FAST:
            place.restart(signal.SIGINT)
            return "restart fast"
        case Deed.RESTART_IMMEDIATE:
            place.restart(signal.SIGQUIT)
            return "restart immediate"
        case _:
            assert_never(deed)


def _look(place: Place, drawn: random.Random) -> str:
    console = place.attach(drawn.choice([BIG, SMALL]))
    for key in KEYS:
        console.press(key)
        time.sleep(0.05)
    # A key that comes while a screen is being opened may be that screen's.
    for _ in range(40):
        console.press(b"q")
        if until(lambda: console.process.poll() is not None, 0.5):
            break
    code = console.process.poll()
    place.gone(console)
    return "look" if code == 0 else f"look (ended with {code})"


def _fault(place: Place, name: str, value: str, drawn: random.Random) -> str:
    place.say("set", f"fault.{name}={value}")
    time.sleep(drawn.uniform(0.5, 3.0))
    place.say("set", f"fault.{name}=off")
    return name
