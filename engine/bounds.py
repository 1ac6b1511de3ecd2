"""What no setting may be, whatever it is for: beyond all measure, without a number, or a text that nothing can carry.

What a value means for a run, and the sentences about it, are those of `settings_check`; here is what would
otherwise be found out as a crash, an endless wait or a full memory, in whichever verb first uses it.
"""

import math
import re
from collections.abc import Iterator
from datetime import date, time

import msgspec

from engine.config import Settings, SettingsInvalid
from engine.redact import mask

LONGEST_TEXT = 4096
"""Characters of one setting: the longest path that systems take."""
MOST_PARTS = 1000
"""Of a setting that is a list."""
_DAYS = (date(1970, 1, 1), date(2999, 12, 31))
_ANY = (-math.inf, math.inf)
_LENGTH = (0.0, 86_400.0)
_WAIT = (0.001, 86_400.0)
_SHOWN = 120
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What neither a line, nor a path, nor the wire can carry."""

BOUNDS: dict[str, dict[str, tuple[float, float]]] = {
    "run": {
        # Postgres and the wire take 64 bits.
        "seed": (-(2**63), 2**63 - 1),
        "concurrency": _ANY,
        "rate": _ANY,
        "together": (-math.inf, 100_000),
        "step_timeout_s": (-math.inf, 86_400),
        "hold_ttl_s": (-math.inf, 31_536_000),
        "retries": _ANY,
        "repeat": _ANY,
    },
    "fill": {
        "days": _ANY,
        "interval_min": _ANY,
        "stress_max": (-math.inf, 100_000),
        "min_party": _ANY,
        "max_party": (-math.inf, 10_000),
    },
    "assign": {"max_iterations": (-math.inf, 10_000), "passes": (-math.inf, 10_000)},
    "create": {"count": (-math.inf, 1_000_000), "max_tables": _ANY},
    "burst": {"requests": (-math.inf, 100_000), "duplicates": _ANY},
    "sweep": {"levels": _ANY, "seconds": (-math.inf, 86_400), "delay_ms": _ANY, "laps": _ANY},
    "allocator": {"max_tables": _ANY, "max_overage": (-math.inf, 10_000)},
    "api": {
        "timeout_s": _WAIT,
        "inline_window_s": _LENGTH,
        "background_window_s": _LENGTH,
        "poll_interval_s": _WAIT,
        "longest_request_s": _LENGTH,
    },
    "flags": {
        "inline_auto_assign_timeout_ms": (0, 86_400_000),
        "auto_assign_max_retries": (0, 1000),
        "auto_assign_retry_delays_ms": (0, 86_400_000),
        "selector_enumeration_timeout_ms": (0, 86_400_000),
        "rate_limit_per_minute": (0, 1_000_000_000),
    },
    "embedded": {"idle_s": _LENGTH, "max_connections": (8, 10_000)},
    "records": {"keep": (0, 1_000_000)},
    "observe": {"interval_s": (0.01, 3600), "timeout_s": (0.01, 3600), "waits_hz": _ANY},
    "observability": {"events_queue": _ANY, "metrics_port": _ANY},
    "webhook": {"timeout_s": _ANY, "tries": _ANY, "queue": _ANY, "last_s": _ANY},
    "console": {"refresh_s": (0.02, 3600)},
    "production": {
        "success_rate_min": (0, 1),
        "allocation_ms_max": (0, 86_400_000),
        "table_utilisation_min": (0, 1),
        "multi_table_min": (0, 1),
        "multi_table_max": (0, 1),
        "violations_max": (0, 1_000_000_000),
        "lost_max": (0, 1_000_000_000),
    },
    "targets": {
        "connection_share": (0, 1),
        "requests_per_s": (0.001, 100_000),
        "bookings": (0, 10_000_000),
        "minutes": (0, 10_080),
    },
    "alerts": {"window_s": _ANY, "for_s": _ANY, "clear_s": _ANY, "least": (-math.inf, 1_000_000_000)},
}
"""Every setting that is a number, by section and key; infinite where `check` has a sentence of its own."""


def check_bounds(settings: Settings) -> None:
    """Whether every value is one that can be worked with. Raises SettingsInvalid for the first that is not."""
    for section in settings.__struct_fields__:
        content = getattr(settings, section)
        if isinstance(content, msgspec.Struct):
            _check_section(section, section, content)
        elif section in ("targets", "alerts"):
            for name, one in content.items():
                _check_name(section, name)
                _check_section(section, f"{section}.{name}", one)
        elif section == "thresholds":
            for name, bound in content.items():
                _check_name(section, name)
                _check_text(f"threshold {name}", bound)


def _check_section(section: str, named: str, content: msgspec.Struct) -> None:
    for key in content.__struct_fields__:
        value = getattr(content, key)
        if isinstance(value, tuple) and len(value) > MOST_PARTS:
            raise SettingsInvalid(f"{named}.{key} has {len(value)} parts; give {MOST_PARTS} at most")
        for one in _parts(value):
            _check_value(f"{named}.{key}", one, BOUNDS.get(section, {}).get(key, _ANY))


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, tuple):
        yield from value
    else:
        yield value


def _check_value(key: str, value: object, bounds: tuple[float, float]) -> None:
    match value:
        case bool() | None:
            return
        case float() if math.isnan(value):
            raise SettingsInvalid(f"{key} = nan is no number; give one")
        case int() | float():
            low, high = bounds
            if not low <= value <= high:
                raise SettingsInvalid(f"{key} = {shown(value)} is out of bounds; give {_between(low, high)}")
        case date() if not _DAYS[0] <= value <= _DAYS[1]:
            raise SettingsInvalid(f"{key} = {value} is out of bounds; give a day between {_DAYS[0]} and {_DAYS[1]}")
        case time() if value.tzinfo is not None:
            raise SettingsInvalid(
                f"{key} = {value.isoformat()} has a time zone; give HH:MM, of the restaurant's own day"
            )
        case str():
            _check_text(key, value)
        case _:
            return


def _check_name(section: str, name: str) -> None:
    if len(name) > _SHOWN or _UNFIT.search(name):
        raise SettingsInvalid(
            f"{section}: {shown(name)} is no name; give up to {_SHOWN} letters without control characters"
        )


def _check_text(key: str, text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise SettingsInvalid(f"{key} has {len(text)} characters; give {LONGEST_TEXT} at most")
    # It is not shown: what cannot be read as it was meant may be a secret that is not known as one yet.
    if _UNFIT.search(text):
        raise SettingsInvalid(f"{key} holds a control character or a byte that is no UTF-8; give it without")


def _between(low: float, high: float) -> str:
    if low == -math.inf:
        return f"{_number(high)} at most"
    return f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


def shown(value: object) -> str:
    """A value as it was given, masked, on one line and cut; in quotes where it would break the line."""
    # Python refuses to write down a whole number of more than 4300 digits.
    if isinstance(value, int) and value.bit_length() > _SHOWN:
        return f"a number of {value.bit_length()} bits"
    text = value if isinstance(value, str) else repr(value) if isinstance(value, list | dict) else str(value)
    if len(text) > 8 * LONGEST_TEXT:
        return f"a value of {len(text)} characters"
    # Nothing is cut before it was masked: half a secret is not recognised any more.
    text = mask(text)
    if not text.isprintable():
        text = repr(text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
