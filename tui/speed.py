"""How fast a replay goes."""

LEAST, MOST = 0.1, 1000.0


def read_speed(words: str) -> float | None:
    """`4`, `0.5`, `x10`, `10x`: seconds of the run in one of ours; None for what is no speed."""
    try:
        speed = float(words.strip().strip("x"))
    except ValueError:
        return None
    return speed if LEAST <= speed <= MOST else None
