"""Runs on the owners' own database: unchanged, its faults in place, and never before it is plainly ours to write to."""

import asyncio
import itertools
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from engine.platform.cluster import Cluster
from tests.cli.test_targets import ask, write
from tests.owners.build import VARIANTS
from tests.owners.build import clone as clone_owners
from tests.owners.build import drop as drop_owners
from tests.owners.conftest import owners_copied_from, owners_template, variant
from tests.shell import Shell

__all__ = ["owners_copied_from", "owners_template", "variant"]

_numbers = itertools.count(1)
FILL = ("--start", "17:00", "--end", "18:00", "--stress-max", "3", "--max-party", "6")


@pytest.fixture
def theirs(cluster: Cluster, owners_copied_from: str) -> Iterator[str]:
    """The dsn of a copy of the owners' database, which knows nothing of slotfill."""
    name = f"owners_run_{os.getpid()}_{next(_numbers)}"
    asyncio.run(clone_owners(cluster, name, owners_copied_from))
    yield cluster.dsn(name)
    asyncio.run(drop_owners(cluster, name))


def name_of(dsn: str) -> str:
    return urlsplit(dsn).path[1:]


def rows(dsn: str) -> tuple[int, ...]:
    return tuple(ask(dsn, f"SELECT count(*) FROM {one}") for one in ("bookings", "customers", "table_holds"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_owners_database_is_filled_as_it_is_and_what_is_claimed_is_there(
    shell: Shell, theirs: str, variant: str
) -> None:
    config = ("--config", str(write(shell, theirs)), "--target", "theirs")
    refused = shell.do("run", "fill", "--headless", *config, *FILL)
    assert refused.code == 4
    assert "slotfill db init --target theirs" in refused.err
    assert rows(theirs) == (0, 0, 0)
    assert shell.do("db", "init", *config, f"--yes={name_of(theirs)}").code == 0
    done = shell.do("run", "fill", "--headless", "--json", *config, *FILL, "--concurrency", "1")
    assert done.code == 0, done.err
    result = done.json()
    assert result["target"] == "theirs"
    assert result["outcomes"]["filled"] == result["acknowledged"] == result["persisted"] > 0
    assert "unknown" not in result["outcomes"]
    adaptations = " ".join(shell.manifest()["adaptations"])
    assert "end of its window plus its time to live" in adaptations
    assert ("confirm_hold_assignment_with_transition" in adaptations) == (variant == "extensions")


@pytest.mark.campaign
def test_with_several_workers_its_deadlocks_are_counted_and_retried(shell: Shell, theirs: str) -> None:
    config = ("--config", str(write(shell, theirs)), "--target", "theirs")
    shell.do("db", "init", *config, f"--yes={name_of(theirs)}")
    done = shell.do(
        "run", "fill", "--headless", "--json", *config, *FILL, "--concurrency", "4", "--share-slots", "--retries", "2"
    )
    result = done.json()
    assert result["refusals"]["confirm"]["deadlock"] > 0
    assert result["retries"]["deadlock"]["tried"] > 0
    assert "unknown" not in result["outcomes"]
    assert not any("unknown" in words for words in result["refusals"].values())


def test_an_allow_list_keeps_a_run_to_the_restaurants_set_aside_for_it(shell: Shell, theirs: str) -> None:
    path = write(shell, theirs)
    config = ("--config", str(path), "--target", "theirs")
    shell.do("db", "init", *config, f"--yes={name_of(theirs)}")
    path.write_text(path.read_text() + 'restaurants = ["test-kitchen"]\n')
    done = shell.do("run", "fill", "--headless", *config, *FILL)
    assert done.code == 4
    assert "test-kitchen" in done.err
    assert rows(theirs) == (0, 0, 0)


MISSING: dict[str, tuple[str, str]] = {
    "a function": ("DROP FUNCTION confirm_hold_assignment_tx CASCADE", "confirm_hold_assignment_tx"),
    "a table": ("DROP TABLE capacity_outbox CASCADE", "capacity_outbox"),
    "an exclusion constraint": (
        "ALTER TABLE table_hold_windows DROP CONSTRAINT thw_no_overlap, DROP CONSTRAINT table_hold_windows_no_overlap",
        "table_hold_windows",
    ),
}


@pytest.mark.parametrize("what", MISSING)
def test_a_database_that_misses_something_gets_one_page_and_no_row(shell: Shell, theirs: str, what: str) -> None:
    config = ("--config", str(write(shell, theirs)), "--target", "theirs")
    shell.do("db", "init", *config, f"--yes={name_of(theirs)}")
    drop, word = MISSING[what]
    ask(theirs, drop, "SELECT 1")
    done = shell.do("run", "fill", "--headless", *config, *FILL)
    assert done.code == 3, done.err
    assert word in done.err
    assert "no row was written" in done.err
    assert len(done.err.splitlines()) < 40
    assert rows(theirs) == (0, 0, 0)
    assert not shell.runs()


def test_one_run_at_a_time_works_in_a_database(shell: Shell, theirs: str) -> None:
    config = ("--config", str(write(shell, theirs)), "--target", "theirs")
    shell.do("db", "init", *config, f"--yes={name_of(theirs)}")
    process = shell.begin_run("run", "fill", *config, "--rate", "2", "--concurrency", "1")
    second = shell.do("run", "fill", "--headless", *config, *FILL)
    assert second.code == 4
    assert "another run works in the database" in second.err
    shell.do("stop")
    process.communicate(timeout=30)


def test_faults_are_for_the_embedded_platform_only(shell: Shell, theirs: str) -> None:
    config = ("--config", str(write(shell, theirs)), "--target", "theirs")
    shell.do("db", "init", *config, f"--yes={name_of(theirs)}")
    done = shell.do("run", "fill", "--headless", *config, "--fault", "late-undo")
    assert done.code == 4
    assert "embedded platform only" in done.err
