"""One look's transaction: named statements of `queries/observe`, bounded, and what of them was refused."""

from importlib.resources import files
from typing import TypeVar

from engine.clock import Clock
from engine.database import LOOKS, STEP_ERRORS, Connection, describe, sql
from engine.observe.rows import Limits

Row = TypeVar("Row")

_REST_NS = 10_000_000_000
"""How long a statement rests that ran into a limit: a table under a long lock must not cost every look its patience."""

_OPENING = 2
"""Times there and back: BEGIN, and the bounds."""


class LookFailed(Exception):
    """A look came to nothing. The message is one sentence without its full stop."""


class Refusals:
    """What the server refused. What it has not or may not show is never asked again; what was too slow rests.

    Several looks at one server share what is known: each says only what it lacks itself.
    """

    def __init__(self, clock: Clock, known: "Refusals | None" = None) -> None:
        self._clock = clock
        self._for_good: dict[str, str] = {} if known is None else known._for_good
        self._resting: dict[str, tuple[int, str]] = {} if known is None else known._resting
        self._wanted: set[str] = set()
        """Statements that this look has a use for."""

    def stands(self, name: str) -> bool:
        """Whether that statement is not to be sent now."""
        self._wanted.add(name)
        if name in self._for_good:
            return True
        until_ns, _ = self._resting.get(name, (0, ""))
        return self._clock.now_ns() < until_ns

    def note(self, name: str, title: str, error: BaseException) -> bool:
        """Remember a refusal; whether the look can go on without that statement."""
        code = getattr(error, "sqlstate", None) or ""
        text = " ".join(str(error).split())
        if code.startswith("42") or code in {"0A000", "3F000", "55000"}:
            self._for_good[name] = f"{title}: {text}"
            return True
        if code in {"55P03", "57014"}:
            line = f"{title}: {text}; not asked again for {_REST_NS // 1_000_000_000} s"
            self._resting[name] = (self._clock.now_ns() + _REST_NS, line)
            return True
        return False

    def lines(self) -> tuple[str, ...]:
        """What cannot be shown now, one line each."""
        now_ns = self._clock.now_ns()
        good = (line for name, line in self._for_good.items() if name in self._wanted)
        resting = (
            line for name, (until_ns, line) in self._resting.items() if name in self._wanted and now_ns < until_ns
        )
        return (*good, *resting)


class Looking:
    """An open look. Statements after a refused one go on in a new transaction."""

    def __init__(self, connection: Connection, refusals: Refusals, timeout_s: float) -> None:
        self._connection = connection
        self._refusals = refusals
        # Half, so that the server's answer comes before our own timeout costs us the connection; and a short wait
        # for locks, as the moment a table is locked is the moment the other panels are needed.
        self._statement_ms = max(1, int(timeout_s * 500))
        self._lock_ms = max(1, int(timeout_s * 100))
        self._trips = 0
        self._trip_ns = 0

    def opened_in(self, took_ns: int) -> None:
        """The opening took so long: two times there and back, in which the server has next to nothing to do."""
        self._trip_ns = took_ns // _OPENING

    @property
    def way_ns(self) -> int:
        """What of this look's length so far is the way to the server and back, and our own loop's lateness."""
        return self._trips * self._trip_ns

    async def open(self) -> Limits:
        """Begin, read only, and bound every statement that follows."""
        self._trips += _OPENING
        await self._connection.begin_looking()
        limits = await self._connection.row("observe/limits", Limits, self._statement_ms, self._lock_ms)
        if limits is None:
            raise LookFailed("The server gave no row for the limits of a look")
        return limits

    async def rows(self, name: str, title: str, into: type[Row], *args: object) -> list[Row] | None:
        """Rows of a statement; None when it is refused, now or before. Raises when the look cannot go on."""
        if self._refusals.stands(name):
            return None
        self._trips += 1
        try:
            return await self._connection.rows(f"observe/{name}", into, *args)
        except STEP_ERRORS as error:
            if not self._refusals.note(name, title, error):
                raise
        await self._connection.rollback()
        await self.open()
        return None

    async def close(self) -> None:
        """End the transaction."""
        self._trips += 1
        await self._connection.commit()


def told(error: BaseException, timeout_s: float) -> str:
    """Why a look failed, as one sentence without its full stop."""
    if isinstance(error, TimeoutError):
        return f"The look at the server had no answer within {round(timeout_s, 1):g} s"
    return f"The look at the server failed: {describe(error)}"


def own_statements() -> list[str]:
    """The looks' own statements, so that they do not fill the list of the run's.

    COMMIT and ROLLBACK are not among them: the server counts the run's and ours as one.
    """
    paths = files("queries").joinpath("observe").iterdir()
    names = sorted(path.name.removesuffix(".sql") for path in paths if path.name.endswith(".sql"))
    return [LOOKS, *(sql(f"observe/{name}") for name in names)]
