"""Signs: what can be seen of a pathology in what a run left, each with the sentence that tells it. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from engine.judge.evidence import Book, Ref, derived, journal, result
from engine.judge.pointer import resolve
from engine.model.ledger import Entry
from engine.model.report import Result


class Case(NamedTuple):
    """What is judged: the result, and the book that reads what the run left and writes numbers down.

    Which faults were switched on is in the result too; no rule may look there.
    """

    result: Result
    book: Book
    legs: tuple[int, ...] = ()
    """Of a sweep, those of its larger levels as they are by themselves, without warm-up and delays; else none: all."""
    alone: tuple[int, ...] = ()
    """Of a sweep, those of its smallest level."""

    def waits(self, pointer: str) -> Ref:
        """A number of the waits of these legs."""
        legs = f"{{leg={'|'.join(map(str, self.legs))}}}" if self.legs else "*"
        return result(f"/waits/{legs}{pointer}")

    def journal(self, rule: str) -> Ref:
        """A number of these legs."""
        return journal(rule, self.legs)

    def total(self, ref: Ref) -> float:
        """The number, 0 where there is none."""
        return self.book.left.total(ref)

    def text(self, pointer: str) -> list[str]:
        """The texts that a pointer into the result names."""
        return [one for one in resolve(self.book.left.documents.get("result.json"), pointer) if isinstance(one, str)]


class Seen(NamedTuple):
    """A sign that is there."""

    kind: str
    """Of evidence."""
    tell: Callable[[Book], str]
    """The clause that says so; asked only when a claim is made of it, as it writes its numbers down."""
    ref: Ref | None = None
    """How many attempts were hit; None where it counts something else."""
    at_most: bool = False
    """Other causes hit attempts so, too."""


Sign = Callable[[Case], Seen | None]
ATTEMPTS = result("/attempts")


def refused(clause: str, **proof: str) -> Sign:
    """Steps were refused with this proof: `step`, `outcome`, `sqlstate`, `constraint`, `message`."""
    words = " ".join(f"{key}={value}" for key, value in proof.items())
    return _counted("refusals", clause, journal(f"refused {words}"), journal(f"hit {words}"))


def ended(clause: str, outcome: str, *, at_most: bool = False) -> Sign:
    """Attempts ended so; `at_most` where they do for other reasons, too."""
    hits = result(f"/outcomes/{outcome}")
    return _counted("refusals", clause, hits, hits, at_most=at_most)


def entered(clause: str, entry: Entry, *, cause: str = "", without: str = "") -> Sign:
    """The ledger has such attempts; with `cause` its stories tell of one that begins so, with `without` one not so."""

    def look(case: Case) -> Seen | None:
        stories = [one for one in case.result.ledger.stories if one.entry is entry]
        if cause and not any(one.cause.startswith(cause) for one in stories):
            return None
        if without and not any(not one.cause.startswith(without) for one in stories):
            return None
        hits = result(f"/ledger/{entry.value}")
        return _counted("ledger", clause, hits, hits)(case)

    return look


def grew(clause: str, check: str) -> Sign:
    """An integrity check finds more after the run than before it."""
    ref = derived("more", result(f"/integrity/after/{check}"), result(f"/integrity/before/{check}"))
    return _counted("integrity", clause, ref)


def found(clause: str, check: str) -> Sign:
    """An integrity check finds rows when the run is over, from before it or not."""
    return _counted("integrity", clause, result(f"/integrity/after/{check}"))


def steady(clause: str, check: str) -> Sign:
    """An integrity check was made and finds no more than before."""
    after, before = (result(f"/integrity/{when}/{check}") for when in ("after", "before"))
    more = derived("more", after, before)

    def look(case: Case) -> Seen | None:
        if case.book.left.value(after) is None or case.total(more) > 0:
            return None
        return Seen("integrity", lambda book: clause.format(n=book(more)))

    return look


def counted(clause: str, counter: str) -> Sign:
    """One of the server's own counters rose."""
    return _counted("counters", clause, result(f"/waits/*/counters/{counter}"))


def logged(clause: str, words: str) -> Sign:
    """The server's own log says so."""

    def look(case: Case) -> Seen | None:
        lines = sum(words in line for line in case.text("/waits/*/server_log/*"))
        return Seen("log", lambda _: clause) if lines else None

    return look


def without(sign: Sign) -> Sign:
    """That sign is not there."""
    return lambda case: None if sign(case) else Seen("", str)


def _counted(kind: str, clause: str, ref: Ref, hits: Ref | None = None, *, at_most: bool = False) -> Sign:
    """`{n}` in the clause is the number, `{all}` the attempts; `hits` counts attempts, each once."""

    def look(case: Case) -> Seen | None:
        if case.total(ref) <= 0:
            return None
        whole = "{all}" in clause
        return Seen(kind, lambda book: clause.format(n=book(ref), all=book(ATTEMPTS) if whole else ""), hits, at_most)

    return look
