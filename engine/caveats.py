"""What a reader of a run's figures must know before believing them. Pure."""

from collections.abc import Mapping, Sequence

from engine.model.client_floor import ClientFloor

LAG_TO_MENTION_NS = 25_000_000
"""A loop later than this spoils what it measures: steps here take single milliseconds."""


def loop_lag(lag_p99_ns: int) -> tuple[str, ...]:
    """That the engine's own loop was late; nothing while it was not."""
    if lag_p99_ns <= LAG_TO_MENTION_NS:
        return ()
    late = f"the engine's own loop was late by {lag_p99_ns / 1e6:.0f} ms (p99 of the last ten seconds)"
    cure = "use fewer workers or a lower rate to measure the platform"
    return (f"{late}: latencies of this run are partly the engine's; {cure}",)


def below_sight(floor: ClientFloor | None, samples: Mapping[str, Sequence[int]]) -> tuple[str, ...]:
    """Steps whose median is within twice what the client itself costs: of those it cannot tell much."""
    if floor is None:
        return ()
    found = []
    for step in ("submit",):
        took = sorted(samples.get(step, ()))
        p50_ns = took[len(took) // 2] if took else 0
        if took and not floor.sees(p50_ns):
            found.append(
                f"{step} is below what this client can see: p50 {p50_ns / 1e6:.2f} ms, and an empty answer costs it "
                f"{floor.p50_ns / 1e6:.2f} ms at {floor.concurrency} at once"
            )
    return tuple(found)
