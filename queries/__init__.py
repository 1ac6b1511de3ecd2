"""Every SQL statement slotfill sends, one a file. Nothing here is Python."""
