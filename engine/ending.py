"""The end of a run: what the database holds is read back, the result is written, and only then is it over."""

from uuid import UUID

import msgspec

from engine.database import DatabaseFailed, DatabaseUnreachable
from engine.exit_code import ExitCode
from engine.model.event import AttemptEnded
from engine.model.outcome import Certainty, Outcome
from engine.model.run_state import RunState
from engine.opening import Opened
from engine.records.journal import RecordsFailed, read
from engine.records.result import Ending, build_result, write_result


class Held(msgspec.Struct, frozen=True):
    """Claims against what is there."""

    persisted: int | None
    """This run's confirmed bookings that have tables; None when that could not be read."""
    missing: tuple[UUID, ...]
    """Bookings that were acknowledged and are not among them."""
    unclaimed: tuple[UUID, ...]
    """Bookings among them that nobody was told of."""
    trouble: str = ""


async def conclude(stands: Opened, state: RunState, code: ExitCode, reason: str) -> int:
    """Read back, judge, write, and let the run be over. Returns its exit code."""
    run = stands.run
    held = await _held(stands)
    code, reason = _judged(held, run.tally.certainties.get(Certainty.INFO.value, 0), code, reason)
    try:
        run.samples.write(stands.folder)
        result = build_result(
            run.tally,
            run.samples,
            stands.manifest,
            Ending(
                state=state.value,
                reason=reason,
                exit_code=int(code),
                ended_at=run.clock.wall().isoformat(timespec="seconds"),
                effective_concurrency=run.crew.effective_concurrency,
                persisted=held.persisted,
            ),
        )
        write_result(stands.folder, result)
        run.exit_code = int(code)
        run.reason = reason
        run.crew.conclude(state, reason)
        run.recording.write(await run.snapshot())
    except RecordsFailed as error:
        # The disk took no more; consoles are still told, and the exit code says it.
        run.exit_code = int(ExitCode.RECORDS)
        run.reason = str(error)
        run.crew.state = RunState.CRASHED
        return ExitCode.RECORDS
    return code


async def _held(stands: Opened) -> Held:
    try:
        persisted = await stands.run.target.persisted()
    except (DatabaseFailed, DatabaseUnreachable) as error:
        return Held(None, (), (), str(error))
    claimed = {
        event.booking_id
        for event in read(stands.folder)
        if isinstance(event, AttemptEnded) and event.outcome == Outcome.FILLED.word
    }
    return Held(len(persisted), tuple(claimed - persisted.keys()), tuple(persisted.keys() - claimed))


def _judged(held: Held, unknown: int, code: ExitCode, reason: str) -> tuple[ExitCode, str]:
    """The exit code with what the database said taken in; a worse one of before stays."""
    if code not in (ExitCode.PASSED, ExitCode.STOPPED):
        return code, reason
    if held.persisted is None:
        return ExitCode.INCONCLUSIVE, f"what the database holds could not be read: {held.trouble}"
    if held.missing:
        names = ", ".join(str(booking) for booking in held.missing[:3])
        return ExitCode.LOST, f"{len(held.missing)} acknowledged bookings are not there with tables: {names}"
    if held.unclaimed and not unknown:
        names = ", ".join(str(booking) for booking in held.unclaimed[:3])
        return ExitCode.LOST, f"{len(held.unclaimed)} bookings are confirmed that nobody was told of: {names}"
    if unknown:
        return ExitCode.INCONCLUSIVE, f"{unknown} attempts ended unknown: they may or may not have been booked"
    return code, reason
