"""What is known of an HTTP request's answer."""

from collections.abc import Mapping
from typing import NamedTuple


class Answer(NamedTuple):
    """What a server answered, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """By name in small letters."""
    body: bytes
