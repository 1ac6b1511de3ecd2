"""The kinds of plan, one a file. Pure."""
