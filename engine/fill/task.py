"""What a crew has to do, and how."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from engine.fill.limits import Limits
from engine.model.strategy import Strategy
from engine.plan import Plan


async def _nothing() -> None:
    """What is done between passes where nobody said otherwise; a plan with one pass never asks."""


class Task(NamedTuple):
    """What a crew has to do, and how."""

    plan: Plan
    ladder: tuple[Strategy, ...]
    """The strategies each attempt quotes by."""
    concurrency: int
    gathers: bool = False
    """No attempt begins before every worker has its seat: all of them at once."""
    limits: Limits | None = None
    """What may be taken from the target; None where it is ours."""
    between: Callable[[], Awaitable[None]] = _nothing
    """Done when a pass is over and none is in flight; it ends with `Plan.next_pass`."""
