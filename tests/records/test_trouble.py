"""What cannot be read is told in one line that a screen can hold, whatever the file has in it."""

import json
from pathlib import Path

import pytest

from engine.records.journal import read
from engine.records.trouble import RecordsDamaged, one_line
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
