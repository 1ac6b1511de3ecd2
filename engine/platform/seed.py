"""What the platform's databases are seeded with."""

from datetime import date

SEEDED_DAY = date(2027, 3, 1)
"""The day runs are for unless another is given: a Monday, fixed, so that equal seeds meet equal days."""

SEEDS = ("white_horse",)
"""Files of `queries/seed/` that a new template is given, in order."""

SEEDED_RESTAURANTS = ("white-horse-pub-waterbeach",)
"""Slugs of the restaurants that they make."""
