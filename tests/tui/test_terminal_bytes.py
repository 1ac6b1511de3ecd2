"""What terminals of every kind are sent: colours, signs, mouse, copies, notes; counted in the bytes of a pty."""

import base64
import re

import pytest

from tests.tui.many_terminals import NOTING, Scene, Seen, show
from tests.tui.recorded import run_folder

UTF8 = {"LANG": "C.UTF-8"}
COLOUR = re.compile(rb"\x1b\[(?:[0-9]+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9]+)*m")
RGB, OF_256 = re.compile(rb"[34]8;2;"), re.compile(rb"[34]8;5;")
COPY = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
MOUSE = (b"\x1b[?1000h", b"\x1b[?1003h", b"\x1b[?1006h", b"\x1b[?1016h")
LOOK = [("REPLAY", ":freeze\r"), ("held; space goes on", "q")]
CLICK = [("REPLAY", "y"), ("sent to the terminal", "q")]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    home = tmp_path_factory.mktemp("terminals")
    played = str(run_folder(home / "runs", seconds=20))
    begun = str(run_folder(home / "begun", seconds=30, state=None))

    def replay(environ: dict[str, str], *options: str, acts: list[tuple[str, str]] = LOOK) -> Scene:
        return Scene(["replay", played, *options], environ, acts)

    scenes = {
        "truecolor": replay({"TERM": "xterm-256color", "COLORTERM": "truecolor", **UTF8}, acts=CLICK),
        "256": replay({"TERM": "screen-256color", "TMUX": "", **UTF8}, "--no-mouse", acts=CLICK),
        "16": replay({"TERM": "linux", **UTF8}),
        "no colour": replay({"TERM": "xterm", "COLORTERM": "truecolor", "NO_COLOR": "1", **UTF8}, "--theme", "ansi"),
        "vt100": replay({"TERM": "vt100", "LC_ALL": "POSIX", "LANG": "C.UTF-8"}),
        "latin": replay({"TERM": "tmux-256color", "LANG": "en_GB.ISO-8859-1"}, "--theme", "high-contrast", acts=CLICK),
        "dumb": replay({"TERM": "dumb", **UTF8}, acts=[]),
        "no theme": replay({"TERM": "xterm", **UTF8}, "--theme", "pink", acts=[]),
        "both": Scene([NOTING, begun, "both"], {"TERM": "xterm", "LANG": "C"}, [("ALERTS 2", "q")]),
    }
    return dict(zip(scenes, show(list(scenes.values()), home), strict=True))


SHOWN = ["truecolor", "256", "16", "no colour", "vt100", "latin", "both"]


@pytest.mark.parametrize("name", SHOWN)
def test_the_console_comes_and_goes(seen: dict[str, Seen], name: str) -> None:
    assert (seen[name].missing, seen[name].code) == ("", 0), seen[name].text[-2000:]


def test_colours_are_those_that_the_terminal_has(seen: dict[str, Seen]) -> None:
    assert RGB.search(seen["truecolor"].sent)
    assert OF_256.search(seen["256"].sent)
    assert not RGB.search(seen["256"].sent)
    assert COLOUR.search(seen["16"].sent)
    assert not RGB.search(seen["16"].sent)
    assert not OF_256.search(seen["16"].sent)


@pytest.mark.parametrize("name", ["no colour", "vt100"])
def test_without_colours_there_is_no_colour_sequence(seen: dict[str, Seen], name: str) -> None:
    assert len(COLOUR.findall(seen[name].sent)) == 0
    # Bold and dim are no colours, and are there.
    assert re.search(rb"\x1b\[(?:[0-9]+;)*[12](?:;[0-9]+)*m", seen[name].sent)


@pytest.mark.parametrize("name", ["vt100", "latin", "both"])
def test_without_utf_8_every_byte_is_ascii(seen: dict[str, Seen], name: str) -> None:
    assert [byte for byte in seen[name].sent if byte > 0x7F] == []
    assert any(byte > 0x7F for byte in seen["16"].sent)


def test_without_a_mouse_the_terminal_keeps_its_own(seen: dict[str, Seen]) -> None:
    assert [one for one in MOUSE if one in seen["256"].sent] == []
    assert MOUSE[0] in seen["truecolor"].sent


def test_a_copy_goes_the_way_the_terminal_takes_it(seen: dict[str, Seen]) -> None:
    plain = COPY.search(seen["truecolor"].sent)
    assert plain
    assert base64.b64decode(plain[1]).startswith(b"w")
    # Inside screen: in its strings, and not a byte of it outside of them.
    inside = b"".join(re.findall(rb"\x1bP(.*?)\x1b\\", seen["256"].sent, re.DOTALL))
    assert COPY.fullmatch(inside)
    assert not COPY.search(re.sub(rb"\x1bP.*?\x1b\\", b"", seen["256"].sent, flags=re.DOTALL))
    # Inside a tmux of another machine: both ways.
    assert COPY.search(seen["latin"].sent)
    assert b"\x1bPtmux;\x1b\x1b]52;c;" in seen["latin"].sent


def test_two_alerts_that_come_at_once_are_one_note_and_one_bell(seen: dict[str, Seen]) -> None:
    notes = re.findall(rb"\x1b\]9;([^\x07]*)\x07", seen["both"].sent)
    assert len(notes) == 1
    assert notes[0].startswith(b"slotfill: ")
    assert notes[0].endswith(b"(and 1 before it)")
    rest = re.sub(rb"\x1b\][^\x07]*\x07", b"", seen["both"].sent)
    assert rest.count(b"\x07") == 1
    assert b"\x07" not in re.sub(rb"\x1b\][^\x07]*\x07", b"", seen["16"].sent)


def test_a_dumb_terminal_is_told_in_a_sentence_what_else_there_is(seen: dict[str, Seen]) -> None:
    assert seen["dumb"].code == 2
    assert seen["dumb"].text == (
        "slotfill: TERM=dumb cannot show the console; elsewhere use slotfill report or slotfill events\r\n"
    )


def test_an_unknown_theme_is_a_sentence(seen: dict[str, Seen]) -> None:
    assert seen["no theme"].code == 2
    assert seen["no theme"].text.startswith("slotfill: console.theme = pink: there is no theme pink; give auto, dark")
    assert b"\x1b" not in seen["no theme"].sent
