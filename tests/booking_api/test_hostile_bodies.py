"""What the reference API is sent and finds noted: whatever it is, it is no fault of the server's."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from engine.booking_api.answers import Declined, last_result
from engine.booking_api.bodies import NewBooking
from engine.booking_api.reading import new_booking
from tests.booking_api.counter import body

DEEP = b"[" * 10_000 + b"]" * 10_000


async def read(sent: bytes) -> int:
    """The status that a body is declined with; 200 when it is a booking."""

    async def receive() -> Message:
        return {"type": "http.request", "body": sent, "more_body": False}

    try:
        wanted, _, _ = await new_booking(Request({"type": "http", "method": "POST", "headers": []}, receive))
    except Declined as declined:
        return declined.status
    assert isinstance(wanted, NewBooking)
    return 200


async def test_a_booking_is_read() -> None:
    assert await read(json.dumps(body()).encode()) == 200


@pytest.mark.parametrize(
    "sent",
    [
        DEEP,
        b'{"x":' + DEEP + b"}",
        json.dumps(body()).encode()[:-1] + b',"x":' + DEEP + b"}",
        json.dumps(body()).encode()[:-1] + b',"notes":"\xff"}',
        json.dumps(body(party=1e300)).encode(),
        json.dumps(body(party=2**70)).encode(),
        b"NaN",
        b"\x00" * 70_000,
    ],
)
async def test_a_body_that_cannot_be_read_is_the_client_s_fault(sent: bytes) -> None:
    assert await read(sent) == 400


@settings(max_examples=50)
@given(
    st.binary(max_size=60)
    | st.dictionaries(st.sampled_from([*body(), "x"]), st.text() | st.integers()).map(
        lambda changed: json.dumps({**body(), **changed}).encode()
    )
)
async def test_any_body_is_a_booking_or_the_client_s_fault(sent: bytes) -> None:
    assert await read(sent) in (200, 400)


@pytest.mark.parametrize("noted", [DEEP.decode(), '{"x":' + DEEP.decode() + "}", "null", "1", "", '{"source":1}'])
def test_a_note_of_somebody_else_s_is_none(noted: str) -> None:
    assert last_result(noted) is None
