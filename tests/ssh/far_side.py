"""An sshd of the tests' own: on a free loopback port, with keys and configuration of its own, gone when they are."""

import getpass
import os
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.shell import wait_until

ROOTS_ROOM = Path("/run/sshd")
"""Where root's sshd locks its unprivileged half in. A service makes it when it starts; ours is none."""


class NoFarSide(Exception):
    """Why there is no sshd to log in to on this machine."""


class FarSide(NamedTuple):
    """A machine to log in to, which is this one."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"

    @classmethod
    def open(cls, folder: Path, environ: dict[str, str]) -> "FarSide":
        """Start it, and log in once. What is typed over there finds `environ`. Raises NoFarSide."""
        sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        missing = [name for name in ("ssh", "ssh-keygen", "tmux") if shutil.which(name) is None]
        if sshd is None or missing:
            raise NoFarSide(f"not installed: {', '.join([*missing, *(['sshd'] if sshd is None else [])])}")
        if os.geteuid() == 0:
            ROOTS_ROOM.mkdir(mode=0o755, exist_ok=True)
        port = _free_port()
        for name in ("host", "mine"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name], check=True, timeout=30
            )
        (folder / "sshd_config").write_text(_configuration(folder, port))
        (folder / "slotfill").write_text(_command(environ))
        (folder / "slotfill").chmod(0o700)
        with (folder / "sshd.log").open("wb") as log:
            # sshd wants its whole path: it starts itself anew for each guest.
            process = subprocess.Popen(
                [sshd, "-D", "-e", "-f", folder / "sshd_config"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        found = cls(folder, port, process)
        try:
            wait_until(lambda: process.poll() is not None or _answers(port), "sshd to listen")
            # With a terminal, as a guest has one: not every machine lets an ordinary user's sshd give one.
            done = subprocess.run(
                found.login("true"), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
            )
        except BaseException:
            found.close()
            raise
        if process.poll() is not None or done.returncode != 0:
            why = found._last_word() or done.stderr.strip()
            found.close()
            raise NoFarSide(f"sshd lets nobody in: {why}")
        return found

    def login(self, words: str, port: int = 0, *, terminal: bool = True) -> list[str]:
        """The command that logs in and does `words` over there; `port` is a proxy's."""
        options = (
            "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null",
            "IdentitiesOnly=yes", "IdentityAgent=none", "PreferredAuthentications=publickey", "LogLevel=ERROR",
            "ConnectTimeout=20",
        )  # fmt: skip
        return [
            "ssh", "-F", "none", "-tt" if terminal else "-T", "-i", str(self.folder / "mine"),
            *(f"-o{option}" for option in options), "-p", str(port or self.port), "127.0.0.1", words,
        ]  # fmt: skip

    def slotfill(self, *words: str, port: int = 0) -> str:
        """The line for a shell on this side that runs slotfill on the other."""
        return shlex.join(self.login(shlex.join([str(self.folder / "slotfill"), *words]), port))

    def _last_word(self) -> str:
        said = (self.folder / "sshd.log").read_text(errors="replace").strip().splitlines()
        return said[-1] if said else ""

    def close(self) -> None:
        """End it. Sessions that are open have processes of their own and end with their connections."""
        self.process.terminate()
        self.process.wait(timeout=20)


def _configuration(folder: Path, port: int) -> str:
    return "\n".join(
        (
            f"Port {port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {folder / 'host'}",
            f"AuthorizedKeysFile {folder / 'mine.pub'}",
            "PidFile none",
            f"AllowUsers {getpass.getuser()}",
            "PermitRootLogin prohibit-password",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "UsePAM no",
            # The folder lies in a place that everybody may write to; the key in it is readable for us only.
            "StrictModes no",
            "PrintMotd no",
            "PrintLastLog no",
            "",
        )
    )


def _command(environ: dict[str, str]) -> str:
    """What stands for `slotfill` over there: an account's environment is not the tests'."""
    exports = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in environ.items())
    return f'#!/bin/sh\n{exports}cd "$HOME" || exit\nexec {shlex.quote(sys.executable)} -P -m tui.cli "$@"\n'


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        found: int = one.getsockname()[1]
    return found


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
