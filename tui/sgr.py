"""Styles as escape sequences: the shortest way from one to the next."""

from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.WINDOWS,
}
_Parts = tuple[str, str, str]
"""The codes of its attributes, of what it is written in, and of what it is written on."""


class Sgr:
    """Styles by number; 0 is the terminal's own."""

    def __init__(self) -> None:
        self._system = ColorSystem.TRUECOLOR
        self._numbers: dict[Style | None, int] = {None: 0, Style.null(): 0}
        self._parts: list[_Parts] = [("", "", "")]
        self._changes: dict[tuple[int, int], str] = {}

    def use(self, colours: str | None) -> None:
        """Write for a terminal of so many colours, by rich's name for them."""
        system = _SYSTEMS.get(colours or "", ColorSystem.TRUECOLOR)
        if system is not self._system:
            # Numbers stay what they are: cells are remembered by them.
            self._system = system
            self._changes.clear()
            self._parts[1:] = [self._of(style) for style in self._numbers if style]

    def number(self, style: Style | None) -> int:
        """The number of a style."""
        number = self._numbers.get(style)
        if number is None and style is not None:
            if not style:
                return 0
            number = self._numbers[style] = len(self._parts)
            self._parts.append(self._of(style))
        return number or 0

    def change(self, before: int, after: int) -> str:
        """What to send between two styles."""
        found = self._changes.get((before, after))
        if found is None:
            found = self._changes[before, after] = _change(self._parts[before], self._parts[after])
        return found

    def _of(self, style: Style) -> _Parts:
        def codes(foreground: bool) -> str:
            colour = style.color if foreground else style.bgcolor
            return ";".join(colour.downgrade(self._system).get_ansi_codes(foreground)) if colour is not None else ""

        return Strip.render_ansi(style.without_color, self._system), codes(True), codes(False)


def _change(before: _Parts, after: _Parts) -> str:
    whole = ";".join(["0" * (before != ("", "", "")), *filter(None, after)]).lstrip(";")
    # What the next one has not is only to be had by a reset; a code for "no colour" would be a colour's, too.
    if (before[0] and before[0] != after[0]) or any(old and not new for old, new in zip(before, after, strict=True)):
        return f"\x1b[{whole if whole != '0' else ''}m"
    step = ";".join(new for old, new in zip(before, after, strict=True) if new != old)
    return f"\x1b[{min(step, whole, key=len)}m" if step else ""
