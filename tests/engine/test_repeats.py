"""Repeats that share a database: the one before may leave the next nothing to do, and that is no failure."""

from engine.platform.cluster import Cluster
from tests.cli.test_targets import ask
from tests.shell import Shell

LEAVE_TWO = """
UPDATE bookings SET status = 'cancelled'
 WHERE status = 'pending'
   AND id NOT IN (SELECT id FROM bookings WHERE status = 'pending' AND party_size <= 2 ORDER BY id LIMIT 2)
"""


def test_repeats_end_when_the_one_before_left_nothing_to_do(shell: Shell, cluster: Cluster) -> None:
    done = shell.do("run", "create", "--headless", "--data", "stress", "--count", "1")
    assert done.code == 0, done.err
    ask(cluster.dsn(shell.manifest()["database"]), LEAVE_TWO, "SELECT 1")
    done = shell.do("run", "assign", "--headless", "--json", "--no-reset", "--repeat", "3", "--concurrency", "1")
    assert done.code == 0, done.err
    result = done.json()
    assert (result["state"], result["ledger"]["persisted"], len(result["passes"])) == ("finished", 2, 1)
    assert any(one.startswith("1 of 3 repeats were made") for one in result["alerts"])
