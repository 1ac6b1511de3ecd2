"""The console's colours: what each ink looks like in each theme, and on which grounds it stands. No screen library."""

import msgspec

NAMES = ("dark", "256", "ansi", "ansi-light", "high-contrast", "colour-blind")
"""Themes, the ones that are chosen by themselves first."""
AUTO = "auto"
"""What the terminal can show decides."""


class Look(msgspec.Struct, frozen=True):
    """One theme. Colours are `#rrggbb`, or `ansi_…` for one of the terminal's own sixteen."""

    name: str
    words: str
    """What it is for, as the menu of themes says it."""
    inks: dict[str, str]
    """By the ink's word."""
    ground: str
    raised: str
    """The ground of sheets."""
    cursor: str
    """The ground of the row under the cursor."""
    ansi: bool = False
    """Its colours are the terminal's own, and so is its ground."""
    dark: bool = True

    @property
    def grounds(self) -> tuple[str, ...]:
        """Whatever text may stand on."""
        return (self.ground, self.raised, self.cursor)


DECORATION = ("rule",)
"""Inks of lines and dots, in which no word is written."""
KINDS = ("filled", "contention", "capacity", "fault", "unknown")
"""Inks that stand for a kind of outcome."""
INKS = ("text", "muted", "strong", "title", "rule", "accent", "bar", *KINDS)


def _inks(*colours: str) -> dict[str, str]:
    return dict(zip(INKS, colours, strict=True))


_LOOKS = (
    Look(
        "dark",
        "calm greys, one blue, a colour a kind; 16 million colours",
        _inks(
            *("#c6d0da", "#8d99a6", "#eef2f6", "#9fb3c8", "#35404c", "#6cb2f2", "#8fa3b8"),
            *("#7ec699", "#e3b565", "#9aa9e6", "#ee7d78", "#cf9be8"),
        ),
        ground="#0f1419",
        raised="#161c23",
        cursor="#22303f",
    ),
    # Each hue is one of xterm's 256, so that none is rounded on the way; Rich rounds light greys one step down.
    Look(
        "256",
        "the same for terminals of 256 colours",
        _inks(
            *("#d0d0d0", "#a8a8a8", "#ffffff", "#afd7ff", "#444444", "#5fafff", "#87afd7"),
            *("#87d787", "#ffd75f", "#afafff", "#ff8787", "#d7afff"),
        ),
        ground="#121212",
        raised="#1c1c1c",
        cursor="#303030",
    ),
    # Of the sixteen only these reach 4.5:1 on black both in xterm's palette and in the Linux console's.
    Look(
        "ansi",
        "the terminal's own sixteen colours, on a dark ground",
        _inks(
            *("ansi_default", "ansi_default", "ansi_default", "ansi_default", "ansi_default", "ansi_bright_cyan"),
            *("ansi_default", "ansi_green", "ansi_bright_yellow", "ansi_cyan", "ansi_bright_red"),
            "ansi_bright_magenta",
        ),
        ground="ansi_default",
        raised="ansi_default",
        cursor="ansi_default",
        ansi=True,
    ),
    # On white there are no more than four that do; what is unknown is bold and says so.
    Look(
        "ansi-light",
        "the terminal's own sixteen colours, on a light ground",
        _inks(
            *("ansi_default", "ansi_default", "ansi_default", "ansi_default", "ansi_default", "ansi_default"),
            *("ansi_default", "ansi_blue", "ansi_magenta", "ansi_bright_blue", "ansi_red", "ansi_default"),
        ),
        ground="ansi_default",
        raised="ansi_default",
        cursor="ansi_default",
        ansi=True,
        dark=False,
    ),
    Look(
        "high-contrast",
        "white on black; every text at 7:1 or more",
        _inks(
            *("#ffffff", "#d0d0d0", "#ffffff", "#d7ffff", "#a8a8a8", "#87ffff", "#d0d0d0"),
            *("#5fff87", "#ffff5f", "#afd7ff", "#ffafaf", "#ffafff"),
        ),
        ground="#000000",
        raised="#000000",
        cursor="#00005f",
    ),
    # Okabe and Ito's palette ("Color Universal Design", 2008): sky blue, yellow, vermillion, reddish purple as
    # published. For capacity a green of ours, which every colour vision keeps apart from these and from plain text.
    Look(
        "colour-blind",
        "kinds differ in lightness too, and for every colour vision",
        _inks(
            *("#e4e4e4", "#a8a8a8", "#ffffff", "#e4e4e4", "#444444", "#9fd0f5", "#b2b2b2"),
            *("#56b4e9", "#f0e442", "#9cd884", "#d55e00", "#cc79a7"),
        ),
        ground="#000000",
        raised="#080808",
        cursor="#121212",
    ),
)
LOOKS: dict[str, Look] = {look.name: look for look in _LOOKS}


def unknown_theme(name: str) -> str:
    """What there is to say of a theme that there is not; empty for one that there is."""
    return "" if name in (AUTO, *NAMES) else f"there is no theme {name}; give {', '.join((AUTO, *NAMES))}"
