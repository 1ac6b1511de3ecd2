"""The whole way round, as an operator goes it: a run, and `slotfill verify` after it."""

import json

import pytest

from tests.shell import Shell

SHORT = (
    "run", "fill", "--headless", "--json", "--start", "18:00", "--end", "18:45", "--stress-max", "3",
    "--min-party", "2", "--max-party", "7", "--concurrency", "2",
)  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "word", "code"), [(None, "persisted", 0), ("silent-drop=0.6", "lost", 5)], ids=["clean", "silent drop"]
)
def test_verify_ends_with_the_code_of_what_it_finds(shell: Shell, fault: str | None, word: str, code: int) -> None:
    run = shell.do(*SHORT, *(("--fault", fault) if fault else ()))
    assert run.code == code, run.err
    said = shell.do("verify", "--json")
    assert said.code == code, said.err
    found = json.loads(said.out)
    kept = run.json()["ledger"]
    assert found["ledger"][word] == kept[word] > 0
    assert found["ledger"]["acknowledged"] == kept["acknowledged"] == 12
    assert not found["differences"]
    assert not found["problems"]
    assert len(found["suspects"]) == (kept["lost"] if fault else 0)
