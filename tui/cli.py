"""`slotfill` itself: a command line is read and done, and whatever the streams or the world do is one sentence."""

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tui.arguments import USAGE, Parser
from tui.command_line import parser
from tui.streams import UNWRITTEN, reopen, silence

_RECORDS = 7
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    reopen()
    try:
        try:
            return _command(arguments)
        finally:
            # Here and not when the interpreter ends: there nobody can say in a sentence that it failed.
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has gone, as `| head` does.
        silence()
        return 0
    except KeyboardInterrupt:
        # What starts an engine sees to that engine itself.
        sys.stderr.write("\nslotfill: interrupted\n")
        silence()
        return _INTERRUPTED
    except OSError as error:
        if error.errno not in UNWRITTEN or error.filename is not None:
            raise
        sys.stderr.write(f"slotfill: what it says could not be written: {error.strerror}; give it another place\n")
        silence()
        return _RECORDS


def _command(arguments: Sequence[str] | None) -> int:
    """Do what the words say. Raises whatever happens to the streams."""
    try:
        return _done(arguments)
    except FileNotFoundError as error:
        if _is_somewhere():
            raise
        sys.stderr.write(f"slotfill: the folder you are in is gone ({error.strerror}); cd to another\n")
        return USAGE
    except _of_the_world() as error:
        # What a verb has no other answer to: no line of a run's folder or of a setting is worth a trace.
        sys.stderr.write(f"slotfill: {error}\n")
        return _RECORDS if "Records" in type(error).__name__ else USAGE


def _done(arguments: Sequence[str] | None) -> int:
    # Before a word of the command line is said: it may hold a secret.
    Parser.before_error = staticmethod(_mask_words)
    made = parser()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["help"]:
        given = [*given[1:], "--help"]
    if any(word.startswith("--") and word.endswith("=--") for word in given):
        # argparse would take the sign away and hand on a list without anything in it.
        made.error("-- is no value of an option")
    args = made.parse_args(given)
    if args.version:
        version = importlib.import_module("engine").__version__
        sys.stdout.write(f"slotfill {version}\n")
        return 0
    if args.verb is None:
        made.print_help()
        return USAGE
    _mask_words()
    code: int = importlib.import_module(f"tui.verbs.{args.module}").main(args)
    return code


def _is_somewhere() -> bool:
    """Whether there is a current folder."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _of_the_world() -> tuple[type[Exception], ...]:
    """Failures whose message is a sentence for people. Loaded only when something was raised."""
    from engine.config import SettingsInvalid  # noqa: PLC0415
    from engine.records.trouble import RecordsDamaged, RecordsFailed, RunNotFound  # noqa: PLC0415

    return (RecordsFailed, RecordsDamaged, RunNotFound, SettingsInvalid)


def _mask_words() -> None:
    """Whatever is said on stderr from now on, also by a bug, has no secret in it that this environment holds."""
    from engine.environment import read  # noqa: PLC0415 - neither --help nor --version says anything of it
    from engine.redact import know, mask_words  # noqa: PLC0415

    mask_words()
    know(None, read(Path.cwd(), os.environ).values)


if __name__ == "__main__":
    sys.exit(main())
