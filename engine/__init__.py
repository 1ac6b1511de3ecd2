"""The engine: drives slot fills, measures them, and keeps their record. It never draws."""

__version__ = "0.1.0"
