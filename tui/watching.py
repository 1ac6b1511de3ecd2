"""What the console says on a database without a run: where a run would be, that there is none, and what is not done."""

from engine.model.snapshot import RunFace, RunSnapshot
from tui.format import age
from tui.lines import Ink, Line, Part, cut, line, part, squeeze

PRESET = "watch"
"""The layout that a watch begins with."""
_NONE = "no run here: slotfill watch only looks"
NO_RUN = {
    "workers": f"{_NONE}, so there are no workers",
    "steps": f"{_NONE}, so no steps are timed",
    "outcomes": f"{_NONE}, so no attempts end",
    "slots": f"{_NONE}, so no slots are filled",
    "passes": f"{_NONE}, so there are no passes",
    "paths": f"{_NONE}, so nothing goes through an API",
    "ledger": f"{_NONE}, so nothing is claimed",
    "map": f"{_NONE}, so it has no slots and tables to map",
    "ranking": f"{_NONE}, so nothing is refused",
    "sweep": f"{_NONE}, and no sweep",
}
"""What panels about a run say, by their names."""
_TOUCHES_NOTHING = ("mark", "cancel", "terminate")


def no_run(snapshot: RunSnapshot, name: str) -> list[Line]:
    """The one line of a panel that has nothing to show as there is no run; none where it has."""
    words = NO_RUN.get(name, "") if snapshot.run.watches else ""
    return [line((f"  {words}", Ink.MUTED))] if words else []


def refused(run: RunFace | None, name: str) -> str:
    """Why a command that acts is not for a watch; empty when it is. Signals to backends are the engine's to judge."""
    if run is None or not run.watches or name in _TOUCHES_NOTHING:
        return ""
    if name in ("stop", "quit!"):
        return f"{name}: there is no run to stop; a watch ends with its last console, q leaves"
    return f"{name}: this is a watch and no run: nothing is changed in {run.database}"


def run_parts(run: RunFace, room: int) -> list[Part]:
    """Where it looks, in place of plan, seed and workers: cut to the room there is, never left out."""
    words = part(-1, (cut(run.watches, max(12, room)), Ink.STRONG))
    return [words, part(6, ("target ", Ink.MUTED), run.target)]


def holds_line(snapshot: RunSnapshot, width: int) -> Line:
    """In place of the outcomes: that there are none, and what lies about in the database."""
    sample = snapshot.sample
    parts = [part(3, ("no run here", Ink.MUTED))]
    if sample is not None:
        oldest = max((hold.expired_for_ns for hold in sample.stale_holds), default=0)
        stale = f"{sample.stale_count}" + (f" oldest {age(oldest)} !" if oldest else "")
        for place, (begin, name, value, ink) in enumerate(
            (
                ("stale holds", "stale holds", stale, Ink.FAULT if oldest else Ink.TEXT),
                ("live holds", "live", str(sample.live_holds), Ink.TEXT),
                ("zone-locked", "zone-locked bookings", str(sample.zone_locked_count), Ink.TEXT),
            )
        ):
            blind = any(text.startswith(begin) for text in sample.missing)
            parts.append(part(place, (f"{name} ", Ink.MUTED), ("not seen ?", Ink.UNKNOWN) if blind else (value, ink)))
        if sample.commits_per_s is not None:
            parts.append(part(4, ("commits ", Ink.MUTED), f"{sample.commits_per_s:.1f}/s"))
        if sample.rollbacks_per_s is not None:
            parts.append(part(5, ("rollbacks ", Ink.MUTED), f"{sample.rollbacks_per_s:.1f}/s"))
    return squeeze(parts, width)


def left_words(run: RunFace) -> str:
    """What the shell is told when a console leaves a watch."""
    others = run.consoles - 1
    if others > 0:
        return f"{others} other console{'' if others == 1 else 's'} still watch{'es' if others == 1 else ''}"
    return "this was the last console, so the watch ends"
