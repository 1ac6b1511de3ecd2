"""Asking after bookings that the platform gives their tables: in its database where it can be read, else at its API."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar
from urllib.parse import quote
from uuid import UUID

import msgspec

from engine.api_answers import found, heard_from, looked
from engine.database import STEP_ERRORS, Connection, DatabaseUnreachable, refusal_of
from engine.http import HTTP_ERRORS, HttpClient
from engine.http import refusal_of as http_refusal_of
from engine.model.outcome import Phase, Refusal
from engine.model.step import Step
from engine.model.turn import Order
from engine.model.whole_rows import KeyRow, WholeRow
from engine.session import Session
from engine.target import Heard

CORRELATION = "X-Booking-Flow-Correlation"
_MOST = 500
"""Questions of one statement."""

Asked = TypeVar("Asked")
Said = TypeVar("Said")


class Looks(Protocol):
    """What a seat asks with. A refusal says that nothing was learnt, whatever its phase."""

    async def look(self, order: Order, booking_id: UUID, correlation: str) -> Heard | Refusal:
        """What has become of a booking."""
        ...

    async def find(self, order: Order, correlation: str) -> UUID | Refusal | None:
        """The oldest booking of the order's key that was sent with that correlation; None when there is none."""
        ...

    async def close(self) -> None:
        """Ask no more."""
        ...


class ApiLooks:
    """Looks at the API; they go the same way as bookings do."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def look(self, order: Order, booking_id: UUID, correlation: str) -> Heard | Refusal:
        """What has become of a booking."""
        try:
            answer = await self._client.get(f"/api/bookings/{booking_id}", {CORRELATION: correlation})
        except HTTP_ERRORS as error:
            return http_refusal_of(error, Step.INLINE_WAIT)
        return looked(answer, order)

    async def find(self, order: Order, correlation: str) -> UUID | Refusal | None:
        """The oldest booking of the order's key that was sent with that correlation; None when there is none."""
        path = f"/api/bookings?idempotencyKey={quote(order.key, safe='')}"
        try:
            answer = await self._client.get(path, {CORRELATION: correlation})
        except HTTP_ERRORS as error:
            return http_refusal_of(error, Step.SUBMIT)
        return found(answer, order)

    async def close(self) -> None:
        """Nothing is held: the client is the target's."""


class _Look(NamedTuple):
    restaurant: str
    booking_id: UUID


class _Find(NamedTuple):
    restaurant: str
    key: str
    correlation: str


class DatabaseLooks:
    """Looks at the database over one connection; those that wait for it are asked in one statement.

    Each answer was read after its question was put. A connection that was lost is opened again by the next question.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[Connection]], context: Callable[[str], Mapping[str, str]] | None = None
    ) -> None:
        """context: the session settings that row security wants for a restaurant; None where it wants none."""
        self._connect = connect
        self._context = context
        self._session: Session | None = None
        turn = asyncio.Lock()
        self._looks: Together[_Look, Heard | Refusal] = Together(self._look_at, _restaurant, turn)
        self._finds: Together[_Find, UUID | Refusal | None] = Together(self._find_all, _restaurant, turn)

    async def look(self, order: Order, booking_id: UUID, correlation: str) -> Heard | Refusal:
        """What has become of a booking."""
        return await self._looks.ask(_Look(self._group(order), booking_id))

    async def find(self, order: Order, correlation: str) -> UUID | Refusal | None:
        """The oldest booking of the order's key that was sent with that correlation; None when there is none."""
        return await self._finds.ask(_Find(self._group(order), order.key, correlation))

    async def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            await self._session.connection.close()

    def _group(self, order: Order) -> str:
        """Restaurants that one statement can see together have the same name here."""
        return order.turn.restaurant if self._context is not None else ""

    async def _look_at(self, asked: Sequence[_Look]) -> dict[_Look, Heard | Refusal]:
        try:
            session = await self._brought(asked[0].restaurant)
            ids = [one.booking_id for one in asked]
            rows = await session.connection.rows("whole/look", WholeRow, ids)
        except (*STEP_ERRORS, DatabaseUnreachable) as error:
            return dict.fromkeys(asked, _not_learnt(error, Step.INLINE_WAIT))
        by_id = {row.booking_id: heard_from(row) for row in rows}
        return {one: by_id.get(one.booking_id) or _absent(one.booking_id) for one in asked}

    async def _find_all(self, asked: Sequence[_Find]) -> dict[_Find, UUID | Refusal | None]:
        try:
            session = await self._brought(asked[0].restaurant)
            keys, correlations = [one.key for one in asked], [one.correlation for one in asked]
            rows = await session.connection.rows("whole/find", KeyRow, keys, correlations)
        except (*STEP_ERRORS, DatabaseUnreachable) as error:
            return dict.fromkeys(asked, _not_learnt(error, Step.SUBMIT))
        oldest: dict[tuple[str, str], UUID] = {}
        for row in rows:
            oldest.setdefault((row.key, row.correlation), row.booking_id)
        return {one: oldest.get((one.key, one.correlation)) for one in asked}

    async def _brought(self, restaurant: str) -> Session:
        if self._session is None:
            self._session = Session(await self._connect(), self._connect)
        await self._session.reopen()
        if self._context is not None:
            await self._session.bring(self._context(restaurant))
        return self._session


class Together(Generic[Asked, Said]):
    """Questions that come in while one is being answered are answered together after it.

    Whoever has the turn asks for all; no task is needed, and one that is cancelled takes no other's answer along.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Asked]], Awaitable[dict[Asked, Said]]],
        group: Callable[[Asked], str],
        turn: asyncio.Lock,
    ) -> None:
        """group: only questions that are equal in it are answered together."""
        self._answer = answer
        self._group = group
        self._turn = turn
        self._open: list[tuple[Asked, asyncio.Future[Said]]] = []

    async def ask(self, question: Asked) -> Said:
        """The answer to one question."""
        answered: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        mine = question, answered
        self._open.append(mine)
        try:
            async with self._turn:
                if not answered.done():
                    await self._answer_for(mine)
            return answered.result()
        finally:
            if mine in self._open:
                self._open.remove(mine)

    async def _answer_for(self, mine: "tuple[Asked, asyncio.Future[Said]]") -> None:
        others = [one for one in self._open if one is not mine and self._group(one[0]) == self._group(mine[0])]
        batch = [mine, *others[: _MOST - 1]]
        said = await self._answer(list({question: None for question, _ in batch}))
        for one in batch:
            if not one[1].done():
                one[1].set_result(said[one[0]])
            if one in self._open:
                self._open.remove(one)


def _restaurant(question: _Look | _Find) -> str:
    return question.restaurant


def _absent(booking_id: UUID) -> Refusal:
    message = f"booking {booking_id} is not in the database"
    return Refusal(step=Step.INLINE_WAIT, phase=Phase.ANSWERED, message=message)


def _not_learnt(error: BaseException, step: Step) -> Refusal:
    refusal = refusal_of(error, step, unanswered=Phase.IN_DOUBT)
    return msgspec.structs.replace(refusal, phase=Phase.IN_DOUBT)
