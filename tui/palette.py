"""The themes as Textual takes them."""

from textual.theme import Theme

from tui.themes import LOOKS, Look

PREFIX = "slotfill-"
"""Before our themes' names, as Textual has an `ansi` of its own kind."""
NAME = f"{PREFIX}dark"
COLOURLESS = f"{PREFIX}ansi"
"""Under NO_COLOR, where its colours are left out."""


def inks_of(look: Look) -> dict[str, str]:
    """The variables of `theme.tcss`."""
    return {
        **{f"ink-{ink}": colour for ink, colour in look.inks.items() if ink != "text"},
        "ink-cursor": look.cursor,
        "ink-raised": look.raised,
        # Textual's own screens ask for these in every theme of the terminal's colours.
        **({"ansi-background": "ansi_default", "ansi-foreground": "ansi_default"} if look.ansi else {}),
    }


def _theme(look: Look) -> Theme:
    inks = look.inks
    return Theme(
        name=f"{PREFIX}{look.name}",
        primary=inks["accent"],
        secondary=inks["title"],
        warning=inks["contention"],
        error=inks["fault"],
        success=inks["filled"],
        accent=inks["accent"],
        foreground=inks["text"],
        background=look.ground,
        surface=look.raised,
        panel=look.raised,
        boost=look.raised if look.ansi else None,
        dark=look.dark,
        ansi=look.ansi,
        variables=inks_of(look),
    )


THEMES = tuple(_theme(look) for look in LOOKS.values())
ANSI_INKS = inks_of(LOOKS["ansi"])
"""For themes that have no inks of their own."""
