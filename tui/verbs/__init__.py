"""What each command of `slotfill` does; imported only when it is asked for."""
