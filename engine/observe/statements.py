"""Top statements between two reads of `pg_stat_statements`: pure."""

import re
from collections.abc import Callable, Iterable

from engine.model.sample import Statement
from engine.observe.rows import StatementTotal

TOP = 20
"""Statements a look shows."""

_CONSTANT = re.compile(r"'[^']*'|\$\d+|\b\d+\b|\b(?:true|false|epoch)\b", re.IGNORECASE)
_HEADER = re.compile(r"\A(?:\s*--[^\n]*\n)+")


def shape(text: str) -> str:
    """A statement without its header, constants and blanks: equal for our file and what the server makes of it."""
    return " ".join(_CONSTANT.sub("?", _HEADER.sub("", text)).split())


class Statements:
    """What was read last, and the texts known; each text is asked for once."""

    def __init__(self, own: Iterable[str], shown: Callable[[str], str]) -> None:
        """`own` are the looks' own statements, which are left out; `shown` makes a text fit to be shown."""
        self._own = {shape(text) for text in own}
        self._shown = shown
        self._last: dict[int, StatementTotal] | None = None
        self._texts: dict[int, str | None] = {}
        self._changes: list[StatementTotal] = []

    def add(self, totals: Iterable[StatementTotal]) -> list[int]:
        """Take a read in; ids whose texts are wanted. The first only gives the next something to compare with."""
        now = {total.queryid: total for total in totals}
        if self._last is not None:
            changes = [_change(self._last.get(queryid), total) for queryid, total in now.items()]
            changes = [change for change in changes if change.calls > 0 and change.total_ns >= 0]
            self._changes = sorted(changes, key=lambda change: (-change.total_ns, change.queryid))
        self._last = now
        self._texts = {queryid: text for queryid, text in self._texts.items() if queryid in now}
        # The looks' own statements may be among the first; as many more are named as there can be of them.
        most = self._changes[: TOP + len(self._own)]
        return [change.queryid for change in most if change.queryid not in self._texts]

    def learn(self, asked: Iterable[int], texts: dict[int, str]) -> None:
        """Take texts in; an id that was asked for and has none is not asked for again."""
        for queryid in asked:
            text = texts.get(queryid)
            self._texts[queryid] = None if text is None or shape(text) in self._own else self._shown(text)

    def top(self) -> tuple[Statement, ...]:
        """Statements between the last two reads, most time first."""
        named = ((change, self._texts.get(change.queryid)) for change in self._changes)
        return tuple(
            Statement(
                query=text,
                calls=change.calls,
                mean_ns=change.total_ns // change.calls,
                total_ns=change.total_ns,
            )
            for change, text in named
            if text
        )[:TOP]


def _change(last: StatementTotal | None, now: StatementTotal) -> StatementTotal:
    if last is None:
        return now
    # After a reset calls fall below the last read; the caller leaves out what did not rise.
    return StatementTotal(now.queryid, now.calls - last.calls, now.total_ns - last.total_ns)
