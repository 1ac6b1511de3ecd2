"""argparse as slotfill wants it: what is wrong in one line with what may have been meant, and help in parts."""

import argparse
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

USAGE = 2
_WIDEST = 100
"""Longer lines are not read more easily, however wide the terminal."""


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Examples stay as they are written; texts are as wide as the terminal, within reason."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=_width())


class Parser(argparse.ArgumentParser):
    """argparse that says what is wrong in one line, and takes no word for what it is not meant for."""

    before_error: Callable[[], None] = staticmethod(lambda: None)
    """Called before a word of the command line is said: it may hold a secret."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**{"formatter_class": Formatter, "allow_abbrev": False, **named})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """A yes names its database by `--yes=NAME` only; words behind options go where those before them went."""
        given = list(sys.argv[1:] if args is None else args)
        if any(action.dest == "yes" and action.nargs == "?" for action in self._actions):
            # `run --yes assign` is a yes and a plan, and `clean --yes RUN` a yes and a run.
            given = ["--yes=" if word == "--yes" else word for word in given]
        found, left = super().parse_known_args(given, namespace)
        left = self._taken_up(found, left)
        if left:
            # Said here, by the command that does not know it: the one above would send to its own help.
            self.error(self._unknown(left))
        return found, left

    def _taken_up(self, found: argparse.Namespace, left: list[str]) -> list[str]:
        """What is left once RUNs, files and KEY=VALUEs are taken in, which argparse loses behind an option."""
        places = [one for one in self._get_positional_actions() if one.dest in ("run", "runs_given", "words", "files")]
        if not left or not places or any(word.startswith("-") for word in left):
            return left
        place = places[-1]
        there = getattr(found, place.dest)
        if place.nargs != "?":
            setattr(found, place.dest, [*there, *left])
        elif len(left) == 1 and there == place.default:
            setattr(found, place.dest, left[0])
        else:
            return left
        return []

    def _unknown(self, left: list[str]) -> str:
        """That it takes no such word, and which one may have been meant."""
        word = next((one for one in left if one.startswith("-")), left[0])
        options = [option for action in self._actions for option in action.option_strings]
        return f"unrecognized arguments: {' '.join(left)}{_meant(word.partition('=')[0], options)}"

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Of many choices the nearest is told, of few all of them."""
        if action.choices is None or value in action.choices:
            return
        words = [str(one) for one in action.choices]
        if isinstance(action, argparse._SubParsersAction):
            raise argparse.ArgumentError(None, f"there is no command {value}{_meant(str(value), words)}")
        name = " ".join((*action.option_strings[:1], str(value)))
        raise argparse.ArgumentError(None, f"{name} is none of {', '.join(words)}")

    def format_help(self) -> str:
        """Its words in the usage, and every option below: a line of forty options is read by nobody."""
        words = [_word(one) for one in self._get_positional_actions()]
        head = len("usage: ")
        self.usage = filled(" ".join((self.prog, *words, "[OPTION …]")), indent=head).lstrip()
        self.description = filled(self.description or "")
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Print one line on stderr and exit with 2."""
        self.before_error()
        self.exit(USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


class Top(Parser):
    """The whole command line, whose help has the commands in groups."""

    groups: Mapping[str, tuple[str, ...]] = {}
    """Commands by what they are for."""

    @property
    def below(self) -> Mapping[str, argparse.ArgumentParser]:
        """The command line of each command."""
        (below,) = (one for one in self._actions if isinstance(one, argparse._SubParsersAction))
        return below.choices

    def texts(self) -> dict[str, str]:
        """Every command with what it does."""
        (below,) = (one for one in self._actions if isinstance(one, argparse._SubParsersAction))
        return {str(one.dest): str(one.help) for one in below._choices_actions}

    def format_help(self) -> str:
        """Usage, commands in groups, examples and exit codes."""
        texts, width = self.texts(), _width()
        parts = [filled(self.description or "", width), "usage: slotfill COMMAND [OPTION …]"]
        for title, verbs in self.groups.items():
            parts.append("\n".join([title, *(_row(verb, texts[verb], width) for verb in verbs)]))
        return "\n\n".join([*parts, self.epilog or ""]).rstrip() + "\n"


def rows(pairs: Iterable[tuple[str, str]]) -> str:
    """Lines with a command, as wide as it must be to be copied whole, and what it is for below it."""
    return "\n".join(f"  {line}\n{filled(text, indent=6)}" for line, text in pairs)


def _word(action: argparse.Action) -> str:
    """How a word is written in a usage: in brackets where it may be left out."""
    name = str(action.metavar or action.dest)
    many = " …" if action.nargs in ("+", "*") else ""
    return f"[{name}{many}]" if action.nargs in ("?", "*") else f"{name}{many}"


def _row(word: str, text: str, width: int) -> str:
    return textwrap.fill(
        text, width, initial_indent=f"  {word:<15}", subsequent_indent=" " * 17, break_on_hyphens=False
    )


def filled(text: str, width: int = 0, *, indent: int = 0) -> str:
    """A text in lines of that width, the terminal's where none is given."""
    pad = " " * indent
    return textwrap.fill(text, width or _width(), initial_indent=pad, subsequent_indent=pad, break_on_hyphens=False)


def _width() -> int:
    return max(40, min(_WIDEST, shutil.get_terminal_size().columns) - 2)


def _meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or nothing."""
    import difflib  # noqa: PLC0415 - for a mistake only

    near = difflib.get_close_matches(word, list(known), 1, 0.6)
    return f"; did you mean {near[0]}?" if near else ""
