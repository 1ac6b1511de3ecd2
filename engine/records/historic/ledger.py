"""The ledger of an import: what reports claim, and what the next pass proves of it. Pure."""

from collections import Counter
from collections.abc import Sequence

from engine.exit_code import ExitCode
from engine.metrics.ledger import MOST_STORIES
from engine.model.ledger import Entry, Ledger, Story
from engine.model.outcome import Certainty, Outcome
from engine.records.historic.events import Leg
from engine.records.historic.passes import Reports
from engine.records.historic.told import Attempt, since


def ledger_of(reports: Reports, attempts: Sequence[Attempt]) -> Ledger:
    """Every attempt once. Only a later pass proves anything; bookings of which nothing at all is told are not here."""
    counts = Counter(one.entry for one in attempts)
    bad = [one for one in attempts if cause(one)]
    # What is proven first, for the list is cut.
    bad.sort(key=lambda one: one.entry is not Entry.LOST)
    return Ledger(
        attempts=len(attempts),
        acknowledged=sum(one.certainty is Certainty.OK for one in attempts),
        **{entry.value: counts[entry] for entry in Entry},
        balanced=sum(counts.values()) == len(attempts),
        stories=tuple(_story(reports, one) for one in bad[:MOST_STORIES]),
    )


def cause(one: Attempt) -> str:
    """The likeliest cause by rule; empty for what is as it was claimed, or claimed nothing."""
    replay = one.outcome is Outcome.REPLAY
    if one.entry is Entry.LOST and replay:
        return "ledger replay: the key had been used, the platform answered success with no rows, and it stayed pending"
    if one.entry is Entry.LOST:
        return "it was given tables and is pending again: undone after the report, or reset before the next pass"
    if one.entry is Entry.UNVERIFIED and replay:
        return "ledger replay likely: success without tables, and no later pass tells whether it is still pending"
    if one.entry is Entry.UNRESOLVED:
        return "its reason does not tell whether it took effect, and no later pass tells whether it is still pending"
    if one.entry is Entry.UNVERIFIED and one.certainty is Certainty.FAIL:
        return "it failed and was no longer pending in the next pass: something else confirmed or cancelled it"
    return ""


def _story(reports: Reports, one: Attempt) -> Story:
    asked = one.sitting.asked
    told = () if one.refusal is None else (f"{one.refusal.step.value} {one.outcome.word}: {one.refusal.message}",)
    return Story(
        booking_id=one.booking_id,
        entry=one.entry,
        attempt=one.number,
        claimed=one.told.tables,
        status="pending" if one.entry is Entry.LOST else "",
        tables=(),
        cause=cause(one),
        key=one.key,
        acknowledged_ns=one.ended_ns if one.certainty is Certainty.OK else None,
        absent_ns=since(reports.began, asked) if one.entry is Entry.LOST and asked is not None else None,
        steps=(f"total {one.told.duration_ms:g} ms",),
        refusals=told,
    )


def verdict(kept: Ledger, legs: Sequence[Leg]) -> tuple[ExitCode, tuple[str, ...]]:
    """What `result.json` says of the run, and why, in sentences: 5 where a later pass proves losses, 6 unproven."""
    sentences = [sentence for leg in legs if (sentence := _left(leg))]
    claims = sum(one.certainty is Certainty.OK for leg in legs for one in leg.attempts)
    named = sum(one.outcome is Outcome.FILLED for leg in legs for one in leg.attempts)
    if claims:
        sentences.append(f"{claims} successes are claimed, and {named} of them name tables")
    if kept.lost:
        sentences.append(f"{kept.lost} of the claims are lost: their bookings were pending again")
    open_ends = kept.unverified + kept.unresolved
    if open_ends:
        sentences.append(f"a report cannot prove persistence: {open_ends} of {kept.attempts} attempts stay unproven")
    code = ExitCode.LOST if kept.lost else ExitCode.INCONCLUSIVE if open_ends else ExitCode.PASSED
    return code, tuple(sentences)


def _left(leg: Leg) -> str:
    """What the next pass shows that this one really left; empty where none does."""
    if leg.persisted is None:
        return ""
    logged = sum(one.told.success for one in leg.attempts)
    sentence = (
        f"pass {leg.number} logged {logged} successes; pass {leg.number + 1} processed {leg.pending} of "
        f"{len(leg.attempts)}"
    )
    if leg.persisted < logged:
        return f"{sentence}, so only {leg.persisted} had persisted, whatever the log of pass {leg.number} claimed"
    return f"{sentence}, so {leg.persisted} had persisted"
