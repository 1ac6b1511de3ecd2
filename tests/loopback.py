"""No test reaches another machine: a socket to anywhere but loopback is refused before it is opened."""

import ipaddress
import sys


class LeftTheMachine(Exception):
    """A test wanted to reach a host that is not this machine's loopback."""


def stay_here() -> None:
    """From now on this process cannot connect to another machine, nor ask a name server. It cannot be undone."""
    sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            raise LeftTheMachine(f"a test wanted to connect to {address[0]}")
    elif event == "socket.getaddrinfo" and not _is_loopback(str(arguments[0])):
        raise LeftTheMachine(f"a test wanted to look up {arguments[0]}")


def _is_loopback(host: str) -> bool:
    if host in ("", "None", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
