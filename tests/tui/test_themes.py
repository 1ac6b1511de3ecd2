"""Themes: every text can be read on every ground, by everybody, and no meaning is in a colour alone."""

import itertools
import re
from collections.abc import Iterator

import pytest
from rich.color import Color, ColorSystem

from engine.model.outcome import OUTCOMES
from engine.model.snapshot import RunSnapshot
from tests.tui import stills
from tests.tui.test_console import console, over, text_of, type_in
from tui.lines import Area, Ink, Line, ink_of, label
from tui.palette import PREFIX, THEMES
from tui.panel import paint
from tui.panels.registry import PANELS
from tui.screens.menu import MenuScreen
from tui.terminal_face import Abilities, Face
from tui.themes import DECORATION, INKS, KINDS, LOOKS, NAMES, Look
from tui.typed_line import completion
from tui.view import View

PALETTES = {
    # https://en.wikipedia.org/wiki/ANSI_escape_code#3-bit_and_4-bit, columns xterm and VGA (the Linux console's).
    "xterm": {
        "green": "#00cd00", "cyan": "#00cdcd", "bright_red": "#ff0000", "bright_yellow": "#ffff00",
        "bright_magenta": "#ff00ff", "bright_cyan": "#00ffff", "red": "#cd0000", "blue": "#0000ee",
        "magenta": "#cd00cd", "bright_blue": "#5c5cff",
    },
    "vga": {
        "green": "#00aa00", "cyan": "#00aaaa", "bright_red": "#ff5555", "bright_yellow": "#ffff55",
        "bright_magenta": "#ff55ff", "bright_cyan": "#55ffff", "red": "#aa0000", "blue": "#0000aa",
        "magenta": "#aa00aa", "bright_blue": "#5555ff",
    },
}  # fmt: skip
MACHADO = {
    # Severity 1.0, for linear RGB: Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of
    # Color Vision Deficiency", IEEE TVCG 15(6), 2009, table 1.
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
Rgb = tuple[float, float, float]


def linear(colour: str) -> Rgb:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _linear(red), _linear(green), _linear(blue)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    """Relative luminance: WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21: WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def lab(rgb: Rgb) -> Rgb:
    """CIE L*a*b* of linear sRGB, white point D65."""
    red, green, blue = (min(1.0, max(0.0, part)) for part in rgb)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (float(t ** (1 / 3)) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def as_seen(colour: str, matrix: tuple[Rgb, Rgb, Rgb]) -> Rgb:
    red, green, blue = linear(colour)
    first, second, third = (row[0] * red + row[1] * green + row[2] * blue for row in matrix)
    return lab((first, second, third))


def apart(one: Rgb, other: Rgb) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5)


def in_256(colour: str) -> str:
    """The colour as a terminal of 256 shows it."""
    return Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT).get_truecolor().hex


def texts(look: Look) -> Iterator[tuple[str, str, str]]:
    """Every ink that words are written in, its colour, and a ground it stands on."""
    for ink, colour in look.inks.items():
        if ink not in DECORATION:
            for ground in look.grounds:
                yield ink, colour, ground


def test_the_formula_gives_what_is_known() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_grey_that_is_too_faint_would_be_found() -> None:
    # What was shown muted once.
    assert contrast("#6f7b88", LOOKS["dark"].cursor) < 4.5


@pytest.mark.parametrize("name", [name for name in NAMES if not LOOKS[name].ansi])
def test_every_text_can_be_read_on_every_ground(name: str) -> None:
    least = 7.0 if name == "high-contrast" else 4.5
    low = {(ink, ground): contrast(colour, ground) for ink, colour, ground in texts(LOOKS[name])}
    assert {pair: ratio for pair, ratio in low.items() if ratio < least} == {}


@pytest.mark.parametrize("name", ["256", "high-contrast", "colour-blind"])
def test_it_can_still_be_read_where_there_are_256_colours(name: str) -> None:
    least = 7.0 if name == "high-contrast" else 4.5
    low = {(ink, ground): contrast(in_256(colour), in_256(ground)) for ink, colour, ground in texts(LOOKS[name])}
    assert {pair: ratio for pair, ratio in low.items() if ratio < least} == {}


def test_no_hue_of_the_theme_for_256_colours_is_rounded() -> None:
    look = LOOKS["256"]
    colours = {one for one in (*look.inks.values(), *look.grounds) if len({one[1:3], one[3:5], one[5:7]}) > 1}
    assert {colour: in_256(colour) for colour in colours} == {colour: colour for colour in colours}


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize(("name", "ground"), [("ansi", "#000000"), ("ansi-light", "#ffffff")])
def test_the_terminals_own_colours_can_be_read_in_the_usual_palettes(name: str, ground: str, palette: str) -> None:
    colours = {one.removeprefix("ansi_") for one in LOOKS[name].inks.values()} - {"default"}
    low = {colour: contrast(PALETTES[palette][colour], ground) for colour in colours}
    assert {colour: ratio for colour, ratio in low.items() if ratio < 4.5} == {}


def test_kinds_differ_in_lightness_for_those_who_see_no_colours() -> None:
    lightness = {kind: lab(linear(LOOKS["colour-blind"].inks[kind]))[0] for kind in KINDS}
    near = [pair for pair in itertools.combinations(KINDS, 2) if abs(lightness[pair[0]] - lightness[pair[1]]) < 4]
    assert near == []


@pytest.mark.parametrize("vision", MACHADO)
def test_kinds_differ_for_every_colour_vision(vision: str) -> None:
    seen = {kind: as_seen(LOOKS["colour-blind"].inks[kind], MACHADO[vision]) for kind in (*KINDS, "text")}
    far = {pair: apart(seen[pair[0]], seen[pair[1]]) for pair in itertools.combinations(seen, 2)}
    # 2.3 is a difference that is just noticed.
    assert {pair: round(by, 1) for pair, by in far.items() if by < 18} == {}


def test_the_usual_theme_would_not_do_for_all() -> None:
    inks = LOOKS["dark"].inks
    seen = {kind: as_seen(inks[kind], MACHADO["deuteranopia"]) for kind in KINDS}
    assert min(apart(seen[a], seen[b]) for a, b in itertools.combinations(KINDS, 2)) < 18


# -- colours alone say nothing


def test_every_ink_has_a_colour_in_every_theme() -> None:
    assert tuple(Ink) == INKS
    assert {name: tuple(look.inks) for name, look in LOOKS.items()} == dict.fromkeys(NAMES, INKS)
    assert [theme.name for theme in THEMES] == [f"{PREFIX}{name}" for name in NAMES]


def test_every_outcome_says_what_it_is_in_words_of_its_own() -> None:
    labels = [label(word) for word in OUTCOMES]
    assert len(set(labels)) == len(labels)
    assert {ink_of(outcome.kind) for outcome in OUTCOMES.values()} >= {Ink(kind) for kind in KINDS}


@pytest.mark.parametrize("still", ["full", "losing", "through_api", "finished", "plain_role"])
def test_no_sign_of_a_map_stands_for_two_kinds(still: str) -> None:
    snapshot: RunSnapshot = stills.STILLS[still]()
    for panel in PANELS:
        lines = paint(panel, snapshot, Area(160, 40), View())
        assert signs_of_two_kinds(lines) == {}, panel.NAME


def signs_of_two_kinds(lines: list[Line]) -> dict[str, set[Ink]]:
    """Signs that stand alone in a map, where nothing beside them says what they are."""
    found: dict[str, set[Ink]] = {}
    for one in lines:
        for span in one.spans:
            if span.ink in KINDS and re.fullmatch(r"([^\w\s])\1*", span.text.strip()):
                found.setdefault(span.text.strip()[0], set()).add(span.ink)
    return {sign: inks for sign, inks in found.items() if len(inks) > 1 and sign not in BARS}


BARS = "#!"
"""A bar stands behind the words it belongs to; `!` says only "look here", behind words too."""


# -- choosing one


async def test_a_theme_is_chosen_by_command_at_once_by_menu_and_by_itself_again() -> None:
    async with console() as (pilot, app, _):
        assert app.theme_name == "dark"
        before = app.main.status.screen.get_component_rich_style("ink--fault").color
        await type_in(pilot, ":theme high-contrast")
        await pilot.press("enter")
        await pilot.pause()
        assert app.theme_name == "high-contrast"
        assert app.main.status.screen.get_component_rich_style("ink--fault").color != before
        assert "theme high-contrast: white on black" in text_of(app)
        await type_in(pilot, ":theme")
        await pilot.press("enter")
        await pilot.pause()
        assert over(app, MenuScreen).words == list(NAMES)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.theme_name == "colour-blind"
        await type_in(pilot, ":theme nosuch")
        await pilot.press("enter")
        await pilot.pause()
        assert app.theme_name == "colour-blind"
        assert "there is no theme nosuch; give auto, dark, 256" in text_of(app)
        app.wear(Face(Abilities(16, utf8=True), theme="ansi", ascii=False, mouse=True, notify="off"))
        assert app.theme_name == "ansi"
        app.choose_theme("dark")
        assert "this terminal shows 16 colours, so dark is drawn in the nearest ones" in text_of(app)
        app.choose_theme("auto")
        assert app.theme_name == "ansi"


def test_themes_are_completed() -> None:
    assert completion("theme c", {}) == "theme colour-blind"
    assert completion("theme h", {}) == "theme high-contrast"
    assert completion("theme ", {}) is None
    assert completion("notify b", {}) == "notify bell"
    assert completion("thm x", {}) is None
