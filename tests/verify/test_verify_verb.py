"""What `slotfill verify` says to people: only of what was read that it was, and where rows are to be found."""

from datetime import UTC, datetime

import msgspec

from engine.model.ledger import Ledger
from engine.model.verification import Verification
from tui.verbs.verify import lines

READ = Verification(
    run_id="abc",
    databases=("sf_abc",),
    at=datetime(2027, 3, 1, 12, tzinfo=UTC),
    exit_code=5,
    equation="1 attempts = 1 persisted",
    ledger=Ledger(attempts=1, acknowledged=1, persisted=1),
    suspects=(),
    in_flight=0,
    unanswered=0,
    differences=(),
    problems=(),
    notes=(),
    broken={"overlapping_assignments": 2},
)


def test_what_was_not_read_is_not_said_to_have_been_checked() -> None:
    said = "\n".join(lines(READ))
    assert "sf_abc as of 2027-03-01 12:00:00 UTC, the integrity checks, and result.json" in said
    unread = "\n".join(lines(msgspec.structs.replace(READ, databases=(), at=None, exit_code=6, broken={})))
    assert "the integrity checks" not in unread
    assert "no database, and so no integrity" in unread


def test_the_rows_are_named_by_check_whichever_repeat_they_are_of() -> None:
    for databases in (("sf_abc",), ("sf_abc", "sf_abc_r2")):
        said = list(lines(msgspec.structs.replace(READ, databases=databases)))
        assert any(one.endswith("slotfill check abc names the rows") for one in said)
