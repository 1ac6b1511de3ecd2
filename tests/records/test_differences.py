"""What of a picture is other than in the one before is enough to have the picture again."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.records.differences import Teller, Unclear, made

SCALARS = st.none() | st.integers(-(2**40), 2**40) | st.text(max_size=8) | st.floats(allow_nan=False)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=12)
        | st.dictionaries(st.sampled_from("abcdef") | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)
FAR = st.sampled_from([0, 1, 2**63, -(2**63)])
ROWS = st.lists(st.fixed_dictionaries({"turn": st.integers(0, 9), "slot": SCALARS, "filled": FAR}), max_size=8)
CELLS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from("ohc"), SCALARS), max_size=8)
SERIES = st.lists(st.integers(0, 9) | st.none(), max_size=8)


def told(new: Any, old: Any) -> list[Any]:
    """The tokens, as they come out of a file."""
    tokens = Teller(lambda _key, value: value).tell(new, old)
    return list(msgspec.msgpack.decode(msgspec.msgpack.encode(tokens)))


def plain(value: Any) -> Any:
    """As a file gives it back: rows are lists."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(value))


@settings(max_examples=40)
@given(VALUES, VALUES)
def test_any_value_comes_out_of_any_other(new: Any, old: Any) -> None:
    assert made(told(new, old), plain(old)) == plain(new)


@settings(max_examples=40)
@given(*[st.fixed_dictionaries({"rows": ROWS, "cells": CELLS, "series": SERIES})] * 2)
def test_rows_that_moved_came_and_went_stand_where_they_stood(new: Any, old: Any) -> None:
    assert made(told(new, old), plain(old)) == plain(new)


@settings(max_examples=40)
@given(VALUES, VALUES, VALUES)
def test_what_tells_another_picture_is_an_error_or_a_value_and_nothing_else(new: Any, old: Any, other: Any) -> None:
    try:
        made(told(new, old), plain(other))
    except Unclear:
        return


def test_what_did_not_change_costs_nothing() -> None:
    look = {"rows": [{"turn": turn, "word": "filled"} for turn in range(500)], "run": {"filled": 3}}
    assert told(look, look) == [0]
    later = look | {"run": {"filled": 4}}
    assert told(later, look) == [0b10, 0b1, 1]


def test_a_row_that_comes_between_is_told_and_those_behind_it_are_not() -> None:
    old = [{"turn": turn, "word": "filled"} for turn in range(500)]
    new = [*old[:250], {"turn": 900, "word": "open"}, *old[250:]]
    assert told(new, old) == [3, 0, 250, -1, 1, 250, 250, -1, [{"turn": 900, "word": "open"}]]


def test_a_series_that_moved_on_by_a_second_tells_the_second() -> None:
    assert told({"fills": [2, 3, 4, 5]}, {"fills": [1, 2, 3, 4]}) == [1, -3, 4, -1, [5]]


@pytest.mark.parametrize(
    "tokens",
    [[], [1], [0b1, 10**9], [0b1, 1, 0, 10**9, -1], [0b1, -2, 10**9, -1], [0b1, -1, 77, 1], [0, 0], [0b1, "x", 1]],
)
def test_damaged_tokens_are_told(tokens: list[Any]) -> None:
    with pytest.raises(Unclear):
        made(tokens, {"rows": [1, 2, 3]} if tokens != [1] else {"rows": {}})


def test_only_what_is_told_is_masked_and_a_secret_number_never_by_how_far_it_moved() -> None:
    asked = []

    def masked(key: str, value: Any) -> Any:
        asked.append((key, value))
        return "***" if key == "pin" else value

    teller = Teller(masked, counts=lambda key: key != "pin")
    old = {"pin": 1234, "filled": 1, "word": "open"}
    tokens = teller.tell({"pin": 1235, "filled": 2, "word": "open"}, old)
    assert asked == [("pin", 1235)]
    assert made(tokens, old | {"pin": "***"}) == {"pin": "***", "filled": 2, "word": "open"}
