"""Known pathologies of booking platforms that can be switched on: symptom, cause, and where each of them shows."""

import difflib
from collections.abc import Iterable

import msgspec

from engine.model.pathology import Fault, Shown, Takes, Where
from engine.model.step import Step
from engine.model.strategy import Rules

_SHARE_OF_BOOKINGS = "share of the bookings it meets, above 0 and up to 1; default 0.3"
_SHARE_OF_TABLES = "share of each restaurant's tables it lies on, above 0 and up to 1; default 0.3"
_DEFAULT_SHARE = "0.3"
_MOST_MINUTES = 1440
_MOST_MS = 60_000
_SLOW_STEPS = (Step.SUBMIT, Step.HOLD, Step.CONFIRM, Step.COMMIT)


def _outcome(word: str) -> Shown:
    return Shown(Where.OUTCOME, word)


def _refused(step: Step, word: str, sqlstate: str) -> Shown:
    return Shown(Where.REFUSAL, word, step=step, sqlstate=sqlstate)


def _integrity(check: str) -> Shown:
    return Shown(Where.INTEGRITY, check)


def _ledger(word: str) -> Shown:
    return Shown(Where.LEDGER, word)


def _wait(event: str) -> Shown:
    return Shown(Where.WAIT, event)


_ALL = (
    Fault(
        name="restaurant-row-lock",
        symptom="assignments of one restaurant deadlock whatever their tables; throughput collapses with every worker",
        cause="the check after an assignment takes the restaurant's row FOR UPDATE, on which every other assignment has"
        " a key-share lock through its foreign keys",
        pathology="A1",
        shows=(_refused(Step.CONFIRM, "deadlock", "40P01"), _wait("Lock:transactionid")),
    ),
    Fault(
        name="ledger-replay",
        symptom="the platform says success and there are no tables",
        cause="keys are fixed per booking and a reset left them in the ledger: the replay is answered with no rows and"
        " no error",
        pathology="B7",
        takes=Takes.SHARE,
        default=_DEFAULT_SHARE,
        value=_SHARE_OF_BOOKINGS,
        shows=(
            _outcome("replay"),
            _ledger("lost"),
            _integrity("ledger_without_tables"),
            # The replay commits, and with it the lock that the first steps took.
            _integrity("zone_locks_on_pending"),
        ),
    ),
    Fault(
        name="sticky-zone-lock",
        symptom="pending bookings without tables are refused every zone but one",
        cause="taking a booking's tables back leaves its zone lock",
        pathology="B6",
        takes=Takes.SHARE,
        default=_DEFAULT_SHARE,
        value=_SHARE_OF_BOOKINGS,
        shows=(_refused(Step.CONFIRM, "zone_lock", "23514"), _integrity("zone_locks_on_pending")),
    ),
    Fault(
        name="immortal-holds",
        symptom="no tables in an empty house",
        cause="a hold lives until its dinner has ended, nobody sweeps, and failed runs release nothing",
        pathology="B11",
        takes=Takes.SHARE,
        default=_DEFAULT_SHARE,
        value=_SHARE_OF_TABLES,
        shows=(_outcome("capacity"), _integrity("leaked_holds")),
    ),
    Fault(
        name="shadow-allocations",
        symptom="shadow allocations without a hold pile up",
        cause="a hold is deleted without its tables first, and the trigger cannot see the hold any more",
        pathology="B12",
        takes=Takes.SHARE,
        default=_DEFAULT_SHARE,
        value=_SHARE_OF_TABLES,
        shows=(_integrity("shadow_allocations"),),
    ),
    Fault(
        name="stale-allocations",
        symptom="the quote succeeds and the confirm is refused with allocations_no_overlap",
        cause="allocations of cancelled or reset bookings stay, and the planner does not read allocations",
        pathology="B13",
        takes=Takes.SHARE,
        default=_DEFAULT_SHARE,
        value=_SHARE_OF_TABLES,
        shows=(_refused(Step.CONFIRM, "overlap", "P0001"), _integrity("stale_allocations")),
    ),
    Fault(
        name="confirmed-without-tables",
        symptom="confirmed bookings lose their tables at COMMIT, which is acknowledged",
        cause="something that is not part of the confirmation takes the tables back",
        pathology="B9",
        takes=Takes.SHARE,
        default=_DEFAULT_SHARE,
        value=_SHARE_OF_BOOKINGS,
        shows=(_ledger("torn"), _integrity("confirmed_without_tables"), _integrity("ledger_without_tables")),
    ),
    Fault(
        name="tables-without-confirmation",
        symptom="bookings have tables and are still pending",
        cause="assigning and confirming are two steps, and the second is lost",
        pathology="B10",
        takes=Takes.SHARE,
        default=_DEFAULT_SHARE,
        value=_SHARE_OF_BOOKINGS,
        shows=(_ledger("torn"), _integrity("tables_without_confirmation")),
    ),
    Fault(
        name="finished-bookings-block",
        symptom="tables nobody sits at are taken",
        cause="cancelled and completed bookings keep their assignments, and no constraint asks for a booking's status",
        pathology="B14",
        takes=Takes.SHARE,
        default=_DEFAULT_SHARE,
        value=_SHARE_OF_TABLES,
        shows=(_outcome("capacity"), _integrity("finished_bookings_blocking")),
    ),
    Fault(
        name="masked-hold-conflict",
        symptom="a confirm is refused with an error about format(), and no hold is in sight",
        cause="the hold check asks for the whole day, and its message has a format specifier Postgres does not know",
        pathology="C",
        takes=Takes.SHARE,
        default=_DEFAULT_SHARE,
        value=_SHARE_OF_TABLES,
        shows=(
            _refused(Step.CONFIRM, "hold_conflict", "22023"),
            # Those that make it happen are for nobody.
            _integrity("leaked_holds"),
        ),
    ),
    Fault(
        name="deferred-overlap",
        symptom="sittings that follow one another at once are confirmed, and refused at COMMIT",
        cause="an exclusion constraint that is asked at COMMIT wants a rest between two sittings",
        takes=Takes.MINUTES,
        default="30",
        value=f"minutes of rest after each sitting, 1 to {_MOST_MINUTES}; default 30",
        shows=(_refused(Step.COMMIT, "overlap", "23P01"),),
    ),
    Fault(
        name="empty-adjacency",
        symptom="no tables for anybody, in an empty house",
        cause="no table touches another, and where adjacency is required a lone table serves nobody",
        pathology="D15",
        shows=(_outcome("capacity"),),
        rules={"drops_lone_tables": True},
        reloads_floor=True,
    ),
    Fault(
        name="one-way-adjacency",
        symptom="half of the sets, and tables that only stand second in their pairs, are never offered",
        cause="pairs are stored in one direction and read in that direction only",
        pathology="D17",
        shows=(_outcome("capacity"),),
        rules={"drops_lone_tables": True, "directed": True},
        reloads_floor=True,
    ),
    Fault(
        name="slow-step",
        symptom="one step takes longer, with the locks it has by then",
        cause="a trigger sleeps in the step's statement",
        takes=Takes.STEP_MILLISECONDS,
        default="confirm:200",
        value=f"[submit|hold|confirm|commit:]MS, 1 to {_MOST_MS}; default confirm:200",
        shows=(_wait("Timeout:PgSleep"),),
    ),
    Fault(
        name="silent-drop",
        symptom="acknowledged bookings are nowhere, without a trace",
        cause="a trigger swallows their assignments at COMMIT",
        takes=Takes.SHARE,
        default=_DEFAULT_SHARE,
        value=_SHARE_OF_BOOKINGS,
        shows=(_ledger("lost"),),
    ),
    Fault(
        name="late-undo",
        symptom="confirmed bookings are pending again a little later",
        cause="something that comes by with every hold undoes three in ten of the bookings confirmed before",
        takes=Takes.MILLISECONDS,
        default="50",
        value=f"milliseconds a confirmed booking lives at least, 1 to {_MOST_MS}; default 50",
        shows=(_ledger("lost"), _integrity("ledger_without_tables")),
    ),
    Fault(
        name="session-time-zone",
        symptom="live holds are told to have expired",
        cause="the functions make now from UTC without its zone, and the sessions are in New York",
        pathology="E34",
        shows=(_refused(Step.CONFIRM, "persistence", "P0001"),),
        session={"TimeZone": "America/New_York"},
    ),
)

