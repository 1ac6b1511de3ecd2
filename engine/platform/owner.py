"""Who runs the server: ourselves, or, as Postgres refuses root, somebody without rights."""

import os
import pwd
import shutil
import stat
import subprocess
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from engine.platform.binaries import Binaries, PlatformUnfit

ROOT_HOME = Path("/var/lib/slotfill")
"""Where root keeps what the server's user must reach."""


class Owner(msgspec.Struct, frozen=True):
    """The user the server runs as."""

    uid: int
    gid: int
    name: str
    stand_in: bool
    """Whether it stands in for root."""

    @property
    def popen(self) -> dict[str, Any]:
        """What makes a subprocess run as it."""
        base: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.defpath, "LC_ALL": "C"}}
        if self.stand_in:
            base.update(user=self.uid, group=self.gid, extra_groups=[])
        return base

    def give(self, path: Path) -> None:
        """Make a path its own."""
        if self.stand_in:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether it may walk to a path, as far as the path exists."""
        if not self.stand_in:
            return True
        folders = [folder for folder in path.parents if folder.exists()]
        return all(self._may_enter(folder.stat()) for folder in folders)

    def _may_enter(self, folder: os.stat_result) -> bool:
        if folder.st_uid == self.uid:
            return bool(folder.st_mode & stat.S_IXUSR)
        if folder.st_gid == self.gid:
            return bool(folder.st_mode & stat.S_IXGRP)
        return bool(folder.st_mode & stat.S_IXOTH)


def owner() -> Owner:
    """Who runs the server. Raises PlatformUnfit for root where nobody could stand in."""
    uid = os.geteuid()
    if uid != 0:
        return Owner(uid=uid, gid=os.getegid(), name=str(uid), stand_in=False)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Owner(uid=entry.pw_uid, gid=entry.pw_gid, name=name, stand_in=True)
    raise PlatformUnfit("Postgres does not run as root and there is no user postgres or nobody; run slotfill as a user")


def reachable(binaries: Binaries, who: Owner) -> Binaries:
    """The same programs where the server's user can run them: a copy when they are out of its reach.

    Nobody's folders are opened for it. Raises PlatformUnfit when programs of the user's own are out of reach.
    """
    if not who.stand_in or _runs(binaries, who):
        return binaries
    if not binaries.bundled:
        raise PlatformUnfit(
            f"embedded.bin = {binaries.folder} cannot be run by user {who.name}, as whom root runs Postgres; "
            "give a folder it can reach, or leave bin empty"
        )
    try:
        copied = msgspec.structs.replace(binaries, folder=str(_copy(binaries)))
    except OSError as error:
        # What copies a tree gives a list of errors and no one reason.
        raise PlatformUnfit(
            f"the programs of Postgres cannot be copied to {ROOT_HOME} for user {who.name}, as whom root runs them: "
            f"{error.strerror or error.__class__.__name__}; make that possible, or run slotfill as a user"
        ) from error
    if not _runs(copied, who):
        raise PlatformUnfit(f"user {who.name} cannot run {copied.folder}/postgres; is /var mounted noexec?")
    return copied


def _runs(binaries: Binaries, who: Owner) -> bool:
    try:
        done = subprocess.run(
            [binaries.program("postgres"), "--version"], capture_output=True, timeout=30, check=False, **who.popen
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _copy(binaries: Binaries) -> Path:
    package = Path(binaries.folder).parent.parent
    key = f"{package} {binaries.version} {(package / 'pginstall').stat().st_mtime_ns}"
    home = ROOT_HOME / f"bin-{sha256(key.encode()).hexdigest()[:8]}"
    if not home.exists():
        make_root_home()
        growing = ROOT_HOME / f".{home.name}-{os.getpid()}"
        shutil.rmtree(growing, ignore_errors=True)
        try:
            _copy_to(package, growing)
            with suppress(OSError):  # somebody else was first
                growing.rename(home)
        finally:
            shutil.rmtree(growing, ignore_errors=True)
    return home / package.name / "pginstall" / "bin"


def _copy_to(package: Path, growing: Path) -> None:
    # The libraries lie beside the package, and the programs look for them from where they are: keep the layout.
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, growing / part.name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    for folder, _, names in os.walk(growing):
        Path(folder).chmod(0o755)
        for name in names:
            file = Path(folder) / name
            if not file.is_symlink():
                file.chmod(0o755 if os.access(file, os.X_OK) else 0o644)


def make_root_home() -> None:
    """The folder that root shares with the server's user."""
    ROOT_HOME.mkdir(parents=True, exist_ok=True)
    # Said outright: the umask of root is often 077.
    ROOT_HOME.chmod(0o755)
