"""A frame told by the one before it comes out whole, and damage to it is never taken for a picture."""

import random
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.records.patches import unpack
from tests.records.older import AROUND, PART, Payload, pack, payload_of

VALUES = st.recursive(
    st.none() | st.integers(-(2**40), 2**40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=60,
)
LOOKS = st.dictionaries(st.text(max_size=8), VALUES, max_size=20)
NOTHING = Payload(b"", {})


@settings(max_examples=40)
@given(LOOKS, LOOKS)
def test_any_frame_comes_out_of_what_tells_it_and_of_the_one_before(
    look: dict[str, Any], older: dict[str, Any]
) -> None:
    payload, before = payload_of(look), payload_of(older)
    assert unpack(pack(payload, before), before.content) == payload.content
    assert unpack(pack(payload, NOTHING), b"") == payload.content
    assert msgspec.msgpack.decode(payload.content) == look


def busy(seed: int, rows: int = 1500) -> list[dict[str, int]]:
    chance = random.Random(seed)
    return [{"turn": row, "filled": chance.randrange(10**9), "of": chance.randrange(10**9)} for row in range(rows)]


def test_of_a_field_far_longer_than_deflate_looks_back_only_what_changed_is_told() -> None:
    rows = busy(1)
    before = payload_of({"slots": rows, "run": "the same"})
    assert len(before.content) > PART + 2 * AROUND
    rows[700]["filled"] = 1
    payload = payload_of({"slots": rows, "run": "the same"})
    told = pack(payload, before)
    assert len(told) < len(payload.content) / 30
    assert len(told) < len(zlib.compress(payload.content)) / 10
    assert unpack(told, before.content) == payload.content


def test_what_grew_in_its_middle_is_still_found_around_its_old_place() -> None:
    rows = busy(2)
    before = payload_of({"slots": rows})
    payload = payload_of({"slots": [*rows[:5], *busy(3, 20), *rows[5:]]})
    told = pack(payload, before)
    assert len(told) < len(payload.content) / 10
    assert unpack(told, before.content) == payload.content


@settings(max_examples=60)
@given(st.data())
def test_damage_is_told_and_never_a_picture(data: st.DataObject) -> None:
    before, payload = payload_of({"slots": busy(4, 40)}), payload_of({"slots": busy(5, 45), "run": 3})
    told = bytearray(pack(payload, before))
    place = data.draw(st.integers(0, len(told) - 1))
    told[place] ^= data.draw(st.integers(1, 255))
    try:
        found = unpack(bytes(told), before.content)
    except zlib.error:
        return
    assert found == payload.content, "bits that deflate does not look at"


def test_a_frame_that_is_cut_short_or_another_ones_is_told() -> None:
    before, payload = payload_of({"slots": busy(4, 40)}), payload_of({"slots": busy(5, 45)})
    told = pack(payload, before)
    for wrong in (told[:3], told[:10], told[:-1], told + b"x"):
        with pytest.raises(zlib.error):
            unpack(wrong, before.content)
    with pytest.raises(zlib.error):
        unpack(told, before.content[:100])
