"""The OpenAPI document says what is answered, and the room's statements are ones Postgres takes."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.booking_api import document, rows
from engine.database import sql
from engine.model.rows import Confirming
from tests.platform.test_every_statement import header
from tests.scratch import ScratchDatabase

NAMES = sorted(
    f"booking_api/{path.stem}" for path in (Path(__file__).parents[2] / "queries" / "booking_api").glob("*.sql")
)


def every_ref(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*map(every_ref, value.values()))
    return set().union(*map(every_ref, value)) if isinstance(value, list) else set()


def test_every_reference_of_the_document_leads_somewhere() -> None:
    told = json.loads(document.encoded())
    known = {f"#/components/schemas/{name}" for name in told["components"]["schemas"]}
    assert told["openapi"] == "3.1.0"
    assert every_ref(told) <= known
    assert len(known) > 15


def test_every_route_and_status_of_the_contract_is_told() -> None:
    told = json.loads(document.encoded())["paths"]
    assert set(told["/api/bookings"]["post"]["responses"]) == {"200", "201", "400", "404", "422", "429", "500"}
    assert set(told) == {
        "/api/bookings",
        "/api/bookings/{id}",
        "/api/restaurants/{slug}/schedule",
        "/api/health",
    }


def test_what_is_not_in_the_contract_is_said_to_be_ours() -> None:
    about = json.loads(document.encoded())["info"]["description"]
    assert "confirmation token" in about
    assert "2,000 to 20,000" in about


@pytest.mark.parametrize("name", NAMES)
async def test_postgres_takes_it_and_its_columns_are_its_struct_s_fields(name: str, database: ScratchDatabase) -> None:
    text = sql(name)
    assert text.startswith("-- ")
    connection = await database.connect()
    try:
        prepared = await connection.prepare(text)
        wanted = [one for one in (header(name, "params") or "").split(", ") if one]
        assert len(prepared.get_parameters()) == len(wanted)
        columns = tuple(attribute.name for attribute in prepared.get_attributes())
        struct = header(name, "returns")
        if struct is None:
            assert columns == ()
            return
        found: type[msgspec.Struct] = Confirming if struct == "Confirming" else getattr(rows, struct)
        # By position: only so are rows made without looking at names.
        assert columns == found.__struct_fields__
    finally:
        await connection.close()
