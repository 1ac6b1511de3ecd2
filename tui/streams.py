"""What a command reads from and speaks to, whatever became of it: closed, gone, full, or short of letters."""

import codecs
import errno
import io
import os
import sys

UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Why a file or terminal that output goes to takes no more of it."""


def reopen() -> None:
    """Streams that were closed before we began lead nowhere: else the next pipe or file would be taken for one."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        # A locale without UTF-8 has not all letters of a run's name; written so, JSON stays JSON.
        codecs.register_error("slotfill", _escaped)
        sys.stdout.reconfigure(errors="slotfill")


def silence() -> None:
    """What is still unsaid goes nowhere, or the interpreter would complain of it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Letters that an encoding does not have, as JSON escapes them."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end
