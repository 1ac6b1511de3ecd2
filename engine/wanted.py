"""What the settings want of a run before anything is there: which plan, which data, which strategies and rules."""

from engine.allocator.strategies import ladder, strategy_of
from engine.config import Settings
from engine.model.strategy import Rules, Strategy

PLANS: dict[str, str] = {
    "fill": "every slot is booked until a booking fails or it has had its share",
    "assign": "pending bookings are given tables, pass after pass, until none is pending",
    "create": "bookings are made one by one, each trying every strategy and combination until it is confirmed",
    "burst": "many requests at one moment, some of them repeated",
}
"""Every plan by its word, with what it does."""


def data_of(plan: str, settings: Settings) -> str:
    """What the embedded platform is seeded with for this plan."""
    return settings.run.data or ("stress" if plan == "assign" else "white-horse")


def strategies(plan: str, settings: Settings) -> tuple[Strategy, ...]:
    """The strategies each attempt quotes by: one, or the whole ladder for `create`. Raises ValueError."""
    if plan == "create":
        return ladder(settings.create.max_tables)
    allocator = settings.allocator
    return (
        strategy_of(
            allocator.strategy,
            adjacency=allocator.adjacency,
            max_tables=allocator.max_tables,
            max_overage=allocator.max_overage,
            lookahead=allocator.lookahead,
        ),
    )


def rules(settings: Settings) -> Rules:
    """The planner's rules as the settings want them; faults may add to them."""
    return Rules(fails_hard=settings.allocator.fail_hard)
