"""Which versions of the server this machine has, and a scratch cluster of any of them."""

import os
from pathlib import Path

from engine.config import EmbeddedSettings
from engine.platform.binaries import PlatformUnfit, find, version_of

MAJORS = (15, 16, 17, 18)
"""The versions that slotfill promises to work with."""
GIVEN = "SLOTFILL_TEST_POSTGRES"
"""Environment variable: folders with postgres and initdb, separated by colons."""
MACHINE = Path("/usr/lib/postgresql")
_NEEDED = ("postgres", "initdb")


def given() -> tuple[str, ...]:
    """The folders that were named, absolute."""
    return tuple(str(Path(folder).absolute()) for folder in os.environ.get(GIVEN, "").split(":") if folder)


def folders() -> dict[int, str]:
    """A folder of programs for each major version: what was named, else the machine's, else the wheel's own ("").

    A folder that was named and will not do is not passed over: it raises PlatformUnfit.
    """
    found: dict[int, str] = {}
    for folder in given():
        for name in _NEEDED:
            if not (Path(folder) / name).is_file():
                raise PlatformUnfit(f"{GIVEN} names {folder}, where there is no {name}")
        found.setdefault(version_of(Path(folder), f"{GIVEN}: {folder}")[0], folder)
    bundled = find(EmbeddedSettings()).major
    found.setdefault(bundled, "")
    for path in sorted(MACHINE.glob("*/bin")):
        if all((path / name).is_file() for name in _NEEDED):
            found.setdefault(version_of(path, str(path))[0], str(path))
    return found


def missing(major: int) -> str:
    """Why a version is not tested here, and how it can be."""
    return (
        f"there is no Postgres {major} here: say `make test-servers`, install postgresql-{major}, "
        f"or name its bin folder in {GIVEN}"
    )
