"""Figures, bars, filters and commands: the pure small parts."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui import stills
from tui.commands import BY_COMMAND, COMMANDS
from tui.format import elapsed, narrow, nice_ceiling, per_second, plain, ratio, size_of, tally, took
from tui.lines import Span, cut, part, squeeze, width_of
from tui.sieve import FIELDS, SieveInvalid, read_sieve
from tui.spark import bar, bucketed, last_seconds, spark, window
from tui.table import first_row
from tui.typed_line import CommandUnknown, completion, offers, read_command

MS, S = 1_000_000, 1_000_000_000


@pytest.mark.parametrize(
    ("ns", "words"),
    [(None, "-"), (400_000, "0.4 ms"), (94 * MS, "94 ms"), (999_600_000, "1.0 s"), (1200 * MS, "1.2 s"),
     (75 * S, "75 s"), (725 * S, "12m05s"), (11_220 * S, "3h07m"), (10**15, "11d")],
)  # fmt: skip
def test_a_length_is_said_in_the_unit_a_person_would_use(ns: int | None, words: str) -> None:
    assert took(ns) == words


@given(st.integers(0, 10**17))
def test_a_length_takes_six_cells_at_most(ns: int) -> None:
    assert len(took(ns)) <= 6


def test_clocks_sizes_shares_rates_and_counts() -> None:
    assert (elapsed(221 * S), elapsed(3821 * S)) == ("03:41", "1:03:41")
    assert (size_of(812), size_of(1_214_000)) == ("812 B", "1.2 MB")
    assert (ratio(9, 10), ratio(0, 0)) == ("90.0 %", "-")
    assert (ratio(9999, 10_000), ratio(1, 100_000)) == ("99.9 %", "0.1 %"), "one that failed is not rounded away"
    assert (ratio(7, 7), ratio(0, 7)) == ("100.0 %", "0.0 %")
    assert (per_second(1.94), per_second(240.2), per_second(None)) == ("1.9/s", "240/s", "-")
    assert (tally(8123), tally(12_400), tally(3_100_000)) == ("8123", "12.4k", "3.1M")
    assert (narrow(9999), narrow(12_900), narrow(999_999), narrow(1_200_000)) == ("9999", "12k", "999k", "1M")


@given(st.text())
def test_plain_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    assert not [one for one in plain(text) if ord(one) < 32 or 0x7F <= ord(one) < 0xA0]


@given(st.text(), st.integers(0, 40))
def test_cut_text_never_overflows(text: str, width: int) -> None:
    assert width_of(cut(text, width)) <= width


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**12)), max_size=700), st.integers(1, 200), st.booleans())
def test_bars_are_one_cell_a_value_and_blank_where_there_is_none(
    series: list[int | None], width: int, ascii_only: bool
) -> None:
    for values in (last_seconds(series, width), bucketed(series, width)):
        drawn = spark(values, 10**9, ascii_only=ascii_only)
        assert len(drawn) == len(values) == width
        assert all((cell == " ") is (value is None) for cell, value in zip(drawn, values, strict=True))


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=700), st.integers(1, 200))
def test_no_peak_is_lost_in_buckets(series: list[int], width: int) -> None:
    assert max(value for value in bucketed(series, width) if value is not None) == max(series)


def test_zeros_are_drawn_at_the_bottom() -> None:
    assert spark([0, 0, 0], 100) == "▁▁▁"


@given(st.floats(0.0001, 1), st.integers(1, 50))
def test_anything_above_nothing_shows_at_least_one_bar(share: float, width: int) -> None:
    assert 1 <= len(bar(share, width)) <= width


@given(st.integers(0, 10**15))
def test_a_scale_holds_what_is_drawn_on_it(ns: int) -> None:
    assert ns <= nice_ceiling(ns)


@given(st.integers(0, 500), st.integers(0, 100), st.integers(1, 50), st.data())
def test_the_cursor_is_always_on_the_screen(top: int, count: int, height: int, data: st.DataObject) -> None:
    at = data.draw(st.one_of(st.none(), st.integers(0, count - 1))) if count else None
    first = first_row(top, at, count, height)
    assert 0 <= first <= max(0, count - 1)
    assert at is None or first <= at < first + height


def test_parts_go_whole_the_least_needed_first() -> None:
    parts = [part(0, "state"), part(2, "a long thing that goes"), part(1, "name")]
    assert squeeze(parts, 20).text == " state   name       "
    assert squeeze([part(3, Span("x" * 30))], 10).text == " xxxxxxxx~"


# -- the filter


def _let(text: str) -> set[int]:
    sieve = read_sieve(text)
    return {int(worker.worker) for worker in stills.workers() if sieve.lets(worker)}


def test_terms_are_all_to_hold() -> None:
    both = _let("step:confirm age>1s")
    assert both == _let("step:confirm") & _let("age>1s")
    assert both


@pytest.mark.parametrize("term", ["step:confirm", "zone:main", "age>200ms", "party>=4", "w07", "outcome:hold"])
def test_inverse_lets_through_the_others(term: str) -> None:
    assert _let(f"!{term}") == {int(worker.worker) for worker in stills.workers()} - _let(term)


def test_an_empty_filter_lets_all_through() -> None:
    assert len(_let("")) == 15


@pytest.mark.parametrize(
    ("text", "cure"),
    [("stpe:hold", "there is no field stpe"), ("age>soon", "write age>1s"), ("party>many", "write party>2"),
     ("step>2", "write step:2"), ("zone:", "has no value"), ("!", "stands alone")],
)  # fmt: skip
def test_a_filter_that_cannot_be_read_says_what_would_be_right(text: str, cure: str) -> None:
    with pytest.raises(SieveInvalid, match=cure):
        read_sieve(text)


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=30))
def test_any_text_is_a_filter_or_is_refused_in_words(text: str) -> None:
    with contextlib.suppress(SieveInvalid):
        assert read_sieve(text).text == text.strip()


def test_fields_are_names_that_a_term_can_carry() -> None:
    assert all(field.isalpha() and field.islower() for field in FIELDS)


# -- commands


def test_no_key_and_no_name_is_given_twice() -> None:
    keys = [key for command in COMMANDS for key in command.keys]
    assert len(keys) == len(set(keys))
    assert len({command.name for command in COMMANDS}) == len(COMMANDS)


def test_keys_that_terminals_screen_and_tmux_take_stay_free() -> None:
    keys = {key for command in COMMANDS for key in command.keys}
    assert not keys & {f"ctrl+{letter}" for letter in "sqzab"}
    assert not keys & {f"f{number}" for number in range(1, 25)}
    assert not [key for key in keys if "alt" in key]


def test_every_key_of_the_face_is_a_command() -> None:
    keys = {key for command in COMMANDS for key in command.keys}
    face = {
        "space",
        "P",
        "+",
        "-",
        ">",
        "<",
        "X",
        "N",
        "/",
        "escape",
        "s",
        "S",
        "enter",
        *"lhczev",
        "tab",
        *"123456789",
    }
    assert face | {"m", "L", "k", "E", "y", "r", "M", ":", "?", "q", "ctrl+c"} <= keys


def test_a_command_is_read_by_its_name_or_an_unambiguous_beginning() -> None:
    assert read_command(":workers 12")[0].name == "workers"
    assert read_command("workers 12")[1] == "12"
    assert read_command("term 20301")[0].name == "terminate"
    assert read_command("quit")[0].name == "quit"
    assert read_command("quit!")[0].name == "quit!"


@pytest.mark.parametrize("text", ["", "pan", "frobnicate"])
def test_what_is_no_command_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(CommandUnknown):
        read_command(text)


def test_what_is_offered_while_a_command_is_typed_is_what_may_come_next() -> None:
    def offered(text: str, width: int = 160) -> str:
        return offers(":", text, {"stress_max": "10", "rate": ""}, width).text.strip()

    assert offered("").startswith("tab completes")
    assert offered("so").startswith("sort KEY   sort workers")
    assert offered("sort ") == "age worker step slot filled failed try outcome"
    assert offered("sort f") == "filled failed"
    assert offered("set ") == "rate= stress_max=10"
    assert offered("layout w") == "watch work"
    assert offered("workers ").startswith("workers N   that many workers")
    assert offered("xyzzy") == "no command begins so; esc, then ? lists them"
    names = offered("p")
    assert names.startswith("pause")
    assert "postgres" in names
    assert width_of(offers(":", "", {}, 40).text) == 40


def test_the_one_command_that_is_offered_is_what_tab_completes_and_enter_does() -> None:
    for begun in {one.name[:length] for one in COMMANDS for length in range(1, len(one.name) + 1)}:
        text = offers(":", begun, {}, 1000).text
        first = text.split()[0]
        assert completion(begun, {}) == first, begun
        if BY_COMMAND[first].help in text:
            assert read_command(begun)[0].name == first


def test_what_is_offered_while_a_filter_is_typed_are_its_fields() -> None:
    text = offers("/", "", {}, 160).text
    assert all(field in text for field in ("worker", "step", "zone", "age", "fail"))
    assert offers("/", "step:confirm !z", {}, 160).text.strip() == "zone"


def test_completion_knows_commands_and_settings() -> None:
    assert completion("wor", {}) == "workers"
    assert completion("set str", {"stress_max": "10"}) == "set stress_max=10"
    assert completion("zzz", {}) is None
    assert completion("sort fa", {}) == "sort failed"
    assert completion("layout con", {}) == "layout contention"


def test_a_filter_on_the_step_takes_what_the_column_shows() -> None:
    idle = {int(worker.worker) for worker in stills.workers() if worker.step is None}
    assert idle
    assert idle == _let("step:idle")


@given(st.lists(st.none() | st.integers(0, 9), max_size=30), st.integers(1, 20), st.integers(1, 120))
def test_seconds_before_the_run_are_blank_as_if_they_were_there(
    series: list[int | None], width: int, seconds: int
) -> None:
    whole = [None] * max(0, seconds - len(series)) + series
    assert window(series, width, seconds) == window(whole, width, seconds)
    assert window(series, width, 10**15) == [None] * (width - 1) + window(series, 1, 0)
