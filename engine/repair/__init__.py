"""Taking away what earlier attempts left behind."""
