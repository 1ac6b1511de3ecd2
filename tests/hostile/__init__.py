"""Input that means ill, or that is broken: one clear sentence each time, never a trace, never a wait without end."""
