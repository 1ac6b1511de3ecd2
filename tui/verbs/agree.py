"""The user's yes: given beforehand by --yes, or typed now where a terminal is."""

import sys
from argparse import Namespace

from tui.verbs.speak import tell


def said_or_asked(args: Namespace, what: str, name: str) -> str | None:
    """What --yes gave, else what is typed after `what`, one sentence that ends by saying what would be done.

    None where nothing was said: no --yes and no terminal, or an empty line. A bare --yes gives an empty text, which
    answers for local targets only; a typed line is never that, so it counts only when it is the name.
    """
    if args.yes is not None:
        given: str = args.yes
        return given
    if not sys.stdin.isatty():
        return None
    tell(f"{what} Type its name, {name}, to go on:")
    return sys.stdin.readline().strip() or None


def agrees(said: str | None, name: str) -> bool:
    """Whether that is a yes to something local of that name: a bare one, or its name."""
    return said in ("", name)
