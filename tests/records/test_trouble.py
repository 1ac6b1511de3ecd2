"""What cannot be read is told in one line that a screen can hold, whatever the file has in it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.records.journal import read
from engine.records.trouble import RecordsDamaged, one_line
from engine.redact import forget, know, mask
from engine.verify.claims import Claims, JournalDamaged

HEADER = {"type": "JournalHeader", "run": "abc", "segment": 1}


@pytest.mark.parametrize("value", ["\n# x", "9" * 5000, "\r\n\t" * 300])
def test_a_value_that_a_message_quotes_makes_it_neither_long_nor_two_lines(tmp_path: Path, value: str) -> None:
    (tmp_path / "journal.000001.jsonl").write_text(json.dumps(HEADER | {"type": value}) + "\n{}\n")
    with pytest.raises(RecordsDamaged) as ours:
        list(read(tmp_path))
    with pytest.raises(JournalDamaged) as theirs:
        Claims(tmp_path)
    for said in (str(ours.value), str(theirs.value)):
        assert "\n" not in said
        assert len(said) < 300 + len(str(tmp_path)) + 100


def test_of_long_words_the_beginning_and_the_end_are_kept() -> None:
    said = one_line(ValueError("Invalid value " + "9" * 5000 + " - at `$.type`"))
    assert said.startswith("Invalid value 999")
    assert said.endswith("999 - at `$.type`")


@pytest.fixture
def secret() -> Iterator[str]:
    know(None, {"PGPASSWORD": "Tr0ub4dor+3-horses"})
    yield "Tr0ub4dor+3-horses"
    forget()


def places(secret: str) -> list[str]:
    """A value in which every cut that a message may make falls into the secret."""
    return [
        "9" * before + secret + "9" * after for before in range(150, 200) for after in (400, 5000, 60 - before % 40)
    ]


def test_a_password_in_what_is_quoted_is_masked_before_it_is_cut(tmp_path: Path, secret: str) -> None:
    for value in places(secret):
        (tmp_path / "journal.000001.jsonl").write_text(json.dumps(HEADER | {"type": value}) + "\n{}\n")
        with pytest.raises(RecordsDamaged) as ours:
            list(read(tmp_path))
        with pytest.raises(JournalDamaged) as theirs:
            Claims(tmp_path)
        for said in (str(ours.value), str(theirs.value)):
            assert "Tr0" not in mask(said)
            assert "ses" not in mask(said)


def test_a_name_that_a_header_gives_its_run_is_quoted_no_longer_than_it_can_be(tmp_path: Path, secret: str) -> None:
    for run in ("a\nb", "9" * 50 + secret + "9" * 5000):
        header = HEADER | {"schema": 1, "segment": 7, "run": run, "opened_at": "2026-03-04T12:00:00Z"}
        (tmp_path / "journal.000001.jsonl").write_text(json.dumps(header) + "\n")
        with pytest.raises(JournalDamaged, match="it does not belong here") as raised:
            Claims(tmp_path)
        said = str(raised.value)
        assert "\n" not in said
        assert len(said) < 300 + len(str(tmp_path))
        assert "Tr0" not in mask(said)
