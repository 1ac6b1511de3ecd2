"""A plan may be repeated more often than a server takes connections: its databases are opened one after the other."""

from pathlib import Path
from typing import Any

import pytest

from engine.database import Connection
from engine.platform.cluster import Cluster
from tests.shell import Shell
from tests.verify.planting import confirmed_alone, plant
from tests.verify.repeated import repeated
from tui import cli
from tui.verbs.run_databases import named


@pytest.fixture
def most(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many connections to runs' databases were open at once, each time that one more was."""
    for name, value in shell.environ.items():
        monkeypatch.setenv(name, value)
    counts: list[int] = []
    held: list[Connection] = []
    opened = Connection.open.__func__  # type: ignore[attr-defined]

    async def counted(cls: type[Connection], /, dsn: str, **more: Any) -> Connection:
        connection: Connection = await opened(cls, dsn, **more)
        if "/sf_" in dsn:
            held.append(connection)
            counts.append(sum(one.is_open for one in held))
        return connection

    monkeypatch.setattr(Connection, "open", classmethod(counted))
    return counts


def test_no_verb_has_more_than_one_of_them_open(cluster: Cluster, tmp_path: Path, most: list[int]) -> None:
    with repeated(cluster, tmp_path / "runs", 3) as (folder, bases):
        for base in bases:
            plant(base, confirmed_alone)
        root = ("--runs", str(folder.parent), "--json")
        for words, code in ((("check",), 5), (("repair", "torn", "--yes"), 0), (("clean", "--dry-run"), 0)):
            assert cli.main([*words, *root]) == code
            assert max(most) == 1, words
            assert len(most) >= 3
            most.clear()


def test_few_are_named_one_by_one() -> None:
    assert named(("sf_a", "sf_a_r2")) == "sf_a, sf_a_r2"
    assert named([f"sf_a_r{number}" for number in range(2, 9)]) == "7 databases, sf_a_r2 to sf_a_r8"
