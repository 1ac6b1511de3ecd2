"""A report's reason as a refusal: the platform's sentences tell their SQLSTATE and constraint, which reports leave out.

Sources: the platform's schema (codes of its functions) and Postgres' own sentences.
"""

import re
from functools import lru_cache

import msgspec

from engine.model.outcome import Outcome, Phase, Refusal, classify
from engine.model.step import Step

_CODES = (
    ("23P01", r"violates exclusion constraint"),
    ("23505", r"violates unique constraint"),
    ("23514", r"locked to zone|already has assignments in a different zone"),
    ("23514", r"is not adjacent to the selected set|merged assignments require movable tables"),
    ("40001", r"could not serialize access"),
    ("40P01", r"deadlock detected"),
    ("55P03", r"lock timeout|could not obtain lock"),
    ("57014", r"canceling statement"),
    ("P0001", r"cannot confirm booking|hold conflict prevents assignment|assignment duplicate|allocations_no_overlap"),
    ("P0003", r"idempotency mismatch|adjacency snapshot changed|policy version changed|returned no assignments"),
)
_CONSTRAINT = re.compile(r'violates (?:exclusion|unique) constraint "([^"]+)"')
_SQLSTATE = re.compile(r"[0-9A-Z]{5}")
_IN_DOUBT = frozenset({Outcome.TIMEOUT, Outcome.INLINE_TIMEOUT, Outcome.CONNECTION, Outcome.UNKNOWN})
"""Of these no report says whether COMMIT had been sent."""

NO_TABLES = "the report says success and names no tables: the platform answered success with no assignments"


@lru_cache(maxsize=256)  # a report says the same few sentences again and again
def refusal_of(words: str, code: str | None = None) -> tuple[Outcome, Refusal]:
    """What an attempt was told. No report says at which step, so it is told of the whole; the raw text stays.

    It is in doubt unless the answer is positively understood: only then was there certainly no effect.
    """
    sqlstate = code if code is not None and _SQLSTATE.fullmatch(code) else None
    if sqlstate is None:
        sqlstate = next((known for known, says in _CODES if re.search(says, words, re.IGNORECASE)), None)
    constraint = _CONSTRAINT.search(words)
    told = Refusal(
        step=Step.TOTAL,
        phase=Phase.ANSWERED,
        message=words or "the report gives no reason",
        sqlstate=sqlstate,
        constraint=constraint[1] if constraint else None,
    )
    outcome = classify(told)
    if outcome is Outcome.UNKNOWN:
        planned = msgspec.structs.replace(told, phase=Phase.PLANNED)
        outcome = classify(planned)
        told = told if outcome is Outcome.UNKNOWN else planned
    if outcome in _IN_DOUBT:
        told = msgspec.structs.replace(told, phase=Phase.IN_DOUBT)
    return outcome, told
