"""The screen as a picture that asks nobody for anything."""

import re
from typing import Any

from textual.app import App

_ADDRESSES = re.compile(r"@font-face \{[^}]*\}\s*|<!--.*?-->\s*", re.DOTALL)


def picture(app: App[Any], title: str) -> str:
    """The screen as SVG. Textual's own names web fonts by address; a record of a run must not fetch any."""
    return _ADDRESSES.sub("", app.export_screenshot(title=title))
