"""Events in, figures out. Pure."""
