"""`slotfill optimum`: the stress set's bound is proven and reached, and no run beats it."""

import json

import pytest

from tests.shell import Shell


@pytest.fixture(autouse=True)
def _with_waterfall(shell: Shell) -> None:
    """As a user has it; other tests do without."""
    shell.environ["SLOTFILL_RECORDS_WATERFALL"] = "true"


@pytest.mark.timeout(180)
def test_the_stress_set_is_proven_and_no_run_beats_it(shell: Shell) -> None:
    shell.do("run", "assign", "--concurrency", "5", "--headless", "--yes", timeout=90)
    done = shell.do("optimum", "--json", timeout=90)
    assert done.code == 0, done.err
    found = done.json()
    assert (found["bookings"], found["bound"]) == (105, 105)
    assert found["achieved"] <= found["bound"]
    assert all(house["is_proven"] and house["achieved"] <= house["bound"] for house in found["houses"])
    fell = found["waterfall"]
    assert (fell["demand"], fell["bound"]) == (105, 105)
    assert fell["persisted"] == fell["acknowledged"] == found["achieved"]
    assert fell["alone"] <= fell["bound"]
    assert json.loads((shell.runs()[-1] / "result.json").read_text())["waterfall"]["persisted"] == fell["persisted"]
    assert "## Success waterfall" in (shell.runs()[-1] / "report.md").read_text()
    audit = shell.do("report", "--audit", "--json").json()
    assert [one["name"] for one in audit["checked"] if one["name"].startswith("waterfall/b")] == ["waterfall/bound"]
    assert all(one["agrees"] for one in audit["checked"])
    told = shell.do("optimum").out
    assert "could be seated" in told
    assert "proven bound 105" in told
    assert "rules: at most 3 tables a booking" in told


def test_a_run_told_to_do_without_a_waterfall_has_none_and_optimum_has_it_later(shell: Shell) -> None:
    shell.environ["SLOTFILL_RECORDS_WATERFALL"] = "false"
    shell.do("run", "create", "--count", "1", "--headless", "--yes", timeout=90)
    assert json.loads((shell.runs()[-1] / "result.json").read_text())["waterfall"] is None
    assert shell.do("optimum", "--json", timeout=90).json()["waterfall"]["persisted"] == 1


def test_an_evening_that_was_too_small_names_who_was_missed_and_its_bound_is_over_what_was_free(shell: Shell) -> None:
    words = ("--start", "19:00", "--end", "19:15", "--stress-max", "30", "--min-party", "2", "--max-party", "6")
    shell.do("run", "fill", *words, "--concurrency", "4", "--share-slots", "--headless", "--yes", timeout=90)
    done = shell.do("optimum", "--json", timeout=90)
    assert done.code == 0, done.err
    fell = done.json()["waterfall"]
    lost = [one for house in fell["houses"] for one in house["lost"]]
    assert len(lost) == fell["demand"] - fell["persisted"] > 0
    assert all(one["why"] for one in lost)
    verdict = json.loads((shell.runs()[-1] / "result.json").read_text())["verdict"]
    assert "could be seated at most (proven)" in verdict["waterfall"][0]
    (house,) = done.json()["houses"]
    assert house["achieved"] <= house["bound"] <= house["bookings"]
    assert house["online"] <= house["bound"]
