"""The line that is typed on: which command it means, how it may go on, and what it has to offer. Pure."""

from collections.abc import Iterable, Mapping

from tui.commands import BY_COMMAND, COMMANDS, ConsoleCommand
from tui.layout import PRESETS
from tui.lines import Ink, Line, Part, Span, part, squeeze
from tui.notes import NOTIFY
from tui.panels.workers import SORTS
from tui.sieve import FIELDS
from tui.themes import AUTO, NAMES

_WORDS: dict[str, tuple[str, ...]] = {
    "theme": (AUTO, *NAMES),
    "notify": NOTIFY,
    "sort": tuple(SORTS),
    "layout": tuple(PRESETS),
}
"""What may stand behind a command's name, where there is no more than that."""
_ARE_KEYS = ("panel-", "up", "down", "left", "right", "page-", "first", "last")
"""Commands that nobody types; they are offered only when nothing else begins so."""


class CommandUnknown(Exception):
    """What was typed is no command. The message says what there is."""


def read_command(text: str) -> tuple[ConsoleCommand, str]:
    """The command that was typed and what stands behind its name. Raises CommandUnknown."""
    name, _, words = text.strip().removeprefix(":").strip().partition(" ")
    command = BY_COMMAND.get(name)
    if command is not None:
        return command, words.strip()
    begun = _begun(name) if name else []
    if len(begun) == 1:
        return begun[0], words.strip()
    near = ", ".join(one.name for one in begun) if begun else "? lists them"
    raise CommandUnknown(f":{name} is no command; {near}" if name else "nothing was typed; ? lists the commands")


def completion(text: str, settings: Mapping[str, str]) -> str | None:
    """How the typed beginning of a command may go on: names first, then what may stand behind them."""
    name, spaced, begun = text.partition(" ")
    if spaced:
        return next((f"{name} {word}" for word in _behind(name, begun, settings) if begun), None)
    return next((command.name for command in _begun(text)), None) if text else None


def offers(sign: str, text: str, settings: Mapping[str, str], width: int) -> Line:
    """The line below the one that is typed on: what may come next, and what the command does that is meant."""
    if sign == "/":
        begun = text.rpartition(" ")[2].lstrip("!")
        return _words((one for one in FIELDS if one.startswith(begun)), width)
    name, spaced, begun = text.strip(":").lstrip().partition(" ")
    if not name:
        return squeeze([part(0, ("tab completes   up brings back   enter does it   esc leaves", Ink.MUTED))], width)
    if spaced and (behind := _behind(name, begun, settings)):
        return _words(behind, width)
    exact = BY_COMMAND.get(name)
    found = [exact] if exact is not None and spaced else _begun(name)
    if not found:
        return squeeze([part(0, ("no command begins so; esc, then ? lists them", Ink.MUTED))], width)
    if len(found) > 1 and found[0] is not exact:
        return _words((one.name for one in found), width)
    meant = part(0, (f"{found[0].name} {found[0].takes}".strip(), Ink.ACCENT))
    others = (part(place, (one.name, Ink.MUTED)) for place, one in enumerate(found[1:], start=2))
    return squeeze([meant, part(1, (found[0].help, Ink.MUTED)), *others], width)


def _begun(name: str) -> list[ConsoleCommand]:
    """Commands that begin so; the one that is written out first."""
    found = [one for one in COMMANDS if one.name.startswith(name)]
    typed = [one for one in found if not one.name.startswith(_ARE_KEYS)] or found
    return sorted(typed, key=lambda one: one.name != name)


def _behind(name: str, begun: str, settings: Mapping[str, str]) -> list[str]:
    """What may stand behind a command's name and begins so."""
    if name == "set":
        # Once its value is being typed there is no more to offer.
        return [f"{key}={settings[key]}" for key in sorted(settings) if "=" not in begun and key.startswith(begun)]
    return [word for word in _WORDS.get(name, ()) if word.startswith(begun)]


def _words(words: Iterable[str], width: int) -> Line:
    """As many as there is room for, none of them cut."""
    parts = [Part(place, (Span(word, Ink.ACCENT),)) for place, word in enumerate(words)]
    return squeeze(parts, width, " ")
