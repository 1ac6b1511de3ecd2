"""`slotfill completion`: what a shell needs to complete its commands, options and runs."""

import argparse
from argparse import Namespace
from collections.abc import Iterator
from typing import NamedTuple

from tui.command_line import parser
from tui.verbs.speak import say, say_json

_PATHS = ("DIR", "FILE")
"""What options take that stand for a path."""
_RUNS = "$(slotfill ls 2>/dev/null | awk 'length($1) == 8 && $1 !~ /[^0-9a-f]/ {print $1}')"
"""Ids of the runs there are; not every awk counts in braces."""


class _Command(NamedTuple):
    name: str
    text: str
    options: tuple[argparse.Action, ...]
    choices: tuple[str, ...]
    """Words that stand where others would be refused."""
    takes_run: bool
    takes_files: bool


def main(args: Namespace) -> int:
    """Print the script of that shell."""
    script = "\n".join(_fish() if args.what == "fish" else _bash(zsh=args.what == "zsh"))
    if args.json:
        say_json({"shell": args.what, "script": script})
    else:
        say(script)
    return 0


def _commands() -> Iterator[_Command]:
    top = parser()
    for name, text in top.texts().items():
        actions = top.below[name]._actions
        places = [one for one in actions if not one.option_strings]
        yield _Command(
            name,
            text,
            tuple(one for one in actions if one.option_strings),
            tuple(str(word) for one in places for word in one.choices or ())
            + (("fill", "assign", "create", "burst") if any(one.dest == "plan" for one in places) else ()),
            any("RUN" in str(one.metavar) for one in places),
            any(one.dest == "files" for one in places),
        )


def _bash(*, zsh: bool) -> Iterator[str]:
    commands = tuple(_commands())
    paths = sorted({word for one in commands for option in _with_paths(one) for word in option.option_strings})
    # A folder is gone on into, where it would end the word; zsh knows no compopt.
    files = ("" if zsh else "compopt -o filenames 2>/dev/null; ") + 'COMPREPLY=($(compgen -f -- "$cur")); return'
    if zsh:
        # Which leans on compdef; a ~/.zshrc that nobody has written to has not loaded that.
        yield "(( $+functions[compdef] )) || { autoload -U +X compinit && compinit; }"
        yield "autoload -U +X bashcompinit && bashcompinit"
    yield "_slotfill() {"
    yield '  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" words='
    yield '  if [ "$COMP_CWORD" -eq 1 ]; then'
    names = " ".join(one.name for one in commands)
    yield f'    COMPREPLY=($(compgen -W "{names} --help --version" -- "$cur")); return'
    yield "  fi"
    yield '  case "$prev" in'
    yield f"    {'|'.join(paths)}) {files} ;;"
    yield "  esac"
    yield '  case "${COMP_WORDS[1]}" in'
    for one in commands:
        words = " ".join((*one.choices, *map(_long, one.options)))
        runs = f' [ "${{cur#-}}" = "$cur" ] && words="$words last {_RUNS}";' if one.takes_run else ""
        if one.takes_files:
            runs = f' [ "${{cur#-}}" = "$cur" ] && {{ {files}; }};'
        yield f'    {one.name}) words="{words}";{runs} ;;'
    yield "  esac"
    yield '  COMPREPLY=($(compgen -W "$words" -- "$cur"))'
    yield "}"
    yield "complete -F _slotfill slotfill"


def _fish() -> Iterator[str]:
    yield "complete -c slotfill -f"
    for one in _commands():
        yield f"complete -c slotfill -n __fish_use_subcommand -a {one.name} -d {_quoted(one.text)}"
        within = f"complete -c slotfill -n '__fish_seen_subcommand_from {one.name}'"
        if one.choices:
            yield f"{within} -a {_quoted(' '.join(one.choices))}"
        if one.takes_run:
            ids = _RUNS.removeprefix("$(").removesuffix(")").replace("'", r"\'")
            yield f"{within} -a '(echo last; {ids})'"
        for option in one.options:
            name = _long(option).removeprefix("--")
            # What may stand behind a yes stands behind its sign: the word after it is a run.
            takes = "" if option.nargs in (0, "?") else (" -r -F" if option in _with_paths(one) else " -x")
            yield f"{within} -l {name}{takes} -d {_quoted((option.help or '').partition(';')[0])}"
        if one.takes_files:
            yield f"{within} -F"


def _with_paths(command: _Command) -> tuple[argparse.Action, ...]:
    return tuple(one for one in command.options if one.metavar in _PATHS)


def _long(option: argparse.Action) -> str:
    return next(one for one in option.option_strings if one.startswith("--"))


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("%%", "%") + "'"
