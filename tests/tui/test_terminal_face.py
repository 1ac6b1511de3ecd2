"""What the console makes of a terminal: read from an environment, settled by settings, told by bytes."""

import base64
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.config import ConsoleSettings, SettingsInvalid
from tui.notes import APART_NS, MOST_COPIED, Noted, copy_sequence, next_note, note_sequence, wrapped
from tui.terminal_face import TRUECOLOR, Abilities, check_console, face_of, read_abilities, rounding

UTF8 = {"LANG": "C.UTF-8"}
S = 1_000_000_000


@pytest.mark.parametrize(
    ("term", "terminfo", "colours"),
    [
        ("xterm-256color", 256, 256), ("screen-256color", 256, 256), ("tmux-256color", None, 256), ("xterm", 8, 16),
        ("screen", 8, 16), ("linux", 8, 16), ("vt100", -1, 0), ("vt220", -1, 0), ("xterm-direct", None, TRUECOLOR),
        ("foot", None, TRUECOLOR), ("alacritty", 256, TRUECOLOR), ("xterm-16color", 16, 16), ("nobody-knows", None, 16),
        ("odd", 1 << 24, TRUECOLOR), ("odd", 256, 256),
    ],
)  # fmt: skip
def test_colours_by_the_terminals_name_and_its_terminfo(term: str, terminfo: int | None, colours: int) -> None:
    assert read_abilities({"TERM": term, **UTF8}, terminfo).colours == colours


@pytest.mark.parametrize("word", ["truecolor", "24bit"])
def test_colorterm_tells_of_all_colours(word: str) -> None:
    assert read_abilities({"TERM": "xterm", "COLORTERM": word}, 8).colours == TRUECOLOR


@pytest.mark.parametrize(
    ("environ", "utf8"),
    [
        ({"LANG": "C.UTF-8"}, True), ({"LANG": "en_GB.utf8"}, True), ({"LANG": "de_DE.UTF-8@euro"}, True),
        ({"LC_CTYPE": "UTF-8"}, True), ({"LANG": "C"}, False), ({"LANG": "POSIX"}, False),
        ({"LANG": "en_US.ISO-8859-1"}, False), ({"LANG": "de_DE"}, False), ({}, False), ({"LANG": ""}, False),
        ({"LC_ALL": "C", "LANG": "C.UTF-8"}, False), ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, True),
        ({"LC_ALL": "", "LANG": "C.UTF-8"}, True),
    ],
)  # fmt: skip
def test_a_locale_without_utf_8_gets_ascii(environ: dict[str, str], utf8: bool) -> None:
    terminal = read_abilities({"TERM": "xterm", **environ}, 8)
    assert terminal.utf8 is utf8
    assert face_of(ConsoleSettings(), terminal).ascii is not utf8
    assert face_of(ConsoleSettings(ascii=True), terminal).ascii
    assert not face_of(ConsoleSettings(ascii=False), terminal).ascii


@pytest.mark.parametrize(
    ("environ", "theme"),
    [
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "dark"), ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "linux"}, "ansi"), ({"TERM": "rxvt", "COLORFGBG": "0;15"}, "ansi-light"),
        ({"TERM": "rxvt", "COLORFGBG": "15;default;0"}, "ansi"), ({"TERM": "vt100"}, "ansi"),
        ({"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}, "dark"),
    ],
)  # fmt: skip
def test_a_theme_by_itself(environ: dict[str, str], theme: str) -> None:
    terminal = read_abilities(environ, {"xterm-256color": 256, "vt100": -1}.get(environ.get("TERM", ""), 8))
    assert face_of(ConsoleSettings(), terminal).theme == theme
    assert face_of(ConsoleSettings(theme="colour-blind"), terminal).theme == "colour-blind"


@pytest.mark.parametrize("term", ["dumb", "", "unknown"])
def test_a_dumb_terminal_is_named(term: str) -> None:
    assert read_abilities({"TERM": term, **UTF8}, -1).trouble == f"TERM={term or '(not set)'} cannot show the console"
    assert read_abilities({"TERM": "vt100", **UTF8}, -1).trouble == ""


