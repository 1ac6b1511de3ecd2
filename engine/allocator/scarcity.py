"""How rare a table's kind is on its floor: what makes a quote spare the one table for ten."""

from collections import Counter
from collections.abc import Sequence

from engine.model.floor import Table


def scarcities(tables: Sequence[Table]) -> tuple[float, ...]:
    """Each table's scarcity, in (0, 1]: 1 over how many there are of its kind.

    A kind is capacity, category and seating type, as the platform's own. One of a kind has 1, one of ten 0.1, whatever
    the size of the floor: what counts is how many bookings could still be seated alike. The platform can store a score
    for each kind (`table_scarcity_metrics`); stored rows would stand instead of these figures, and are not read yet.
    """
    kinds = Counter(map(_kind, tables))
    return tuple(1 / kinds[_kind(table)] for table in tables)


def _kind(table: Table) -> tuple[int, str, str]:
    return table.capacity, table.category, table.seating_type
