"""Reading files that anybody may have altered, put there, or exchanged for something that is no file."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for what is not of its kind: also bytes that are no text, and what is nested without end."""
MOST_BYTES = 256 * 1024 * 1024
"""Of a file that is read whole; the largest of ours has a tenth of that."""
LONGEST_LINE = 16 * 1024 * 1024
"""Of a journal; its longest have some hundred kilobytes."""


class Lined(Protocol):
    """An open file, compressed or not."""

    def readline(self, size: int, /) -> bytes:
        """The next line, or as much of it."""
        ...


def opened(path: Path) -> BinaryIO:
    """The file there, to be read. Raises OSError at once for what is none: neither a pipe nor a device would end."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is not a file")  # noqa: TRY301 - the handle is closed in one place
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def content(path: Path, most: int = MOST_BYTES) -> bytes:
    """All of the file there. Raises OSError, also for what is no file or has more bytes than any of ours."""
    with opened(path) as file:
        read = file.read(most + 1)
    if len(read) > most:
        raise OSError(errno.EFBIG, f"it has over {most // (1024 * 1024)} MB")
    return read


def lines(file: Lined) -> Iterator[bytes]:
    """Line by line, with their ends. Raises OSError for one that is longer than any of ours."""
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise OSError(errno.EFBIG, f"a line has over {LONGEST_LINE // (1024 * 1024)} MB")
        yield line
