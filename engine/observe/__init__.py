"""Looks at the server while a run goes on."""