FAULTS: dict[str, Fault] = {fault.name: fault for fault in _ALL}
"""Every fault by its name."""


def parse(text: str) -> tuple[Fault, str]:
    """The fault and its value that `NAME` or `NAME=VALUE` asks for. Raises ValueError with one sentence."""
    name, _, value = (part.strip() for part in text.partition("="))
    fault = FAULTS.get(name)
    if fault is None:
        near = difflib.get_close_matches(name, FAULTS, n=1, cutoff=0.5)
        cure = f"did you mean {near[0]}?" if near else "slotfill faults lists them"
        raise ValueError(f"no fault is called {name!r}; {cure}")
    return fault, _valued(fault, value) if value else fault.default


def written(fault: Fault, value: str) -> str:
    """`NAME=VALUE`, or `NAME` where there is no value: what `parse` takes."""
    return f"{fault.name}={value}" if value else fault.name


def session_of(faults: Iterable[Fault]) -> dict[str, str]:
    """The session settings that these faults want."""
    return {setting: value for fault in faults for setting, value in fault.session.items()}


def rules_of(faults: Iterable[Fault], base: Rules) -> Rules:
    """The planner's rules with these faults in them."""
    return msgspec.structs.replace(base, **{field: value for fault in faults for field, value in fault.rules.items()})


def _valued(fault: Fault, text: str) -> str:
    """The value in its one spelling."""
    match fault.takes:
        case Takes.NOTHING:
            raise ValueError(f"{fault.name} takes no value; give {fault.name} alone")
        case Takes.SHARE:
            try:
                share = float(text)
            except ValueError:
                share = 0.0
            if not 0 < share <= 1:
                raise ValueError(f"{fault.name}={text}: give the {fault.value}")
            return f"{share:g}"
        case Takes.MINUTES:
            return str(_whole(fault, text, text, _MOST_MINUTES))
        case Takes.MILLISECONDS:
            return str(_whole(fault, text, text, _MOST_MS))
        case Takes.STEP_MILLISECONDS:
            step, _, ms = text.rpartition(":")
            step = step or Step.CONFIRM
            if step not in _SLOW_STEPS:
                raise ValueError(f"{fault.name}={text}: give the step as {fault.value}")
            return f"{step}:{_whole(fault, text, ms.removesuffix('ms'), _MOST_MS)}"


def _whole(fault: Fault, text: str, number: str, most: int) -> int:
    # Not int(): that takes " 3_0 " and digits of every script, which Postgres does not.
    if not (number.isascii() and number.isdigit() and 1 <= int(number) <= most):
        raise ValueError(f"{fault.name}={text}: give {fault.value}")
    return int(number)


__all__ = ["FAULTS", "Fault", "Shown", "Takes", "Where", "parse", "rules_of", "session_of", "written"]
