"""With each fault on that a run leaves more or less of itself by: cleaned, every table is again as it was."""

import pytest

from engine.platform.cluster import Cluster
from tests.owners.build import OwnersDatabase
from tests.owners.conftest import owners, owners_copied_from, owners_template, variant
from tests.repair.prints import differences, fingerprint, printed
from tests.repair.runs import cleaned, mine, played, switched_on
from tests.repair.test_clean_owners import see_that_it_comes_back
from tests.repair.test_clean_verb import FILL
from tests.scratch import ScratchDatabase
from tests.shell import Shell

__all__ = ["owners", "owners_copied_from", "owners_template", "variant"]

pytestmark = pytest.mark.campaign
FAULTS = (
    "late-undo", "ledger-replay", "tables-without-confirmation", "confirmed-without-tables", "immortal-holds",
    "silent-drop", "sticky-zone-lock", "shadow-allocations", "stale-allocations", "finished-bookings-block",
    "deferred-overlap", "restaurant-row-lock",
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("plan", ["assign", "fill", "create", "burst"])
async def test_no_fault_leaves_anything_of_a_run_that_was_cleaned(
    stress: ScratchDatabase, plan: str, fault: str
) -> None:
    await switched_on(stress.dsn, fault)
    before = await fingerprint(stress.dsn)
    for number in range(2):
        events = await played(stress.dsn, plan, f"run{number}", seed=number, faults=(fault,))
        assert (await cleaned(stress.dsn, mine(f"run{number}", events))).done
        assert differences(before, await fingerprint(stress.dsn)) == {}


async def test_with_every_fault_at_once_too(stress: ScratchDatabase) -> None:
    # What is planted as finished must not be put back to pending by another one on its way.
    await switched_on(stress.dsn, *sorted(FAULTS, key="finished-bookings-block".__ne__))
    before = await fingerprint(stress.dsn)
    for number, plan in enumerate(("assign", "fill", "assign", "create")):
        events = await played(stress.dsn, plan, f"run{number}", seed=number, faults=FAULTS)
        assert (await cleaned(stress.dsn, mine(f"run{number}", events))).done
        assert differences(before, await fingerprint(stress.dsn)) == {}, plan


@pytest.mark.parametrize("variant", ["live", "extensions"])
async def test_in_the_owners_other_databases_too(owners: OwnersDatabase) -> None:
    await see_that_it_comes_back(owners)


def test_what_the_booking_api_made_for_a_run_goes_too(shell: Shell, cluster: Cluster) -> None:
    (shell.home / "config.toml").write_text('[targets.embedded]\n[targets.api]\nkind = "api"\n')
    dsn = cluster.dsn(shell.do(*FILL, "--stress-max", "2").json()["database"])
    before = printed(dsn)
    ran = shell.do(
        *FILL[:4], "--concurrency", "2", "--start", "12:00", "--end", "13:00", "--stress-max", "2", "--max-party", "4",
        "--no-reset", "--target", "api",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    done = shell.do("clean", "--yes", "--json")
    assert done.code == 0, done.err
    (found,) = done.json()["databases"]
    assert {one["table"]: one["rows"] for one in found["tables"]}["bookings"] == ran.json()["outcomes"]["filled"]
    assert differences(before, printed(dsn)) == {}
