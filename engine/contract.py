"""What a database offers of the platform's contract, and how slotfill adapts to it."""

import msgspec

from engine.model.strategy import Rules


class Adaptation(msgspec.Struct, frozen=True):
    """One thing slotfill does otherwise on this database, and why."""

    does: str
    reason: str


class Contract(msgspec.Struct, frozen=True):
    """What was found by looking. Its defaults are those of the reference platform, reached as its owner."""

    server: str = ""
    """The server's version, as it tells it."""
    database: str = ""
    role: str = ""
    tables: int = 0
    """How many of the platform's tables are there."""
    pooled: bool = False
    """A transaction pooler stands between: nothing of a session outlasts a transaction."""
    submits_by_function: bool = False
    """`create_booking_with_capacity_check` works here; else a plain pending insert makes the booking."""
    holds_outlast_window: bool = False
    """A hold's expiry may not be before the end of its window."""
    confirms_by_tables: bool = False
    """The function that confirms a hold cannot work here; the older one, which takes tables, does."""
    needs_context: bool = False
    """Row security wants to know the restaurant: `app.restaurant_id` is set before anything is read or written."""
    adaptations: tuple[Adaptation, ...] = ()
    notes: tuple[str, ...] = ()
    """Known faults that are here and harm no fill by themselves; what happens is classified when it happens."""
    unfit: tuple[str, ...] = ()
    """What is missing, each with what to do; a database with any of these is not worked in."""


class Terms(msgspec.Struct, frozen=True):
    """On what terms a run works in a target."""

    step_timeout_s: float = 10.0
    hold_ttl_s: float = 180.0
    rules: Rules = Rules()
    spread: bool = False
    """Each seat begins at another one of equally good candidates."""


REFERENCE = Contract()
"""The reference platform, reached as its owner."""
USUAL_TERMS = Terms()


def unfit(contract: Contract) -> tuple[str, ...]:
    """What is missing, each with what to do; empty when the database speaks the contract."""
    return contract.unfit


def page(contract: Contract) -> str:
    """The contract on one page, for people: what is missing first, then how slotfill adapts, then notes."""
    where = f"database {contract.database or '?'}, PostgreSQL {contract.server or '?'}, as {contract.role or '?'}"
    lines = [where, ""]
    if contract.unfit:
        lines += ["It does not speak the booking platform's contract; no row was written. What is missing:"]
        lines += [f"  - {one}" for one in contract.unfit]
    else:
        lines += ["It speaks the booking platform's contract."]
    if contract.adaptations:
        lines += ["", "How slotfill adapts:"]
        lines += [f"  - {one.does}: {one.reason}" for one in contract.adaptations]
    if contract.notes:
        lines += ["", "Known faults that are here:"]
        lines += [f"  - {one}" for one in contract.notes]
    return "\n".join(lines)
