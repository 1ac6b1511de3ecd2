"""The way to a terminal, without one: what is sent for a screen, when the next paint goes, and whose bytes come in."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tui.answers import Answers
from tui.cells import Cells
from tui.sgr import Sgr
from tui.slow_link import SlowLink

MS, S = 1_000_000, 1_000_000_000
WIDTH, HEIGHT = 24, 4
ALL = 1 << 30
_SENT = re.compile(r"\x1b\[([0-9;]*)([HGm])|([^\x1b]+)")


class Seen:
    """A terminal that knows colours: each cell is its sign, its attributes, its two colours."""

    def __init__(self) -> None:
        self.x = self.y = 0
        self.pen: tuple[frozenset[str], str, str] = (frozenset(), "", "")
        self.cells: dict[tuple[int, int], tuple[str, frozenset[str], str, str]] = {}

    def feed(self, text: str) -> None:
        at = 0
        for part in _SENT.finditer(text):
            assert part.start() == at, f"unknown bytes {text[at : part.start()]!r}"
            at = part.end()
            numbers = [int(one or 1) for one in (part[1] or "").split(";")]
            if part[2] == "H":
                self.y, self.x = numbers[0] - 1, numbers[1] - 1
            elif part[2] == "G":
                self.x = numbers[0] - 1
            elif part[2] == "m":
                self._recolour(part[1])
            else:
                for sign in part[3]:
                    if cell_len(sign):
                        self.cells[self.y, self.x] = (sign, *self.pen)
                    self.x += cell_len(sign)
        assert at == len(text)

    def _recolour(self, given: str) -> None:
        attributes, written, ground = self.pen
        codes = given.split(";")
        while codes:
            code = codes.pop(0)
            if code in ("", "0"):
                attributes, written, ground = frozenset(), "", ""
            elif code in ("38", "48"):
                more = [code] + [codes.pop(0) for _ in range(4 if codes[0] == "2" else 2)]
                written, ground = (";".join(more), ground) if code == "38" else (written, ";".join(more))
            elif len(code) == 1:
                attributes |= {code}
            elif code[0] in "39" and code[0] != "4":
                written = code
            else:
                ground = code
        self.pen = attributes, written, ground

    def row(self, y: int) -> str:
        return "".join(self.cells.get((y, x), (" ",))[0] for x in range(WIDTH))


colours = st.sampled_from([None, "red", "#102030", "#405060", "color(77)"])
inks = st.builds(
    lambda bold, dim, colour, ground: Style(bold=bold or None, dim=dim or None, color=colour, bgcolor=ground),
    st.booleans(), st.booleans(), colours, colours,
)  # fmt: skip
texts = st.text(st.sampled_from("ab ▁█─5"), min_size=1, max_size=9)
rows = st.lists(st.tuples(texts, inks), min_size=1, max_size=5)
pictures = st.lists(rows, min_size=HEIGHT, max_size=HEIGHT)


def strip(parts: list[tuple[str, Style]]) -> Strip:
    return Strip([Segment(text, style) for text, style in parts]).adjust_cell_length(WIDTH, Style.null())


def layout(strips: list[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[one] for one in strips], Region(0, 0, WIDTH, HEIGHT))


def cells() -> Cells:
    made = Cells()
    made.resize(WIDTH, HEIGHT)
    return made


def wanted_of(strips: list[Strip]) -> dict[tuple[int, int], tuple[str, frozenset[str], str, str]]:
    def codes(colour: Color | None, foreground: bool) -> str:
        return ";".join(colour.get_ansi_codes(foreground)) if colour else ""

    found = {}
    for y, one in enumerate(strips):
        x = 0
        for text, given_style, _ in one:
            style = given_style or Style.null()
            pen = frozenset("1" * bool(style.bold) + "2" * bool(style.dim))
            for sign in text:
                found[y, x] = (sign, pen, codes(style.color, True), codes(style.bgcolor, False))
                x += 1
    return found


@settings(max_examples=30)
@given(st.lists(pictures, min_size=1, max_size=4), st.integers(1, 200))
def test_whatever_is_painted_in_whatever_pieces_the_terminal_ends_with_what_was_wanted(
    story: list[list[list[tuple[str, Style]]]], most: int
) -> None:
    made, seen = cells(), Seen()
    for picture in story:
        strips = [strip(parts) for parts in picture]
        made.take(layout(strips), "truecolor")
        while made.dirty:
            seen.feed(made.paint(most, set()))
            assert seen.pen == (frozenset(), "", ""), "whoever writes next finds the terminal's own colours"
        assert {key: seen.cells[key] for key in wanted_of(strips)} == wanted_of(strips)
    made.take(layout(strips), "truecolor")
    made.dirty.update(range(HEIGHT))
    assert made.paint(ALL, set()) == "", "what is shown already costs nothing"


@settings(max_examples=30)
@given(st.lists(inks, min_size=2, max_size=8))
def test_a_change_of_style_is_never_longer_than_a_reset_and_the_whole_style(styles: list[Style]) -> None:
    sgr, seen = Sgr(), Seen()
    numbers = [0, *(sgr.number(style) for style in styles)]
    for before, after in pairwise(numbers):
        seen.feed(sgr.change(before, after))
        fresh = Seen()
        whole = sgr.change(0, after)
        fresh.feed(whole)
        assert seen.pen == fresh.pen
        assert len(sgr.change(before, after)) <= len(whole) + 3


def test_one_changed_figure_is_sent_as_that_figure_and_nothing_else() -> None:
    made = cells()
    made.take(layout([strip([("attempts 41", Style(color="#102030")), (" more text here", Style())])] * HEIGHT), None)
    made.paint(ALL, set())
    changed = strip([("attempts 42", Style(color="#102030")), (" more text here", Style())])
    spans = [(1, 0, WIDTH)]
    made.take(ChopsUpdate([{0: None}, {0: changed}, {0: None}, {0: None}], spans, [[WIDTH]] * HEIGHT), None)
    assert made.paint(ALL, set()) == "\x1b[2;11H\x1b[38;2;16;32;48m2\x1b[m"


def test_what_was_not_painted_this_time_stays_and_comes_back_after_something_lay_over_it() -> None:
    made, seen = cells(), Seen()
    under = strip([("abcdefghijklmnopqrstuvwx", Style(bold=True))])
    over = Strip([Segment("####", Style(bold=True))])
    made.take(layout([under] * HEIGHT), None)
    left, _, right = under.divide([8, 12, WIDTH])
    made.take(LayoutUpdate([[left, over, right]] * HEIGHT, Region(0, 0, WIDTH, HEIGHT)), None)
    seen.feed(made.paint(ALL, set()))
    assert seen.row(2) == "abcdefgh####mnopqrstuvwx"
    made.take(layout([under] * HEIGHT), None)
    seen.feed(made.paint(ALL, set()))
    assert seen.row(2) == "abcdefghijklmnopqrstuvwx"


def test_a_row_with_signs_of_unsure_width_is_sent_to_its_end() -> None:
    made, seen = cells(), Seen()
    made.take(layout([strip([("東京 table 4 of 9", Style())])] * HEIGHT), None)
    seen.feed(made.paint(ALL, set()))
    made.take(layout([strip([("東京 table 5 of 9", Style())])] * HEIGHT), None)
    sent = made.paint(ALL, set())
    assert sent.count("5 of 9") == HEIGHT
    seen.feed(sent)
    assert "".join(seen.cells[0, x][0] for x in (0, 2, 5, 6)) == "東京ta"


def test_another_size_or_a_terminal_that_was_lent_is_painted_whole() -> None:
    made = cells()
    picture = layout([strip([("abc", Style())])] * HEIGHT)
    made.take(picture, None)
    first = made.paint(ALL, set())
    made.forget()
    assert made.paint(ALL, set()) == first
    made.resize(WIDTH + 1, HEIGHT)
    assert made.dirty == set(range(HEIGHT))


def test_rows_of_a_key_go_first_and_no_paint_is_much_longer_than_it_may_be() -> None:
    made = cells()
    made.take(layout([strip([(f"row {y} of a picture", Style())]) for y in range(HEIGHT)]), None)
    sent = made.paint(10, {2})
    assert "row 2" in sent
    assert "row 0" not in sent
    assert made.dirty == {0, 1, 3}


# -- the pace --------------------------------------------------------------------------------------------------


def answering(trip_ns: int = 10 * MS) -> SlowLink:
    """A link whose terminal has answered its first question after so long."""
    link = SlowLink(asks=True)
    link.sent(0, 0)
    link.answered(trip_ns)
    return link


def paint(link: SlowLink, count: int, at_ns: int, took_ns: int) -> int:
    """A whole picture of so many bytes that was answered after so long; the moment after it."""
    link.drawn()
    link.sent(count, at_ns)
    link.answered(at_ns + took_ns)
    link.shown(0.25)
    return at_ns + took_ns


def test_nothing_is_painted_before_the_answer_to_the_last_paint() -> None:
    link = answering()
    assert link.free(0)
    link.sent(3000, S)
    assert not link.free(0)
    link.answered(S + 20 * MS)
    assert link.free(0)


def test_a_key_goes_out_behind_a_small_paint_and_waits_for_a_large_one() -> None:
    link = answering()
    link.sent(1500, S)
    assert link.free(0, key=True)
    link.sent(900, S)
    assert not link.free(0, key=True)


def test_a_slow_link_is_told_by_its_rate_and_painted_more_seldom_in_steps() -> None:
    link, at_ns = answering(), S
    for _ in range(4):
        at_ns = paint(link, 4000, at_ns, 10 * MS + 4000 * S // 16_000)
    assert link.step_s == 0.5
    assert link.words == "link 16 kB/s: 2 paints/s"
    for _ in range(12):
        at_ns = paint(link, 4000, at_ns, 10 * MS + 4000 * S // 3000)
    assert link.step_s == 3.0
    assert link.words == "link 3.0 kB/s: a paint every 3 s"
    assert link.chunk <= 2048


def test_a_link_that_is_quick_again_is_painted_often_again_but_not_at_once() -> None:
    link, at_ns = answering(), S
    for _ in range(6):
        at_ns = paint(link, 4000, at_ns, S)
    slow = link.step_s
    at_ns = paint(link, 400, at_ns, 12 * MS)
    assert link.step_s == slow
    for _ in range(30):
        at_ns = paint(link, 4000, at_ns, 14 * MS)
    assert link.step_s == 0
    assert link.words == ""


def test_a_key_between_two_pictures_says_nothing_about_how_often_pictures_may_come() -> None:
    link, at_ns = answering(), S
    for _ in range(6):
        at_ns = paint(link, 4000, at_ns, S)
    slow = link.step_s
    for _ in range(20):
        link.sent(30, at_ns)
        at_ns += 12 * MS
        link.answered(at_ns)
        link.shown(0.25)
    assert link.step_s == slow


def test_a_long_way_is_told_by_its_length_not_by_a_rate() -> None:
    link = answering(800 * MS)
    paint(link, 3000, S, 801 * MS)
    assert link.words == "link answers after 0.8 s: 1 paint/s"


def test_a_terminal_that_never_answers_is_asked_once_and_its_write_queue_decides() -> None:
    link = SlowLink(asks=True)
    link.sent(0, 0)
    assert not link.asks
    for at_ns in range(0, 100 * S, S):
        link.sent(5000, at_ns)
        assert not link.lost(at_ns)
    assert link.free(3)
    assert not link.free(4)
    assert link.wait_ns() == 0
    link.asked_for_one(may=False)
    assert link.words == "slow link, 1 paints left out"


def test_a_terminal_that_answers_late_is_known_from_then_on() -> None:
    link = SlowLink(asks=True)
    link.sent(0, 0)
    link.answered(3 * S)
    assert link.asks
    link.sent(100, 4 * S)
    assert not link.free(0)


def test_what_is_no_terminal_is_not_asked() -> None:
    assert SlowLink(asks=True).asks
    assert not SlowLink(asks=False).asks


def test_a_lost_answer_is_asked_for_again_ever_more_seldom() -> None:
    link, asked = answering(), []
    link.sent(3000, 0)
    for at_ns in range(0, 300 * S, S // 4):
        if link.lost(at_ns):
            asked.append(at_ns)
            link.sent(0, at_ns)
    assert asked
    gaps = [after - before for before, after in pairwise([0, *asked])]
    assert gaps == sorted(gaps)
    assert len(asked) < 12, "what nobody reads must not pile up"
    link.answered(301 * S)
    assert link.free(0)


# -- what comes in ---------------------------------------------------------------------------------------------

ANSWER = "\x1b[12;80R"
# Keys as terminals send them: letters, a lone escape, arrows, kitty's, a mouse's, a paste, a resize.
TYPED = (
    "q",
    ":",
    "[",
    "5",
    "\x1b",
    "\x1b[A",
    "\x1b[97;5u",
    "\x1b[<0;10;5M",
    "\x1b[200~12;80R\x1b[201~",
    "\x1b[48;24;80t",
)


@settings(max_examples=80)
@given(st.lists(st.sampled_from((*TYPED, ANSWER)), max_size=6), st.data())
def test_answers_are_taken_out_however_they_are_cut_and_keys_get_through_in_order(
    parts: list[str], data: st.DataObject
) -> None:
    whole = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    answers, out, count = Answers(), "", 0
    for start, end in pairwise([0, *cuts, len(whole)]):
        rest, found = answers.take(whole[start:end], 0, expected=True)
        out, count = out + rest, count + found
    rest, found = answers.take("", 5 * S, expected=True)
    assert (out + rest, count + found) == ("".join(one for one in parts if one != ANSWER), parts.count(ANSWER))


def test_an_escape_key_is_held_back_only_while_an_answer_is_expected_and_only_shortly() -> None:
    answers = Answers()
    assert answers.take("\x1b", 0, expected=False) == ("\x1b", 0)
    assert answers.take("\x1b", 0, expected=True) == ("", 0)
    assert answers.take("", 100 * MS, expected=True) == ("", 0)
    assert answers.take("", 200 * MS, expected=True) == ("\x1b", 0)


@pytest.mark.parametrize("cut", range(1, len(ANSWER)))
def test_half_an_answer_that_came_late_is_never_typed(cut: int) -> None:
    answers = Answers()
    assert answers.take(ANSWER[:cut], 0, expected=True) == ("", 0)
    assert answers.take("", 140 * MS, expected=True) == ("", 0)
    assert answers.take(ANSWER[cut:], 140 * MS, expected=True) == ("", 1)
