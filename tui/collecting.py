"""How a console lets Python look for garbage: seldom, and not through all it has loaded."""

import gc

_YOUNG = 50_000
"""New objects before a look; a picture is some ten thousand, and none of them is in a circle."""


def collect_seldom() -> None:
    """For the process of a console that shows itself: called once its first picture is there.

    As Python has it, a quarter of the console's processor time went into looks through pictures just decoded.
    """
    # What was loaded until now stays; every thorough look would go through it in vain.
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 10)
