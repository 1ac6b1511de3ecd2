"""Pictures as finely as screens show them, and no finer: what a recording must give back."""

from msgspec.structs import replace

from engine.model.snapshot import RunSnapshot
from engine.records.precision import EVENT_NS, SINCE_NS


def as_shown(look: RunSnapshot) -> RunSnapshot:
    """The picture with moments no finer than a recording keeps them."""
    elapsed_ns = look.run.elapsed_ns
    return replace(
        look,
        workers=tuple(
            replace(one, since_ns=elapsed_ns - (elapsed_ns - one.since_ns) // SINCE_NS * SINCE_NS)
            for one in look.workers
        ),
        events=tuple(replace(one, at_ns=one.at_ns // EVENT_NS * EVENT_NS) for one in look.events),
    )
