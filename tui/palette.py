"""The console's colours: calm greys, one blue, and a colour of its own for every kind of outcome."""

from textual.theme import Theme

NAME = "slotfill"

_INKS = {
    "ink-muted": "#6f7b88",
    "ink-strong": "#eef2f6",
    "ink-title": "#9fb3c8",
    "ink-rule": "#35404c",
    "ink-accent": "#6cb2f2",
    "ink-bar": "#7f93a8",
    "ink-filled": "#7ec699",
    "ink-contention": "#e3b565",
    "ink-capacity": "#9aa9e6",
    "ink-fault": "#ee7d78",
    "ink-unknown": "#cf9be8",
    "ink-cursor": "#22303f",
    "ink-raised": "#161c23",
}
ANSI_INKS = {
    "ink-muted": "ansi_default",
    "ink-strong": "ansi_default",
    "ink-title": "ansi_default",
    "ink-rule": "ansi_default",
    "ink-accent": "ansi_cyan",
    "ink-bar": "ansi_default",
    "ink-filled": "ansi_green",
    "ink-contention": "ansi_yellow",
    "ink-capacity": "ansi_blue",
    "ink-fault": "ansi_red",
    "ink-unknown": "ansi_magenta",
    "ink-cursor": "ansi_default",
    "ink-raised": "ansi_default",
}
"""For terminals whose own sixteen colours are used, and for NO_COLOR, where they are left out altogether."""

THEME = Theme(
    name=NAME,
    primary="#6cb2f2",
    secondary="#9fb3c8",
    warning="#e3b565",
    error="#ee7d78",
    success="#7ec699",
    accent="#6cb2f2",
    foreground="#c6d0da",
    background="#0f1419",
    surface="#161c23",
    panel="#1b232c",
    dark=True,
    variables=_INKS,
)
