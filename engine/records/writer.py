"""The masking writer: the only way an artifact is written."""

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from engine.records.trouble import NoFileLeft, RecordsFailed, RecordsFull
from engine.redact import mask, mask_builtins

FILE_MODE = 0o600
FOLDER_MODE = 0o700

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TOO_MANY = frozenset({errno.EMFILE, errno.ENFILE})


def make_folder(folder: Path) -> None:
    """The folder and those above it, open to nobody else. Raises RecordsFailed."""
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise failed("could not make the folder", folder, error) from error


def write_text(path: Path, text: str) -> None:
    """Put the masked text there, whole or not at all; a .csv gets the line ends of RFC 4180. Raises RecordsFailed."""
    masked_text = mask(text)
    if path.suffix == ".csv":
        # Only now: masking makes a carriage return visible, as a terminal must not obey one.
        masked_text = masked_text.replace("\n", "\r\n")
    _replace(path, masked_text.encode("utf-8"))


def write_json(path: Path, value: object, *, synced: bool = True) -> None:
    """Put it there as JSON, every string masked. Raises RecordsFailed.

    Not `synced`, it waits for no disk: for what is written again and again, and at last with it.
    """
    _replace(path, msgspec.json.format(msgspec.json.encode(masked(value)), indent=2) + b"\n", synced=synced)


def append_json(path: Path, value: object) -> None:
    """Put it behind what is there as one line of JSON, every string masked, and have it on the disk.

    Raises RecordsFailed.
    """
    line = msgspec.json.encode(masked(value)) + b"\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, FILE_MODE)
        try:
            # One write: two that append at once do not mix their lines.
            if os.write(handle, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise failed("could not be written", path, error) from error


def masked(value: object) -> Any:
    """A Struct, or whatever msgspec can encode, as masked lists and dicts."""
    return mask_builtins(msgspec.to_builtins(value, str_keys=True))


def failed(what: str, path: Path, error: OSError) -> RecordsFailed:
    """The failure as one sentence: RecordsFull where there is no room, NoFileLeft where too many files are open."""
    if error.errno in _TOO_MANY:
        return NoFileLeft(f"{path}: {what}: {error.strerror}; close other programs, or raise `ulimit -n`")
    kind = RecordsFull if error.errno in _FULL else RecordsFailed
    cure = "free some space" if kind is RecordsFull else "see that it can be written, or give another --runs folder"
    return kind(f"{path}: {what}: {error.strerror or error}; {cure}")


def _replace(path: Path, content: bytes, *, synced: bool = True) -> None:
    try:
        # mkstemp gives mode 0600 from the first moment on.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                if synced:
                    os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise failed("could not be written", path, error) from error
