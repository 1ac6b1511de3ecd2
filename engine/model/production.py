"""What a platform must keep to be fit for production, and how a run stands to it."""

import msgspec


class ProductionTargets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `compare` holds runs to. The defaults are the targets that the platform's owners set in 2025."""

    success_rate_min: float = 0.9
    """Of the bookings asked for, those that succeeded."""
    allocation_ms_max: float = 100.0
    """Mean time to give a booking its tables: quote, hold, confirm and commit."""
    table_utilisation_min: float = 0.7
    """Tables that were given to anybody, of all there are."""
    multi_table_min: float = 0.1
    """Of the bookings that were given tables, those with several."""
    multi_table_max: float = 0.15
    violations_max: int = 0
    """New rows that break a promise of the platform, as the integrity checks find them."""
    lost_max: int = 0
    """Acknowledged bookings that are lost, torn or altered."""


class Requirement(msgspec.Struct, frozen=True):
    """One of them."""

    name: str
    wanted: str
    """As people read it: `at least 90 %`."""
    value: float | None
    """Null where the run does not tell."""
    shown: str
    between: str
    """Where it lies with 95 % certainty, as people read it; empty for counts."""
    met: bool | None
    """Null where the interval reaches over the bound, or nothing is known."""
    why: str = ""
    """What stands in the way, or why it cannot be said."""


class ProductionFit(msgspec.Struct, frozen=True):
    """How one run stands to all of them."""

    run_id: str
    fit: bool | None
    """Null where nothing is broken and not everything is proven."""
    requirements: tuple[Requirement, ...]
    blockers: tuple[str, ...]
    says: str
