"""Demand by the hour: in busy hours a seat too many costs more."""

from datetime import time

_PERIODS = (
    (time(17), 0.85),
    (time(18, 30), 1.15),
    (time(20, 30), 1.35),
)
"""Local start before which the multiplier holds: the day up to dinner is quiet, early dinner busy, its peak busiest.

The four figures are the platform's; its hours are not known and these are ours. The platform can store multipliers for
each day and service (`demand_profiles`); stored rows would stand instead of these, and are not read yet.
"""
_LATE = 1.1
MULTIPLIERS = (*(multiplier for _, multiplier in _PERIODS), _LATE)


def demand_multiplier(at: time) -> float:
    """What the overage of a booking that starts at that local time is multiplied by."""
    return next((multiplier for before, multiplier in _PERIODS if at < before), _LATE)
