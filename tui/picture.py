"""The screen as a picture that asks nobody for anything."""

import re
from typing import Any

from textual.app import App

_FONTS = re.compile(r"@font-face \{[^}]*\}\s*")


def picture(app: App[Any], title: str) -> str:
    """The screen as SVG. Textual's own names web fonts by address; a record of a run must not fetch any."""
    return _FONTS.sub("", app.export_screenshot(title=title))
