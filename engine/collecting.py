"""How an engine or a console lets Python look for garbage: seldom, and not through all it has loaded."""

import gc

_YOUNG = 50_000
"""New objects before a look; a picture is some ten thousand, and none of them is in a circle."""


def collect_seldom() -> None:
    """For a process that goes on for long: called once what it works with is there.

    As Python has it, a quarter of a console's processor time went into looks through pictures just decoded, and an
    engine stood still for 45 ms each time it looked through everything.
    """
    # What was loaded until now stays; every thorough look would go through it in vain.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 10)
