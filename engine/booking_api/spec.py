"""What a booking API process is given, and what it says when it stands or does not."""

import msgspec

from engine.allocator.strategies import OPTIMAL
from engine.config import FlagSettings
from engine.model.strategy import Rules, Strategy

HOST = "127.0.0.1"
"""Deliberately not a setting: who reaches the reference API may write, and it asks nobody for a login."""


class ApiSpec(msgspec.Struct, frozen=True):
    """One booking API to be served, on this machine's loopback."""

    dsn: str
    flags: FlagSettings = FlagSettings()
    port: int = 0
    """0 for any that is free."""
    run: str = ""
    """Bookings are tagged with this run; empty for none."""
    strategy: Strategy = OPTIMAL
    """How tables are looked for; sets of several are off with `max_tables` 1 in its weights."""
    rules: Rules = Rules()
    session: dict[str, str] = {}
    """Settings of every database session that assigns tables; a fault may want some."""
    default_restaurant: str = ""
    """Slug for requests that name none; empty for the first in alphabetical order."""
    seats: int = 8
    """Attempts to assign that go on at once; one holds one connection."""
    desks: int = 4
    """Connections for all that is not an attempt: making bookings and reading them."""
    step_timeout_s: float = 10.0
    """Longest wait for any answer of the database."""
    hold_ttl_s: float = 120.0
    planner_delay_ms: int = 0
    """So much longer each quote takes: a slow planner to try timeouts with."""


class Listening(msgspec.Struct, frozen=True, tag="listening"):
    """It takes requests."""

    base_url: str
    pid: int


class Unfit(msgspec.Struct, frozen=True, tag="unfit"):
    """It could not begin; one sentence."""

    text: str


class ApiUnfit(Exception):
    """No booking API could be served, or it said no word. The message is one sentence."""
