"""What is sent to a terminal besides the picture: a bell, a note, a copy. Pure; nothing here is painted."""

import base64

import msgspec

from tui.format import plain

NOTIFY = ("off", "bell", "osc9", "both")
"""What a new alert may send: nothing, the bell, a note for the desktop (OSC 9), or both."""
MOST_COPIED = 74_994
"""Longer texts are refused by common terminals (xterm, tmux); the limit is in encoded bytes."""
APART_NS = 5_000_000_000
"""Between two notes at least; what comes meanwhile is counted in the next one."""
_SCREEN_PIECE = 512
"""GNU screen takes no string above 768 bytes."""
_MOST_NOTED = 160


def wrapped(sequence: str, inside: str) -> str:
    """An escape sequence that is meant for the terminal outside, as tmux or screen passes it on.

    tmux takes `ESC P tmux; … ESC \\` with every ESC in it doubled (and `allow-passthrough on`); screen takes
    `ESC P … ESC \\` in pieces.
    """
    if inside == "tmux":
        doubled = sequence.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{doubled}\x1b\\"
    if inside == "screen":
        pieces = [sequence[start : start + _SCREEN_PIECE] for start in range(0, len(sequence), _SCREEN_PIECE)]
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return sequence


def copy_sequence(text: str, inside: str) -> str | None:
    """What puts a text into the clipboard (OSC 52); None for one that is too long for it."""
    encoded = base64.b64encode(text.encode()).decode()
    if len(encoded) > MOST_COPIED:
        return None
    sequence = f"\x1b]52;c;{encoded}\x07"
    # A tmux elsewhere may take the plain one (`set-clipboard on`) or pass the wrapped one on; one copy twice is one.
    return (sequence if inside == "tmux" else "") + wrapped(sequence, inside)


def note_sequence(words: str, notify: str, inside: str) -> str:
    """What a note sends. The bell goes through tmux and screen as it is."""
    told = ""
    if notify in ("osc9", "both"):
        # Only what is printed: a control character would end the sequence early, and the rest would be obeyed.
        safe = "".join(sign for sign in plain(words)[:_MOST_NOTED] if sign.isprintable())
        told = wrapped(f"\x1b]9;{safe}\x07", inside)
    return told + ("\x07" if notify in ("bell", "both") else "")


class Noted(msgspec.Struct, frozen=True):
    """Which alerts were told of, and when."""

    seen: frozenset[tuple[int, str]] | None = None
    """Alerts that are known, by moment and word; None before the first look, which tells of nothing."""
    waiting: tuple[str, ...] = ()
    """Alerts that came too soon after the last note, the newest last."""
    told_ns: int | None = None


def next_note(noted: Noted, alerts: list[tuple[int, str, str]], now_ns: int) -> tuple[Noted, str]:
    """The words to send now, empty for none: once for every alert, and never sooner than five seconds after another.

    `alerts` are all that are known: moment, word, text.
    """
    keys = frozenset((at_ns, word) for at_ns, word, _ in alerts)
    if noted.seen is None:
        # What was there before the console came is no news.
        return Noted(seen=keys), ""
    fresh = tuple(f"{word}: {text}" for at_ns, word, text in alerts if (at_ns, word) not in noted.seen)
    waiting = (*noted.waiting, *fresh)
    seen = noted.seen | keys
    too_soon = noted.told_ns is not None and now_ns - noted.told_ns < APART_NS
    if not waiting or too_soon:
        return Noted(seen, waiting, noted.told_ns), ""
    more = f" (and {len(waiting) - 1} before it)" if len(waiting) > 1 else ""
    return Noted(seen, (), now_ns), f"slotfill: {waiting[-1]}{more}"