@pytest.mark.parametrize(
    ("environ", "inside", "here"),
    [
        ({"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, "tmux", True),
        ({"TERM": "screen", "TMUX": "/tmp/tmux-0/default,1,0"}, "tmux", True),
        ({"TERM": "tmux-256color"}, "tmux", False), ({"TERM": "screen.xterm-256color"}, "screen", False),
        ({"TERM": "xterm", "STY": "1.pts-0.host"}, "screen", False), ({"TERM": "xterm"}, "", False),
        ({"TERM": "xterm", "TMUX": "x", "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}, "", False),
    ],
)  # fmt: skip
def test_what_the_terminal_is_inside_of(environ: dict[str, str], inside: str, here: bool) -> None:
    terminal = read_abilities(environ)
    assert (terminal.inside, terminal.tmux_here) == (inside, here)


def test_few_colours_are_said_of_a_theme_that_has_more() -> None:
    assert "16 colours, so dark is drawn" in rounding("dark", Abilities(16, utf8=True))
    assert rounding("ansi", Abilities(16, utf8=True)) == ""
    assert rounding("dark", Abilities(256, utf8=True)) == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"theme": "pink"}, r"console.theme = pink: there is no theme pink; give auto, dark, 256, ansi"),
        ({"notify": "shout"}, r"console.notify = shout: give off, bell, osc9, both"),
    ],
)
def test_settings_that_say_nothing_are_one_sentence(changes: dict[str, Any], words: str) -> None:
    check_console(ConsoleSettings())
    with pytest.raises(SettingsInvalid, match=words):
        check_console(ConsoleSettings(**changes))


# -- bytes


def unwrapped(sent: str) -> str:
    """What GNU screen passes on: the insides of its strings, none above 768 bytes."""
    pieces = re.findall("\x1bP(.*?)\x1b\\\\", sent, re.DOTALL)
    assert all(len(piece) <= 768 for piece in pieces)
    assert "".join(f"\x1bP{piece}\x1b\\" for piece in pieces) == sent
    return "".join(pieces)


@settings(max_examples=40)
@given(st.text(max_size=1500))
def test_a_copy_comes_out_as_it_went_in_through_nothing_tmux_and_screen(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    plain = f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07"
    assert copy_sequence(text, "") == plain
    assert unwrapped(copy_sequence(text, "screen") or "") == plain
    through = copy_sequence(text, "tmux") or ""
    # The plain one for `set-clipboard on`, then the one for `allow-passthrough on`.
    assert through == plain + "\x1bPtmux;" + plain.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def test_a_copy_that_is_too_long_is_none() -> None:
    most = MOST_COPIED // 4 * 3
    assert copy_sequence("x" * most, "") is not None
    assert copy_sequence("x" * (most + 3), "") is None


def test_wrapping_doubles_every_escape_for_tmux() -> None:
    assert wrapped("\x1b]9;x\x07", "tmux") == "\x1bPtmux;\x1b\x1b]9;x\x07\x1b\\"


@pytest.mark.parametrize(
    ("how", "sent"), [("off", ""), ("bell", "\x07"), ("osc9", "\x1b]9;a: b\x07"), ("both", "\x1b]9;a: b\x07\x07")]
)
def test_a_note_sends_what_was_wished(how: str, sent: str) -> None:
    assert note_sequence("a: b", how, "") == sent


@given(st.text(max_size=400))
def test_no_words_end_a_note_early(words: str) -> None:
    sent = note_sequence(words, "osc9", "")
    assert sent.startswith("\x1b]9;")
    assert sent.endswith("\x07")
    assert sent[4:-1].isprintable()


def test_an_alert_is_told_of_once_and_what_was_there_before_is_not() -> None:
    old, new = (1 * S, "lost", "b-1 is gone"), (9 * S, "fault", "w03: connection")
    noted, words = next_note(Noted(), [old], 10 * S)
    assert words == ""
    noted, words = next_note(noted, [old, new], 11 * S)
    assert words == "slotfill: fault: w03: connection"
    assert next_note(noted, [old, new], 60 * S)[1] == ""


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20 * S)), max_size=30))
def test_notes_keep_apart_and_none_is_forgotten(story: list[tuple[int, int]]) -> None:
    noted, now_ns, alerts, told_at, told_of = next_note(Noted(), [], 0)[0], 0, [], [], 0
    for number, later_ns in story:
        now_ns += later_ns
        alerts += [(now_ns + one, "fault", f"{now_ns} {one}") for one in range(number)]
        noted, words = next_note(noted, alerts, now_ns)
        if words:
            told_at.append(now_ns)
            before = re.search(r"\(and (\d+) before it\)", words)
            told_of += 1 + (int(before[1]) if before else 0)
    noted, words = next_note(noted, alerts, now_ns + APART_NS)
    before = re.search(r"\(and (\d+) before it\)", words)
    told_of += (1 + (int(before[1]) if before else 0)) if words else 0
    assert told_of == len({(at_ns, word) for at_ns, word, _ in alerts})
    assert all(later - earlier >= APART_NS for earlier, later in pairwise(told_at))
