"""`slotfill faults`: the pathologies that can be switched on, and where each of them shows."""

from argparse import Namespace

from engine.model.fault import FAULTS, Shown, Where
from tui.verbs.speak import say, say_json


def main(args: Namespace) -> int:
    """List every fault, for people or as JSON."""
    if args.json:
        say_json(list(FAULTS.values()))
        return 0
    for fault in FAULTS.values():
        say(f"{fault.name}{'=VALUE' if fault.value else ''}")
        say(f"  symptom  {fault.symptom}")
        say(f"  cause    {fault.cause}{f' ({fault.pathology})' if fault.pathology else ''}")
        if fault.value:
            say(f"  value    {fault.value}")
        say(f"  shows    {'; '.join(_told(shown) for shown in fault.shows)}")
    return 0


def _told(shown: Shown) -> str:
    """`confirm refused: zone_lock (23514)`, `check leaked_holds`."""
    match shown.where:
        case Where.OUTCOME:
            return f"outcome {shown.what}"
        case Where.REFUSAL:
            return f"{shown.step} refused: {shown.what} ({shown.sqlstate})"
        case Where.INTEGRITY:
            return f"check {shown.what}"
        case Where.LEDGER:
            return f"ledger {shown.what}"
        case Where.WAIT:
            return f"wait {shown.what}"
