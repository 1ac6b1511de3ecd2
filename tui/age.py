"""How old the last look at the server is, where it is not of now. Pure."""

from engine.model.snapshot import RunSnapshot
from tui.format import age, elapsed

_FRESH_NS = 5_000_000_000
"""Looks come some times a second; one that is older than this is not of now, trouble or none."""


def look_age(snapshot: RunSnapshot) -> str:
    """`AS OF 03:32, 9 s AGO !` when what a look told is not of now; empty when it is, or when there was none.

    Of a run that is over nothing is of now: `LAST LOOK 03:41`.
    """
    sample = snapshot.sample
    if sample is None:
        return ""
    age_ns = max(0, snapshot.run.elapsed_ns - sample.at_ns)
    if snapshot.run.state.is_over:
        before = f", {age(age_ns)} BEFORE THE END" if age_ns > _FRESH_NS else ""
        return f"LAST LOOK {elapsed(sample.at_ns)}{before}"
    if not snapshot.sample_trouble and age_ns <= _FRESH_NS:
        return ""
    return f"AS OF {elapsed(sample.at_ns)}, {age(age_ns)} AGO !"
