"""An audit: numbers of a report, each as it says them and as its records give them once more."""

import msgspec

from engine.model.ids import SCHEMA_VERSION


class Checked(msgspec.Struct, frozen=True):
    """One number, twice."""

    name: str
    """`E3` of the verdict, or its place in `result.json`."""
    said: float | None
    again: float | None
    where: str
    """The file and place, or the formula."""
    agrees: bool


class Audit(msgspec.Struct, frozen=True):
    """All numbers of one report."""

    run_id: str
    checked: tuple[Checked, ...]
    columns: tuple[str, ...]
    """Tables' columns whose figures are among them."""
    schema: int = SCHEMA_VERSION

    @property
    def differing(self) -> tuple[Checked, ...]:
        """Those that do not agree."""
        return tuple(one for one in self.checked if not one.agrees)
