"""The table planner: floor, windows, candidates, scoring. Pure."""
