"""What the operator has set about a panel's view: everything besides the snapshot that decides what it draws."""

import msgspec

from tui.behind import Behind
from tui.sieve import Sieve


class View(msgspec.Struct, frozen=True):
    """How a panel is looked at."""

    focused: bool = False
    ascii: bool = False
    full: bool = False
    """It has the whole screen."""
    cursor: str = ""
    """The row under the cursor, by its name; empty for none."""
    top: int = 0
    """Rows scrolled away."""
    sort: str = "age"
    reverse: bool = False
    sieve: Sieve = Sieve()
    seconds: int | None = None
    """The stretch that charts show, up to the picture's moment; 0 for the whole run, None for a column a second."""
    behind: Behind | None = None
    """A run that is laid behind this one."""
    order: tuple[str, ...] = ()
    """Rows in the order they had when a key was last pressed, kept two seconds; empty when they are free to move."""
