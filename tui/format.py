"""Figures as words: the only place that knows milliseconds, thousands and what may not reach a terminal."""

import re
import unicodedata

from engine.model.snapshot import RunSnapshot

_MS = 1_000_000
_S = 1_000_000_000
_LONGEST = 100 * 365 * 86_400 * _S
"""Lengths that are typed: nobody means a century."""
# Control characters would move the cursor or recolour the screen; the invisible marks (bidirectional overrides,
# zero-width signs) would make a line read as something it is not; variation selectors change widths.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_ODD = re.compile("[^ -\u02ff\u2010-\u27ff\u2800-\u28ff]")
"""Beyond what nearly every text is made of: only there are signs that stand upon others."""
_MOST_MARKS = 2
"""Upon one sign; no language writes more than that, and a heap of them covers the lines above and below."""


def plain(text: str) -> str:
    """The text on one line, with nothing in it that a terminal would obey."""
    if text.isascii() and text.isprintable():
        return text
    text = _UNSAFE.sub(" ", text)
    return _calm(text) if _ODD.search(text) else text


def _calm(text: str) -> str:
    """The text without heaps of marks upon its signs."""
    kept: list[str] = []
    marks = 0
    for sign in text:
        marks = marks + 1 if unicodedata.category(sign) in ("Mn", "Me") else 0
        if marks <= _MOST_MARKS:
            kept.append(sign)
    return text if len(kept) == len(text) else "".join(kept)


def took(ns: int | None) -> str:
    """A length in at most six cells: `0.4 ms`, `94 ms`, `1.2 s`, `75 s`, `12m05s`, `3h07m`; `-` for none."""
    if ns is None:
        return "-"
    # 9.95 ms and 9.95 s would round up to a figure with one place too many.
    if ns < 9_950_000:
        return f"{ns / _MS:.1f} ms"
    if ns < 999_500_000:
        return f"{ns / _MS:.0f} ms"
    if ns < 9_950_000_000:
        return f"{ns / _S:.1f} s"
    if ns < 99_500_000_000:
        return f"{ns / _S:.0f} s"
    seconds = round(ns / _S)
    if seconds < 6000:
        return f"{seconds // 60}m{seconds % 60:02d}s"
    minutes = seconds // 60
    if minutes < 6000:
        return f"{minutes // 60}h{minutes % 60:02d}m"
    return f"{minutes // 1440}d"


def age(ns: int | None) -> str:
    """How long ago something was, another once a second at most: `0 s`, `9 s`, `75 s`, `12m05s`; `-` for never."""
    if ns is None:
        return "-"
    return f"{max(0, ns) // _S} s" if ns < 99_500_000_000 else took(ns)


def about(ns: int) -> str:
    """A length whose tenths say nothing, such as what a look took: `<1 ms`, `8 ms`, `94 ms`, `1.2 s`."""
    if ns >= 999_500_000:
        return took(ns)
    return f"{ns / _MS:.0f} ms" if ns >= _MS else "<1 ms"


def elapsed(ns: int) -> str:
    """A running clock: `03:41`, `1:03:41`."""
    seconds = max(0, ns) // _S
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60:02d}:{rest % 60:02d}"


def moment(ns: int) -> str:
    """A moment since the run began, to the tenth: `03:41.2`."""
    return f"{elapsed(ns)}.{max(0, ns) % _S // 100_000_000}"


def short_path(path: str, room: int, home: str = "") -> str:
    """A path in so many cells: `~` for home, and names left out of its middle: `~/.../snapshots/3`. Its end stays."""
    home = home.rstrip("/")
    if home and path.startswith(f"{home}/"):
        path = f"~{path[len(home) :]}"
    if len(path) <= room:
        return path
    begins, *names = path.split("/")
    short = names[-1]
    for name in reversed(names[:-1]):
        if len(f"{begins}/.../{name}/{short}") > room:
            break
        short = f"{name}/{short}"
    return f"{begins}/.../{short}"


def size_of(count: int) -> str:
    """Bytes: `812 B`, `1.2 MB`."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5:
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    return f"{value / 1000:.1f} TB"


def counted(count: int, thing: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def ratio(part: int, whole: int) -> str:
    """A share: `90.0 %`; `-` of nothing. Only all of it is 100.0, and only none of it 0.0."""
    if not whole:
        return "-"
    tenths = round(1000 * part / whole)
    if 0 < part < whole:
        tenths = max(1, min(999, tenths))
    return f"{tenths / 10:.1f} %"


def per_second(value: float | None) -> str:
    """A rate: `1.9/s`, `240/s`; `-` where there is none."""
    if value is None:
        return "-"
    return f"{value:.1f}/s" if value < 9.95 else f"{value:.0f}/s"


def steady(value: float | None) -> str:
    """A rate whose tenths say nothing, as few statements a second are our own looks: `3/s`, `240/s`, `<1/s`, `0/s`."""
    if value is None:
        return "-"
    return f"{value:.0f}/s" if value >= 0.95 or value <= 0 else "<1/s"


def tally(count: int) -> str:
    """A count in at most six cells: `8123`, `12.4k`, `3.1M`."""
    if count < 10_000:
        return str(count)
    if count < 999_950:
        return f"{count / 1000:.1f}k" if count < 99_950 else f"{count / 1000:.0f}k"
    return f"{count / 1_000_000:.1f}M"


def narrow(count: int) -> str:
    """A count in at most four cells, cut down and never up: `8123`, `12k`, `999k`, `3M`."""
    if count < 10_000:
        return str(count)
    return f"{count // 1000}k" if count < 1_000_000 else f"{count // 1_000_000}M"


def nice_ceiling(ns: int) -> int:
    """The next 1, 2 or 5 times a power of ten at or above a length, and at least a millisecond: a readable scale."""
    step = _MS
    while True:
        for factor in (1, 2, 5):
            if ns <= step * factor:
                return step * factor
        step *= 10


def length_ns(text: str) -> int | None:
    """`200ms`, `1.5s`, `2m` or a bare number of seconds as nanoseconds; None when it is none of them."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)?", text)
    if match is None:
        return None
    unit = {"ms": _MS, "s": _S, "m": 60 * _S, "h": 3600 * _S, None: _S}[match[2]]
    length = float(match[1]) * unit
    return round(length) if length < _LONGEST else None


def turns_word(snapshot: RunSnapshot) -> str:
    """What the run's turns are called: slots, requests of a burst, or else bookings, each of which is one."""
    return {"fill": "slots", "burst": "requests"}.get(snapshot.run.plan, "bookings")
