"""The workers' filter: `step:confirm age>1s !zone:main`, every term to be true, `!` turns one round."""

import re
from collections.abc import Callable

import msgspec

from engine.model.ids import worker_name
from engine.model.snapshot import WorkerFace
from tui.format import length_ns

_TEXTS: dict[str, Callable[[WorkerFace], str]] = {
    "worker": lambda worker: worker_name(worker.worker),
    "state": lambda worker: worker.state.value,
    # What the column shows: the state of a worker that is in no step.
    "step": lambda worker: worker.step.value if worker.step else worker.state.value,
    "slot": lambda worker: worker.slot,
    "day": lambda worker: worker.day,
    "booking": lambda worker: worker.booking,
    "zone": lambda worker: worker.zone,
    "table": lambda worker: " ".join(worker.tables),
    "outcome": lambda worker: worker.last_outcome.replace("_", " "),
    "wait": lambda worker: worker.waits_for,
    "pid": lambda worker: str(worker.pid or ""),
}
_NUMBERS: dict[str, Callable[[WorkerFace], int]] = {
    "age": lambda worker: worker.since_ns,
    "party": lambda worker: worker.party,
    "try": lambda worker: worker.attempt_try,
    "ok": lambda worker: worker.filled,
    "fail": lambda worker: worker.failed,
}
FIELDS = (*_TEXTS, *_NUMBERS)
_TERM = re.compile(r"(?P<field>[a-z]+)(?P<sign>:|>=|<=|>|<|=)(?P<value>.*)")


class SieveInvalid(Exception):
    """The filter cannot be read. The message says which term and what would be right."""


class Term(msgspec.Struct, frozen=True):
    """One condition. Without a field the value may stand in any text of the row."""

    value: str
    field: str = ""
    sign: str = ":"
    number: int = 0
    inverse: bool = False

    def holds(self, worker: WorkerFace) -> bool:
        """Whether the worker is let through."""
        return self._matches(worker) is not self.inverse

    def _matches(self, worker: WorkerFace) -> bool:
        if not self.field:
            return any(self.value in text(worker).lower() for text in _TEXTS.values())
        if self.field in _TEXTS:
            return self.value in _TEXTS[self.field](worker).lower()
        actual = _NUMBERS[self.field](worker)
        match self.sign:
            case ">":
                return actual > self.number
            case ">=":
                return actual >= self.number
            case "<":
                return actual < self.number
            case "<=":
                return actual <= self.number
            case _:
                return actual == self.number


class Sieve(msgspec.Struct, frozen=True):
    """A filter; the empty one lets every worker through."""

    text: str = ""
    terms: tuple[Term, ...] = ()

    def lets(self, worker: WorkerFace) -> bool:
        """Whether every term holds."""
        return all(term.holds(worker) for term in self.terms)


def read_sieve(text: str) -> Sieve:
    """The filter that was typed. Raises SieveInvalid."""
    return Sieve(text.strip(), tuple(_read_term(word) for word in text.split()))


def _read_term(word: str) -> Term:
    inverse = word.startswith("!")
    body = word.removeprefix("!").lower()
    if not body:
        raise SieveInvalid("filter: `!` stands alone; write what is to be left out behind it, as in !zone:main")
    match = _TERM.fullmatch(body)
    if match is None:
        return Term(body, inverse=inverse)
    field, sign, value = match["field"], match["sign"], match["value"]
    if field not in FIELDS:
        raise SieveInvalid(f"filter: there is no field {field}; there are {' '.join(FIELDS)}")
    if not value:
        raise SieveInvalid(f"filter: {word} has no value; write {field}{sign}something")
    if field in _TEXTS:
        if sign not in (":", "="):
            raise SieveInvalid(f"filter: {word}: {field} is text; write {field}:{value}")
        return Term(value, field, inverse=inverse)
    number = length_ns(value) if field == "age" else int(value) if value.isdecimal() and len(value) < 19 else None
    if number is None:
        example = "age>1s" if field == "age" else f"{field}>2"
        raise SieveInvalid(f"filter: {word}: {value} is no {'length' if field == 'age' else 'number'}; write {example}")
    return Term(value, field, sign, number, inverse)
