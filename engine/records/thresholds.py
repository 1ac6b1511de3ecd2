"""Thresholds as `report.md` says them."""

from collections.abc import Sequence

from engine.model.threshold import Held
from engine.records.tables import markdown

_HOW = (
    "Judged on the exact figure, which stands in result.json where the pointer says; an interval holds it with 95 % "
    "certainty.\n"
)


def threshold_parts(found: Sequence[Held]) -> list[str]:
    """Parts of the report; none where the user set no bound."""
    if not found:
        return []
    rows = (
        (one.text, one.stood.value, one.shown, one.between or "-", one.count, one.why or _doubt(one), one.pointer)
        for one in found
    )
    return [
        "## Thresholds\n",
        _HOW,
        markdown(("threshold", "stood", "figure", "lies between", "n", "note", "pointer"), rows),
    ]


def _doubt(one: Held) -> str:
    return "" if one.is_sure else "the interval reaches over the bound"
