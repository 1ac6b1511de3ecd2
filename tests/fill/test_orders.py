"""What attempts are asked to book: named before it is sent, and the same again from the same words."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from engine.fill.orders import named


@given(st.uuids(), st.text(st.characters(codec="utf-8")))
def test_what_is_named_has_the_id_that_anybody_else_would_give_it(namespace: UUID, name: str) -> None:
    assert named(namespace, name) == uuid5(namespace, name)
    assert named(namespace, name).version == 5
