"""T14 and T15: a volume of the server is full. What cannot be written is refused, and nothing acknowledged is lost."""

import random
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from engine.model.event import Refused
from engine.records.journal import read
from tests.faults.campaign import NIGHTS, Campaign
from tests.faults.ruins import Ruins, attempts, may_mount, ruins, small_disk
from tests.faults.test_server_killed import LONG, after_some, first_ok_after, judged
from tests.shell import wait_until

NO_DISK = may_mount()
pytestmark = pytest.mark.skipif(bool(NO_DISK), reason=NO_DISK)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Ruins]:
    with ruins(tmp_path) as found:
        yield found


def fill_up(disk: Path) -> Path:
    """Take all the room there is."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return filler


def full_disk_refusals(folder: Path) -> list[Refused]:
    return [one for one in read(folder) if isinstance(one, Refused) and one.refusal.sqlstate == "53100"]


@pytest.mark.campaign
@pytest.mark.timeout(2400)
def test_t14_a_table_volume_that_is_full_refuses_with_53100_and_the_run_goes_on_when_it_is_freed(
    own: Ruins, campaign: Campaign
) -> None:
    with small_disk(6) as disk:
        place = disk / "tables"
        place.mkdir(mode=0o700)
        own.plan.owner.give(place)
        own.start_again()
        own.ask("postgres", f"CREATE TABLESPACE small LOCATION '{place}'")
        for seed in NIGHTS:
            table_volume_full(own, disk, seed, campaign)
        # Without its volume the cluster would not start again: it goes before the volume does.
        own.gone()


def table_volume_full(own: Ruins, disk: Path, seed: int, campaign: Campaign) -> None:
    """One night in which it fills up at a moment that the seed draws."""
    process = own.shell.begin_run(*LONG, "--seed", str(seed))
    database = own.shell.manifest()["database"]
    after_some(own, random.Random(f"T14 {seed}"))
    own.ask(database, "ALTER TABLE bookings SET TABLESPACE small")
    filler = fill_up(disk)
    folder = own.shell.runs()[-1]
    wait_until(lambda: len(full_disk_refusals(folder)) > 3, "bookings to be refused for want of room", 60)
    pids = {worker.pid for worker in own.shell.see().workers}
    filler.unlink()
    before = own.filled()
    wait_until(lambda: own.filled() > before + 3, "the run to go on")
    assert {worker.pid for worker in own.shell.see().workers} == pids, "no session was lost over it"
    kept = judged(own, least=0)
    process.communicate(timeout=60)
    refused = [one for one in attempts(folder) if one.refusal is not None and one.refusal.sqlstate == "53100"]
    assert {one.certainty.value for one in refused} == {"fail"}
    campaign.note_seed(seed, "T14", len(full_disk_refusals(folder)), kept)
    # The next night needs the room.
    own.ask(database, "ALTER TABLE bookings SET TABLESPACE pg_default")


@pytest.mark.campaign
@pytest.mark.timeout(2400)
def test_t15_a_wal_volume_that_is_full_panics_the_server_and_every_acknowledged_booking_is_there(
    tmp_path: Path, campaign: Campaign
) -> None:
    with small_disk(900) as disk, ruins(tmp_path, disk / "pg") as own:
        for seed in NIGHTS:
            process = own.shell.begin_run(*LONG, "--seed", str(seed))
            after_some(own, random.Random(f"T15 {seed}"))
            filler = fill_up(disk)
            wait_until(lambda: _panicked(own), "the server to panic", 60)
            filler.unlink()
            own.start_again()
            print(f"first ok {first_ok_after(own, own.wait_until_it_answers()):.2f} s after the server's start")
            campaign.note_seed(seed, "T15", 1, judged(own, least=0))
            process.communicate(timeout=60)


def _panicked(own: Ruins) -> bool:
    """Ask it for the next segment of WAL, until those in reserve are used up and there is no room for one."""
    try:
        own.ask("postgres", "SELECT pg_logical_emit_message(false, 'full', repeat('x', 8000000)), pg_switch_wal()")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return not own.answers()
    return False
