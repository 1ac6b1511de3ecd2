"""The engine: drives slot fills, measures them, and keeps their record. It never draws."""

from engine.local_only import obey

__version__ = "0.1.0"

# Every process of ours imports this: one that was told to stay on this machine does, whatever asks it to leave.
obey()
