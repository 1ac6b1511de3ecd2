"""What the server's own counters rise by during a leg: a cross-check of what was sampled and of what we timed."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from engine.model.waits import CountedStatement, Counters
from engine.observe.assemble import shown
from engine.observe.looking import own_statements
from engine.observe.rows import LegCounters, StatementText, StatementTotal
from engine.observe.statements import Statements

Row = TypeVar("Row")


class Asks(Protocol):
    """Asks the server a named statement of `queries/observe`; None when it is refused, now or before."""

    def __call__(self, name: str, title: str, into: type[Row], *args: object) -> Awaitable[list[Row] | None]: ...  # noqa: D102 - see above


class LegCount:
    """Reads the counters when a leg begins and when it is over."""

    def __init__(self, mask: Callable[[str], str], *, has_statements: bool) -> None:
        self._statements = Statements(own_statements(), lambda text: shown(text, mask)) if has_statements else None
        self._first: LegCounters | None = None

    async def begin(self, ask: Asks) -> None:
        """Read what the leg's rises are counted from."""
        found = await ask("leg_counters", "the server's counters", LegCounters)
        self._first = found[0] if found else None
        await self._count(ask)

    async def end(self, ask: Asks) -> Counters:
        """What rose since."""
        found = await ask("leg_counters", "the server's counters", LegCounters)
        rises = _rises(self._first, found[0] if found else None)
        return Counters(**rises, statements=await self._count(ask))

    async def _count(self, ask: Asks) -> tuple[CountedStatement, ...]:
        if self._statements is None:
            return ()
        totals = await ask("statements", "statements", StatementTotal)
        if totals is None:
            return ()
        wanted = self._statements.add(totals)
        if wanted:
            texts = await ask("statement_texts", "texts of statements", StatementText, wanted) or []
            self._statements.learn(wanted, {text.queryid: text.query for text in texts})
        return tuple(CountedStatement(one.query, one.calls, one.mean_ns / 1e6) for one in self._statements.top())


def _rises(first: LegCounters | None, last: LegCounters | None) -> dict[str, int | None]:
    """What each rose by; None for one that fell, as it was reset in between, and where one end is not known."""
    if first is None or last is None:
        return {}
    rises = ((name, getattr(last, name) - getattr(first, name)) for name in LegCounters.__struct_fields__)
    return {name: rise if rise >= 0 else None for name, rise in rises}
