"""What a run was made with, as `report.md` says it."""

from collections.abc import Iterator, Mapping

from engine.records.tables import markdown

_PLANS = ("fill", "assign", "create", "burst", "sweep")


def setting_parts(settings: Mapping[str, str], plan: str, *, sweeps: bool = False) -> list[str]:
    """Parts of the report: every setting that makes a run what it is, a section a line.

    Settings of other plans, of records and of the console are left out; those stand in run.json. None where nothing
    is known of them, as of an imported run.
    """
    own = (one for one in _PLANS if one == plan or (one == "sweep" and sweeps))
    sections = ("run", *own, "allocator", "flags")
    rows = [(section, told) for section in sections if (told := " ".join(_told(settings, section)))]
    if not rows:
        return []
    return [
        "## Settings\n",
        "As the run began; what was changed while it went on is in its events. Those without a value are left out.\n",
        markdown(("section", "settings"), rows),
    ]


def _told(settings: Mapping[str, str], section: str) -> Iterator[str]:
    for name, value in settings.items():
        of, _, key = name.partition(".")
        if of == section and value:
            yield f"{key}={value}"
