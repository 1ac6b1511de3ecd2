"""File locks: who uses the cluster, told by the kernel, so that kill -9 leaves nothing to believe."""

import fcntl
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from threading import Event

_POLL_S = 0.05


class FileLock:
    """A lock on a file, kept until it is released or the process ends, however it ends."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        self._fd: int | None = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)

    def try_exclusive(self) -> bool:
        """Take it for oneself alone, or say at once that somebody has it."""
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Take it together with others, or say at once that somebody has it alone."""
        return self._try(fcntl.LOCK_SH)

    def wait_exclusive(self, within_s: float) -> bool:
        """Take it for oneself alone; False when that was not possible in time. Blocks the thread."""
        # Polled rather than blocking, so that a wait can end without a signal.
        return wait_until(self.try_exclusive, within_s)

    def let_go(self) -> None:
        """Give the lock back and keep the file open for another try."""
        if self._fd is not None:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def outlive_exec(self) -> None:
        """Keep it when this process becomes another program, until that one ends."""
        if self._fd is not None:
            os.set_inheritable(self._fd, True)

    def release(self) -> None:
        """Give it back for good. May be called twice."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def write(self, text: str) -> None:
        """Put a text into the file."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, text.encode(), 0)

    def _try(self, kind: int) -> bool:
        if self._fd is None:
            return False
        try:
            fcntl.flock(self._fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def wait_until(true: Callable[[], bool], within_s: float) -> bool:
    """Ask until it is true; False when it was not in time. Blocks the thread."""
    nap = Event()
    for _ in range(max(1, round(within_s / _POLL_S))):
        if true():
            return True
        nap.wait(_POLL_S)
    return true()


def leave_note(folder: Path, who: str) -> FileLock:
    """A note that says who uses the cluster, true for as long as it is locked."""
    name = f"{os.getpid()}-{secrets.token_hex(4)}"
    note = FileLock(folder / f".{name}")
    note.try_exclusive()
    note.write(who)
    # Renamed when locked: a note that is seen is either true or left behind, never about to be.
    note.path = note.path.rename(folder / name)
    return note


def take_note_back(note: FileLock) -> None:
    """Remove one's own note."""
    note.path.unlink(missing_ok=True)
    note.release()


def users_of(folder: Path) -> tuple[str, ...]:
    """Who uses the cluster: `who (pid)`, oldest first."""
    users: list[tuple[float, str]] = []
    for path in folder.glob("[0-9]*"):
        try:
            at, who = path.stat().st_mtime, path.read_text(encoding="utf-8")
            probe = FileLock(path, create=False)
        except OSError:
            continue  # gone meanwhile: no user any more
        if not probe.try_shared():
            users.append((at, f"{who} (pid {path.name.partition('-')[0]})"))
        probe.release()
    return tuple(user for _, user in sorted(users))


def forget_users(folder: Path) -> None:
    """Remove what killed users left behind. Only for who holds the users' lock alone."""
    for path in folder.iterdir():
        path.unlink(missing_ok=True)
