"""`SLOTFILL_LOCAL_ONLY`: a process that was told so cannot connect to another machine, whatever asks it to."""

import os
import sys
from collections.abc import Mapping
from ipaddress import ip_address

VARIABLE = "SLOTFILL_LOCAL_ONLY"
"""Set to anything but 0, false, no or off, no process of slotfill's leaves this machine: for tests and CI."""
_NAMED = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}
"""Audited events that carry a socket's address, and where it stands among their arguments."""
_ASKED = ("socket.getaddrinfo", "socket.gethostbyname")
"""Audited events that ask a name server about their first argument."""


class LeftTheMachine(PermissionError):
    """A connection to another machine was wanted where none is allowed. An OSError: the doors tell it as a sentence."""


def is_told(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is to stay on this machine."""
    return environ.get(VARIABLE, "").strip().lower() not in ("", "0", "false", "no", "off")


def obey(environ: Mapping[str, str] = os.environ) -> None:
    """Stay on this machine if told so."""
    if is_told(environ):
        stay()


def stay(error: type[Exception] = LeftTheMachine) -> None:
    """From now on this process cannot connect to another machine, nor ask a name server. It cannot be undone."""

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in _NAMED:
            address = arguments[_NAMED[event]]
            # A path is a socket of this machine; None is one that is connected already, which was seen then.
            if isinstance(address, tuple) and not is_loopback(str(address[0])):
                raise error(f"{address[0]} is not this machine's loopback, and {VARIABLE} is set")
        elif event in _ASKED and not is_loopback(_text(arguments[0])):
            raise error(f"{_text(arguments[0])} is not this machine's loopback, and {VARIABLE} is set")

    sys.addaudithook(watch)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's loopback by its very text; no name but `localhost` is."""
    if host in ("", "localhost"):
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _text(host: object) -> str:
    if isinstance(host, bytes):
        return host.decode(errors="replace")
    return "" if host is None else str(host)
