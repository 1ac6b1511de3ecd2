"""The audit of records: what differs is a number that was changed, and never how far a solver came in its time."""

import json
from pathlib import Path

import msgspec
import pytest

from engine.metrics.tally import Tally
from engine.model.house_optimum import HouseOptimum
from engine.model.report import IntegrityCounts, Result
from engine.model.run_state import RunState
from engine.model.waterfall import HouseFall, Waterfall
from engine.records.archive import Manifest, write_manifest
from engine.records.audit import audit, fallen_twice
from engine.records.journal import Journal
from engine.records.result import Ending, build_result
from engine.records.waterfall import waterfall_parts
from engine.records.writer import write_json
from tests.clocks import StillClock
from tests.metrics.stories import MS, RUN, ended, planned


def fall(bound: int, *, proven: bool, achieved: int = 121) -> Waterfall:
    optimum = HouseOptimum(
        "pub", 135, 0, achieved, bound, proven, 120, 600, 610, 141, 90 if proven else None, achieved / bound, (), ()
    )
    house = HouseFall("pub", 135, 122, achieved, achieved, achieved, optimum)
    return Waterfall(1, 4, "rules", 135, bound, 122, achieved, achieved, achieved, achieved / bound, houses=(house,))


@pytest.mark.parametrize(
    ("said", "again", "agree"),
    [
        (fall(134, proven=False), fall(132, proven=False), True),
        (fall(132, proven=False), fall(134, proven=False), True),
        (fall(134, proven=False), fall(130, proven=True), True),
        (fall(130, proven=True), fall(134, proven=False), True),
        (fall(130, proven=True), fall(130, proven=True), True),
        (fall(128, proven=False), fall(130, proven=True), False),
        (fall(130, proven=True), fall(128, proven=False), False),
        (fall(130, proven=True), fall(131, proven=True), False),
        (fall(130, proven=True), fall(130, proven=True, achieved=120), False),
        (fall(130, proven=True), msgspec.structs.replace(fall(130, proven=True), houses=()), False),
    ],
)
def test_a_bound_from_above_agrees_with_whatever_it_is_not_below(
    said: Waterfall, again: Waterfall, agree: bool
) -> None:
    assert all(one.agrees for one in fallen_twice(said, again)) is agree


def result_of(folder: Path, **changes: object) -> Result:
    tally = Tally()
    journal = Journal(folder, RUN, StillClock())
    for event in (planned(), ended(MS, 0, 1)):
        journal.write(event)
        tally.apply(event)
    journal.close()
    manifest = Manifest(RUN, "fill", "embedded", "2026-03-04T12:00:00+00:00", pid=0)
    write_manifest(folder, manifest)
    result = build_result(manifest, Ending(RunState.FINISHED, "", "later", MS, 0), tally, {})
    return msgspec.structs.replace(result, **changes)


def test_a_bound_is_called_exact_only_where_it_is_proven(tmp_path: Path) -> None:
    for proven in (True, False):
        result = result_of(tmp_path, waterfall=fall(134, proven=proven))
        text = "".join(waterfall_parts(result))
        assert ("The bound is exact" in text) is proven
        assert ("one from above" in text) is not proven


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"counts": 1}', '{"counts": {"mixed_zones": "x"}}', '{"rows": {}}'])
def test_a_damaged_integrity_file_proves_no_number(tmp_path: Path, damage: str) -> None:
    counts = IntegrityCounts(before={"mixed_zones": 0}, after={"mixed_zones": 0})
    write_json(tmp_path / "result.json", result_of(tmp_path, integrity=counts))
    (tmp_path / "integrity-before.json").write_text(json.dumps({"counts": {"mixed_zones": 0}}))
    (tmp_path / "integrity-after.json").write_text(damage)
    found = {one.name: one for one in audit(tmp_path).checked}
    assert found["integrity/before/mixed_zones"].agrees
    assert not found["integrity/after/mixed_zones"].agrees
