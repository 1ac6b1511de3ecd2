"""T16: kill -9 of the engine at a random moment; no intent is missing, all is resolved, nothing is done twice."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from engine.platform.cluster import Cluster
from tests.faults.campaign import Campaign
from tests.faults.killing import EVENING, Kill, Seated, gone_on, journal_bytes, killed, rows, seated, told
from tests.shell import Shell

SHARE = 6
"""The evening's --stress-max: so many bookings a slot, and no more, over all runs together."""


class Undisturbed(NamedTuple):
    """What the same evening comes to when nobody kills anything."""

    seated: Counter[Seated]
    bytes: int


@pytest.fixture(scope="module")
def undisturbed(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    shell = Shell(tmp_path_factory.mktemp("undisturbed"))
    done = shell.do(*EVENING, "--concurrency", "1", "--headless", "--json")
    assert done.code == 0, done.err
    folder = shell.runs()[-1]
    yield Undisturbed(seated(cluster, done.json()["database"]), journal_bytes(folder))
    shell.clean()


def one_kill(
    shell: Shell, cluster: Cluster, undisturbed: Undisturbed, kill: Kill, campaign: Campaign, *, torn: bool = False
) -> str:
    """One kill, and all that must hold; what was met, in a line."""
    print(kill)
    words = (*EVENING, "--concurrency", str(kill.concurrency))
    dead = killed(shell, words, round(undisturbed.bytes * kill.after))
    if torn:
        with (dead.folder / "journal.000001.jsonl").open("ab") as journal:
            journal.write(b'{"type":"Intended","at_ns":99')
    result = gone_on(shell, cluster, dead, most=SHARE)
    if kill.concurrency == 1:
        assert seated(cluster, dead.database) == undisturbed.seated, "alone, it comes to what it had come to anyway"
    campaign.note_seed(kill.seed, "T16", 1, result["continued"]["ledger"])
    campaign.note_seed(kill.seed, "T16", 0, result["ledger"])
    return told(kill, dead, result)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_engine_that_is_killed_at_a_random_moment_is_gone_on_with(
    shell: Shell, cluster: Cluster, undisturbed: Undisturbed, concurrency: int, campaign: Campaign
) -> None:
    print(one_kill(shell, cluster, undisturbed, Kill.drawn(1, concurrency), campaign, torn=concurrency == 1))


@pytest.mark.campaign
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(2, 22))
def test_twenty_engines_killed_at_random_moments(
    shell: Shell, cluster: Cluster, undisturbed: Undisturbed, seed: int, campaign: Campaign
) -> None:
    for concurrency in (1, 4, 8):
        print(one_kill(shell, cluster, undisturbed, Kill.drawn(seed, concurrency), campaign))


@pytest.mark.campaign
@pytest.mark.timeout(600)
def test_whoever_goes_on_is_killed_too_and_in_the_end_it_is_as_if_nobody_had_been(
    shell: Shell, cluster: Cluster, undisturbed: Undisturbed
) -> None:
    words: tuple[str, ...] = (*EVENING, "--concurrency", "1")
    for _ in range(4):
        dead = killed(shell, words, round(undisturbed.bytes * 0.15))
        words = ("continue", dead.run_id)
    done = shell.do("continue", dead.run_id, "--headless", "--json")
    assert done.code == 0, done.err
    assert seated(cluster, done.json()["database"]) == undisturbed.seated
    assert rows(cluster, dead.database, "SELECT id FROM table_holds") == []
