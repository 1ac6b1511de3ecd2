"""A seat of the API's own attempts: the target's, which can also note a result in the transaction in hand."""

from uuid import UUID

from engine.booking_api.rows import StatusRow
from engine.database import STEP_ERRORS, refusal_of
from engine.model.floor import Candidate
from engine.model.outcome import Phase, Refusal
from engine.model.rows import Confirming
from engine.model.step import Step
from engine.model.turn import Order
from engine.seat import PostgresSeat
from engine.target import Committed, Confirmed


class ApiSeat(PostgresSeat):
    """Quote, hold, confirm and commit, over one held connection."""

    async def note(self, booking_id: UUID, result: str) -> None:
        """Note a last result in the transaction that confirm opened. What goes wrong here, COMMIT will tell."""
        try:
            await self._session.connection.execute("booking_api/note_results", [booking_id], [result])
        except STEP_ERRORS:
            return


class TwoStepSeat(ApiSeat):
    """Assigns in one transaction and changes the status in another, as the platform does with its allocator v2 off."""

    async def confirm(self, order: Order, candidate: Candidate, hold_id: UUID) -> Confirmed | Refusal:
        """Open the transaction, assign the tables in it and give the hold back in it; a refusal rolls back."""
        quote, window = self._quoted()
        connection = self._session.connection
        adjacent = quote.requires_adjacency and len(candidate.tables) > 1
        tables = [table.id for table in candidate.tables]
        try:
            await connection.begin()
            answer = await connection.row(
                "booking_api/assign",
                Confirming,
                order.booking_id,
                tables,
                order.key,
                adjacent,
                window.start,
                window.end,
            )
            await connection.execute("fill/release_members", [hold_id])
            await connection.execute("fill/release_holds", [hold_id])
        except STEP_ERRORS as error:
            refusal = refusal_of(error, Step.CONFIRM, unanswered=Phase.UNCOMMITTED, tables=candidate.numbers)
            await self._session.roll_back()
            return self._named(refusal, order)
        if answer is None:
            raise AssertionError("booking_api/assign gives one row whatever the function gives")
        numbers = {table.id: table.number for table in candidate.tables}
        given = sorted(numbers.get(table, str(table)) for table in answer.table_ids)
        return Confirmed(tables=tuple(given), xid=answer.xid)

    async def commit(self, order: Order, candidate: Candidate) -> Committed | Refusal:
        """Commit the tables, then change the status; between the two the booking is pending and has tables."""
        committed = await super().commit(order, candidate)
        if isinstance(committed, Refusal):
            return committed
        try:
            await self._session.connection.row("booking_api/confirm_status", StatusRow, order.booking_id)
        except STEP_ERRORS as error:
            return refusal_of(error, Step.COMMIT, unanswered=Phase.IN_DOUBT, tables=candidate.numbers)
        return committed
